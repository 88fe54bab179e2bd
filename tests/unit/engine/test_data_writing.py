"""Written candles read back as the very same, whole or not at all."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.engine import data_writing
from runner.engine.csv_data import read_csv
from runner.engine.data_sample import sample_series
from runner.engine.data_writing import write_series
from runner.engine.series import Series
from runner.errors import DataError, MachineError, UsageError
from tests.helpers import AAPL, DAY_MS, START_MS
from tests.unit.engine.stored import stored

NAMES = pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst", "a.parquet", "A.CSV.GZ"])


def made(count: int = 20) -> Series:
    return sample_series(count, seed=4, timeframe="1d", start_ms=START_MS, symbol=AAPL)


def read(path: Path) -> Series:
    return dataclasses.replace(read_csv(path, symbol=AAPL), origin="")


@NAMES
def test_what_was_written_reads_back_the_same(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_writing, "_BLOCK_ROWS", 7)
    series = made()

    write_series(series, tmp_path / name)

    assert read(tmp_path / name) == dataclasses.replace(series, origin="")
    assert [one.name for one in tmp_path.iterdir()] == [name]


@NAMES
def test_D7_candles_too_many_for_memory_are_written_alike(tmp_path: Path, name: str) -> None:
    first, second = tmp_path / name, tmp_path / f"b{name[1:]}"

    write_series(made(), first)
    write_series(stored(made(), block_rows=3), second)

    assert first.read_bytes() == second.read_bytes()


@NAMES
def test_the_same_candles_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    first, second = tmp_path / name, tmp_path / f"b{name[1:]}"

    write_series(made(), first)
    write_series(made(), second)

    assert first.read_bytes() == second.read_bytes()


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(price=st.floats(1e-8, 9e14), volume=st.floats(0, 9e14))
def test_every_number_survives_without_an_exponent(
    tmp_path: Path, price: float, volume: float
) -> None:
    series = Series(AAPL, "1d")
    for at in range(2):
        series.times.append(START_MS + at * DAY_MS)
        for column in (series.opens, series.highs, series.lows, series.closes):
            column.append(price)
        series.volumes.append(volume)
    file = tmp_path / "a.csv"

    write_series(series, file, replace=True)

    assert "e" not in file.read_text().partition("\n")[2]
    assert read(file) == series


def test_whole_numbers_are_written_without_a_point(tmp_path: Path) -> None:
    series = Series(AAPL, "1d")
    series.times.append(START_MS)
    for column in (series.opens, series.highs, series.lows, series.closes):
        column.append(10.0)
    series.volumes.append(1e6)

    write_series(series, tmp_path / "a.csv")

    assert (tmp_path / "a.csv").read_text() == (
        "timestamp,open,high,low,close,volume\n2024-01-01T00:00:00Z,10,10,10,10,1000000\n"
    )


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("mine")

    with pytest.raises(UsageError) as caught:
        write_series(made(), file)

    assert (caught.value.id, file.read_text()) == ("E204", "mine")
    write_series(made(), file, replace=True)
    assert len(read(file)) == 20


@pytest.mark.parametrize("name", ["a", "a.feather", "a.gz", "a.csv.bz2", "a.zip"])
def test_a_name_that_says_no_known_form_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        write_series(made(), tmp_path / name)

    assert (caught.value.id, list(tmp_path.iterdir())) == ("E203", [])


@pytest.mark.parametrize("name", ["a.csv.zst", "a.parquet"])
def test_without_the_library_nothing_is_written(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("compression.zstd", "backports.zstd", "duckdb"):
        monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(DataError) as caught:
        write_series(made(), tmp_path / name)

    assert (caught.value.id, list(tmp_path.iterdir())) == ("E362", [])


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_directory_that_is_not_there_is_the_machines_fault(tmp_path: Path, name: str) -> None:
    with pytest.raises(MachineError) as caught:
        write_series(made(), tmp_path / "nowhere" / name)

    assert (caught.value.exit_code, caught.value.id) == (10, "E1003")


def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("old")
    broken = made()
    del broken.volumes[-1]  # columns of different length cannot be written

    with pytest.raises(ValueError, match="shorter"):
        write_series(broken, file, replace=True)

    assert file.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]
