"""Indicators against formulas written a second time, and against values worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import isnan, nan
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.protocol.messages import Candle
from runner.strategy.base import Strategy, seat
from runner.strategy.desk import Desk
from runner.strategy.indicators import Indicator
from tests.helpers import MSFT, candle, candles

prices = st.floats(min_value=0.01, max_value=1e6, allow_nan=False)
lengths = st.integers(min_value=1, max_value=8)


@st.composite
def markets(draw: st.DrawFn) -> list[Candle]:
    rows = []
    for _ in range(draw(st.integers(min_value=0, max_value=40))):
        four = [draw(prices) for _ in range(4)]
        rows.append((four[0], max(four), min(four), four[1]))
    return candles(*rows)


def follow(make: Callable[[Strategy], Indicator], market: Sequence[Candle]) -> list[float]:
    """Return an indicator's value after each candle."""
    desk = Desk()
    indicator = make(seat(Strategy, desk, {}))
    values = []
    for one in market:
        desk.take_candle(one)
        values.append(indicator.value)
    return values


def matches(expected: Sequence[float]) -> object:
    return pytest.approx(list(expected), rel=1e-9, abs=1e-9, nan_ok=True)


# The same, written the straightforward way


def sma(market: Sequence[Candle], length: int) -> list[float]:
    closes = [one.close for one in market]
    return [
        fmean(closes[end - length : end]) if end >= length else nan
        for end in range(1, len(closes) + 1)
    ]


def ema(market: Sequence[Candle], length: int) -> list[float]:
    closes = [one.close for one in market]
    values: list[float] = [nan] * min(length - 1, len(closes))
    for end in range(length, len(closes) + 1):
        if end == length:
            values.append(fmean(closes[:length]))
        else:
            weight = 2 / (length + 1)
            values.append(weight * closes[end - 1] + (1 - weight) * values[-1])
    return values


def wilder(changes: Sequence[float], length: int) -> list[float]:
    values: list[float] = []
    for index in range(length - 1, len(changes)):
        if index == length - 1:
            values.append(fmean(changes[:length]))
        else:
            values.append((values[-1] * (length - 1) + changes[index]) / length)
    return values


def rsi(market: Sequence[Candle], length: int) -> list[float]:
    pairs = list(pairwise(market))
    gains = wilder([max(b.close - a.close, 0) for a, b in pairs], length)
    losses = wilder([max(a.close - b.close, 0) for a, b in pairs], length)
    values = [
        50.0 if gain == loss == 0 else 100.0 if loss == 0 else 100 - 100 / (1 + gain / loss)
        for gain, loss in zip(gains, losses, strict=True)
    ]
    return [nan] * (len(market) - len(values)) + values


def atr(market: Sequence[Candle], length: int) -> list[float]:
    ranges = [
        max(b.high - b.low, abs(b.high - a.close), abs(b.low - a.close))
        for a, b in pairwise(market)
    ]
    values = wilder(ranges, length)
    return [nan] * (len(market) - len(values)) + values


def highest(market: Sequence[Candle], length: int) -> list[float]:
    return [
        max(one.high for one in market[end - length : end]) if end >= length else nan
        for end in range(1, len(market) + 1)
    ]


def lowest(market: Sequence[Candle], length: int) -> list[float]:
    return [
        min(one.low for one in market[end - length : end]) if end >= length else nan
        for end in range(1, len(market) + 1)
    ]


@pytest.mark.parametrize(
    ("name", "reference"),
    [("sma", sma), ("ema", ema), ("atr", atr), ("highest", highest), ("lowest", lowest)],
    ids=["sma", "ema", "atr", "highest", "lowest"],
)
@given(market=markets(), length=lengths)
def test_an_indicator_follows_its_formula(
    name: str,
    reference: Callable[[Sequence[Candle], int], list[float]],
    market: list[Candle],
    length: int,
) -> None:
    found = follow(lambda strategy: getattr(strategy, name)(length), market)

    assert found == pytest.approx(reference(market, length), rel=1e-7, abs=1e-7, nan_ok=True)


