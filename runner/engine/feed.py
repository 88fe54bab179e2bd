"""From series to time steps: all candles that close at one moment, in a fixed, documented order.

The order inside a step is: finer candles before coarser ones, and among those of one length the
order in which the series were given, which is the order of the subscriptions. Time never goes back.
Orders meet the finest candles of their symbol only: a coarser one tells of the same trades again.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from runner.engine.calendar import UTC_CALENDAR, Calendar
from runner.engine.resampling import selected
from runner.engine.series import Series
from runner.protocol.admission import ANY_SYMBOL
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

    def __init__(
        self,
        series: Sequence[Series],
        *,
        unseen: Sequence[Series] = (),
        quoted: Sequence[str] = (),
    ) -> None:
        """Put the data of a run together.

        Args:
            series: the candles that are delivered; of one length in this order.
            unseen: candles that orders meet without their being delivered.
            quoted: symbols of which quotes are delivered, made of their finest candles.
        """
        self.series = tuple(series)
        self.unseen = tuple(unseen)
        every = (*self.series, *self.unseen)
        self.symbols = tuple(dict.fromkeys(one.symbol for one in every))
        self.quoted = tuple(quoted)
        self.finest: dict[str, Series] = {}
        """By symbol the candles that orders meet."""
        for one in every:
            known = self.finest.get(one.symbol)
            if known is None or one.length_ms < known.length_ms:
                self.finest[one.symbol] = one
        self._every = every

    @classmethod
    def of(
        cls,
        series: Sequence[Series],
        wanted: Sequence[tuple[str, str | None]] = (),
        *,
        quoted: Sequence[str] = (),
    ) -> Feed:
        """Return the feed of what is asked for.

        Args:
            series: the data.
            wanted: symbols and timeframes, as for `selected`. Without any, and without quotes, all
                of the data is delivered.
            quoted: symbols (`*` for all) of which quotes are delivered.

        Raises:
            ConfigError, DataError: as `selected` does.
        """
        if not wanted and not quoted:
            return cls(series)
        delivered, unseen = selected(series, wanted)
        there = dict.fromkeys(one.symbol for one in series)
        names = there if ANY_SYMBOL in quoted else [one for one in quoted if one in there]
        return cls(delivered, unseen=unseen, quoted=tuple(dict.fromkeys(names)))

    def __len__(self) -> int:
        """The number of candles and quotes that will be delivered."""
        quotes = sum(len(self.finest[symbol]) for symbol in self.quoted)
        return sum(map(len, self.series)) + quotes

    def repaired(self) -> list[str]:
        """Return what was repaired in the files of the data, in sentences."""
        return [said for one in self._every for said in one.repairs.sentences(one.origin)]

    def files(self) -> list[Path]:
        """Return the files that the data was read from, each once."""
        return list(dict.fromkeys(file for one in self._every for file in one.files))

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
        """The one series that there is, where it alone is delivered."""
        return (
            self.series[0] if len(self._every) == len(self.series) == 1 > len(self.quoted) else None
        )

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
        is_met = [one is self.finest[one.symbol] for one in self._every]
        delivered = len(self.series)
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
