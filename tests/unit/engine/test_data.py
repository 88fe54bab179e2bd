"""Which data a run replays: the sample, a file, a file per symbol."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

import pytest

from runner.engine.data import SAMPLE_SYMBOLS, open_data, open_quotes
from runner.engine.data_sample import sample_quotes
from runner.engine.data_writing import write_quotes
from runner.errors import DataError
from runner.protocol.times import iso_ms

ROWS = "date,open,high,low,close\n2024-01-01,1,1,1,1\n2024-01-02,1,1,1,1\n"


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(ROWS)


def refused(path: str, symbols: list[str], **options: int) -> DataError:
    with pytest.raises(DataError) as caught:
        open_data(path, symbols, **options)
    assert caught.value.exit_code == 3
    return caught.value


# The sample


@pytest.mark.parametrize(
    ("symbol", "count", "first"),
    [
        ("S:AAPL", 3270, "2000-03-01T00:00:00Z"),
        ("S:GOOG", 2148, "2004-08-19T00:00:00Z"),
        ("S:IBM", 3270, "2000-03-01T00:00:00Z"),
        ("S:MSFT", 3270, "2000-03-01T00:00:00Z"),
    ],
)
def test_the_sample_holds_daily_candles(symbol: str, count: int, first: str) -> None:
    (series,) = open_data("sample", [symbol])

    assert (series.symbol, series.timeframe, len(series)) == (symbol, "1d", count)
    assert (iso_ms(series.times[0]), iso_ms(series.times[-1])) == (first, "2013-03-01T00:00:00Z")
    assert series.origin == f"sample/{symbol[2:]}.csv"


def test_the_sample_is_what_it_was() -> None:
    folder = files("runner.engine") / "sample"
    digest = hashlib.sha256()
    for symbol in SAMPLE_SYMBOLS:
        digest.update((folder / f"{symbol[2:]}.csv").read_bytes())

    assert digest.hexdigest()[:16] == "8903f6eef2aa3448"


def test_the_sample_says_where_it_comes_from() -> None:
    text = (files("runner.engine") / "sample" / "README.md").read_text(encoding="utf-8")

    assert "public-domain" in text


def test_series_come_in_the_order_of_the_symbols_without_repeats() -> None:
    found = open_data("sample", ["S:MSFT", "S:AAPL", "S:MSFT"])

    assert [one.symbol for one in found] == ["S:MSFT", "S:AAPL"]


def test_the_star_stands_for_the_whole_sample() -> None:
    assert tuple(one.symbol for one in open_data("sample", ["*"])) == SAMPLE_SYMBOLS


def test_the_sample_without_a_symbol_is_its_first() -> None:
    assert [one.symbol for one in open_data("sample", [])] == ["S:AAPL"]


@pytest.mark.parametrize(
    ("symbol", "fix"),
    [("S:TSLA", "For other symbols"), ("AAPL", "did you mean S:AAPL?"), ("s:msft", "S:MSFT?")],
    ids=["unknown", "without its class", "small letters"],
)
def test_a_symbol_that_the_sample_lacks_lists_those_it_has(symbol: str, fix: str) -> None:
    error = refused("sample", ["S:AAPL", symbol])

    assert (error.id, error.what) == ("E360", f"the bundled sample has no {symbol}")
    assert error.why == "it has S:AAPL, S:GOOG, S:IBM, S:MSFT"
    assert fix in error.fix


def test_a_range_outside_the_sample_names_the_range_it_has() -> None:
    error = refused("sample", ["S:AAPL"], start_ms=1_704_067_200_000)

    assert error.id == "E361"
    assert error.why == "the data runs from 2000-03-01T00:00:00Z to 2013-03-01T00:00:00Z"


# Files


def test_a_file_gives_its_name_to_a_symbol(tmp_path: Path) -> None:
    put(tmp_path, "tsla.csv")

    (series,) = open_data(str(tmp_path / "tsla.csv"), [])

    assert (series.symbol, len(series)) == ("S:TSLA", 2)


@pytest.mark.parametrize(("symbols", "expected"), [(["C:BTCUSD"], "C:BTCUSD"), (["*"], "S:TSLA")])
def test_a_file_takes_the_symbol_that_is_asked_for(
    tmp_path: Path, symbols: list[str], expected: str
) -> None:
    put(tmp_path, "tsla.csv")

    (series,) = open_data(str(tmp_path / "tsla.csv"), symbols)

    assert series.symbol == expected


def test_one_file_for_two_symbols_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "tsla.csv")

    error = refused(str(tmp_path / "tsla.csv"), ["S:A", "S:B"])

    assert (error.id, "{symbol}" in error.fix) == ("E360", True)


def test_a_pattern_names_one_file_per_symbol(tmp_path: Path) -> None:
    put(tmp_path, "A.csv", "B.csv")

    found = open_data(f"{tmp_path}/{{symbol}}.csv", ["S:B", "S:A"])

    assert [(one.symbol, Path(one.origin).name) for one in found] == [
        ("S:B", "B.csv"),
        ("S:A", "A.csv"),
    ]


def test_a_pattern_prefers_the_file_of_the_full_symbol(tmp_path: Path) -> None:
    put(tmp_path, "A.csv", "S:A.csv")

    (series,) = open_data(f"{tmp_path}/{{symbol}}.csv", ["S:A"])

    assert Path(series.origin).name == "S:A.csv"


@pytest.mark.parametrize("symbols", [[], ["*"]])
def test_a_pattern_needs_symbols(tmp_path: Path, symbols: list[str]) -> None:
    assert refused(f"{tmp_path}/{{symbol}}.csv", symbols).id == "E360"


@pytest.mark.parametrize("symbol", ["S:../secret", "../secret", "S:..", "S:a/b", "S:\\x", "S:\0"])
def test_a_symbol_does_not_lead_to_a_file_elsewhere(tmp_path: Path, symbol: str) -> None:
    put(tmp_path, "secret.csv")
    (tmp_path / "prices").mkdir()

    assert refused(f"{tmp_path}/prices/{{symbol}}.csv", [symbol]).id == "E360"


def test_a_missing_file_gives_the_nearest(tmp_path: Path) -> None:
    put(tmp_path, "AAPL.csv", "MSFT.csv")

    error = refused(str(tmp_path / "APPL.csv"), [])

    assert (error.id, error.fix) == ("E351", f"did you mean {tmp_path / 'AAPL.csv'}?")
    assert error.why == f"{tmp_path} holds AAPL.csv, MSFT.csv"


def test_a_directory_leads_to_the_pattern(tmp_path: Path) -> None:
    put(tmp_path, "AAPL.csv")

    error = refused(str(tmp_path), ["S:AAPL"])

    assert (error.id, error.why) == ("E351", "it holds AAPL.csv")
    assert f"{tmp_path}/{{symbol}}.csv" in error.fix


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    error = refused(str(tmp_path / "absent" / "A.csv"), [])

    assert error.why == f"there is no directory {tmp_path / 'absent'}"


def test_quotes_are_read_by_symbol_or_from_one_file(tmp_path: Path) -> None:
    for name in ("A", "B"):
        write_quotes(sample_quotes(5, seed=1), tmp_path / f"{name}.csv")

    found = open_quotes(f"{tmp_path}/{{symbol}}.csv", ["S:B", "S:A", "S:B"])
    (named,) = open_quotes(f"{tmp_path}/A.csv", ["S:OTHER"])
    (bare,) = open_quotes(f"{tmp_path}/A.csv", [])

    assert [one.symbol for one in (*found, named, bare)] == ["S:B", "S:A", "S:OTHER", "S:A"]
    assert found[1].files == (tmp_path / "A.csv",)
    with pytest.raises(DataError) as caught:
        open_quotes(f"{tmp_path}/A.csv", ["S:A", "S:B"])
    assert caught.value.fix.endswith("--quotes-data quotes/{symbol}.csv")
