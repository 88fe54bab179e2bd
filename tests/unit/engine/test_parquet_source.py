"""Parquet files: the same candles, the same checks, the same errors as CSV."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pytest

from runner.engine import parquet_source
from runner.engine.calendar import Calendar
from runner.engine.csv_data import read_csv
from runner.engine.data import open_data
from runner.engine.data_inspection import inspect_files
from runner.engine.repairs import Allowed
from runner.engine.series import Series
from runner.errors import DataError
from runner.protocol.times import iso_ms
from tests.helpers import AAPL, DAY_MS, START_MS

MOMENT = "TIMESTAMPTZ '2024-01-0{} 00:00:00+00'"


def write(folder: Path, *days: str, time: str = MOMENT, columns: str = "", **cells: str) -> Path:
    """Write one row per day, with some cells replaced: SQL texts by name."""
    names = {"open": "10.0", "high": "12.0", "low": "9.0", "close": "11.0", "volume": "100"} | cells
    listed = columns or ", ".join(f"{value} AS {name}" for name, value in names.items())
    rows = " UNION ALL ".join(f"SELECT {time.format(day)} AS timestamp, {listed}" for day in days)
    file = folder / "prices.parquet"
    duckdb.sql(f"COPY ({rows}) TO '{file}' (FORMAT parquet)")
    return file


def read(file: Path, **options: object) -> Series:
    return read_csv(file, symbol=AAPL, name=file.name, **options)  # type: ignore[arg-type]


def refused(file: Path, **options: object) -> DataError:
    with pytest.raises(DataError) as caught:
        read(file, **options)
    assert (caught.value.exit_code, len(caught.value.lines()) <= 6) == (3, True)
    return caught.value


TIMES = {
    "moment": MOMENT,
    "in another zone": "TIMESTAMPTZ '2024-01-0{} 02:00:00+02'",
    "date": "DATE '2024-01-0{}'",
    "text": "'2024-01-0{}T00:00:00Z'",
    "seconds": "1704067200 + ({} - 1) * 86400",
    "milliseconds": "(1704067200 + ({} - 1) * 86400) * 1000::BIGINT",
}

IN_A_ZONE = {
    "timestamp": "TIMESTAMP '2024-03-{} 00:00:00'",
    "nanoseconds": "TIMESTAMP_NS '2024-03-{} 00:00:00'",
    "date": "DATE '2024-03-{}'",
    "text": "'2024-03-{}'",
}


@pytest.mark.parametrize("time", IN_A_ZONE.values(), ids=IN_A_ZONE)
def test_dates_and_times_without_a_zone_are_those_of_the_calendar(
    tmp_path: Path, time: str
) -> None:
    file = write(tmp_path, "09", "10", "11", time=time)

    series = read(file, calendar=Calendar("America/New_York"))

    found = [iso_ms(one) for one in series.times]
    assert found == ["2024-03-09T05:00:00Z", "2024-03-10T05:00:00Z", "2024-03-11T04:00:00Z"]
    assert series.timeframe == "1d"


def test_D4_a_wall_clock_time_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "09", "10", time="TIMESTAMP '2024-03-{} 02:30:00'")

    error = refused(file, calendar=Calendar("America/New_York"))

    assert (error.id, error.where) == ("E356", "prices.parquet:2")
    assert "no clock in America/New_York ever shows 2024-03-10 02:30:00" in error.what


@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES)
def test_times_of_every_kind_are_read(tmp_path: Path, time: str) -> None:
    series = read(write(tmp_path, "1", "2", "3", time=time))

    assert list(series.times) == [START_MS + at * DAY_MS for at in range(3)]
    assert (list(series.opens), list(series.closes)) == ([10.0] * 3, [11.0] * 3)
    assert (series.timeframe, list(series.volumes)) == ("1d", [100.0] * 3)


@pytest.mark.parametrize("year", ["1970", "1972", "1999"])
def test_old_moments_are_not_taken_for_another_unit(tmp_path: Path, year: str) -> None:
    file = write(tmp_path, "1", "2", time=MOMENT.replace("2024", year))

    assert read(file).times[1] - read(file).times[0] == DAY_MS


@pytest.mark.parametrize("kind", ["FLOAT", "DOUBLE", "DECIMAL(18,4)", "INTEGER", "BIGINT"])
def test_prices_of_every_kind_are_read(tmp_path: Path, kind: str) -> None:
    names = ("open", "high", "low", "close")
    cells = dict.fromkeys(names, f"10::{kind}")

    assert list(read(write(tmp_path, "1", "2", **cells)).closes) == [10, 10]


def test_blocks_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, *"123456789")
    whole = read(file)

    monkeypatch.setattr(parquet_source, "BATCH_ROWS", 2)

    assert (len(whole), read(file)) == (9, whole)


@pytest.mark.parametrize(
    ("cells", "id", "said"),
    [
        ({"close": "'nan'::DOUBLE"}, "E355", "close must be a price above zero, was nan"),
        ({"close": "NULL::DOUBLE"}, "E355", "close is empty"),
        ({"high": "1.0"}, "E355", "high must not be below low, was 1 and 9"),
        ({"volume": "-1"}, "E355", "volume must be zero or more, was '-1.0'"),
        ({"open": "'10'"}, "E355", "the column open must hold numbers, was VARCHAR"),
    ],
    ids=["nan", "null", "high below low", "volume", "text"],
)
def test_D2_a_bad_price_is_refused(
    tmp_path: Path, cells: dict[str, str], id: str, said: str
) -> None:
    error = refused(write(tmp_path, "1", "2", **cells))

    assert (error.id, error.what) == (id, said)


@pytest.mark.parametrize(
    ("time", "id", "said"),
    [
        ("TIMESTAMP '2024-01-0{} 00:00:00'", "E356", "the times in timestamp must name their zone"),
        ("NULL::TIMESTAMPTZ", "E356", "timestamp"),
        ("{}.5", "E356", "the column timestamp must hold times, was DECIMAL"),
        ("'2024-01-0{}T00:00:00'", "E356", "timestamp must name its zone"),
    ],
    ids=["no zone", "null", "fraction", "text without zone"],
)
def test_D4_a_time_that_is_not_certain_is_refused(
    tmp_path: Path, time: str, id: str, said: str
) -> None:
    error = refused(write(tmp_path, "1", "2", time=time))

    assert (error.id, error.what.startswith(said)) == (id, True)


def test_D3_order_is_checked_by_row_and_repaired_on_request(tmp_path: Path) -> None:
    file = write(tmp_path, "1", "3", "2", "2")

    error = refused(file)
    series = read(file, allowed=Allowed(sort=True, dedupe=True))

    assert (error.id, error.where) == ("E357", "prices.parquet:3")
    assert [(one - START_MS) // DAY_MS + 1 for one in series.times] == [1, 2, 3]
    assert (series.repairs.moved, series.repairs.repeated) == (2, 1)


def test_D1_bad_rows_are_left_out_on_request(tmp_path: Path) -> None:
    file = write(tmp_path, "1", "2", "3")
    duckdb.sql(
        f"COPY (SELECT * REPLACE (CASE WHEN day(timestamp) = 2 THEN NULL ELSE close END AS close) "
        f"FROM read_parquet('{file}')) TO '{tmp_path / 'b.parquet'}' (FORMAT parquet)"
    )

    series = read(tmp_path / "b.parquet", allowed=Allowed(skip_bad=1), timeframe="1d")

    assert (len(series), series.repairs.examples) == (2, ["b.parquet:2: close is empty"])


def test_columns_are_mapped_by_name(tmp_path: Path) -> None:
    file = write(tmp_path, "1", "2", columns='10 AS "the ""O""", 12 AS H, 9 AS l, 11 AS c, 7 AS v')
    columns = {"open": 'the "O"', "high": "h", "low": "L", "close": "c", "volume": "v"}

    series = read(file, columns=columns)

    assert (list(series.opens), list(series.volumes)) == ([10, 10], [7, 7])
    assert refused(file).what == "the header lacks open, high, low, close"
    counted = {name: str(at) for at, name in enumerate(("time", *columns), 1)}
    assert "cannot be counted" in refused(file, columns=counted).what


