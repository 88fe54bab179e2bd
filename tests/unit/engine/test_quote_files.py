"""Files of quotes: what is read, what is refused, and what is written reads back the same."""

from __future__ import annotations

from itertools import pairwise
from math import inf
from pathlib import Path

import pytest

from runner.engine.calendar import Calendar
from runner.engine.csv_data import read_csv
from runner.engine.data_sample import sample_quotes
from runner.engine.data_writing import write_quotes
from runner.engine.quote_inspection import holds_quotes, inspect_quotes
from runner.engine.quote_rows import middle
from runner.engine.quote_series import QuoteSeries, read_quotes
from runner.engine.repairs import Allowed
from runner.errors import DataError
from runner.protocol.messages import Quote
from runner.storage import Storage
from tests.helpers import AAPL, START_MS

HEADER = "timestamp,bid,ask,bid_size,ask_size\n"
AT = "2024-01-01T00:00:0{}Z"


def read(folder: Path, content: str, **options: object) -> QuoteSeries:
    file = folder / "quotes.csv"
    file.write_text(content)
    return read_quotes([file], AAPL, "quotes.csv", **options)  # type: ignore[arg-type]


def refused(folder: Path, content: str, **options: object) -> DataError:
    with pytest.raises(DataError) as caught:
        read(folder, content, **options)
    assert len(caught.value.lines()) <= 6
    assert "candle" not in caught.value.what + caught.value.why
    return caught.value