@given(
    closes=st.lists(st.integers(min_value=1, max_value=100_000), max_size=40),
    length=lengths,
)
def test_rsi_follows_its_formula(closes: list[int], length: int) -> None:
    market = candles(*[close / 100 for close in closes])

    found = follow(lambda strategy: strategy.rsi(length), market)

    assert found == pytest.approx(rsi(market, length), rel=1e-6, abs=1e-6, nan_ok=True)


# By hand


def test_sma_by_hand() -> None:
    found = follow(lambda strategy: strategy.sma(3), candles(1.0, 2.0, 6.0, 1.0, 5.0))

    assert found == matches([nan, nan, 3, 3, 4])


def test_ema_by_hand() -> None:
    found = follow(lambda strategy: strategy.ema(3), candles(1.0, 2.0, 6.0, 1.0, 4.0))

    assert found == matches([nan, nan, 3, 2, 3])


def test_rsi_by_hand() -> None:
    # Gains 1, 0, 3 and losses 0, 1, 0: means of the first two 0.5 and 0.5, then 1.75 and 0.25.
    found = follow(lambda strategy: strategy.rsi(2), candles(10.0, 11.0, 10.0, 13.0))

    assert found == matches([nan, nan, 50, 87.5])


@pytest.mark.parametrize(
    ("closes", "expected"),
    [((1.0, 2.0, 3.0), 100.0), ((3.0, 2.0, 1.0), 0.0), ((2.0, 2.0, 2.0), 50.0)],
    ids=["only up", "only down", "nothing moved"],
)
def test_rsi_at_its_ends(closes: tuple[float, ...], expected: float) -> None:
    assert follow(lambda strategy: strategy.rsi(2), candles(*closes))[-1] == expected


def test_atr_by_hand() -> None:
    # True ranges: a gap up from 10 to a high of 14 is 4; inside 14 to 11 it is 3; then 8 to 5 from
    # a close of 12 is 7.
    market = candles((10, 10, 10, 10), (13, 14, 12, 13), (13, 14, 11, 12), (8, 8, 5, 6))

    assert follow(lambda strategy: strategy.atr(2), market) == matches([nan, nan, 3.5, 5.25])


def test_extremes_by_hand() -> None:
    market = candles((2, 5, 1, 2), (2, 3, 2, 3), (3, 4, 2, 3), (3, 3, 3, 3))

    assert follow(lambda strategy: strategy.highest(2), market) == matches([nan, 5, 4, 4])
    assert follow(lambda strategy: strategy.lowest(2), market) == matches([nan, 1, 2, 2])


def test_sma_does_not_drift() -> None:
    market = candles(*[1e9 if index < 5 else 0.1 for index in range(5000)])

    assert follow(lambda strategy: strategy.sma(5), market)[-1] == pytest.approx(0.1, rel=1e-12)


# Warm-up


@pytest.mark.parametrize(
    ("make", "candles_needed"),
    [
        (lambda strategy: strategy.sma(4), 4),
        (lambda strategy: strategy.ema(4), 4),
        (lambda strategy: strategy.rsi(4), 5),
        (lambda strategy: strategy.atr(4), 5),
        (lambda strategy: strategy.highest(4), 4),
        (lambda strategy: strategy.lowest(4), 4),
        (lambda strategy: strategy.sma(1), 1),
        (lambda strategy: strategy.ema(1), 1),
        (lambda strategy: strategy.rsi(1), 2),
        (lambda strategy: strategy.atr(1), 2),
    ],
    ids=["sma", "ema", "rsi", "atr", "highest", "lowest", "sma 1", "ema 1", "rsi 1", "atr 1"],
)
def test_there_is_no_value_until_enough_candles_have_been_seen(
    make: Callable[[Strategy], Indicator], candles_needed: int
) -> None:
    values = follow(make, candles(*[float(number) for number in range(1, 9)]))

    assert [not isnan(value) for value in values] == [
        number >= candles_needed for number in range(1, 9)
    ]


