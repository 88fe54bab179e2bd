"""The figures of a run, from its equity curve and its executions.

Every function is pure, takes plain sequences and returns None where its figure is not defined: no
point, one point, a flat curve, equity that is not positive. NaN never leaves this module. Only the
standard library, what this room finds in curves and executions, and the portfolio's `Fill` may be
imported here.

Rates are fractions (0.12 is 12 %), money is in account currency, times are Unix milliseconds, UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite, sqrt

from runner.results.curve_figures import (
    Spread,
    exposure,
    maximum_drawdown,
    period_returns,
    spread_of,
)
from runner.results.executions import Executions, summarise
from runner.strategy.portfolio import Fill

YEAR_MS = 365.25 * 86_400_000
"""A mean Julian year: what a rate `a year` refers to."""
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Statistics:
    """All figures of one run; None where a figure is not defined."""

    starting_equity: float
    final_equity: float
    total_return: float | None
    annual_return: float | None
    annual_volatility: float | None
    sharpe: float | None
    sortino: float | None
    maximum_drawdown: float | None
    drawdown_peak_ms: int | None
    drawdown_trough_ms: int | None
    longest_drawdown_ms: int | None
    exposure: float | None
    periods_per_year: float | None
    executions: int
    closing_executions: int
    round_trips: int
    win_rate: float | None
    profit_factor: float | None
    average_win: Decimal | None
    average_loss: Decimal | None
    best: Decimal | None
    worst: Decimal | None
    realized_pnl: Decimal
    commission: Decimal
    financing: Decimal
    """Interest booked; charges are negative."""


def compute(
    times: Sequence[int],
    equities: Sequence[float],
    starting_equity: float,
    fills: Sequence[Fill],
    *,
    financing: Decimal = _ZERO,
) -> Statistics:
    """Return all figures of a run.

    Args:
        times: starts of the time steps, ascending.
        equities: equity after each time step, as long as `times`.
        starting_equity: equity before the first step.
        fills: executions in their order.
        financing: interest booked, charges negative.
    """
    final = equities[-1] if equities else starting_equity
    spread = spread_of(period_returns(equities))
    per_year = periods_per_year(times)
    fall = maximum_drawdown(times, equities, starting_equity)
    traded: Executions = summarise(fills)
    return Statistics(
        starting_equity=starting_equity,
        final_equity=final,
        total_return=total_return(starting_equity, final),
        annual_return=annual_return(starting_equity, final, times),
        annual_volatility=annual_volatility(spread, per_year),
        sharpe=sharpe(spread, per_year),
        sortino=sortino(spread, per_year),
        maximum_drawdown=fall.fraction if fall else None,
        drawdown_peak_ms=fall.peak_ms if fall else None,
        drawdown_trough_ms=fall.trough_ms if fall else None,
        longest_drawdown_ms=fall.longest_ms if fall else None,
        exposure=exposure(times, traded.held),
        periods_per_year=per_year,
        executions=traded.executions,
        closing_executions=traded.closing,
        round_trips=traded.round_trips,
        win_rate=traded.win_rate,
        profit_factor=traded.profit_factor,
        average_win=traded.average_win,
        average_loss=traded.average_loss,
        best=traded.best,
        worst=traded.worst,
        realized_pnl=traded.realized_pnl,
        commission=traded.commission,
        financing=financing,
    )


def total_return(starting_equity: float, final_equity: float) -> float | None:
    """Return final / starting - 1, a fraction; None unless the start is positive."""
    if starting_equity <= 0:
        return None
    return _finite(final_equity / starting_equity - 1)


def annual_return(
    starting_equity: float, final_equity: float, times: Sequence[int]
) -> float | None:
    """Return the compound annual growth rate, (final / starting) ** (1 / years) - 1, a fraction.

    `years` is the calendar time between the first and the last point. None when that is zero,
    when one of the two equities is not positive, or when the rate exceeds what a float holds.
    """
    years = _years(times)
    if not years or starting_equity <= 0 or final_equity <= 0:
        return None
    try:
        return _finite((final_equity / starting_equity) ** (1 / years) - 1)
    except OverflowError:
        return None


def periods_per_year(times: Sequence[int]) -> float | None:
    """Return how many equity points fall into a year: intervals / calendar years.

    Inferred from the curve itself, so that daily candles of a stock give some 252 and daily
    candles of a market without weekends some 365, without knowing the market.
    """
    years = _years(times)
    return (len(times) - 1) / years if years else None


def annual_volatility(spread: Spread | None, per_year: float | None) -> float | None:
    """Return the sample standard deviation of the period returns times sqrt(periods per year)."""
    if spread is None or per_year is None:
        return None
    return _finite(spread.deviation * sqrt(per_year))


def sharpe(spread: Spread | None, per_year: float | None) -> float | None:
    """Return mean / sample standard deviation of the period returns, times sqrt(periods per year).

    The risk-free rate is taken as zero. None for a curve without volatility.
    Source: W. F. Sharpe, The Sharpe Ratio, Journal of Portfolio Management 21 (1994).
    """
    if spread is None or not spread.deviation or per_year is None:
        return None
    return _finite(spread.mean / spread.deviation * sqrt(per_year))


def sortino(spread: Spread | None, per_year: float | None) -> float | None:
    """Return mean / downside deviation of the period returns, times sqrt(periods per year).

    The target return is zero. None when no return is negative.
    Source: F. A. Sortino and L. N. Price, Performance Measurement in a Downside Risk Framework,
    Journal of Investing 3 (1994).
    """
    if spread is None or not spread.downside or per_year is None:
        return None
    return _finite(spread.mean / spread.downside * sqrt(per_year))


def _years(times: Sequence[int]) -> float:
    return (times[-1] - times[0]) / YEAR_MS if len(times) > 1 else 0.0


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
