"""What a report computes, by hand and beside an independent implementation."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime
from itertools import pairwise
from math import sqrt
from random import Random

import pytest

from runner.report import analysis
from runner.report.facts import Candles
from runner.results import curve_figures, statistics

DAY = analysis.DAY_MS


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def curve(days: int = 600, seed: int = 7) -> tuple[array[int], array[float]]:
    """Return a random walk of this many days, beginning on a Monday."""
    random, equity = Random(seed), 100.0
    times, equities = array("q"), array("d")
    for day in range(days):
        equity *= 1 + random.gauss(0.0005, 0.01)
        times.append(at("2020-01-06") + day * DAY)
        equities.append(equity)
    return times, equities


def test_drawdowns_are_measured_from_the_highest_point_so_far_and_from_the_start() -> None:
    assert list(analysis.drawdowns([90.0, 120.0, 60.0, 130.0], 100.0)) == pytest.approx(
        [-0.1, 0, -0.5, 0]
    )


def test_a_day_closes_with_its_last_point() -> None:
    times = [at("2024-01-01T10:00"), at("2024-01-01T23:59"), at("2024-01-03T00:00")]

    days, closes = analysis.day_closes(times, [1.0, 2.0, 3.0])

    assert list(days) == [at("2024-01-01"), at("2024-01-03")]
    assert list(closes) == [2.0, 3.0]


def test_months_multiply_to_the_whole_return() -> None:
    times, equities = curve()

    months = analysis.monthly_returns(times, equities, 100.0)

    total = 1.0
    for one in months:
        total *= 1 + one.change
    assert total == pytest.approx(equities[-1] / 100.0)
    years = analysis.yearly_returns(months)
    assert (1 + years[2020]) * (1 + years[2021]) == pytest.approx(total)


def test_a_month_is_the_last_equity_over_that_of_the_month_before() -> None:
    times = [at("2023-12-30"), at("2024-01-10"), at("2024-01-31"), at("2024-03-01")]

    months = analysis.monthly_returns(times, [110.0, 50.0, 121.0, 60.5], 100.0)

    assert [(one.year, one.month) for one in months] == [(2023, 12), (2024, 1), (2024, 3)]
    assert [one.change for one in months] == pytest.approx([0.1, 0.1, -0.5])


def test_nothing_is_divided_by_an_account_that_is_gone() -> None:
    times = [at("2024-01-10"), at("2024-02-10"), at("2024-03-10")]

    assert [one.month for one in analysis.monthly_returns(times, [-5.0, 10.0, 20.0], 100.0)] == [
        1,
        3,
    ]
    assert list(analysis.drawdowns([-1.0], 0.0)) == [0.0]


def test_the_rolling_ratio_is_that_of_each_window() -> None:
    times, equities = curve(140)

    days, ratios = analysis.rolling_sharpe(times, equities, window=100)

    returns = [b / a - 1 for a, b in pairwise(equities)]
    last = returns[-100:]
    mean = sum(last) / 100
    deviation = sqrt(sum((one - mean) ** 2 for one in last) / 99)
    assert len(days) == len(ratios) == len(returns) - 99
    assert days[-1] == times[-1]
    assert ratios[-1] == pytest.approx(mean / deviation * sqrt(365.25))


@pytest.mark.parametrize(
    "equities",
    [pytest.param([100.0] * 50, id="too short"), pytest.param([100.0, -1.0] * 100, id="below 0")],
)
def test_there_is_no_rolling_ratio_where_none_is_defined(equities: list[float]) -> None:
    days = array("q", range(0, len(equities) * DAY, DAY))

    assert analysis.rolling_sharpe(days, array("d", equities)) == ([], [])


def test_a_window_without_change_has_no_ratio() -> None:
    days = array("q", range(0, 200 * DAY, DAY))

    _, ratios = analysis.rolling_sharpe(days, array("d", [100.0] * 200), window=10)

    assert set(ratios) == {None}


def test_every_value_is_in_one_bin() -> None:
    bins = analysis.histogram([0.0, 1.0, 1.0, 2.0, 10.0])

    assert bins is not None
    assert (sum(bins.counts), bins.edges[0], bins.edges[-1]) == (5, 0.0, 10.0)
    assert bins.counts[0] == 3
    assert bins.counts[-1] == 1


def test_equal_values_are_one_bin_and_a_single_one_is_none() -> None:
    assert analysis.histogram([1.0, 1.0]) == ([1.0, 1.0], [2])
    assert analysis.histogram([1.0]) is None


def test_buy_and_hold_starts_each_symbol_at_its_own_first_close() -> None:
    early = Candles("1d", [0, DAY, 2 * DAY], [1.0] * 3, [1.0] * 3, [1.0] * 3, [10.0, 20.0, 30.0])
    late = Candles("1d", [2 * DAY], [1.0], [1.0], [1.0], [5.0])

    held = analysis.buy_and_hold([0, DAY, 2 * DAY], {"A": early, "B": late}, 100.0)

    assert list(held) == [100.0, 150.0, 200.0]


def test_fewer_points_keep_both_ends_and_the_extremes() -> None:
    values = [float(one % 97) for one in range(10_000)]
    values[5_003], values[7_001] = 1_000.0, -1_000.0

    kept = analysis.telling_points(values, 500)

    assert len(kept) <= 500
    assert {0, 5_003, 7_001, 9_999} <= set(kept)
    assert kept == sorted(kept)


def test_joined_candles_span_those_they_are_made_of() -> None:
    made = analysis.coarser(
        Candles(
            "1m", list(range(5)), [1.0, 2, 3, 4, 5], [9.0, 2, 3, 4, 7], [1.0, 0, 3, 2, 5],
            [1.5, 2.5, 3.5, 4.5, 5.5],
        ),
        3,
    )  # fmt: skip

    assert list(made.times) == [0, 2, 4]
    assert (made.opens, made.highs, made.lows, made.closes) == (
        [1.0, 3, 5], [9.0, 4, 7], [0.0, 2, 5], [2.5, 4.5, 5.5],
    )  # fmt: skip


# Beside an independent implementation


@pytest.fixture(scope="module")
def oracle():
    return pytest.importorskip("empyrical", reason="empyrical-reloaded is not installed")


@pytest.mark.parametrize("seed", range(5))
def test_statistics_agree_with_empyrical(oracle, seed: int) -> None:
    import numpy

    times, equities = curve(700, seed)
    per_year = statistics.periods_per_year(times)
    spread = curve_figures.spread_of(curve_figures.period_returns(equities))
    given = numpy.array(analysis.day_returns(equities))

    assert per_year == pytest.approx(365.25)
    assert statistics.sharpe(spread, per_year) == pytest.approx(
        oracle.sharpe_ratio(given, annualization=per_year)
    )
    assert statistics.sortino(spread, per_year) == pytest.approx(
        oracle.sortino_ratio(given, annualization=per_year)
    )
    assert statistics.annual_volatility(spread, per_year) == pytest.approx(
        oracle.annual_volatility(given, annualization=per_year)
    )
    fall = curve_figures.maximum_drawdown(times, equities, equities[0])
    assert fall is not None
    assert fall.fraction == pytest.approx(-oracle.max_drawdown(given))
    assert statistics.annual_return(equities[0], equities[-1], times) == pytest.approx(
        oracle.annual_return(given, annualization=per_year)
    )


def test_monthly_returns_agree_with_empyrical(oracle) -> None:
    import pandas

    times, equities = curve(400)
    given = pandas.Series(
        [equities[0] / 100.0 - 1, *analysis.day_returns(equities)],
        index=pandas.to_datetime(list(times), unit="ms", utc=True),
    )

    expected = oracle.aggregate_returns(given, "monthly")

    found = {
        (one.year, one.month): one.change
        for one in analysis.monthly_returns(times, equities, 100.0)
    }
    assert found == pytest.approx(dict(expected.items()))


def test_the_rolling_ratio_agrees_with_empyrical(oracle) -> None:
    import numpy

    times, equities = curve(300)

    _, ratios = analysis.rolling_sharpe(times, equities, window=60)

    expected = oracle.roll_sharpe_ratio(
        numpy.array(analysis.day_returns(equities)), window=60, annualization=365.25
    )
    assert ratios == pytest.approx(list(expected))
