"""From series to time steps: all candles that close at one moment, in a fixed, documented order.

The order inside a step is: finer candles before coarser ones, and among those of one length the
order in which the series were given, which is the order of the subscriptions. Time never goes back.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from runner.engine.calendar import UTC_CALENDAR, Calendar
from runner.engine.series import Series
from runner.protocol.messages import Candle


class Step(NamedTuple):
    """What closes at one moment."""

    moment: int
    """When it closes, Unix milliseconds."""
    candles: Sequence[Candle]


class Feed:
    """The market data of one run."""

    def __init__(self, series: Sequence[Series]) -> None:
        self.series = tuple(series)
        self.symbols = tuple(dict.fromkeys(one.symbol for one in self.series))

    def __len__(self) -> int:
        """The number of candles that will be delivered."""
        return sum(map(len, self.series))

    @property
    def calendar(self) -> Calendar:
        """The calendar of the data, whose days DAY orders last for."""
        return self.series[0].calendar if self.series else UTC_CALENDAR

    @property
    def span_ms(self) -> tuple[int, int] | None:
        """Start of the first candle and end of the last one, or None without candles."""
        filled = [one for one in self.series if one.times]
        if not filled:
            return None
        return (
            min(one.times[0] for one in filled),
            max(one.close_of(one.times[-1]) for one in filled),
        )

    def steps(self) -> Iterator[Step]:
        """Yield what closes together, moment after moment."""
        # One entry per series: (moment of delivery, length, place in the list, candle, the rest,
        # when they close). The place makes every entry unique, so candles are never compared.
        heap: list[tuple[int, int, int, Candle, Iterator[Candle], Callable[[int], int]]] = []
        for place, one in enumerate(self.series):
            candles, close_of = one.candles(), one.close_of
            first = next(candles, None)
            if first is not None:
                due = close_of(first.time)
                heap.append((due, one.length_ms, place, first, candles, close_of))
        heapq.heapify(heap)
        step: list[Candle] = []
        moment = heap[0][0] if heap else 0
        while heap:
            due, length, place, candle, rest, close_of = heap[0]
            if due != moment:
                yield Step(moment, step)
                step, moment = [], due
            step.append(candle)
            following = next(rest, None)
            if following is None:
                heapq.heappop(heap)
            else:
                due = close_of(following.time)
                heapq.heapreplace(heap, (due, length, place, following, rest, close_of))
        if step:
            yield Step(moment, step)
