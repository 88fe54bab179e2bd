"""Timestamps of a data file: which moment is meant is never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.protocol.times import iso_ms
from tests.helpers import DAY_MS, START_MS
from tests.unit.engine.csv_files import HEADER, days, read, refused


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


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("space", [" {}", "{} ", " {} "])
def test_spaces_around_a_moment_do_not_matter_in_any_row(
    tmp_path: Path, place: int, space: str
) -> None:
    moments = [f"2024-01-0{day}T00:00:00Z" for day in (1, 2, 3)]
    moments[place] = space.format(moments[place])

    series = read(tmp_path, HEADER + "".join(f"{one},10,12,9,11,100\n" for one in moments))

    assert [iso_ms(one)[:10] for one in series.times] == ["2024-01-01", "2024-01-02", "2024-01-03"]
