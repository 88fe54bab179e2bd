"""Days of a time zone: when they begin, what closes with them, and what a wall clock means."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from runner.engine.calendar import DAY_MS, Calendar, WallClockError
from runner.engine.data_inspection import inspect_files
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.errors import DataError
from runner.protocol.enums import TIMEFRAME_MS, TimeInForce
from runner.protocol.times import iso_ms, to_ms
from tests.helpers import AAPL, START_MS, run_strategy
from tests.unit.engine.csv_files import HEADER, read, refused
from tests.unit.engine.exchange_helpers import open_exchange, orders_in, place
from tests.unit.results.strategies import Idle

HOUR_MS = 3_600_000
NEW_YORK = Calendar("America/New_York")
CHANGES = {
    # zone: (day of 23 hours, time its clocks skip, day of 25 hours, time they show twice)
    "America/New_York": ("2024-03-10", "02:30:00", "2024-11-03", "01:30:00"),
    "Europe/Berlin": ("2024-03-31", "02:30:00", "2024-10-27", "02:30:00"),
    "Australia/Sydney": ("2024-10-06", "02:30:00", "2024-04-07", "02:30:00"),
    "America/Sao_Paulo": ("2018-11-04", "00:30:00", "2018-02-17", "23:30:00"),
}
ROW = ",10,12,9,11,100\n"


def ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


def flat(timeframe: str, starts: list[int], calendar: Calendar) -> Series:
    """Return candles at these starts whose prices do not move."""
    made = Series.of([(one, *[100.0] * 4, 1.0) for one in starts], AAPL, timeframe)
    made.calendar = calendar
    return made


@pytest.mark.parametrize("zone", CHANGES)
def test_D4_a_time_that_the_clocks_skip_is_refused(tmp_path: Path, zone: str) -> None:
    day, skipped, _, _ = CHANGES[zone]

    error = refused(
        tmp_path, f"{HEADER}{day} 12:00:00{ROW}{day} {skipped}{ROW}", calendar=Calendar(zone)
    )

    assert (error.id, error.where) == ("E356", "prices.csv:3")
    assert error.what == f"timestamp is no moment: no clock in {zone} ever shows {day} {skipped}"


@pytest.mark.parametrize("zone", CHANGES)
def test_D4_a_time_that_the_clocks_show_twice_is_refused_with_both_spellings(
    tmp_path: Path, zone: str
) -> None:
    _, _, day, twice = CHANGES[zone]

    error = refused(tmp_path, f"{HEADER}{day} {twice}{ROW}", calendar=Calendar(zone))

    assert (error.id, error.where) == ("E356", "prices.csv:2")
    assert error.what == f"timestamp is no moment: a clock in {zone} shows {day} {twice} twice"
    first, second = error.fix.removeprefix("write which one is meant: ").split(" or ")
    assert ms(second) - ms(first) == HOUR_MS


@pytest.mark.parametrize("zone", CHANGES)
def test_D4_days_of_23_and_25_hours_are_days(tmp_path: Path, zone: str) -> None:
    for day, hours in ((CHANGES[zone][0], 23), (CHANGES[zone][2], 25)):
        calendar = Calendar(zone)
        noon = ms(f"{day}T12:00:00Z")
        days = [calendar.day(noon) + at for at in (-1, 0, 1, 2)]
        dates = [iso_ms(one * DAY_MS)[:10] for one in days]

        found = read(tmp_path, HEADER + "".join(one + ROW for one in dates), calendar=calendar)

        lengths = [(after - before) // HOUR_MS for before, after in pairwise(found.times)]
        assert lengths == [24, hours, 24]
        assert found.timeframe == "1d"
        assert [found.close_of(one) for one in found.times[:-1]] == list(found.times[1:])


def test_D4_daily_data_of_23_hours_without_a_zone_asks_for_the_zone(tmp_path: Path) -> None:
    stamps = ["2024-03-09T05:00Z", "2024-03-10T05:00Z", "2024-03-11T04:00Z"]

    error = refused(tmp_path, HEADER + "".join(one + ROW for one in stamps))

    assert error.id == "E359"
    assert error.fix == "if these are days, name their time zone: --timezone America/New_York"


def test_times_without_a_zone_are_what_the_clocks_of_the_zone_show(tmp_path: Path) -> None:
    stamps = ["2024-03-10 01:00", "2024-03-10 03:00", "2024-03-10 04:00"]

    found = read(tmp_path, HEADER + "".join(one + ROW for one in stamps), calendar=NEW_YORK)

    assert [iso_ms(one)[11:16] for one in found.times] == ["06:00", "07:00", "08:00"]


@pytest.mark.parametrize("second", ["2024-01-02", "2024-01-02T00:00:00Z", "1704153600"])
def test_D4_times_with_and_without_a_zone_do_not_mix(tmp_path: Path, second: str) -> None:
    error = refused(tmp_path, f"{HEADER}2024-01-01 00:00{ROW}{second}{ROW}", calendar=NEW_YORK)

    assert (error.id, error.where) == ("E356", "prices.csv:3")
    assert "must be a time without a zone like those before" in error.what


def test_moments_and_numbers_mean_the_same_in_every_zone(tmp_path: Path) -> None:
    for stamps in (("2024-01-01T00:00Z", "2024-01-02T00:00Z"), ("1704067200", "1704153600")):
        found = read(tmp_path, HEADER + "".join(one + ROW for one in stamps), calendar=NEW_YORK)

        assert list(found.times) == [START_MS, START_MS + DAY_MS]
        assert found.close_of(START_MS) == START_MS + DAY_MS


def test_a_day_begins_where_its_clock_begins() -> None:
    sao_paulo, havana = Calendar("America/Sao_Paulo"), Calendar("America/Havana")

    # The clocks jump from 00:00 to 01:00, and show 00:00 twice.
    assert iso_ms(sao_paulo.start_of(sao_paulo.day(ms("2018-11-04T12:00Z")))) == (
        "2018-11-04T03:00:00Z"
    )
    assert iso_ms(havana.start_of(havana.day(ms("2024-11-03T12:00Z")))) == "2024-11-03T04:00:00Z"


@pytest.mark.parametrize("name", ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia"])
def test_every_moment_is_in_the_day_that_it_is_counted_to(name: str) -> None:
    calendar = Calendar(name)
    for hour in range(0, 366 * 24, 7):
        moment = START_MS - 12 * 366 * DAY_MS + hour * HOUR_MS
        day = calendar.day(moment)

        assert calendar.start_of(day) <= moment < calendar.start_of(day + 1)


def test_a_wall_clock_and_its_moment_lead_to_each_other() -> None:
    for hour in range(0, 366 * 24, 5):
        wall = START_MS + hour * HOUR_MS
        shown = datetime.fromisoformat(iso_ms(wall).removesuffix("Z"))
        try:
            assert NEW_YORK.wall(NEW_YORK.moment(shown)) == wall
        except WallClockError:
            assert shown.date().isoformat() in ("2024-03-10", "2024-11-03")


@pytest.mark.parametrize(
    ("moment", "timeframe", "start", "end"),
    [
        ("2024-03-10T12:00Z", "1d", "2024-03-10T05:00Z", "2024-03-11T04:00Z"),
        ("2024-03-10T12:00Z", "1w", "2024-03-04T05:00Z", "2024-03-11T04:00Z"),
        ("2024-03-11T04:00Z", "1w", "2024-03-11T04:00Z", "2024-03-18T04:00Z"),
        ("2024-03-11T03:59Z", "1d", "2024-03-10T05:00Z", "2024-03-11T04:00Z"),
        ("2024-03-10T13:30Z", "4h", "2024-03-10T12:00Z", "2024-03-10T16:00Z"),
    ],
)
def test_a_moment_is_part_of_one_candle(moment: str, timeframe: str, start: str, end: str) -> None:
    assert NEW_YORK.bounds(ms(moment), timeframe) == (ms(start), ms(end))


def test_a_week_begins_on_monday_and_a_day_at_midnight_in_utc() -> None:
    thursday = ms("2024-01-04T15:30Z")

    assert Calendar().bounds(thursday, "1w") == (START_MS, START_MS + TIMEFRAME_MS["1w"])
    assert Calendar().bounds(thursday, "1d") == (START_MS + 3 * DAY_MS, START_MS + 4 * DAY_MS)


def test_years_at_the_end_of_time_are_no_reason_to_fail() -> None:
    last = 253_402_300_799_999

    for name in ("Asia/Tokyo", "America/New_York"):
        calendar = Calendar(name)
        assert calendar.start_of(calendar.day(last) + 1) > last - 2 * DAY_MS


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        Calendar("Mars/Olympus")

    assert (caught.value.id, caught.value.exit_code) == ("E366", 3)


# What goes by the days of the data


@pytest.mark.parametrize(("zone", "hours"), [("UTC", 23), ("America/New_York", 4)])
def test_a_day_order_ends_with_the_day_of_the_calendar(zone: str, hours: int) -> None:
    starts = [START_MS + hour * HOUR_MS for hour in range(48)]
    exchange = open_exchange(flat("1h", starts, Calendar(zone)))
    exchange.advance()
    order_id = place(exchange, limit=50, time_in_force=TimeInForce.DAY)

    steps = [orders_in(exchange.advance()) for _ in range(47)]

    assert [at for at, one in enumerate(steps) if one] == [hours]
    assert steps[hours] == [f"{order_id} expired"]


@pytest.mark.parametrize(("day", "hours"), [("2024-03-10", 23), ("2024-11-03", 25)])
def test_a_daily_candle_comes_with_the_last_hour_of_its_day(day: str, hours: int) -> None:
    start = NEW_YORK.start_of(ms(f"{day}T00:00Z") // DAY_MS)
    finer = flat("1h", [start + at * HOUR_MS for at in range(30)], NEW_YORK)
    coarser = flat("1d", [start], NEW_YORK)

    steps = list(Feed([coarser, finer]).steps())

    assert [len(step.candles) for step in steps] == [2 if at == hours else 1 for at in range(1, 31)]
    assert [one.timeframe for one in steps[hours - 1].candles] == ["1h", "1d"]
    assert coarser.closed_at(steps[hours - 1].moment) == 1
    assert coarser.closed_at(steps[hours - 2].moment) == 0


@pytest.mark.parametrize("day", ["2024-03-10", "2024-11-03"])
def test_the_curve_has_one_point_a_step_on_days_of_23_and_25_hours(day: str) -> None:
    start = NEW_YORK.start_of(ms(f"{day}T00:00Z") // DAY_MS)
    hours = [start + at * HOUR_MS for at in range(60)]
    daily = [one for one in hours if NEW_YORK.is_midnight(one)]

    run = run_strategy(Idle, [flat("1h", hours, NEW_YORK), flat("1d", daily[:2], NEW_YORK)])

    run.desk.catch_up()
    assert list(run.desk.portfolio.times) == hours


def test_weekends_and_missing_days_are_counted_in_the_zone(tmp_path: Path) -> None:
    # Friday, then Monday to Wednesday with the clocks put forward on Sunday, then one day missing.
    dates = ["2024-03-08", "2024-03-11", "2024-03-12", "2024-03-13", "2024-03-15"]
    file = tmp_path / "prices.csv"
    file.write_text(HEADER + "".join(f"{one} 00:00{ROW}" for one in dates))

    found = inspect_files([file], file.name, calendar=NEW_YORK)

    assert (found.timeframe, found.weekends_left_out, found.off_grid) == ("1d", True, 0)
    assert [(iso_ms(one.after_ms), one.missing) for one in found.longest_gaps] == [
        ("2024-03-13T04:00:00Z", 1)
    ]