def test_a_column_of_volume_may_be_missing(tmp_path: Path) -> None:
    file = write(tmp_path, "1", "2", columns="10 AS open, 12 AS high, 9 AS low, 11 AS close")

    assert list(read(file).volumes) == [0, 0]


def test_D5_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    content = write(tmp_path, "1", "2").read_bytes()
    file = tmp_path / "cut.parquet"
    for end in range(0, len(content), max(len(content) // 20, 1)):
        file.write_bytes(content[:end])

        assert refused(file).id == "E363"


def test_a_file_of_no_rows_has_no_candles(tmp_path: Path) -> None:
    file = write(tmp_path, "1")
    empty = tmp_path / "empty.parquet"
    duckdb.sql(f"COPY (SELECT * FROM read_parquet('{file}') LIMIT 0) TO '{empty}' (FORMAT parquet)")

    assert refused(empty).id == "E358"


@pytest.mark.parametrize("name", ["a*.parquet", "a[1].parquet", "a?.parquet", "a'b.parquet"])
def test_a_name_is_never_a_pattern(tmp_path: Path, name: str) -> None:
    good = write(tmp_path, "1", "2")
    good.with_name("a1.parquet").write_bytes(write(tmp_path, "1", "2", "3").read_bytes())
    (tmp_path / name).write_bytes(write(tmp_path, "1", "2").read_bytes())

    assert len(read(tmp_path / name)) == 2


def test_a_pattern_of_symbols_finds_parquet_files(tmp_path: Path) -> None:
    write(tmp_path, "1", "2").rename(tmp_path / "AAPL.parquet")

    (series,) = open_data(f"{tmp_path}/{{symbol}}.parquet", ["S:AAPL"])
    (alone,) = open_data(f"{tmp_path}/AAPL.parquet", [])

    assert (len(series), alone.symbol) == (2, "S:AAPL")


def test_a_parquet_file_is_inspected_like_any_other(tmp_path: Path) -> None:
    file = write(tmp_path, "1", "3", "2", "2")

    found = inspect_files([file], file.name)

    assert (len(found.series), found.repairs.moved, found.repairs.repeated) == (3, 2, 1)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "absent.parquet").id == "E351"


def test_without_the_library_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "1", "2")
    monkeypatch.setitem(sys.modules, "duckdb", None)

    error = refused(file)

    assert (error.id, "pip install 'strategy-runner[parquet]'" in error.fix) == ("E362", True)
