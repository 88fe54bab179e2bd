"""Coarser candles: made of all the finer ones that start in them, and of nothing later."""

from __future__ import annotations

from datetime import datetime
from math import fsum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner import Candle, Strategy
from runner.engine.calendar import Calendar
from runner.engine.data import open_data
from runner.engine.data_writing import write_series
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.resampling import resampled, selected
from runner.engine.series import Series
from runner.errors import ConfigError, DataError
from runner.protocol.enums import TIMEFRAME_MS
from runner.protocol.times import iso_ms, to_ms
from runner.storage import Storage
from tests.helpers import AAPL, DAY_MS, MSFT, START_MS, run_strategy, series
from tests.unit.engine.csv_files import HEADER, read
from tests.unit.engine.exchange_helpers import orders_in, place, said

HOUR_MS = 3_600_000
HOURS = [(100.0 + at, 102.0 + at, 99.0 + at, 101.0 + at) for at in range(72)]


def ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


def hourly(*starts: int, calendar: Calendar | None = None) -> Series:
    """Return hourly candles at these starts; the n-th closes at n and has a volume of n / 10."""
    rows = [
        (one, float(at), at + 0.5, at - 0.5, float(at), at / 10)
        for at, one in enumerate(starts, start=1)
    ]
    made = Series.of(rows, AAPL, "1h", origin="prices.csv")
    made.calendar = calendar or made.calendar
    return made


def made_of(one: Series, timeframe: str) -> Series:
    return resampled(one, timeframe, Storage())


def rows_of(one: Series) -> list[tuple[float, ...]]:
    return list(zip(*one.columns, strict=True))


def test_a_coarser_candle_has_the_first_open_the_extremes_the_last_close_and_all_volume() -> None:
    made = made_of(series(*HOURS, timeframe="1h"), "1d")

    assert rows_of(made) == [
        (START_MS + day * DAY_MS, 100.0 + 24 * day, 125.0 + 24 * day, 99.0 + 24 * day,
         124.0 + 24 * day, 24_000.0)
        for day in range(3)
    ]  # fmt: skip
    assert (made.symbol, made.timeframe) == (AAPL, "1d")


def test_gaps_inside_make_it_of_what_there_is() -> None:
    made = made_of(hourly(START_MS + 5 * HOUR_MS, START_MS + 9 * HOUR_MS, START_MS + DAY_MS), "4h")

    found = [(iso_ms(int(row[0]))[11:16], *row[1:]) for row in rows_of(made)]
    assert found == [
        ("04:00", 1.0, 1.5, 0.5, 1.0, 0.1),
        ("08:00", 2.0, 2.5, 1.5, 2.0, 0.2),
    ]


def test_the_last_candle_is_left_out_unless_the_data_reaches_its_end() -> None:
    hours = [START_MS + at * HOUR_MS for at in range(48)]

    assert len(made_of(hourly(*hours), "1d")) == 2
    assert len(made_of(hourly(*hours[:-1]), "1d")) == 1
    assert len(made_of(hourly(*hours[:23]), "1d")) == 0
    assert len(made_of(Series(AAPL, "1h"), "1d")) == 0


def test_volumes_add_up_to_the_same_bytes_on_every_python() -> None:
    tenths = [START_MS + at * HOUR_MS for at in range(24)]

    (volume,) = made_of(hourly(*tenths), "1d").volumes

    assert volume == fsum(at / 10 for at in range(1, 25))


def test_a_week_begins_on_monday() -> None:
    made = made_of(series(*range(1, 22), start_ms=START_MS + 2 * DAY_MS), "1w")

    assert [iso_ms(one)[:10] for one in made.times] == ["2024-01-01", "2024-01-08", "2024-01-15"]
    assert list(made.opens) == [1, 6, 13]