FILES = {
    "own": f"{HEADER}{AT.format(0)},99,101,5,7\n{AT.format(1)},100,101,6,8\n",
    "any order and case": "Ask_Size,ASK,Bid,bidsize,Time\n"
    f"7,101,99,5,{AT.format(0)}\n8,101,100,6,{AT.format(1)}\n",
    "alpaca": "ap,as,ax,bp,bs,bx,c,t,z\n"
    f"101,7,V,99,5,V,R,{AT.format(0)},C\n101,8,V,100,6,V,R,{AT.format(1)},C\n",
    "binance": "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,"
    "transaction_time,event_time\n"
    f"1,99,5,101,7,{START_MS},{START_MS + 3}\n2,100,6,101,8,{START_MS + 1000},{START_MS + 1004}\n",
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_known_files_are_told_by_their_header(tmp_path: Path, content: str) -> None:
    found = list(read(tmp_path, content).quotes())

    assert found == [
        Quote(AAPL, START_MS, 99.0, 101.0, 100.0, 5.0, 7.0),
        Quote(AAPL, START_MS + 1000, 100.0, 101.0, 100.5, 6.0, 8.0),
    ]
    assert holds_quotes(tmp_path / "quotes.csv")


@pytest.mark.parametrize(
    ("content", "sizes"),
    [
        (f"timestamp,bid,ask\n{AT.format(0)},99,101\n", (None, None)),
        (f"timestamp,bid,ask,ask_size\n{AT.format(0)},99,101,7\n", (None, 7.0)),
        (f"{HEADER}{AT.format(0)},99,101,,0\n", (None, 0.0)),
    ],
    ids=["no columns", "one column", "an empty cell"],
)
def test_a_size_that_is_not_there_is_not_known(
    tmp_path: Path, content: str, sizes: tuple[float | None, float | None]
) -> None:
    (quote,) = read(tmp_path, content).quotes()

    assert (quote.bid_size, quote.ask_size) == sizes


@pytest.mark.parametrize(
    ("row", "id", "what"),
    [
        ("{1},101,100,1,1", "E355", "bid must not be above ask, was 101 and 100"),
        ("{1},0,100,1,1", "E355", "bid must be a price above zero, was 0"),
        ("{1},nan,100,1,1", "E355", "bid must be a price above zero, was nan"),
        ("{1},99,,1,1", "E355", "ask is empty"),
        ("{1},99,1e300,1,1", "E355", "ask must be a price above zero, was 1e+300"),
        ("{1},99,100,-1,1", "E355", "bid_size must be zero or more, was '-1'"),
        ("{1},99,100,1,inf", "E355", "ask_size must be zero or more, was 'inf'"),
        ("{1},99,100,1", "E354", "the row has 4 columns, the header has 5: '{1},99,100,1'"),
        ("noon,99,100,1,1", "E356", "timestamp cannot be read, was 'noon'"),
        ("{0},99,100,1,1", "E357", "two quotes are of {0}"),
        (
            "2023-12-31T00:00:00Z,99,100,1,1",
            "E357",
            "timestamp must be later than the one before, {0}, was 2023-12-31T00:00:00Z",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_row_that_is_not_right_is_refused_with_its_line(
    tmp_path: Path, row: str, id: str, what: str
) -> None:
    moments = ("2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z")
    content = f"{HEADER}{moments[0]},99,100,1,1\n{row.format(*moments)}\n"

    error = refused(tmp_path, content)

    assert (error.id, error.what) == (id, what.format(*moments))
    assert error.where == "quotes.csv:3"


@pytest.mark.parametrize(
    ("content", "id", "what"),
    [
        ("timestamp,bid\n", "E353", "the header lacks ask"),
        ("timestamp,bid,ask,ask_price\n", "E353", "the header names more than one column for"),
        (f"{START_MS},99,100\n", "E353", "the first line must name the columns, was"),
        ("timestamp;bid;ask\n", "E352", "the columns are separated by semicolons"),
        ("timestamp,bid,ask\n", "E358", "the data file has a header and no quotes"),
        ("timestamp,bid,ask\n2024-01-01T00:00:00,1,2\n", "E356", "timestamp must name its zone"),
    ],
)
def test_a_file_that_is_not_one_of_quotes_is_refused(
    tmp_path: Path, content: str, id: str, what: str
) -> None:
    error = refused(tmp_path, content)

    assert error.id == id
    assert error.what.startswith(what)
    assert "--columns" not in str(error)


def test_candles_in_place_of_quotes_are_told_and_the_reverse(tmp_path: Path) -> None:
    error = refused(tmp_path, "timestamp,open,high,low,close\n")
    (tmp_path / "quotes.csv").write_text(FILES["own"])
    with pytest.raises(DataError) as caught:
        read_csv(tmp_path / "quotes.csv", symbol=AAPL)

    assert error.fix == "these are candles: --data FILE, or data.path"
    assert caught.value.fix == "these are quotes: --quotes-data FILE, or data.quotes"


def test_repairs_are_made_on_request_and_counted(tmp_path: Path) -> None:
    rows = [f"{AT.format(at)},{100 + at},{101 + at},1,1\n" for at in (2, 0, 1, 1)]
    content = HEADER + "".join(rows) + "bad\n"

    found = read(tmp_path, content, allowed=Allowed(sort=True, dedupe=True, skip_bad=1))

    assert list(found.bids) == [100.0, 101.0, 102.0]
    repairs = found.repairs
    assert (repairs.moved, repairs.repeated, repairs.conflicting, repairs.skipped) == (3, 1, 0, 1)


def test_clocks_are_those_of_the_zone_that_is_named(tmp_path: Path) -> None:
    content = "timestamp,bid,ask\n2024-01-01T09:30:00,1,2\n"

    (time,) = read(tmp_path, content, calendar=Calendar("America/New_York")).times

    assert time == START_MS + 14.5 * 3_600_000


def test_a_range_may_be_chosen_and_must_hold_something(tmp_path: Path) -> None:
    found = read(tmp_path, FILES["own"], start_ms=START_MS + 1)
    error = refused(tmp_path, FILES["own"], start_ms=START_MS + 2000)

    assert list(found.times) == [START_MS + 1000]
    assert (error.id, error.what) == (
        "E361",
        "there is no quote of S:AAPL from 2024-01-01T00:00:02Z",
    )


def test_the_last_quote_is_the_one_at_a_moment_or_before(tmp_path: Path) -> None:
    found = read(tmp_path, FILES["own"])

    assert [found.last_at(START_MS + late) for late in (-1, 0, 999, 1000)] == [
        None,
        *[quote for quote in found.quotes() for _ in range(2)][:3],
    ]


@pytest.mark.parametrize("held", [0, 10**6], ids=["stored", "in memory"])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".csv.zst", ".parquet"])
def test_what_is_written_reads_back_as_the_very_same(
    tmp_path: Path, suffix: str, held: int
) -> None:
    if suffix == ".parquet":
        pytest.importorskip("duckdb")
    if suffix == ".csv.zst":
        pytest.importorskip("backports.zstd")
    made = sample_quotes(50, seed=5, symbol=AAPL)
    file = tmp_path / f"quotes{suffix}"

    write_quotes(made, file)
    back = read_quotes([file], AAPL, "quotes", storage=Storage(held, block_rows=8))

    assert list(back.quotes()) == list(made.quotes())
    assert list(back.between(made.times[9], made.times[30]).quotes()) == list(made.quotes())[9:30]
    assert holds_quotes(file)


def test_sizes_that_nobody_knows_are_not_written(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER}{AT.format(0)},99,101,,1\n{AT.format(1)},99,101,,\n")

    write_quotes(found, tmp_path / "new.csv")

    assert set(found.bid_sizes) == {inf}
    assert (tmp_path / "new.csv").read_text().splitlines() == [
        "timestamp,bid,ask,ask_size",
        "2024-01-01T00:00:00Z,99,101,1",
        "2024-01-01T00:00:01Z,99,101,",
    ]


def test_the_middle_has_no_more_digits_than_it_needs() -> None:
    assert (middle(100.01, 100.02), middle(0.1, 0.2), middle(1e-8, 3e-8)) == (100.015, 0.15, 2e-8)


def test_made_up_quotes_are_valid_and_the_same_for_the_same_seed() -> None:
    made = list(sample_quotes(2000, seed=7).quotes())

    assert made == list(sample_quotes(2000, seed=7).quotes())
    assert made[:50] == list(sample_quotes(50, seed=7).quotes())
    assert made != list(sample_quotes(2000, seed=8).quotes())
    assert (made[0].time, made[0].bid, made[0].ask) == (1_704_067_200_000, 99.99, 100.0)
    assert all(one.time < after.time for one, after in pairwise(made))
    assert all(0 < one.bid < one.last < one.ask <= one.bid + 0.05 for one in made)
    assert all(1 <= (one.bid_size or 0) <= 100 for one in made)


def test_a_file_of_candles_is_not_one_of_quotes(tmp_path: Path) -> None:
    file = tmp_path / "candles.csv"
    for header in ("timestamp,open,high,low,close", "timestamp,open,high,low,close,bid,ask"):
        file.write_text(header + "\n")
        assert not holds_quotes(file)


def test_inspection_counts_what_looks_wrong(tmp_path: Path) -> None:
    file = tmp_path / "quotes.csv"
    quotes = ["100,100.5", "100,100", "100,110", "200,200.25", "3,2"]
    file.write_text(
        "timestamp,bid,ask\n"
        + "".join(f"{AT.format(at)},{prices}\n" for at, prices in enumerate(quotes))
    )

    found = inspect_quotes([file], "quotes.csv")

    assert (len(found.quotes), found.locked, found.repairs.skipped) == (4, 1, 1)
    assert (found.spread, found.widest, found.has_sizes) == (0.25, 10, False)
    assert found.longest_pause_ms == 1000
    assert [one.what for one in found.suspicions] == [
        "ask is 10% above bid",
        "is 91% above the quote before",
    ]
