"""Reading candles from CSV: what is accepted, and how precisely everything else is refused."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from runner.engine import csv_data
from runner.engine.csv_data import read_csv
from runner.engine.series import Series
from runner.errors import DataError
from runner.protocol.times import iso_ms
from tests.helpers import AAPL, DAY_MS, START_MS

HEADER = "timestamp,open,high,low,close,volume\n"
ROW = "2024-01-{day:02d}T00:00:00Z,10,12,9,11,100\n"


def days(*numbers: int) -> str:
    return HEADER + "".join(ROW.format(day=number) for number in numbers)


def read(folder: Path, content: str | bytes, **options: object) -> Series:
    file = folder / "prices.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_csv(file, symbol=AAPL, name="prices.csv", **options)  # type: ignore[arg-type]


def refused(folder: Path, content: str | bytes, **options: object) -> DataError:
    with pytest.raises(DataError) as caught:
        read(folder, content, **options)
    assert caught.value.exit_code == 3
    assert len(caught.value.lines()) <= 6
    assert "\0" not in str(caught.value)
    str(caught.value).encode()  # nothing in it that a terminal or a log could not write
    return caught.value


# What is accepted


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


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Date,Open,High,Low,Close,Volume", "{t},10,12,9,11,100"),
        ("VOLUME,close,low,high,open,datetime", "100,11,9,12,10,{t}"),
        ("time,open,high,low,close", "{t},10,12,9,11"),
        (" timestamp , open , high , low , close ", "{t}, 10, 12, 9, 11"),
        ("name,timestamp,open,high,low,close,note", "caf\udce9,{t},10,12,9,11,"),
        ('"timestamp","open","high","low","close"', '"{t}","10","12","9","11"'),
    ],
    ids=["capitals", "other order", "no volume", "blanks", "more columns", "quoted"],
)
def test_columns_are_found_by_their_names(tmp_path: Path, header: str, row: str) -> None:
    rows = [row.format(t=f"2024-01-0{day}") for day in (1, 2)]
    content = "\n".join((header, *rows)).encode(errors="surrogateescape")

    series = read(tmp_path, content)

    assert list(series.times) == [START_MS, START_MS + DAY_MS]
    assert (series.opens[0], series.highs[0], series.lows[0], series.closes[0]) == (10, 12, 9, 11)
    assert series.volumes[0] == (100 if "olume" in header.lower() else 0)


@pytest.mark.parametrize(
    "stamps",
    [
        ("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"),
        ("2024-01-01 00:00:00+00:00", "2024-01-02 00:00:00+00:00"),
        ("2024-01-01T01:00:00+01:00", "2024-01-02T01:00:00+01:00"),
        ("2024-01-01T00:00:00.000000Z", "2024-01-02T00:00:00.000Z"),
        ("2024-01-01", "2024-01-02"),
        ("20240101", "20240102"),
        ("1704067200", "1704153600"),
        ("1704067200000", "1704153600000"),
        ("1704067200000000", "1704153600000000"),
        ("1704067200000000000", "1704153600000000000"),
    ],
    ids=["z", "offset 0", "offset 1", "fraction", "date", "compact", "s", "ms", "us", "ns"],
)
def test_timestamps_are_read_in_each_form(tmp_path: Path, stamps: tuple[str, str]) -> None:
    series = read(tmp_path, HEADER + "".join(f"{one},1,1,1,1,1\n" for one in stamps))

    assert list(series.times) == [START_MS, START_MS + DAY_MS]


def test_times_before_1970_are_read(tmp_path: Path) -> None:
    series = read(tmp_path, HEADER + "1969-12-30,1,1,1,1,1\n1969-12-31,1,1,1,1,1\n")

    assert list(series.times) == [-2 * DAY_MS, -DAY_MS]


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

    monkeypatch.setattr(csv_data, "BLOCK_ROWS", 3)

    assert read(tmp_path, text) == whole


# D1: rows that are no rows


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2024-01-03T00:00:00Z,10,12,9", "the row has 4 columns, the header has 6"),
        ("2024-01-03T00:00:00Z,10,12,9,11,1,2", "the row has 7 columns, the header has 6"),
        ("2024-01-03T00:00:00Z,10,12,9,1\0,1", "the row holds a NUL byte"),
        ('"2024-01-03T00:00:00Z,10,12,9,11,1', "the row cannot be read"),
        ('2024-01-03T00:00:00Z,"10"x,12,9,11,1', "the row cannot be read"),
        (f"{'9' * 140_000},10,12,9,11,1", "the row cannot be read"),
    ],
    ids=["short", "long", "nul", "open quote", "text after quote", "huge cell"],
)
@pytest.mark.parametrize("block", [1, 2, 3, 4096])
def test_D1_a_broken_row_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, said: str, block: int
) -> None:
    monkeypatch.setattr(csv_data, "BLOCK_ROWS", block)

    error = refused(tmp_path, days(1, 2) + f"{line}\n" + ROW.format(day=4))

    assert (error.id, error.where) == ("E354", "prices.csv:4")
    assert error.what.startswith(said)


@pytest.mark.parametrize("block", [1, 2, 4096])
def test_D1_lines_are_counted_across_blank_ones_and_cells_of_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csv_data, "BLOCK_ROWS", block)
    text = (
        '\n\nnote,date,open,high,low,close\n"one\ntwo",2024-01-01,1,1,1,1\n\n'
        "x,2024-01-02,1,1,1,1\nx,2024-01-03,1,1,1,zero\n"
    )

    assert refused(tmp_path, text).where == "prices.csv:8"


def test_D1_the_first_of_several_faults_is_told(tmp_path: Path) -> None:
    text = days(1, 2) + "2024-01-03T00:00:00Z,10,12,9,nan,1\nragged\n" + '"open quote'

    error = refused(tmp_path, text)

    assert (error.where, error.id) == ("prices.csv:4", "E355")


# D2: values that are no prices


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("nan,12,9,11,1", "open must be a price above zero, was nan"),
        ("10,inf,9,11,1", "high must be a price above zero, was inf"),
        ("10,12,-inf,11,1", "low must be a price above zero, was -inf"),
        ("10,12,9,1e400,1", "close must be a price above zero, was inf"),
        ("0,12,0,11,1", "open must be a price above zero, was 0"),
        ("10,12,-9,11,1", "low must be a price above zero, was -9"),
        ("10,12,9,,1", "close is empty"),
        ("10,12,9, ,1", "close is empty"),
        ("ten,12,9,11,1", "open is not a number, was 'ten'"),
        ("0x10,12,9,11,1", "open is not a number, was '0x10'"),
        ("$10,12,9,11,1", "open is not a number, was '$10'"),
        ("10,9,12,11,1", "high must not be below low, was 9 and 12"),
        ("10,12,9,13,1", "close must lie between low and high, was 13.0 outside 9.0 to 12.0"),
        ("10,12,9,8,1", "close must lie between low and high, was 8.0 outside 9.0 to 12.0"),
        ("13,12,9,11,1", "open must lie between low and high, was 13.0 outside 9.0 to 12.0"),
        ("8,12,9,11,1", "open must lie between low and high, was 8.0 outside 9.0 to 12.0"),
        ("10,12,9,11,-1", "volume must be zero or more, was '-1'"),
        ("10,12,9,11,nan", "volume must be zero or more, was 'nan'"),
        ("10,12,9,11,inf", "volume must be zero or more, was 'inf'"),
        ("10,12,9,11,", "volume is empty"),
        ('"1,5",12,9,11,1', "open has a decimal comma, was '1,5'"),
        ('10,"1,200.5",9,11,1', "high is not a number, was '1,200.5'"),
    ],
)
def test_D2_a_value_that_is_no_price_is_named(tmp_path: Path, cells: str, said: str) -> None:
    error = refused(tmp_path, days(1, 2) + f"2024-01-03T00:00:00Z,{cells}\n" + ROW.format(day=4))

    assert (error.id, error.where, error.what) == ("E355", "prices.csv:4", said)


def test_D2_bytes_that_are_no_text_are_shown_escaped(tmp_path: Path) -> None:
    error = refused(tmp_path, days(1, 2).encode() + b"2024-01-03T00:00:00Z,10\xff,12,9,11,1\n")

    assert error.what == "open is not a number, was '10\\udcff'"


def test_D2_one_wrong_cell_anywhere_is_found(tmp_path: Path) -> None:
    chosen = random.Random(7)
    rows = [line.split(",") for line in days(*range(1, 29)).splitlines()]
    for _ in range(40):
        row, column = chosen.randrange(1, 29), chosen.randrange(1, 6)
        spoilt = [list(one) for one in rows]
        spoilt[row][column] = chosen.choice(["nan", "-1", "", "inf", "x", "1e99"])

        error = refused(tmp_path, "\n".join(map(",".join, spoilt)))

        assert error.where == f"prices.csv:{row + 1}"
        assert error.what.startswith(rows[0][column])


# D3: the order of time


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
    monkeypatch.setattr(csv_data, "BLOCK_ROWS", block)

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


# D4: which moment is meant


@pytest.mark.parametrize(
    ("stamps", "said"),
    [
        (["2024-01-01T00:00:00"], "timestamp must name its zone, was '2024-01-01T00:00:00'"),
        (["2024-03-31 02:30:00"], "timestamp must name its zone, was '2024-03-31 02:30:00'"),
        (["2024-10-27T02:30"], "timestamp must name its zone, was '2024-10-27T02:30'"),
        (["2024-01-01T00:00:00 CET"], "timestamp cannot be read, was '2024-01-01T00:00:00 CET'"),
        (["01/02/2024"], "timestamp is not ISO 8601, was '01/02/2024'"),
        (["2024-13-01"], "timestamp cannot be read, was '2024-13-01'"),
        (["2024-02-30T00:00:00Z"], "timestamp cannot be read, was '2024-02-30T00:00:00Z'"),
        (["1704067200.5"], "timestamp cannot be read, was '1704067200.5'"),
        ([""], "timestamp is empty"),
        (["9" * 25], f"timestamp is out of bounds, was {'9' * 25}"),
        (["yesterday"], "timestamp cannot be read, was 'yesterday'"),
    ],
)
def test_D4_a_time_that_could_mean_several_moments_is_refused(
    tmp_path: Path, stamps: list[str], said: str
) -> None:
    error = refused(tmp_path, HEADER + "".join(f"{one},1,1,1,1,1\n" for one in stamps))

    assert (error.id, error.where, error.what) == ("E356", "prices.csv:2", said)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1704067200", "1704153600000"),
        ("1704067200000", "1704153600"),
        ("1704067200000", "1704153600000000"),
        ("1704067200000000", "1704153600000000000"),
        ("2024-01-01T00:00:00Z", "2024-01-02"),
        ("2024-01-01T00:00:00Z", "2024-01-02T00:00:00"),
        ("2024-01-01", "2024-01-02T00:00:00Z"),
        ("2024-01-01", "1704153600"),
        ("1704067200", "2024-01-02"),
    ],
    ids=["s ms", "ms s", "ms us", "us ns", "z date", "z naive", "date z", "date s", "s date"],
)
def test_D4_one_file_has_one_form_of_time(tmp_path: Path, first: str, second: str) -> None:
    error = refused(tmp_path, HEADER + f"{first},1,1,1,1,1\n{second},1,1,1,1,1\n")

    assert (error.id, error.where) == ("E356", "prices.csv:3")


def test_D4_offsets_that_change_with_daylight_saving_give_exact_moments(tmp_path: Path) -> None:
    # The hour that exists twice in Berlin: its offset tells which one is meant.
    stamps = ["2024-10-27T02:00:00+02:00", "2024-10-27T02:00:00+01:00", "2024-10-27T03:00:00+01:00"]

    series = read(tmp_path, HEADER + "".join(f"{one},1,1,1,1,1\n" for one in stamps))

    assert [iso_ms(one)[11:16] for one in series.times] == ["00:00", "01:00", "02:00"]
    assert series.timeframe == "1h"


def test_the_column_is_called_in_errors_as_in_the_file(tmp_path: Path) -> None:
    error = refused(tmp_path, days(1).replace("timestamp", "date").replace("2024-01-01", "x"))

    assert error.what.startswith("date cannot be read")


# D6, D7: what is no such file at all


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


# The header


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("timestamp,open,high,low", "the header lacks close"),
        ("open,high,low,close", "the header lacks timestamp"),
        ("timestamp,opne,high,low,close", "the header lacks open"),
        ("a,b", "the header lacks timestamp, open, high, low, close"),
        ("timestamp,open,open,high,low,close", "the header names more than one column for open"),
        (
            "date,time,open,high,low,close",
            "the header names more than one column for date and time",
        ),
        ("2024-01-01,10,12,9,11,100", "the first line must name the columns, was "),
    ],
    ids=["no close", "no time", "misspelt", "foreign", "twice", "two times", "none"],
)
def test_a_header_that_does_not_fit_is_refused(tmp_path: Path, header: str, said: str) -> None:
    error = refused(tmp_path, f"{header}\n1,2,3\n")

    assert (error.id, error.where) == ("E353", "prices.csv:1")
    assert error.what.startswith(said)


def test_a_misspelt_column_gives_the_nearest(tmp_path: Path) -> None:
    error = refused(tmp_path, HEADER.replace("open", "Opne") + "1,2,3,4,5,6\n")

    assert error.fix == "did you write Opne for open?"


# The timeframe


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


# The range


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
