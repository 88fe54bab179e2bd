"""What a report shows and a summary does not: returns by month and day, rolling figures, curves.

Pure functions over the equity curve and the prices. Times are Unix milliseconds, UTC; months and
days are those of UTC; rates are fractions. Only the standard library and the statistics of a run
may be imported here.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite, sqrt
from typing import NamedTuple

from runner.protocol.times import from_ms
from runner.report.facts import Candles
from runner.results.curve_figures import period_returns
from runner.results.statistics import periods_per_year

DAY_MS = 86_400_000
WINDOW = 126
"""Days in the window of rolling figures: half a year of trading days."""


class Month(NamedTuple):
    """The return of one calendar month; the first and the last may be incomplete."""

    year: int
    month: int
    change: float


class Bins(NamedTuple):
    """A histogram: `counts[i]` values lie from `edges[i]` to below `edges[i + 1]`, the last bin
    includes its end."""

    edges: list[float]
    counts: list[int]


def drawdowns(equities: Sequence[float], starting: float) -> array[float]:
    """Return (equity - peak) / peak at every point, zero or negative; the start counts as a peak.

    Zero where the peak is not positive.
    """
    peak = starting
    found = array("d")
    for equity in equities:
        peak = max(peak, equity)
        found.append(equity / peak - 1 if peak > 0 else 0.0)
    return found


def day_closes(times: Sequence[int], equities: Sequence[float]) -> tuple[array[int], array[float]]:
    """Return the last point of every day that has one: its day's start, and its equity."""
    days, closes = array("q"), array("d")
    for time, equity in zip(times, equities, strict=True):
        day = time - time % DAY_MS
        if days and days[-1] == day:
            closes[-1] = equity
        else:
            days.append(day)
            closes.append(equity)
    return days, closes


def monthly_returns(
    times: Sequence[int], equities: Sequence[float], starting: float
) -> list[Month]:
    """Return last equity of the month / last equity of the month before - 1, for every month.

    Months without a point are left out, and so is a month that began at zero or below.
    """
    months: list[Month] = []
    before, last = starting, starting
    current: tuple[int, int] | None = None
    for time, equity in zip(times, equities, strict=True):
        moment = from_ms(time)
        month = (moment.year, moment.month)
        if month != current:
            if current is not None and before > 0:
                months.append(Month(*current, last / before - 1))
            current, before = month, last
        last = equity
    if current is not None and before > 0:
        months.append(Month(*current, last / before - 1))
    return months


def yearly_returns(months: Sequence[Month]) -> dict[int, float]:
    """Return the product of (1 + return) over each year's months, less 1, by year."""
    years: dict[int, float] = {}
    for one in months:
        years[one.year] = (1 + years.get(one.year, 0.0)) * (1 + one.change) - 1
    return years


def day_returns(closes: Sequence[float]) -> list[float]:
    """Return close[i] / close[i - 1] - 1 for each day after the first; empty where a close is not
    positive."""
    return [one for part in period_returns(closes) for one in part]


def rolling_sharpe(
    days: array[int], closes: array[float], *, window: int = WINDOW
) -> tuple[list[int], list[float | None]]:
    """Return mean / deviation * sqrt(days a year) over the last `window` returns, for each day.

    Returns are from day to day; the deviation is that of a sample (n - 1). None where a window
    did not vary. Empty when there are fewer than `window` returns.
    """
    returns = day_returns(closes)
    per_year = periods_per_year(days)
    if len(returns) < window or len(returns) != len(days) - 1 or per_year is None:
        return [], []
    found: list[float | None] = []
    for end in range(window, len(returns) + 1):
        part = returns[end - window : end]
        mean = sum(part) / window
        variance = sum((one - mean) ** 2 for one in part) / (window - 1)
        deviation = sqrt(variance)
        found.append(mean / deviation * sqrt(per_year) if deviation > 1e-12 else None)
    return list(days[window:]), found


def histogram(values: Sequence[float], *, most: int = 60) -> Bins | None:
    """Return `values` in up to `most` bins of one width, None for fewer than two of them.

    The number of bins is the square root of the number of values, at least five.
    """
    known = [one for one in values if isfinite(one)]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    if high == low:
        return Bins([low, high], [len(known)])
    count = max(5, min(most, round(sqrt(len(known)))))
    width = (high - low) / count
    counts = [0] * count
    for one in known:
        counts[min(int((one - low) / width), count - 1)] += 1
    return Bins([low + step * width for step in range(count + 1)], counts)


def buy_and_hold(
    times: Sequence[int], candles: Mapping[str, Candles], starting: float
) -> array[float]:
    """Return what `starting` became at each of `times`, spread evenly and held from the start.

    Each symbol counts from its own first close; before it, its share is in cash. Empty without
    candles.
    """
    found = array("d")
    held = [one for one in candles.values() if one.times]
    if not held:
        return found
    for time in times:
        total = 0.0
        for one in held:
            at = bisect_right(one.times, time) - 1
            total += 1.0 if at < 0 or one.closes[0] <= 0 else one.closes[at] / one.closes[0]
        found.append(starting * total / len(held))
    return found


def telling_points(values: Sequence[float], most: int) -> list[int]:
    """Return at most `most` indices that keep the shape: first, last, and each part's extremes."""
    count = len(values)
    if count <= most:
        return list(range(count))
    parts = max((most - 2) // 2, 1)
    bounds = [1 + step * (count - 2) // parts for step in range(parts + 1)]
    chosen = {0, count - 1}
    for start, end in pairwise(bounds):
        inside = range(start, end)
        if inside:
            chosen.add(min(inside, key=values.__getitem__))
            chosen.add(max(inside, key=values.__getitem__))
    return sorted(chosen)


def coarser(candles: Candles, most: int) -> Candles:
    """Return the candles, neighbours joined so evenly that there are at most `most`."""
    count = len(candles.times)
    if count <= most:
        return candles
    size = -(-count // most)
    starts = range(0, count, size)
    return Candles(
        candles.timeframe,
        [candles.times[at] for at in starts],
        [candles.opens[at] for at in starts],
        [max(candles.highs[at : at + size]) for at in starts],
        [min(candles.lows[at : at + size]) for at in starts],
        [candles.closes[min(at + size, count) - 1] for at in starts],
    )
