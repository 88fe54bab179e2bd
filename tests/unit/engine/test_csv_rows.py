"""Rows of a data file: what is wrong is named with line, column and value."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from runner.engine import csv_reading
from tests.helpers import DAY_MS, START_MS
from tests.unit.engine.csv_files import HEADER, ROW, days, read, refused


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
    monkeypatch.setattr(csv_reading, "BLOCK_ROWS", block)

    error = refused(tmp_path, days(1, 2) + f"{line}\n" + ROW.format(day=4))

    assert (error.id, error.where) == ("E354", "prices.csv:4")
    assert error.what.startswith(said)


@pytest.mark.parametrize("block", [1, 2, 4096])
def test_D1_lines_are_counted_across_blank_ones_and_cells_of_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csv_reading, "BLOCK_ROWS", block)
    text = (
        '\n\nnote,date,open,high,low,close\n"one\ntwo",2024-01-01,1,1,1,1\n\n'
        "x,2024-01-02,1,1,1,1\nx,2024-01-03,1,1,1,zero\n"
    )

    assert refused(tmp_path, text).where == "prices.csv:8"


def test_D1_the_first_of_several_faults_is_told(tmp_path: Path) -> None:
    text = days(1, 2) + "2024-01-03T00:00:00Z,10,12,9,nan,1\nragged\n" + '"open quote'

    error = refused(tmp_path, text)

    assert (error.where, error.id) == ("prices.csv:4", "E355")


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
            "the header names more than one column for time (date, time)",
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

    assert error.fix == "did you mean --columns open=Opne?"
