"""Which column is which: the headers of known services, doubt, and mapping by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.engine import csv_reading
from runner.engine.csv_header import read_header
from runner.engine.repairs import Allowed
from runner.errors import DataError
from tests.helpers import START_MS
from tests.unit.engine.csv_files import read, refused

SECOND = START_MS // 1000
MONTH_DAYS = [START_MS + day * 86_400_000 for day in range(2)]

FILES = {
    "own": "timestamp,open,high,low,close,volume\n"
    "2024-01-01T00:00:00Z,10,12,9,11,100\n2024-01-02T00:00:00Z,11,13,10,12,200\n",
    "with symbol": "symbol,timestamp,open,high,low,close,volume,timeframe\n"
    "S:AAPL,2024-01-01T00:00:00Z,10,12,9,11,100,1d\n"
    "S:AAPL,2024-01-02T00:00:00Z,11,13,10,12,200,1d\n",
    "bars of the api": "symbol,provider,timeframe,timestamp,open,high,low,close,volume\n"
    "S:AAPL,tektii,1d,2024-01-01T00:00:00Z,10,12,9,11,100\n"
    "S:AAPL,tektii,1d,2024-01-02T00:00:00Z,11,13,10,12,200\n",
    "yahoo": "Date,Open,High,Low,Close,Adj Close,Volume\n"
    "2024-01-01,10,12,9,11,1.1,100\n2024-01-02,11,13,10,12,1.2,200\n",
    "alpaca": "timestamp,open,high,low,close,volume,trade_count,vwap\n"
    "2024-01-01 00:00:00+00:00,10,12,9,11,100,5,10.5\n"
    "2024-01-02 00:00:00+00:00,11,13,10,12,200,5,11.5\n",
    "alpaca letters": "c,h,l,n,o,t,v,vw\n"
    "11,12,9,5,10,2024-01-01T00:00:00Z,100,10.5\n12,13,10,5,11,2024-01-02T00:00:00Z,200,11.5\n",
    "binance, ms": "".join(
        f"{one},{10 + at},{12 + at},{9 + at},{11 + at},{100 + 100 * at},"
        f"{one + 86_399_999},1.5,7,0.5,0.25,0\n"
        for at, one in enumerate(MONTH_DAYS)
    ),
    "binance, us": "".join(
        f"{one}000,{10 + at},{12 + at},{9 + at},{11 + at},{100 + 100 * at},"
        f"{one + 86_399_999}999,1.5,7,0.5,0.25,0\n"
        for at, one in enumerate(MONTH_DAYS)
    ),
    "binance with a header": "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore\n"
    + "".join(
        f"{one},{10 + at},{12 + at},{9 + at},{11 + at},{100 + 100 * at},"
        f"{one + 86_399_999},1.5,7,0.5,0.25,0\n"
        for at, one in enumerate(MONTH_DAYS)
    ),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_known_files_are_told_by_their_header(tmp_path: Path, content: str) -> None:
    series = read(tmp_path, content)

    assert (list(series.times), series.timeframe) == (MONTH_DAYS, "1d")
    assert [list(one) for one in (series.opens, series.highs, series.lows)] == [
        [10, 11],
        [12, 13],
        [9, 10],
    ]
    assert (list(series.closes), list(series.volumes)) == ([11, 12], [100, 200])


@pytest.mark.parametrize("block", [1, 2, 4096])
@pytest.mark.parametrize("skipped", ["", "bad\n", "\n"])
@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("S:AAPL", "S:MSFT", "the file holds two symbols, 'S:AAPL' and 'S:MSFT'"),
        ("1d", "1h", "the file holds two timeframes, '1d' and '1h'"),
    ],
)
def test_one_file_has_one_symbol_and_one_timeframe(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    block: int,
    skipped: str,
    old: str,
    new: str,
    what: str,
) -> None:
    monkeypatch.setattr(csv_reading, "BLOCK_ROWS", block)
    header, first, second = FILES["bars of the api"].splitlines(keepends=True)

    with pytest.raises(DataError) as caught:
        read(
            tmp_path,
            header + first + skipped + second.replace(old, new),
            allowed=Allowed(skip_bad=1),
        )

    assert (caught.value.id, caught.value.what) == ("E368", what)
    assert caught.value.where == f"prices.csv:{3 + len(skipped.splitlines())}"


def test_the_first_row_of_a_file_without_header_is_line_1(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, FILES["binance, ms"].replace(",12,", ",-12,", 1))

    assert (caught.value.id, caught.value.where) == ("E355", "prices.csv:1")


@pytest.mark.parametrize(
    "row",
    [
        "1,2,3,4,5,6,7,8,9,10,11,12",
        "1700000000000,10,12,9,11,100,1600000000000,1,1,1,1,0",
        "1700000000000,10,12,9,11,100,1700000059999000,1,1,1,1,0",
        "1700000000000,10,12,9,11,100",
    ],
    ids=["small numbers", "closes before it opens", "two units", "six columns"],
)
def test_numbers_that_are_not_certainly_binance_need_a_mapping(row: str) -> None:
    with pytest.raises(DataError) as caught:
        read_header(row.split(","), "prices.csv")

    assert (caught.value.id, "--columns time=1" in caught.value.fix) == ("E353", True)


MAPPED = {
    "all": ("When,O,H,L,C,Amount", "time=When,open=O,high=H,low=L,close=C,volume=Amount"),
    "some": ("When,Open,High,Low,Close,Volume", "time=When"),
    "other case": ("WHEN,Open,High,Low,Close,Volume", "time=when"),
    "against the header": ("date,open,high,low,close,volume,time", "time=date"),
}


@pytest.mark.parametrize(("header", "mapping"), MAPPED.values(), ids=MAPPED)
def test_columns_can_be_mapped_by_hand(tmp_path: Path, header: str, mapping: str) -> None:
    columns = dict(one.split("=") for one in mapping.split(","))
    extra = ",09:30" if header.endswith("time") else ""

    series = read(
        tmp_path,
        f"{header}\n2024-01-01,10,12,9,11,100{extra}\n2024-01-02,11,13,10,12,200{extra}\n",
        columns=columns,
    )

    assert (list(series.times), list(series.opens)) == (MONTH_DAYS, [10, 11])
    assert list(series.volumes) == [100, 200]


def test_the_adjusted_close_can_be_chosen(tmp_path: Path) -> None:
    text = FILES["yahoo"].replace("1.1,", "10.5,").replace("1.2,", "11.5,")

    assert list(read(tmp_path, text, columns={"close": "Adj Close"}).closes) == [10.5, 11.5]


def test_columns_of_a_file_without_header_are_counted_from_1(tmp_path: Path) -> None:
    series = read(
        tmp_path,
        "x,10,12,9,11,2024-01-01\nx,11,13,10,12,2024-01-02\n",
        columns={"time": "6", "open": "2", "high": "3", "low": "4", "close": "5"},
    )

    assert (list(series.times), list(series.closes)) == (MONTH_DAYS, [11, 12])
    assert list(series.volumes) == [0, 0]


@pytest.mark.parametrize(
    ("header", "columns", "what", "fix"),
    [
        (
            "date,open,high,low,close",
            {"time": "Dat"},
            "the header has no column 'Dat', which is to be the time",
            "did you mean time=date?",
        ),
        (
            "timestamp,open_time,open,high,low,close",
            {},
            "the header names more than one column for time (timestamp, open_time)",
            "say which: --columns time=timestamp",
        ),
        (
            "a,b,c,d,e",
            {},
            "the header lacks timestamp, open, high, low, close",
            "map them by hand: --columns time=Date,open=Open,high=High,low=Low,close=Close",
        ),
        (
            "1,2,3,4,5",
            {"time": "1", "open": "2"},
            "without a header every column must be mapped; not mapped: high, low, close",
            "count the columns from 1: --columns time=1,open=2,high=3,low=4,close=5",
        ),
        (
            "1,2,3,4,5",
            {"time": "0", "open": "2", "high": "3", "low": "4", "close": "5"},
            "there is no column 0, which is to be the time",
            "map a column that is there",
        ),
        (
            "1,2,3,4,5",
            {"time": "1", "open": "2", "high": "3", "low": "4", "close": "6"},
            "there is no column 6, which is to be the close",
            "map a column that is there",
        ),
    ],
    ids=["misspelt", "two times", "foreign", "half mapped", "number 0", "number beyond"],
)
def test_what_is_not_certain_is_refused_and_says_how_to_map(
    header: str, columns: dict[str, str], what: str, fix: str
) -> None:
    with pytest.raises(DataError) as caught:
        read_header(header.split(","), "prices.csv", columns)

    assert (caught.value.id, caught.value.where) == ("E353", "prices.csv:1")
    assert (caught.value.what, caught.value.fix) == (what, fix)


def test_single_letters_count_only_when_all_of_them_are_there() -> None:
    with pytest.raises(DataError) as caught:
        read_header(["t", "o", "h", "l", "price"], "prices.csv")

    assert caught.value.what == "the header lacks timestamp, open, high, low, close"


def test_O11_no_escape_sequence_of_a_header_reaches_a_terminal(tmp_path: Path) -> None:
    error = refused(tmp_path, "\x1b]52;c;aGk=\x07\x1b[31mday,close\n1,2\n")

    assert all(line.isprintable() for line in error.lines())
    assert "day, close" in error.why
