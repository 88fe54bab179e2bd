"""Market data in columns."""

from __future__ import annotations

import pytest

from runner.engine.series import Series
from tests.helpers import DAY_MS, START_MS, candles, series


def starts(found: Series) -> list[int]:
    return [(time - START_MS) // DAY_MS for time in found.times]


def test_candles_are_the_columns_row_by_row() -> None:
    rows = [(1.0, 4.0, 0.5, 2.0), (2.0, 5.0, 1.5, 3.0)]

    assert list(series(*rows).candles()) == candles(*rows)


def test_the_iterator_starts_anew_each_time() -> None:
    prices = series(1.0, 2.0)

    assert list(prices.candles()) == list(prices.candles())


def test_an_empty_series_has_no_candles() -> None:
    assert (len(Series("S:A", "1m")), list(Series("S:A", "1m").candles())) == (0, [])


def test_the_length_is_that_of_the_timeframe() -> None:
    assert Series("S:A", "5m").length_ms == 300_000


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (None, None, [0, 1, 2, 3]),
        (1, None, [1, 2, 3]),
        (None, 2, [0, 1]),
        (1, 3, [1, 2]),
        (0.5, 2.5, [1, 2]),
        (4, None, []),
        (None, 0, []),
    ],
)
def test_between_holds_the_start_and_not_the_end(
    low: float | None, high: float | None, expected: list[int]
) -> None:
    prices = series(1.0, 2.0, 3.0, 4.0)
    prices.origin, prices.source = "a.csv", "elsewhere"

    part = prices.between(
        None if low is None else START_MS + int(low * DAY_MS),
        None if high is None else START_MS + int(high * DAY_MS),
    )

    assert starts(part) == expected
    assert [one.close for one in part.candles()] == [one + 1 for one in expected]
    assert (part.symbol, part.timeframe, part.origin, part.source) == (
        prices.symbol,
        "1d",
        "a.csv",
        "elsewhere",
    )


@pytest.mark.parametrize(
    ("days", "count", "expected"),
    [
        (0, 5, []),
        (1, 5, [1.0]),
        (1.999, 5, [1.0]),
        (2, 5, [1.0, 2.0]),
        (9, 2, [2.0, 3.0]),
        (9, 0, []),
    ],
    ids=["none closed", "one closed", "the next is open", "two", "last two", "no candle"],
)
def test_only_candles_that_have_closed_are_given(
    days: float, count: int, expected: list[float]
) -> None:
    found = series(1.0, 2.0, 3.0).closed_before(START_MS + int(days * DAY_MS), count)

    assert [one.close for one in found] == expected