def test_a_cold_indicator_compares_false_with_everything() -> None:
    desk = Desk()
    strategy = seat(Strategy, desk, {})
    cold, warm = strategy.sma(5), strategy.sma(1)
    desk.take_candle(candle(10.0))

    comparisons = [
        cold > 0, cold < 0, cold >= 0, cold <= 0,
        cold > warm, cold < warm, warm > cold, warm < cold, warm >= cold, warm <= cold,
        cold > cold, cold <= cold,
    ]  # fmt: skip

    assert not any(comparisons)
    assert (bool(cold), cold.is_warm, isnan(cold + 1), isnan(float(cold))) == (
        False,
        False,
        True,
        True,
    )
    assert (bool(warm), warm.is_warm) == (True, True)


def test_a_strategy_is_warm_when_its_slowest_indicator_is() -> None:
    desk = Desk()
    strategy = seat(Strategy, desk, {})
    strategy.sma(1)
    strategy.sma(3)
    found = []

    for one in candles(1.0, 2.0, 3.0, 4.0):
        desk.take_candle(one)
        found.append(strategy.is_warm)

    assert found == [False, False, True, True]


def test_an_indicator_is_used_like_a_number() -> None:
    desk = Desk()
    strategy = seat(Strategy, desk, {})
    four, two = strategy.sma(1), strategy.lowest(1)
    desk.take_candle(candle(4.0, low=2.0))

    assert [four + two, four - two, four * two, four / two] == [6, 2, 8, 2]
    assert [four + 1, four - 1, four * 2, four / 2] == [5, 3, 8, 2]
    assert [1 + four, 1 - four, 2 * four, 8 / four] == [5, -3, 8, 2]
    assert (-four, float(four)) == (-4, 4.0)
    assert (four > two, four >= 4, two < four, two <= 2.0, four > 4) == (True,) * 4 + (False,)
    assert (f"{four:.2f}", repr(four)) == ("4.00", "sma(1)=4")


@pytest.mark.parametrize("length", [0, -1])
def test_a_length_below_one_is_refused(length: int) -> None:
    strategy = seat(Strategy, Desk(), {})

    with pytest.raises(ValueError, match="at least 1"):
        strategy.sma(length)


def test_an_indicator_made_after_the_first_candle_is_refused() -> None:
    desk = Desk()
    strategy = seat(Strategy, desk, {})
    desk.take_candle(candle())

    with pytest.raises(ValueError, match="on_start"):
        strategy.sma(3)


# One state per symbol and timeframe


def test_each_symbol_has_its_own_state() -> None:
    desk = Desk()
    indicator = seat(Strategy, desk, {}).sma(2)
    found = []

    both = zip(candles(1.0, 3.0, 5.0), candles(10.0, 30.0, 50.0, symbol=MSFT), strict=True)
    for ours, theirs in both:
        desk.take_candle(ours)
        first = indicator.value
        desk.take_candle(theirs)
        found.append((first, indicator.value))

    assert found[1:] == [(2, 20), (4, 40)]
    assert all(map(isnan, found[0]))


def test_each_timeframe_of_a_symbol_has_its_own_state() -> None:
    desk = Desk()
    own, daily = (seat(Strategy, desk, {}).sma(2, timeframe=one) for one in (None, "1d"))
    hours = candles(1.0, 3.0, timeframe="1h")
    days = candles(10.0, 30.0)

    desk.take_candle(hours[0])
    desk.take_candle(days[0])
    desk.take_candle(days[1])
    after_days = (own.value, daily.value)
    desk.take_candle(hours[1])

    assert after_days == (20, 20)
    assert (own.value, daily.value) == (2, 20)


def test_an_indicator_of_a_timeframe_that_never_comes_stays_cold() -> None:
    desk = Desk()
    weekly = seat(Strategy, desk, {}).sma(1, timeframe="1w")

    desk.take_candle(candle())

    assert not weekly.is_warm


def test_another_symbol_in_focus_shows_its_own_values() -> None:
    desk = Desk()
    indicator = seat(Strategy, desk, {}).sma(1)
    desk.take_candle(candle(10.0))
    desk.take_candle(candle(20.0, symbol=MSFT))

    desk.focus("S:AAPL")
    first = indicator.value
    desk.focus(MSFT)
    second = indicator.value
    desk.focus("S:NEW")

    assert (first, second, isnan(indicator.value)) == (10, 20, True)
