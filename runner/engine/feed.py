"""From series to time steps: all candles that close at one moment, in a fixed, documented order.

The order inside a step is: finer candles before coarser ones, and among those of one length the
order in which the series were given, which is the order of the subscriptions. Time never goes back.
Orders meet the finest candles of their symbol only: a coarser one tells of the same trades again.
Where a file has quotes of a symbol, its orders meet those and no candle; the quotes of a moment
come after its candles, in the order in which they were given.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from runner.engine.calendar import UTC_CALENDAR, Calendar
from runner.engine.quote_series import QuoteSeries
from runner.engine.resampling import selected
from runner.engine.series import Series
from runner.protocol.admission import ANY_SYMBOL
from runner.protocol.messages import Candle, Quote

_TIME = attrgetter("time")


class Step(NamedTuple):
    """What closes, and is quoted, at one moment."""

    moment: int
    """When it closes, Unix milliseconds."""
    candles: Sequence[Candle]
    """What is delivered."""
    met: Sequence[Candle]
    """What orders meet: of each symbol without quotes the finest candle, delivered or not."""
    quotes: Sequence[Quote] = ()
    """What orders meet: the quotes of files, delivered or not."""
    heard: Sequence[Quote] = ()
    """Those of them that are delivered."""


class Feed:
    """The market data of one run."""

    def __init__(
        self,
        series: Sequence[Series],
        *,
        unseen: Sequence[Series] = (),
        quoted: Sequence[str] = (),
        quotes: Sequence[QuoteSeries] = (),
        heard: Sequence[str] | None = None,
    ) -> None:
        """Put the data of a run together.

        Args:
            series: the candles that are delivered; of one length in this order.
            unseen: candles that orders meet without their being delivered.
            quoted: symbols of which quotes are delivered, made of their finest candles.
            quotes: quotes of files, which orders meet in place of candles.
            heard: symbols of which these are delivered; None for all.
        """
        self.series = tuple(series)
        self.quotes = {one.symbol: one for one in quotes}
        """By symbol the quotes of files."""
        self.heard = tuple(self.quotes) if heard is None else tuple(heard)
        self.unseen = tuple(one for one in unseen if one.symbol not in self.quotes)
        every = (*self.series, *self.unseen)
        self.symbols = tuple(dict.fromkeys([*(one.symbol for one in every), *self.quotes]))
        self.quoted = tuple(quoted)
        self.finest: dict[str, Series] = {}
        """By symbol the candles that orders meet."""
        for one in every:
            known = self.finest.get(one.symbol)
            if known is None or one.length_ms < known.length_ms:
                self.finest[one.symbol] = one
        self._every = every
        self._sources: tuple[Series | QuoteSeries, ...] = (*every, *self.quotes.values())

    @classmethod
    def of(
        cls,
        series: Sequence[Series],
        wanted: Sequence[tuple[str, str | None]] = (),
        *,
        quoted: Sequence[str] = (),
        quotes: Sequence[QuoteSeries] = (),
    ) -> Feed:
        """Return the feed of what is asked for.

        Args:
            series: the data.
            wanted: symbols and timeframes, as for `selected`. Without any, and without quotes, all
                of the data is delivered.
            quoted: symbols (`*` for all) of which quotes are delivered.
            quotes: quotes of files, which stand for those made of candles.

        Raises:
            ConfigError, DataError: as `selected` does.
        """
        if not wanted and not quoted:
            return cls(series, quotes=quotes)
        delivered, unseen = selected(series, wanted)
        there = dict.fromkeys([*(one.symbol for one in series), *(one.symbol for one in quotes)])
        names = there if ANY_SYMBOL in quoted else dict.fromkeys(quoted)
        in_files = {one.symbol for one in quotes}
        return cls(
            delivered,
            unseen=unseen,
            quoted=[one for one in names if one in there and one not in in_files],
            quotes=quotes,
            heard=[one for one in names if one in in_files],
        )

    def __len__(self) -> int:
        """The number of candles and quotes that will be delivered."""
        made = sum(len(self.finest[symbol]) for symbol in self.quoted)
        heard = sum(len(self.quotes[symbol]) for symbol in self.heard)
        return sum(map(len, self.series)) + made + heard

    def repaired(self) -> list[str]:
        """Return what was repaired in the files of the data, in sentences."""
        return [said for one in self._sources for said in one.repairs.sentences(one.origin)]

    def files(self) -> list[Path]:
        """Return the files that the data was read from, each once."""
        return list(dict.fromkeys(file for one in self._sources for file in one.files))

    @property
    def calendar(self) -> Calendar:
        """The calendar of the data, whose days DAY orders last for."""
        return self._sources[0].calendar if self._sources else UTC_CALENDAR

    @property
    def span_ms(self) -> tuple[int, int] | None:
        """Start of the first candle and end of the last one, or the moments of quotes beyond these;
        None without any."""
        filled = [one for one in self._every if one.times]
        quotes = [one.times for one in self.quotes.values() if one.times]
        if not filled and not quotes:
            return None
        starts = [one.times[0] for one in filled] + [times[0] for times in quotes]
        ends = [one.close_of(one.times[-1]) for one in filled] + [times[-1] for times in quotes]
        return min(starts), max(ends)

    @property
    def only(self) -> Series | None:
        """The one series that there is, where it alone is delivered."""
        is_alone = len(self._every) == len(self.series) == 1 and not self.quoted
        return self.series[0] if is_alone and not self.quotes else None

    def steps(self) -> Iterator[Step]:
        """Return what happens together, moment after moment."""
        return self._with_quotes() if self.quotes else self._of_candles()

    def _with_quotes(self) -> Iterator[Step]:
        heard = frozenset(self.heard)
        # Merging keeps the quotes of one moment in the order of the symbols.
        merged = heapq.merge(*(one.quotes() for one in self.quotes.values()), key=_TIME)
        groups = ((time, tuple(some)) for time, some in groupby(merged, _TIME))
        candles = self._of_candles()
        step, group = next(candles, None), next(groups, None)
        while step is not None or group is not None:
            if group is None or (step is not None and step.moment < group[0]):
                assert step is not None, "one of the two is there"
                yield step
                step = next(candles, None)
                continue
            time, quotes = group
            told = tuple(one for one in quotes if one.symbol in heard)
            if step is not None and step.moment == time:
                yield Step(time, step.candles, step.met, quotes, told)
                step = next(candles, None)
            else:
                yield Step(time, (), (), quotes, told)
            group = next(groups, None)

    def _of_candles(self) -> Iterator[Step]:
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
        is_met = [
            one is self.finest[one.symbol] and one.symbol not in self.quotes for one in self._every
        ]
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
