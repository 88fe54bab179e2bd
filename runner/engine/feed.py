"""From series to time steps: all candles that close at one moment, in a fixed, documented order.

The order inside a step is the order in which the series were given, which is the order of the
subscriptions. Time never goes back.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from runner.engine.series import Series
from runner.protocol.messages import Candle


class Feed:
    """The market data of one run."""

    def __init__(self, series: Sequence[Series]) -> None:
        self.series = tuple(series)
        self.symbols = tuple(dict.fromkeys(one.symbol for one in self.series))

    def __len__(self) -> int:
        """The number of candles that will be delivered."""
        return sum(map(len, self.series))

    @property
    def span_ms(self) -> tuple[int, int] | None:
        """Start of the first candle and end of the last one, or None without candles."""
        filled = [one for one in self.series if one.times]
        if not filled:
            return None
        return (
            min(one.times[0] for one in filled),
            max(one.times[-1] + one.length_ms for one in filled),
        )

    def steps(self) -> Iterator[Sequence[Candle]]:
        """Yield the candles of each time step together."""
        if len(self.series) == 1:
            yield from zip(self.series[0].candles())
            return
        yield from self._merged()

    def _merged(self) -> Iterator[list[Candle]]:
        # One entry per series: (moment of delivery, place in the list, candle, rest). The place
        # makes every entry unique, so candles are never compared.
        heap: list[tuple[int, int, Candle, Iterator[Candle], int]] = []
        for place, one in enumerate(self.series):
            candles = one.candles()
            first = next(candles, None)
            if first is not None:
                heap.append((first.time + one.length_ms, place, first, candles, one.length_ms))
        heapq.heapify(heap)
        step: list[Candle] = []
        moment = heap[0][0] if heap else 0
        while heap:
            due, place, candle, rest, length = heap[0]
            if due != moment:
                yield step
                step, moment = [], due
            step.append(candle)
            following = next(rest, None)
            if following is None:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, (following.time + length, place, following, rest, length))
        if step:
            yield step
