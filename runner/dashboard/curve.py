"""The equity curve of a run that is going on, thinned out to what a screen can show.

Another thread appends while this reads, so everything is taken in slices, which are copied in one
step. Never a `memoryview`: an array cannot grow while one is open, and the run would fail.
"""

from __future__ import annotations

from runner.dashboard.snapshot import Curve, Mark
from runner.protocol.enums import Side
from runner.protocol.times import to_ms
from runner.strategy.portfolio import Portfolio

POINTS = 512
"""Most points of a curve; a screen has at most that many dots side by side."""
MARKS = 512
"""Most executions marked on it."""


def curve_of(portfolio: Portfolio) -> Curve:
    """Return the curve so far, at a cost that does not grow with the run."""
    # The times grow first, so there may be one point fewer than moments, and never more.
    count = len(portfolio.equities)
    step = _step(count, POINTS)
    times = list(portfolio.times[:count:step])
    equities = list(portfolio.equities[:count:step])
    if step > 1 and (count - 1) % step:
        times.append(portfolio.times[count - 1])
        equities.append(portfolio.equities[count - 1])
    fills = portfolio.fills
    some = fills[:: _step(len(fills), MARKS)]
    marks = tuple(Mark(to_ms(one.trade.timestamp), one.trade.side is Side.BUY) for one in some)
    return Curve(tuple(times), tuple(equities), marks, is_exact=step == 1)


# A power of two, so that a curve that grows keeps its points and does not flicker.
def _step(count: int, limit: int) -> int:
    step = 1
    while count > limit * step:
        step *= 2
    return step
