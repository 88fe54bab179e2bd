"""How a curve went: the spread of its returns, its deepest fall, its time in the market.

A curve may be longer than memory. It is gone through piece by piece, each in C wherever the
standard library allows; a curve in memory is one piece. Only the standard library and the storage
of long curves may be imported here.

Rates are fractions (0.12 is 12 %), times are Unix milliseconds, UTC.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, compress, count, islice, pairwise, repeat
from math import fsum, sqrt
from operator import eq, mul, sub, truediv
from typing import Any

from runner.results.executions import Interval
from runner.storage import Column

_NOISE = 1e-12
"""A deviation below this share of the mean is rounding, not volatility."""


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall of a curve from its highest point so far."""

    fraction: float
    """(peak - equity) / peak at the lowest point, positive; above 1 when equity turned negative."""
    peak_ms: int | None
    """When the curve last stood at the peak; None when it never fell."""
    trough_ms: int | None
    """When it was lowest; None when it never fell."""
    longest_ms: int
    """Longest time from a peak until the curve stood there again, or to its end."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and deviations of the returns from point to point, all fractions."""

    mean: float
    deviation: float
    """Sample standard deviation, n - 1 in the denominator; 0 where it is only rounding."""
    downside: float
    """sqrt(sum(min(return, 0) ** 2) / n) over all n returns."""


def period_returns(equities: Sequence[float]) -> Iterable[Sequence[float]]:
    """Return equity[i] / equity[i - 1] - 1 for each point after the first, fractions, in pieces.

    They can be gone through again. Empty when there are fewer than two points, or when equity is
    not positive throughout: a loss of more than everything has no rate.
    """
    if len(equities) < 2 or min(equities) <= 0:
        return ()
    if isinstance(equities, Column):
        return _Returns(equities)
    return (_returns(equities),)


class _Returns:
    # Worked out anew each time: there are more than memory should hold.
    def __init__(self, equities: Column[float]) -> None:
        self._equities = equities

    def __iter__(self) -> Iterator[Sequence[float]]:
        before: float | None = None
        for block in self._equities.blocks():
            yield _returns(block if before is None else array("d", (before, *block)))
            before = block[-1]


def _returns(equities: Sequence[float]) -> array[float]:
    ratios = map(truediv, islice(equities, 1, None), equities)
    return array("d", map(sub, ratios, repeat(1.0)))


def spread_of(returns: Iterable[Sequence[float]]) -> Spread | None:
    """Return mean and deviations of the period returns; None for fewer than two."""
    count = sum(map(len, returns))
    if count < 2:
        return None
    mean = fsum(chain.from_iterable(returns)) / count

    # Two passes: the short formula loses everything when the mean dwarfs the deviation.
    def squares() -> Iterator[Iterator[float]]:
        for piece in returns:
            away = array("d", map(sub, piece, repeat(mean)))
            yield map(mul, away, away)

    def squared_losses() -> Iterator[Iterator[float]]:
        for piece in returns:
            losses = [one for one in piece if one < 0]
            yield map(mul, losses, losses)

    deviation = sqrt(fsum(chain.from_iterable(squares())) / (count - 1))
    return Spread(
        mean=mean,
        deviation=deviation if deviation > abs(mean) * _NOISE else 0.0,
        downside=sqrt(fsum(chain.from_iterable(squared_losses())) / count),
    )


def maximum_drawdown(
    times: Sequence[int], equities: Sequence[float], starting_equity: float
) -> Drawdown | None:
    """Return the largest (peak - equity) / peak, its dates, and the longest time below a peak.

    The starting equity counts as the first peak. None without a point or a positive peak.
    """
    if not equities or max(starting_equity, equities[0]) <= 0:
        return None

    lowest, fraction = 1.0, 0.0
    peak_ms = trough_ms = 0
    top = starting_equity
    top_at, top_ms = -1, times[0]  # where the curve last stood at `top`; before the first point
    longest = passed = 0
    for starts, block in zip(_pieces(times), _pieces(equities), strict=True):
        peaks = array("d", islice(accumulate(chain((top,), block), max), 1, None))
        ratios = array("d", map(truediv, block, peaks))
        at_peak = array("q", compress(count(), map(eq, ratios, repeat(1.0))))
        least = min(ratios)
        if least < lowest:
            lowest, trough = least, ratios.index(least)
            place = bisect_left(at_peak, trough)
            peak_ms = starts[at_peak[place - 1]] if place else top_ms
            trough_ms = starts[trough]
            fraction = (peaks[trough] - block[trough]) / peaks[trough]
        if at_peak:
            # Two neighbouring points at a peak have nothing below it between them.
            between = (starts[b] - starts[a] for a, b in pairwise(at_peak) if b - a > 1)
            longest = max(longest, max(between, default=0))
            if passed + at_peak[0] - top_at > 1:
                longest = max(longest, starts[at_peak[0]] - top_ms)
            top_at, top_ms = passed + at_peak[-1], starts[at_peak[-1]]
        top = peaks[-1]
        passed += len(block)
    longest = max(longest, times[-1] - top_ms)
    if not lowest < 1:
        return Drawdown(0.0, None, None, longest)
    return Drawdown(fraction, peak_ms, trough_ms, longest)


def exposure(times: Sequence[int], held: Sequence[Interval]) -> float | None:
    """Return the share of time steps at whose end a position was open, 0 to 1."""
    if not times:
        return None
    starts = _counts_before(times, [start_ms for start_ms, _ in held])
    ends = _counts_before(times, [end_ms for _, end_ms in held if end_ms is not None])
    ends += [len(times)] * (len(starts) - len(ends))
    return sum(max(0, end - start) for start, end in zip(starts, ends, strict=True)) / len(times)


def _pieces(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """Return the values in pieces that are in memory."""
    return values.blocks() if isinstance(values, Column) else (values,)


def _counts_before(times: Sequence[int], moments: Sequence[int]) -> list[int]:
    # Both ascend. What rests in a file is gone through once rather than searched for each moment.
    counts: list[int] = []
    passed = 0
    for block in _pieces(times):
        while len(counts) < len(moments) and moments[len(counts)] <= block[-1]:
            counts.append(passed + bisect_left(block, moments[len(counts)]))
        passed += len(block)
    return counts + [passed] * (len(moments) - len(counts))
