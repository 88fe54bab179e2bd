"""From series to time steps: what closes together is delivered together, in a fixed order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.protocol.enums import TIMEFRAME_MS
from tests.helpers import AAPL, DAY_MS, MSFT, START_MS, series


def steps(feed: Feed) -> list[list[tuple[str, str, int]]]:
    return [
        [(one.symbol, one.timeframe, one.close_time - START_MS) for one in step.candles]
        for step in feed.steps()
    ]


def test_one_series_gives_one_candle_per_step() -> None:
    feed = Feed([series(1.0, 2.0)])

    assert steps(feed) == [[(AAPL, "1d", DAY_MS)], [(AAPL, "1d", 2 * DAY_MS)]]


def test_candles_of_one_moment_make_one_step_in_the_order_of_the_series() -> None:
    for order in ([AAPL, MSFT], [MSFT, AAPL]):
        feed = Feed([series(1.0, 2.0, symbol=one) for one in order])

        assert [[one[0] for one in step] for step in steps(feed)] == [order, order]


def test_a_series_that_starts_later_joins_later() -> None:
    feed = Feed([series(1.0, 2.0), series(1.0, symbol=MSFT, start_ms=START_MS + DAY_MS)])

    assert [[one[0] for one in step] for step in steps(feed)] == [[AAPL], [AAPL, MSFT]]


def test_a_series_that_ends_earlier_is_missed_by_nobody() -> None:
    feed = Feed([series(1.0), series(1.0, 2.0, symbol=MSFT)])

    assert [[one[0] for one in step] for step in steps(feed)] == [[AAPL, MSFT], [MSFT]]


def test_a_candle_is_delivered_when_it_closes_not_when_it_starts() -> None:
    hours = series(*range(1, 26), timeframe="1h")
    feed = Feed([series(1.0), hours])

    found = steps(feed)

    assert [len(step) for step in found] == [1] * 23 + [2, 1]
    assert found[23] == [(AAPL, "1h", DAY_MS), (AAPL, "1d", DAY_MS)]


def test_a_feed_knows_its_symbols_once_and_its_candles_all() -> None:
    feed = Feed([series(1.0), series(*range(1, 25), timeframe="1h"), series(1.0, symbol=MSFT)])

    assert feed.symbols == (AAPL, MSFT)
    assert len(feed) == 26
    assert feed.span_ms == (START_MS, START_MS + DAY_MS)


def test_a_feed_without_candles_has_no_span_and_no_steps() -> None:
    for empty in (Feed([]), Feed([Series(AAPL, "1d")]), Feed([Series(AAPL, "1d")] * 2)):
        assert (empty.span_ms, len(empty), list(empty.steps())) == (None, 0, [])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1m", "5m", "1h"]),
            st.sets(st.integers(min_value=0, max_value=200), max_size=20),
        ),
        max_size=4,
    )
)
def test_every_candle_is_delivered_once_and_time_only_grows(
    given_series: list[tuple[str, set[int]]],
) -> None:
    made = []
    for number, (timeframe, places) in enumerate(given_series):
        one = Series(f"S:{number}", timeframe)
        for place in sorted(places):
            one.times.append(START_MS + place * TIMEFRAME_MS[timeframe])
            for column in (one.opens, one.highs, one.lows, one.closes, one.volumes):
                column.append(1.0)
        made.append(one)

    found = list(Feed(made).steps())

    moments = [step.moment for step in found]
    assert moments == sorted(set(moments))
    assert all(one.close_time == step.moment for step in found for one in step.candles)
    for step in found:
        order = [(TIMEFRAME_MS[one.timeframe], one.symbol) for one in step.candles]
        assert order == sorted(order)
    delivered = sorted((one.symbol, one.time) for step in found for one in step.candles)
    assert delivered == sorted((one.symbol, time) for one in made for time in one.times)
