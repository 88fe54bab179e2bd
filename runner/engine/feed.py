"""From series to time steps: all candles that close at one moment, in a fixed, documented order.

The order inside a step is: finer candles before coarser ones, and among those of one length the
order in which the series were given, which is the order of the subscriptions. Time never goes back.
Orders meet the finest candles of their symbol only: a coarser one tells of the same trades again.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from runner.engine.calendar import UTC_CALENDAR, Calendar
from runner.engine.resampling import selected
from runner.engine.series import Series
from runner.protocol.messages import Candle


class Step(NamedTuple):
    """What closes at one moment."""

    moment: int
    """When it closes, Unix milliseconds."""
    candles: Sequence[Candle]
    """What is delivered."""
    met: Sequence[Candle]
    """What orders meet: of each symbol the finest candle, delivered or not."""


class Feed:
    """The market data of one run."""

    def __init__(self, series: Sequence[Series], *, unseen: Sequence[Series] = ()) -> None:
        """Take what is delivered, in this order, and what orders meet without being delivered."""
        self.series = tuple(series)
        self.unseen = tuple(unseen)
        self.symbols = tuple(dict.fromkeys(one.symbol for one in self.series))
        every = (*self.series, *self.unseen)
        finest: dict[str, Series] = {}
        for one in every:
            if one.symbol not in finest or one.length_ms < finest[one.symbol].length_ms:
                finest[one.symbol] = one
        self._every = every
        self._met = tuple(one is finest[one.symbol] for one in every)

    @classmethod
    def of(cls, series: Sequence[Series], wanted: Iterable[tuple[str, str | None]] = ()) -> Feed:
        """Return the feed of what is asked for: symbols and timeframes, as for `selected`.

        Raises:
            ConfigError, DataError: as `selected` does.
        """
        delivered, unseen = selected(series, wanted)
        return cls(delivered, unseen=unseen)

    def __len__(self) -> int:
        """The number of candles that will be delivered."""
        return sum(map(len, self.series))

    def repaired(self) -> list[str]:
        """Return what was repaired in the files of the data, in sentences."""
        return [said for one in self._every for said in one.repairs.sentences(one.origin)]

    @property
    def calendar(self) -> Calendar:
        """The calendar of the data, whose days DAY orders last for."""
        return self._every[0].calendar if self._every else UTC_CALENDAR

    @property
    def span_ms(self) -> tuple[int, int] | None:
        """Start of the first candle and end of the last one, or None without candles."""
        filled = [one for one in self._every if one.times]
        if not filled:
            return None
        return (
            min(one.times[0] for one in filled),
            max(one.close_of(one.times[-1]) for one in filled),
        )

    @property
    def only(self) -> Series | None:
        """The one series that there is, where there is but one."""
        return self._every[0] if len(self._every) == 1 else None

    def steps(self) -> Iterator[Step]:
        """Yield what closes together, moment after moment."""
        # One entry per series: (moment of delivery, length, place in the list, candle, the rest,
        # when they close). The place makes every entry unique, so candles are never compared.
        heap: list[tuple[int, int, int, Candle, Iterator[Candle], Callable[[int], int]]] = []
        for place, one in enumerate(self._every):
            candles, close_of = one.candles(), one.close_of
            first = next(candles, None)
            if first is not None:
                due = close_of(first.time)
                heap.append((due, one.length_ms, place, first, candles, close_of))
        heapq.heapify(heap)
        is_met, delivered = self._met, len(self.series)
        # Where every candle is both, which is the usual case, one list is enough.
        is_plain = all(is_met) and delivered == len(is_met)
        step: list[Candle] = []
        met = step if is_plain else []
        moment = heap[0][0] if heap else 0
        while heap:
            due, length, place, candle, rest, close_of = heap[0]
            if due != moment:
                yield Step(moment, step, met)
                step, moment = [], due
                met = step if is_plain else []
            if is_plain:
                step.append(candle)
            else:
                if place < delivered:
                    step.append(candle)
                if is_met[place]:
                    met.append(candle)
            following = next(rest, None)
            if following is None:
                heapq.heappop(heap)
            else:
                due = close_of(following.time)
                heapq.heapreplace(heap, (due, length, place, following, rest, close_of))
        if step or met:
            yield Step(moment, step, met)
