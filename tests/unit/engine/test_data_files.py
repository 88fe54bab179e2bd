"""Which files a path or a pattern means."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.engine.data import open_data
from runner.engine.data_files import files_of
from runner.errors import DataError
from tests.unit.engine.test_joining import put


def names(folder: Path, pattern: str, symbol: str = "S:A", timeframe: str | None = "1d") -> str:
    found = files_of(f"{folder}/{pattern}", symbol, timeframe)
    return " ".join(str(one.relative_to(folder)) for one in found)


def refused(path: str, *symbols: str, timeframe: str | None = None) -> DataError:
    with pytest.raises(DataError) as caught:
        open_data(path, symbols, timeframe=timeframe)
    assert (caught.value.exit_code, len(caught.value.lines()) <= 6) == (3, True)
    return caught.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("A/1d/2.csv", "A/1d/10.csv", "A/1d/.hidden.csv", "A/1h/1.csv", "B/1d/x.csv"):
        put((tmp_path / name).parent, Path(name).name, 1, 2)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{symbol}/{timeframe}/*.csv", "A/1d/10.csv A/1d/2.csv"),
        ("{symbol}/{timeframe}/?.csv", "A/1d/2.csv"),
        ("{symbol}/1[hd]/[12].csv", "A/1d/2.csv A/1h/1.csv"),
        ("{symbol}/**/*.csv", "A/1d/10.csv A/1d/2.csv A/1h/1.csv"),
        ("*/1d/x.csv", "B/1d/x.csv"),
        ("{symbol}/*/1*.csv", "A/1d/10.csv A/1h/1.csv"),
    ],
)
def test_files_come_in_the_order_of_their_names(folder: Path, pattern: str, expected: str) -> None:
    assert names(folder, pattern) == expected


def test_a_name_that_is_there_is_no_pattern(tmp_path: Path) -> None:
    for name in ("a[1].csv", "a1.csv", "*.csv"):
        put(tmp_path / "[x]", name, 1, 2)

    assert names(tmp_path, "[x]/a[1].csv") == "[x]/a[1].csv"
    assert names(tmp_path, "[x]/*.csv") == "[x]/*.csv"
    assert names(tmp_path, "[x]/a?.csv") == "[x]/a1.csv"


@pytest.mark.parametrize("symbol", ["S:*", "S:[A]", "S:?"])
def test_a_symbol_is_never_a_pattern(folder: Path, symbol: str) -> None:
    with pytest.raises(DataError):
        names(folder, "{symbol}/1d/*.csv", symbol)


def test_the_whole_symbol_comes_before_its_ticker(folder: Path) -> None:
    put(folder / "S:A" / "1d", "y.csv", 1)

    assert names(folder, "{symbol}/1d/*.csv") == "S:A/1d/y.csv"


def test_several_files_are_called_by_their_pattern(folder: Path) -> None:
    put(folder / "A" / "1d", "2.csv", 3, 4)

    (series,) = open_data(f"{folder}/{{symbol}}/{{timeframe}}/*.csv", ["S:A"], timeframe="1d")

    assert (len(series), series.origin) == (4, f"{folder}/A/1d/*.csv")


def test_the_only_timeframe_there_is_needs_no_name(folder: Path) -> None:
    (series,) = open_data(f"{folder}/{{symbol}}/{{timeframe}}/*.csv", ["S:B"])

    assert (series.timeframe, series.origin) == ("1d", f"{folder}/B/1d/x.csv")


def test_of_several_timeframes_one_must_be_named(folder: Path) -> None:
    error = refused(f"{folder}/{{symbol}}/{{timeframe}}/*.csv", "S:A")

    assert (error.id, error.what.partition(", and ")[2]) == ("E360", "S:A has 1h, 1d")


@pytest.mark.parametrize("symbols", [(), ("*",)])
def test_a_pattern_of_several_files_does_not_tell_the_symbol(
    folder: Path, symbols: tuple[str, ...]
) -> None:
    assert refused(f"{folder}/A/1d/*.csv", *symbols).id == "E360"
    assert refused(f"{folder}/A/{{timeframe}}/2.csv", *symbols).id == "E360"
    put(folder / "A" / "1d", "2.csv", 3, 4)
    assert [len(one) for one in open_data(f"{folder}/A/1d/*.csv", ["S:A"])] == [4]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("{symbol}/1d/*.parquet", "A/1d holds .hidden.csv, 10.csv, 2.csv"),
        ("{symbol}/{timeframe}/*.parquet", "there is no directory"),
        ("{symbol}/*/9.csv", "there is no directory"),
    ],
)
def test_a_pattern_that_fits_nothing_is_an_error(folder: Path, pattern: str, why: str) -> None:
    error = refused(f"{folder}/{pattern}", "S:A", timeframe="5m")

    assert (error.id, why in error.why) == ("E351", True)


def test_a_timeframe_that_no_file_has_is_an_error(folder: Path) -> None:
    assert refused(f"{folder}/{{symbol}}/{{timeframe}}/*.csv", "S:C").id == "E351"
