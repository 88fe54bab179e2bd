"""Several files of one symbol are one series."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest

from runner.engine.csv_data import read_csv
from runner.engine.repairs import Allowed
from runner.engine.series import Series
from runner.errors import DataError
from runner.storage import Storage
from tests.helpers import AAPL, DAY_MS, START_MS
from tests.unit.engine.csv_files import HEADER


def put(folder: Path, name: str, *numbers: int, close: float = 11) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    rows = (f"2024-01-{number:02d},10,12,9,{close:g},100\n" for number in numbers)
    file.write_text(HEADER + "".join(rows))
    return file


def read(*files: Path, **options: object) -> Series:
    return read_csv(*files, symbol=AAPL, timeframe="1d", name="*.csv", **options)  # type: ignore[arg-type]


def found_in(series: Series) -> list[tuple[int, float]]:
    starts = [(one - START_MS) // DAY_MS + 1 for one in series.times]
    return list(zip(starts, series.closes, strict=True))


@pytest.fixture(params=[0, 10**6], ids=["stored", "in memory"])
def storage(request: pytest.FixtureRequest) -> Storage:
    return Storage(held_rows=request.param, block_rows=2)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_D9_files_that_follow_each_other_are_joined_by_time(
    tmp_path: Path, storage: Storage, order: tuple[int, ...]
) -> None:
    files = [put(tmp_path, "a", 1, 2, 3), put(tmp_path, "b", 4), put(tmp_path, "c", 5, 7)]

    series = read(*(files[at] for at in order), storage=storage)

    assert [day for day, _ in found_in(series)] == [1, 2, 3, 4, 5, 7]
    assert (series.origin, series.timeframe, series.repairs.moved) == ("*.csv", "1d", 0)


def test_D9_files_that_interleave_are_merged_by_time(tmp_path: Path, storage: Storage) -> None:
    files = [
        put(tmp_path, "a", 1, 4, 5, close=10),
        put(tmp_path, "b", 2, 6, close=11),
        put(tmp_path, "c", 3, 7, close=12),
    ]

    series = read(*files, storage=storage)

    assert found_in(series) == [(1, 10), (2, 11), (3, 12), (4, 10), (5, 10), (6, 11), (7, 12)]


def test_D9_of_one_moment_in_several_files_the_last_file_is_kept_on_request(
    tmp_path: Path, storage: Storage
) -> None:
    first, second = put(tmp_path, "a", 1, 2, 3), put(tmp_path, "b", 2, 4, close=10)
    third = put(tmp_path, "c", 2, 3, close=12)

    one = read(first, second, third, allowed=Allowed(dedupe=True), storage=storage)
    other = read(third, second, first, allowed=Allowed(dedupe=True))

    assert found_in(one) == [(1, 11), (2, 12), (3, 12), (4, 10)]
    assert found_in(other) == [(1, 11), (2, 11), (3, 11), (4, 10)]
    assert (one.repairs.repeated, one.repairs.conflicting) == (3, 3)
    assert one.repairs.sentences(one.origin) == (
        "3 rows of *.csv were dropped as repeated, 3 with other values; "
        "the last of each moment was kept",
    )


def test_D3_a_candle_in_two_files_is_an_error_that_names_both(
    tmp_path: Path, storage: Storage
) -> None:
    files = [put(tmp_path, "a", 1, 2, 5), put(tmp_path, "b", 3, 5), put(tmp_path, "c", 9)]

    with pytest.raises(DataError) as caught:
        read(*files, storage=storage)

    assert (caught.value.id, caught.value.exit_code) == ("E357", 3)
    assert caught.value.what == "two files hold a candle that starts at 2024-01-05T00:00:00Z"
    assert caught.value.where == f"{files[0]} and {files[1]}"


def test_D1_a_fault_names_the_file_it_is_in(tmp_path: Path) -> None:
    good, bad = put(tmp_path, "a", 1, 2), put(tmp_path, "b", 3)
    bad.write_text(bad.read_text() + "2024-01-04,1,2\n")

    with pytest.raises(DataError) as caught:
        read(good, bad)

    assert caught.value.where == f"{bad}:3"


def test_repairs_of_all_files_are_counted_together(tmp_path: Path) -> None:
    one, other = put(tmp_path, "a", 2, 1), put(tmp_path, "b", 4, 4, 3)
    other.write_text(other.read_text() + "bad\n")

    series = read(one, other, allowed=Allowed(sort=True, dedupe=True, skip_bad=1))

    repairs = series.repairs
    assert (repairs.moved, repairs.repeated, repairs.skipped) == (2, 1, 1)
    assert repairs.examples == [f"{other}:5: the row has 1 columns, the header has 6: 'bad'"]


def test_the_room_of_the_parts_is_free_again(tmp_path: Path) -> None:
    storage = Storage(held_rows=10)

    series = read(put(tmp_path, "a", 1, 3), put(tmp_path, "b", 2), storage=storage)

    assert (len(series), storage.rows_left) == (3, 7)


def test_D9_the_order_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    for number in range(1, 9):
        put(tmp_path / "S:A" / "1d", f"{number}.csv", number, number + 10, close=9 + number / 8)
    code = (
        "import sys; from runner.engine.data import open_data\n"
        "for one in open_data(sys.argv[1], ['S:A'], timeframe='1d'):\n"
        "    print(list(zip(*one.columns)))"
    )
    pattern = f"{tmp_path}/{{symbol}}/{{timeframe}}/*.csv"

    digests = {
        hashlib.sha256(
            subprocess.run(
                [sys.executable, "-c", code, pattern],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
            ).stdout
        ).hexdigest()
        for seed in ("0", "1", "4711")
    }

    assert len(digests) == 1
