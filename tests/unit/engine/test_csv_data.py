"""Reading candles from CSV: formats, order, timeframe, range."""

from __future__ import annotations

import gzip
import os
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from runner.engine import csv_reading
from runner.engine.csv_data import read_csv
from runner.engine.repairs import Allowed
from runner.errors import DataError
from runner.storage import Storage
from tests.helpers import AAPL, DAY_MS, START_MS
from tests.unit.engine.csv_files import HEADER, days, read, refused


def test_a_file_is_read_into_columns(tmp_path: Path) -> None:
    text = HEADER + "2024-01-01T00:00:00Z,10,12,9,11.5,100\n2024-01-02T00:00:00Z,11,13,10,12,0\n"

    series = read(tmp_path, text)

    assert (series.symbol, series.timeframe, series.origin) == (AAPL, "1d", "prices.csv")
    assert list(series.times) == [START_MS, START_MS + DAY_MS]
    assert list(series.opens) == [10, 11]
    assert list(series.highs) == [12, 13]
    assert list(series.lows) == [9, 10]
    assert list(series.closes) == [11.5, 12]
    assert list(series.volumes) == [100, 0]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "bom"])
def test_D6_line_endings_and_a_byte_order_mark_do_not_matter(
    tmp_path: Path, ending: str, mark: str
) -> None:
    content = (mark + days(1, 2, 3).replace("\n", ending)).encode()

    assert len(read(tmp_path, content)) == 3


def test_blank_lines_are_passed_over(tmp_path: Path) -> None:
    text = days(1, 2).replace("\n", "\n\n") + "\n\n"

    assert len(read(tmp_path, text)) == 2


def test_a_last_line_without_an_end_is_read(tmp_path: Path) -> None:
    assert len(read(tmp_path, days(1, 2).rstrip())) == 2


def test_blocks_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = days(*range(1, 11))
    whole = read(tmp_path, text)

    monkeypatch.setattr(csv_reading, "BLOCK_ROWS", 3)

    assert read(tmp_path, text) == whole


def test_D3_a_candle_before_its_predecessor_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, days(1, 2, 4, 3))

    assert (error.id, error.where) == ("E357", "prices.csv:5")
    assert error.what == (
        "timestamp must be later than the one before, 2024-01-04T00:00:00Z, "
        "was 2024-01-03T00:00:00Z"
    )


def test_D3_two_candles_of_one_moment_are_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, days(1, 2, 2, 3))

    assert (error.id, error.where) == ("E357", "prices.csv:4")
    assert error.what == "two candles start at 2024-01-02T00:00:00Z"


@pytest.mark.parametrize("block", [1, 2, 3, 4])
def test_D3_the_order_is_checked_across_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csv_reading, "BLOCK_ROWS", block)

    assert refused(tmp_path, days(1, 2, 3, 2, 4)).where == "prices.csv:5"
    assert refused(tmp_path, days(1, 2, 3, 3, 4)).where == "prices.csv:5"


def test_D3_every_shuffle_is_refused(tmp_path: Path) -> None:
    chosen = random.Random(11)
    for _ in range(20):
        order = list(range(1, 12))
        while order == sorted(order):
            chosen.shuffle(order)

        assert refused(tmp_path, days(*order)).id == "E357"


def test_D3_a_gap_is_no_fault(tmp_path: Path) -> None:
    assert len(read(tmp_path, days(1, 2, 12, 20))) == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (days(1, 2).encode("utf-16"), "is UTF-16 text"),
        (days(1, 2).encode("utf-16-be"), "is UTF-16 text or no text at all"),
        (gzip.compress(days(1, 2).encode()), "is compressed (gzip)"),
        (b"PK\x03\x04rest", "is a zip archive or a spreadsheet"),
        (b"PAR1rest", "is a Parquet file"),
    ],
    ids=["utf-16", "utf-16 without mark", "gzip", "zip", "parquet"],
)
def test_D6_another_format_is_recognised(tmp_path: Path, content: bytes, said: str) -> None:
    error = refused(tmp_path, content)

    assert (error.id, error.what) == ("E352", f"the data file {said}")
    assert error.fix


@pytest.mark.parametrize(
    ("delimiter", "said"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
)
def test_D6_another_delimiter_is_recognised(tmp_path: Path, delimiter: str, said: str) -> None:
    error = refused(tmp_path, days(1, 2).replace(",", delimiter))

    assert (error.id, error.what) == ("E352", f"the columns are separated by {said}")


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", " \r\n"])
def test_D7_an_empty_file_is_refused(tmp_path: Path, content: str) -> None:
    error = refused(tmp_path, content)

    assert (error.id, error.what) == ("E358", "the data file is empty")


@pytest.mark.parametrize("content", [HEADER, HEADER.strip(), HEADER + "\n\n"])
def test_D7_a_file_with_a_header_only_is_refused(tmp_path: Path, content: str) -> None:
    error = refused(tmp_path, content)

    assert (error.id, error.where) == ("E358", "prices.csv:2")


@pytest.mark.parametrize("path", ["absent.csv", "."], ids=["absent", "directory"])
def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, path: str) -> None:
    with pytest.raises(DataError) as caught:
        read_csv(tmp_path / path, symbol=AAPL)

    assert (caught.value.exit_code, caught.value.id) == (3, "E351")