@pytest.mark.parametrize(("day", "hours"), [("2024-03-10", 23), ("2024-11-03", 25)])
def test_a_day_of_the_calendar_has_the_hours_that_it_has(day: str, hours: int) -> None:
    calendar = Calendar("America/New_York")
    start = calendar.start_of(ms(f"{day}T00:00Z") // DAY_MS)

    made = made_of(hourly(*(start + at * HOUR_MS for at in range(60)), calendar=calendar), "1d")

    assert list(made.times) == [start, start + hours * HOUR_MS]
    assert list(made.closes) == [hours, hours + 24]
    assert made.close_of(start) == start + hours * HOUR_MS


def test_hours_that_begin_at_half_past_make_candles_that_do_as_well() -> None:
    half = [ms("2024-01-02T14:30Z") + at * HOUR_MS for at in range(7)]

    made = made_of(hourly(*half), "2h")

    assert [iso_ms(one)[11:16] for one in made.times] == ["14:30", "16:30", "18:30"]


def test_a_candle_across_the_end_of_a_day_is_refused() -> None:
    calendar = Calendar("Asia/Kolkata")  # whose midnight is 18:30 UTC

    with pytest.raises(DataError) as caught:
        made_of(hourly(*(START_MS + at * HOUR_MS for at in range(30)), calendar=calendar), "1d")

    assert (caught.value.id, caught.value.where) == ("E369", "prices.csv")
    assert "the 1h candle of 2024-01-01T18:00:00Z" in caught.value.what
    assert len(caught.value.lines()) <= 6


@pytest.mark.parametrize(
    ("data", "wanted"), [("1h", "30m"), ("2m", "5m"), ("1w", "1d"), ("10m", "15m")]
)
def test_what_is_not_made_of_whole_candles_is_refused(data: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made_of(series(1.0, 2.0, timeframe=data), wanted)

    assert (caught.value.id, caught.value.exit_code) == ("E322", 3)
    assert caught.value.what == f"candles of {wanted} cannot be made from candles of {data}"


def test_columns_in_a_file_give_the_same_candles() -> None:
    rows = rows_of(series(*[float(1 + at % 7) for at in range(9000)], timeframe="1m"))
    stored = Series(AAPL, "1m", *series_in_a_file(rows))

    for timeframe in ("5m", "1h", "1d"):
        expected = made_of(Series.of(rows, AAPL, "1m"), timeframe)  # type: ignore[arg-type]
        assert rows_of(made_of(stored, timeframe)) == rows_of(expected)


def series_in_a_file(rows: list[tuple[float, ...]]) -> tuple[object, ...]:
    from runner.engine.columns import ColumnWriter

    writer = ColumnWriter(Storage(held_rows=0))
    writer.extend_rows(rows)  # type: ignore[arg-type]
    return writer.columns()


@given(
    st.sets(st.integers(min_value=0, max_value=400), min_size=1, max_size=60),
    st.sampled_from(["5m", "30m", "1h"]),
)
def test_every_candle_is_made_of_those_that_start_in_it(places: set[int], timeframe: str) -> None:
    rows = [(START_MS + at * 60_000, at + 2.0, at + 3.0, at + 1.0, at + 2.5, 1.0) for at in places]
    one = Series.of(sorted(rows), AAPL, "1m")  # type: ignore[arg-type]
    length = TIMEFRAME_MS[timeframe]

    made = made_of(one, timeframe)

    starts = sorted({row[0] // length * length for row in rows})
    if max(row[0] for row in rows) + 60_000 < starts[-1] + length:
        starts.pop()
    assert list(made.times) == starts
    for start, *prices, volume in rows_of(made):
        inside = sorted(row for row in rows if start <= row[0] < start + length)
        highs, lows = max(row[2] for row in inside), min(row[3] for row in inside)
        assert prices == [inside[0][1], highs, lows, inside[-1][4]]
        assert volume == len(inside)


# What is delivered


def test_what_is_asked_for_comes_in_that_order_and_each_once() -> None:
    data = [series(*HOURS, timeframe="1h", symbol=one) for one in (MSFT, AAPL)]

    found = selected(data, [(AAPL, "1d"), (MSFT, None), (AAPL, "1h"), ("*", "1d"), (AAPL, None)])

    assert [(one.symbol, one.timeframe) for one in found.delivered] == [
        (AAPL, "1d"),
        (MSFT, "1h"),
        (AAPL, "1h"),
        (MSFT, "1d"),
    ]
    assert found.unseen == ()


def test_the_data_itself_is_taken_where_it_has_the_timeframe() -> None:
    hours, days = series(*HOURS, timeframe="1h"), series(7.0, 8.0, 9.0)

    found = selected([hours, days], [(AAPL, "1d"), (AAPL, None)])

    assert found.delivered == (days, hours)


def test_orders_meet_the_finest_candles_though_nobody_sees_them() -> None:
    feed = Feed.of([series(*HOURS, timeframe="1h")], [(AAPL, "1d")])
    exchange = Exchange(feed)
    steps = [said(exchange.advance()) for _ in range(24)]
    assert [len(one) for one in steps] == [0] * 23 + [1]

    place(exchange)

    # The open of the first hour of the second day, not the open of some later day.
    assert "t-1 buy 10 at 124" in said(exchange.drain() + exchange.advance())


def test_a_coarser_candle_does_not_fill_an_order_a_second_time() -> None:
    feed = Feed.of([series(*HOURS, timeframe="1h")], [(AAPL, "1h"), (AAPL, "1d")])
    exchange = Exchange(feed)
    for _ in range(20):
        exchange.advance()
    # The day as a whole has touched 110 since its morning; the hours to come do not.
    place(exchange, limit=110)

    assert [orders_in(exchange.drain())] != []
    assert [orders_in(exchange.advance()) for _ in range(5)] == [[]] * 5


def test_within_a_step_finer_candles_come_first_then_the_order_of_the_subscriptions() -> None:
    data = [series(*HOURS, timeframe="1h", symbol=one) for one in (AAPL, MSFT)]
    feed = Feed.of(data, [(MSFT, "1d"), (AAPL, "1d"), (MSFT, "1h"), (AAPL, "1h")])

    last = next(step for step in feed.steps() if len(step.candles) > 2)

    assert [(one.symbol, one.timeframe) for one in last.candles] == [
        (MSFT, "1h"),
        (AAPL, "1h"),
        (MSFT, "1d"),
        (AAPL, "1d"),
    ]
    assert [one.timeframe for one in last.met] == ["1h", "1h"]


class TwoLengths(Strategy):
    """Note what an indicator on days and one on hours say at each candle."""

    def on_start(self) -> None:
        self.hours = self.sma(2, timeframe="1h")
        self.days = self.sma(2, timeframe="1d")
        self.noted: list[tuple[str, str, float, float, int]] = []

    def on_candle(self, candle: Candle) -> None:
        self.noted.append(
            (
                candle.timeframe,
                self.now.isoformat()[:16],
                self.hours.value,
                self.days.value,
                len(self.candles(1000)),
            )
        )


def test_a_strategy_has_indicators_on_hours_and_on_days() -> None:
    feed = Feed.of([series(*HOURS, timeframe="1h")], [(AAPL, "1h"), (AAPL, "1d")])

    run = run_strategy(TwoLengths, feed)

    noted = {(length, moment): rest for length, moment, *rest in run.strategy.noted}
    assert len(noted) == 72 + 3
    # Closes of hours n are 101 + n; of the days 124 and 148, known when the second has closed.
    assert noted["1h", "2024-01-03T00:00"][0] == 147.5
    assert noted["1h", "2024-01-03T00:00"][1] != noted["1h", "2024-01-03T00:00"][1]  # not yet
    assert noted["1d", "2024-01-03T00:00"] == [147.5, 136.0, 2]
    assert noted["1h", "2024-01-03T01:00"] == [148.5, 136.0, 49]
    assert len(run.desk.portfolio.times) == 72


def test_one_or_two_candles_are_what_they_are_asked_for_as(tmp_path: Path) -> None:
    row = ",10,12,9,11,100\n"

    found = read(tmp_path, f"{HEADER}2024-01-05{row}2024-01-08{row}", likely="1d")

    assert found.timeframe == "1d"


@pytest.mark.parametrize(
    ("asked", "read_from"),
    [
        ([(AAPL, "1h")], ["1h"]),
        ([(AAPL, "1d"), (AAPL, "1h")], ["1d", "1h"]),
        ([(AAPL, "4h")], ["1h"]),
        ([("*", "1w")], ["1d"]),
        ([(AAPL, "30m")], ["5m"]),
        ([(AAPL, None), (AAPL, "4h"), (AAPL, "2h")], ["1h"]),
    ],
)
def test_of_files_by_timeframe_those_are_read_that_are_needed(
    tmp_path: Path, asked: list[tuple[str, str | None]], read_from: list[str]
) -> None:
    for timeframe in ("5m", "1h", "1d"):
        write_series(series(1.0, 2.0, 3.0, timeframe=timeframe), tmp_path / f"{timeframe}.csv")

    found = open_data(f"{tmp_path}/{{timeframe}}.csv", [AAPL], asked=asked)

    assert [one.timeframe for one in found] == read_from
