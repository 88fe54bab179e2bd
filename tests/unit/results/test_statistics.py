"""Each figure against a curve whose figure can be worked out by hand."""

from __future__ import annotations

from array import array
from math import sqrt

import pytest

from runner.results.curve_figures import (
    exposure,
    maximum_drawdown,
    period_returns,
    spread_of,
)
from runner.results.statistics import (
    YEAR_MS,
    annual_return,
    annual_volatility,
    compute,
    periods_per_year,
    sharpe,
    sortino,
    total_return,
)

DAY = 86_400_000


def days(count: int) -> array[int]:
    return array("q", range(0, count * DAY, DAY))


def curve(*values: float) -> array[float]:
    return array("d", values)


def test_total_return_is_a_fraction_of_the_start() -> None:
    assert total_return(100, 125) == 0.25
    assert total_return(100, 80) == pytest.approx(-0.2)
    assert total_return(0, 80) is None


def test_annual_return_compounds_over_the_calendar_time_of_the_curve() -> None:
    two_years = array("q", [0, int(2 * YEAR_MS)])

    assert annual_return(100, 121, two_years) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("start", "final", "times"),
    [
        pytest.param(100, 120, [], id="no point"),
        pytest.param(100, 120, [5], id="one point"),
        pytest.param(100, -1, [0, DAY], id="nothing left"),
        pytest.param(0, 120, [0, DAY], id="no money at the start"),
        pytest.param(1, 1e300, [0, 1], id="more than a float holds"),
    ],
)
def test_annual_return_is_undefined_without_time_or_money(
    start: float, final: float, times: list[int]
) -> None:
    assert annual_return(start, final, times) is None


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        pytest.param([1] * 365, 365.25, id="every day"),
        pytest.param([1, 1, 1, 1, 3] * 52, 365.25 * 5 / 7, id="five days a week"),
        pytest.param([7] * 52, 365.25 / 7, id="once a week"),
    ],
)
def test_periods_per_year_follow_from_the_spacing_of_the_points(
    gaps: list[int], expected: float
) -> None:
    times = [0]
    for gap in gaps:
        times.append(times[-1] + gap * DAY)

    assert periods_per_year(times) == pytest.approx(expected)


def test_volatility_and_ratios_of_a_curve_worked_out_by_hand() -> None:
    # Returns +10 %, -10 %, +20 %: mean 1/15; deviations 1/30, -1/6, 2/15.
    returns = period_returns(curve(100, 110, 99, 118.8))
    spread = spread_of(returns)
    deviation = sqrt((1 / 900 + 1 / 36 + 4 / 225) / 2)

    assert [one for piece in returns for one in piece] == pytest.approx([0.1, -0.1, 0.2])
    assert annual_volatility(spread, 4) == pytest.approx(2 * deviation)
    assert sharpe(spread, 4) == pytest.approx(2 * (1 / 15) / deviation)
    assert sortino(spread, 4) == pytest.approx(2 * (1 / 15) / sqrt(0.01 / 3))


def test_a_curve_that_grows_evenly_has_no_sharpe_ratio_rather_than_an_enormous_one() -> None:
    spread = spread_of(period_returns(curve(*(100 * 1.01**step for step in range(50)))))

    assert annual_volatility(spread, 252) == 0
    assert sharpe(spread, 252) is None
    assert sortino(spread, 252) is None


def test_returns_of_a_curve_that_touches_zero_are_undefined() -> None:
    assert list(period_returns(curve(100, 0, 50))) == []
    assert list(period_returns(curve(100, -5, 50))) == []


def test_maximum_drawdown_names_its_depth_its_dates_and_the_longest_time_below_a_peak() -> None:
    # Day:             0    1    2   3    4    5    6   7   8    9
    equities = curve(100, 120, 110, 90, 120, 130, 128, 80, 129, 125)

    fall = maximum_drawdown(days(10), equities, 100)

    assert fall is not None
    assert fall.fraction == pytest.approx(50 / 130)
    assert (fall.peak_ms, fall.trough_ms) == (5 * DAY, 7 * DAY)
    assert fall.longest_ms == 4 * DAY  # from day 5 to the end; day 1 to day 4 are three


def test_a_drawdown_begins_where_the_curve_last_stood_at_its_peak() -> None:
    fall = maximum_drawdown(days(5), curve(100, 100, 100, 90, 95), 100)

    assert fall is not None
    assert (fall.peak_ms, fall.trough_ms) == (2 * DAY, 3 * DAY)
    assert fall.longest_ms == 2 * DAY


def test_the_starting_equity_is_the_first_peak() -> None:
    fall = maximum_drawdown(days(3), curve(90, 95, 80), 100)

    assert fall is not None
    assert fall.fraction == pytest.approx(0.2)
    assert (fall.peak_ms, fall.trough_ms) == (0, 2 * DAY)
    assert fall.longest_ms == 2 * DAY


def test_a_curve_that_never_falls_has_a_drawdown_of_zero_and_no_dates() -> None:
    fall = maximum_drawdown(days(3), curve(100, 100, 101), 100)

    assert fall is not None
    assert (fall.fraction, fall.peak_ms, fall.trough_ms, fall.longest_ms) == (0, None, None, 0)


def test_a_drawdown_below_zero_equity_is_more_than_everything() -> None:
    fall = maximum_drawdown(days(2), curve(100, -50), 100)

    assert fall is not None
    assert fall.fraction == pytest.approx(1.5)


def test_exposure_is_the_share_of_steps_at_whose_end_a_position_was_open() -> None:
    held = ((2 * DAY, 4 * DAY), (9 * DAY, None))

    assert exposure(days(10), held) == pytest.approx(0.3)
    assert exposure(days(10), ()) == 0
    assert exposure([], held) is None


@pytest.mark.parametrize(
    ("equities", "final"),
    [
        pytest.param((), 100, id="no point"),
        pytest.param((105.0,), 105, id="one point"),
        pytest.param((100.0, 103.0), 103, id="two points"),
        pytest.param((100.0,) * 20, 100, id="flat"),
        pytest.param((100.0, 0.0, -5.0), -5, id="lost more than everything"),
    ],
)
def test_no_figure_of_a_degenerate_curve_is_nan_or_an_error(
    equities: tuple[float, ...], final: float
) -> None:
    figures = compute(days(len(equities)), curve(*equities), 100.0, [])

    assert figures.final_equity == final
    assert figures.sharpe is None
    assert figures.win_rate is None
    for name in ("total_return", "annual_return", "annual_volatility", "maximum_drawdown"):
        value = getattr(figures, name)
        assert value is None or value == value


def test_an_account_without_money_has_figures_all_the_same() -> None:
    figures = compute(days(3), curve(0, 0, 0), 0.0, [])

    assert figures.final_equity == 0
    assert (figures.total_return, figures.maximum_drawdown) == (None, None)