@pytest.mark.parametrize(
    ("step_s", "timeframe"),
    [(60, "1m"), (300, "5m"), (3600, "1h"), (14_400, "4h"), (86_400, "1d"), (604_800, "1w")],
)
def test_the_timeframe_is_the_smallest_step(tmp_path: Path, step_s: int, timeframe: str) -> None:
    starts = [0, 5, 6, 9]
    rows = "".join(f"{START_MS // 1000 + one * step_s},1,1,1,1,1\n" for one in starts)

    assert read(tmp_path, HEADER + rows).timeframe == timeframe


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((1,), "the timeframe cannot be told: there is only one candle"),
        ((1, 4), "the timeframe cannot be told: the smallest step between two candles is 3 d"),
    ],
    ids=["one candle", "no such timeframe"],
)
def test_a_timeframe_that_cannot_be_told_must_be_given(
    tmp_path: Path, numbers: tuple[int, ...], said: str
) -> None:
    error = refused(tmp_path, days(*numbers))

    assert (error.id, error.what) == ("E359", said)
    assert read(tmp_path, days(*numbers), timeframe="1d").timeframe == "1d"


@pytest.mark.parametrize(
    ("numbers", "timeframe"),
    [((1, 2, 3), "1w"), ((1, 2, 3), "1h"), ((1, 8), "30d")],
    ids=["longer than the step", "shorter than the step", "unknown"],
)
def test_a_given_timeframe_must_fit_the_data(
    tmp_path: Path, numbers: tuple[int, ...], timeframe: str
) -> None:
    assert refused(tmp_path, days(*numbers), timeframe=timeframe).id == "E359"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, [1, 2, 3, 4]),
        (2, None, [2, 3, 4]),
        (None, 3, [1, 2]),
        (2, 4, [2, 3]),
        (-9, 99, [1, 2, 3, 4]),
    ],
    ids=["all", "from", "to", "both", "wider"],
)
def test_a_range_holds_its_start_and_not_its_end(
    tmp_path: Path, start: int | None, end: int | None, expected: list[int]
) -> None:
    series = read(
        tmp_path,
        days(1, 2, 3, 4),
        start_ms=None if start is None else START_MS + (start - 1) * DAY_MS,
        end_ms=None if end is None else START_MS + (end - 1) * DAY_MS,
    )

    assert [(one - START_MS) // DAY_MS + 1 for one in series.times] == expected


def test_an_empty_range_names_the_range_there_is(tmp_path: Path) -> None:
    error = refused(tmp_path, days(1, 2), start_ms=START_MS + 5 * DAY_MS)

    assert (error.id, error.what) == (
        "E361",
        "there is no candle of S:AAPL from 2024-01-06T00:00:00Z",
    )
    assert error.why == "the data runs from 2024-01-01T00:00:00Z to 2024-01-02T00:00:00Z"


def test_a_fault_outside_the_range_is_found_all_the_same(tmp_path: Path) -> None:
    error = refused(tmp_path, days(1, 2, 2), end_ms=START_MS + DAY_MS)

    assert error.id == "E357"


# Files that change, and files without an end


@pytest.mark.parametrize(
    "content", [days(1, 2), days(1) + "2024-01-02T00:00:00Z,10"], ids=["whole rows", "half a row"]
)
@pytest.mark.parametrize("how", ["appended", "replaced", "removed"])
def test_D8_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, how: str
) -> None:
    file = tmp_path / "prices.csv"
    take = csv_reading._Reader._take

    def meanwhile(*arguments: Any) -> Any:
        if how == "removed":
            file.unlink()
        else:
            other = file if how == "appended" else tmp_path / "new.csv"
            other.write_text(content + "2024-01-03T00:00:00Z,10,12,9,11,100\n")
            other.replace(file)
        return take(*arguments)

    monkeypatch.setattr(csv_reading._Reader, "_take", meanwhile)

    error = refused(tmp_path, content)

    assert (error.id, error.what) == ("E367", "the data file was changed while it was read")


@pytest.mark.parametrize("held", [0, 10**6], ids=["stored", "in memory"])
def test_D8_a_change_after_the_reading_does_not_reach_the_run(tmp_path: Path, held: int) -> None:
    series = read(tmp_path, days(1, 2, 3), storage=Storage(held, block_rows=2))
    candles = series.candles()
    first = next(candles)

    (tmp_path / "prices.csv").write_text("nothing of that any more")

    assert [first, *candles] == list(series.candles())
    assert len(list(series.candles())) == 3


@pytest.mark.parametrize("row", ["", "2024-01-01T00:00:00Z,10,12,9,11,"], ids=["row", "cell"])
def test_D7_a_line_without_an_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, row: str
) -> None:
    file = tmp_path / "prices.csv"
    file.write_text(days(*range(1, 31)) + " " * 4096 + "\n" + row)
    os.truncate(file, 10 * 2**30)  # the rest is zeros that take no room on the disk
    tracemalloc.start()

    with pytest.raises(DataError) as caught:
        read_csv(file, symbol="S:A", name="prices.csv", allowed=Allowed(skip_bad=5))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (caught.value.id, caught.value.where) == ("E354", "prices.csv:33")
    assert peak < 20 * 2**20


def test_D7_a_file_of_any_length_is_read_in_the_same_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_reading, "BLOCK_ROWS", 256)

    def peak_of(count: int) -> int:
        file = tmp_path / f"{count}.csv"
        with file.open("w") as text:
            text.write(HEADER)
            text.writelines(f"{60 * at},10,12,9,11,100\n" for at in range(count))
        tracemalloc.start()
        series = read_csv(file, symbol="S:A", timeframe="1m", storage=Storage(1000, block_rows=256))
        assert sum(1 for _ in series.candles()) == count
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    few, many = peak_of(5_000), peak_of(50_000)

    # The columns of 45,000 more rows would take 2.1 MB.
    assert many - few < 50_000
