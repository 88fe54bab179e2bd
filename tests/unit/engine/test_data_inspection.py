"""What an inspection finds in a file: nothing it could count is refused."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runner.cli.data_text import inspection_json, inspection_text
from runner.engine.data_inspection import SHOWN, Gap, Inspection, inspect_files, inspect_series
from runner.errors import DataError
from runner.results.layout import Page
from tests.helpers import DAY_MS, START_MS
from tests.unit.engine.csv_files import HEADER, days
from tests.unit.engine.stored import stored

ROW = "10,12,9,11,100\n"


def inspected(folder: Path, text: str, **options: object) -> Inspection:
    file = folder / "prices.csv"
    file.write_text(text)
    return inspect_files([file], file.name, **options)  # type: ignore[arg-type]


def rows(*starts: str) -> str:
    return HEADER + "".join(f"{start},{ROW}" for start in starts)


def day(number: int) -> int:
    return START_MS + (number - 1) * DAY_MS


def test_a_clean_file_has_nothing_to_tell(tmp_path: Path) -> None:
    found = inspected(tmp_path, days(*range(1, 11)))

    assert (len(found.series), found.timeframe, found.step_ms) == (10, "1d", DAY_MS)
    assert (found.gaps, found.missing, found.longest_gaps) == (0, 0, ())
    assert (found.suspicious, found.off_grid) == (0, 0)
    assert (found.without_volume, found.without_movement) == (0, 0)
    assert (found.repairs.moved, found.repairs.repeated, found.repairs.skipped) == (0, 0, 0)


def test_everything_wrong_is_counted_at_once(tmp_path: Path) -> None:
    text = days(1, 2, 2, 5, 4) + "ragged\n2024-01-06T00:00:00Z,10,12,9,nan,1\n"

    found = inspected(tmp_path, text)

    assert list(found.series.times) == [day(1), day(2), day(4), day(5)]
    assert (found.repairs.moved, found.repairs.repeated, found.repairs.skipped) == (1, 1, 2)
    assert found.repairs.examples[0].startswith("prices.csv:7: the row has 1 columns")


def test_gaps_are_counted_and_the_longest_listed_first(tmp_path: Path) -> None:
    # 2024-01-06 is a Saturday with a candle: weekends count.
    found = inspected(tmp_path, days(1, 2, 4, 6, 10, 11))

    assert (found.gaps, found.missing, found.weekends_left_out) == (3, 5, False)
    assert found.longest_gaps[0] == Gap(day(6), day(10), 3)


def test_weekends_are_no_gaps_where_there_are_none(tmp_path: Path) -> None:
    # 2024-01-01 is a Monday; 5 and 8 are Friday and Monday, the 10th is missing.
    found = inspected(tmp_path, days(1, 2, 3, 4, 5, 8, 9, 11))

    assert (found.gaps, found.missing, found.weekends_left_out) == (1, 1, True)
    assert found.longest_gaps == (Gap(day(9), day(11), 1),)


@pytest.mark.parametrize("step_min", [1, 30, 60, 7 * 60 + 13])
def test_missing_candles_outside_weekends_are_those_a_walk_counts(
    tmp_path: Path, step_min: int
) -> None:
    first, step = datetime(2024, 1, 4, 1, 7, tzinfo=UTC), timedelta(minutes=step_min)
    every = [first + at * step for at in range(4 * 1440 // step_min + 400)]
    workdays = [one for one in every if one.weekday() < 5]
    kept = [one for one in workdays if one < every[5] or one.day == 9 or one > every[-2]]
    between = [one for one in workdays if kept[0] < one < kept[-1] and one not in kept]

    found = inspected(tmp_path, rows(*(one.isoformat() for one in kept)))

    assert (found.missing, found.step_ms) == (len(between), step_min * 60_000)


def test_only_some_gaps_and_suspicions_are_listed(tmp_path: Path) -> None:
    wild = "".join(f"2024-01-{one:02d},10,20,9,11,1\n" for one in (1, 2, *range(4, 28, 2)))

    found = inspected(tmp_path, HEADER + wild)

    assert (found.gaps, len(found.longest_gaps)) == (12, SHOWN)
    assert (found.suspicious, len(found.suspicions)) == (14, SHOWN)


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ("20,21,19,20,1", "opens 82% above the close before"),
        ("5,6,4.5,5,1", "opens 55% below the close before"),
        ("10,20,9,11,1", "high is 122% above low"),
    ],
    ids=["jump", "split", "range"],
)
def test_a_candle_unlike_its_neighbours_is_suspicious(
    tmp_path: Path, cells: str, what: str
) -> None:
    found = inspected(tmp_path, days(1, 2) + f"2024-01-03T00:00:00Z,{cells}\n")

    assert [(one.time_ms, one.what) for one in found.suspicions] == [(day(3), what)]


def test_candles_without_volume_or_movement_are_counted(tmp_path: Path) -> None:
    found = inspected(tmp_path, days(1) + "2024-01-02T00:00:00Z,10,10,10,10,0\n")

    assert (found.without_volume, found.without_movement) == (1, 1)


def test_candles_off_the_grid_are_counted(tmp_path: Path) -> None:
    text = rows("2024-01-01T00:00Z", "2024-01-01T01:00Z", "2024-01-01T03:30Z", "2024-01-01T05:00Z")

    found = inspected(tmp_path, text)

    assert (found.timeframe, found.off_grid) == ("1h", 1)


@pytest.mark.parametrize(("numbers", "step"), [((1,), 0), ((1, 4), 3 * DAY_MS)])
def test_an_unknown_timeframe_is_no_error_here(
    tmp_path: Path, numbers: tuple[int, ...], step: int
) -> None:
    found = inspected(tmp_path, days(*numbers))

    assert (found.timeframe, found.step_ms, found.gaps) == (None, step, 0)


def test_columns_can_be_mapped(tmp_path: Path) -> None:
    text = days(1, 2).replace("timestamp", "When")

    assert len(inspected(tmp_path, text, columns={"time": "When"}).series) == 2


@pytest.mark.parametrize("text", ["", HEADER, HEADER + "x\n", "a,b\n1,2\n"])
def test_a_file_without_a_candle_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError):
        inspected(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        days(*range(1, 29)),
        days(1, 2, 2, 5, 4, 9, 20, 28),
        HEADER + "".join(f"2024-01-{one:02d},10,20,9,11,0\n" for one in range(1, 28, 2)),
    ],
    ids=["clean", "gaps", "suspicious"],
)
def test_D7_a_file_too_long_for_memory_is_inspected_alike(tmp_path: Path, text: str) -> None:
    found = inspected(tmp_path, text)

    again = inspect_series(stored(found.series, block_rows=3))

    assert dataclasses.replace(again, series=found.series) == found
    for page in (Page(80, unicode=True), Page(40, unicode=False)):
        assert inspection_text(again, page) == inspection_text(found, page)
    assert inspection_json(again) == inspection_json(found)
