"""Packed data files: streamed, bounded, and refused when they are not what they say."""

from __future__ import annotations

import gzip
import io
import random
import sys
import zlib
from pathlib import Path

import pytest

from runner.engine import unpacking
from runner.engine.csv_data import read_csv
from runner.engine.unpacking import zstandard_module
from runner.errors import DataError
from tests.helpers import AAPL
from tests.unit.engine.csv_files import HEADER, days

DAYS = days(*range(1, 29))


def zstandard(content: bytes) -> bytes:
    packed: bytes = zstandard_module("").compress(content)
    return packed


PACK = {"gz": gzip.compress, "zst": zstandard}
KINDS = pytest.mark.parametrize("kind", list(PACK))


def read(folder: Path, kind: str, content: bytes) -> int:
    file = folder / f"prices.csv.{kind}"
    file.write_bytes(content)
    return len(read_csv(file, symbol=AAPL, name=file.name))


def refused(folder: Path, kind: str, content: bytes) -> DataError:
    with pytest.raises(DataError) as caught:
        read(folder, kind, content)
    assert caught.value.exit_code == 3
    assert caught.value.where.startswith(f"prices.csv.{kind}")
    assert caught.value.fix
    return caught.value


def many_rows(count: int) -> bytes:
    rng = random.Random(5)
    rows = (
        f"{1_700_000_000 + 60 * i},10,{12 + rng.random()!r},9,{10 + rng.random()!r},1\n"
        for i in range(count)
    )
    return (HEADER + "".join(rows)).encode()


@KINDS
def test_a_packed_file_reads_like_a_plain_one(tmp_path: Path, kind: str) -> None:
    content = many_rows(5000)
    plain, packed = tmp_path / "a.csv", tmp_path / f"a.csv.{kind}"
    plain.write_bytes(content)
    packed.write_bytes(PACK[kind](content))

    assert read_csv(packed, symbol=AAPL, name="a") == read_csv(plain, symbol=AAPL, name="a")


@KINDS
def test_members_joined_end_to_end_and_padded_are_one_file(tmp_path: Path, kind: str) -> None:
    first, second = days(1, 2).encode(), days(3).encode().partition(b"\n")[2]

    content = PACK[kind](first) + PACK[kind](second) + b"\0" * 100

    assert read(tmp_path, kind, content) == 3


@KINDS
def test_D5_a_file_cut_anywhere_is_refused(tmp_path: Path, kind: str) -> None:
    packed = PACK[kind](DAYS.encode())
    for end in range(4, len(packed)):
        error = refused(tmp_path, kind, packed[:end])

        assert (error.id, error.what) == ("E363", "the packed data file is damaged: it is cut off")


@KINDS
def test_D5_something_else_behind_the_end_is_refused(tmp_path: Path, kind: str) -> None:
    assert refused(tmp_path, kind, PACK[kind](DAYS.encode()) + b"behind").id == "E363"


def test_D5_a_changed_byte_is_found_by_the_checksum(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(DAYS.encode()))
    packed[-6] ^= 1

    assert refused(tmp_path, "gz", bytes(packed)).id == "E363"


@KINDS
@pytest.mark.parametrize("content", [DAYS.encode(), b"P", b"PK\x03\x04zip"])
def test_D5_a_file_that_is_not_packed_as_it_says_is_refused(
    tmp_path: Path, kind: str, content: bytes
) -> None:
    assert refused(tmp_path, kind, content).id == "E362"


@KINDS
@pytest.mark.parametrize("content", [b"", b"\n\n"], ids=["nothing", "blank lines"])
def test_D7_an_empty_packed_file_is_refused(tmp_path: Path, kind: str, content: bytes) -> None:
    assert refused(tmp_path, kind, PACK[kind](content)).id == "E358"


@KINDS
def test_D7_a_packed_file_without_a_byte_is_refused(tmp_path: Path, kind: str) -> None:
    assert refused(tmp_path, kind, b"").id == "E358"


@KINDS
def test_D6_other_text_inside_is_refused(tmp_path: Path, kind: str) -> None:
    assert refused(tmp_path, kind, PACK[kind](DAYS.encode("utf-16"))).id == "E352"


@pytest.mark.parametrize(("row", "kind"), [(HEADER, "gz"), (HEADER, "zst")])
def test_D5_a_bomb_is_stopped_long_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, kind: str
) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 2**16)
    bomb = PACK[kind](row.encode() + b"\n" * 2**23)

    error = refused(tmp_path, kind, bomb)

    assert (error.id, "200 bytes come out for each byte" in error.what) == ("E364", True)


def test_D5_a_bomb_gives_no_more_at_once_than_is_asked_for(tmp_path: Path) -> None:
    for kind, pack in PACK.items():
        file = tmp_path / f"bomb.csv.{kind}"
        file.write_bytes(pack(b"x" * 2**23))
        with unpacking.open_packed(file, file.name) as raw:
            assert isinstance(raw, io.RawIOBase)
            assert len(raw.read(1000) or b"") <= 1000


def test_D5_a_file_larger_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MAX_UNPACKED", 1000)

    assert refused(tmp_path, "gz", gzip.compress(many_rows(1000))).id == "E364"


def test_a_bad_row_of_a_packed_file_is_named_by_its_line(tmp_path: Path) -> None:
    error = refused(tmp_path, "gz", gzip.compress((days(1, 2) + "x,1,1,1,1,1\n").encode()))

    assert (error.id, error.where) == ("E356", "prices.csv.gz:4")


def test_without_the_library_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = zstandard(DAYS.encode())
    absent = ("compression.zstd", "backports.zstd")
    for name in absent:
        monkeypatch.setitem(sys.modules, name, None)

    error = refused(tmp_path, "zst", content)

    assert (error.id, "pip install 'strategy-runner[zstd]'" in error.fix) == ("E362", True)


def test_a_raw_zlib_stream_is_not_taken_for_gzip(tmp_path: Path) -> None:
    assert refused(tmp_path, "gz", zlib.compress(DAYS.encode())).id == "E362"
