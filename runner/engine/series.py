"""Market data at rest: one series of candles per symbol and timeframe, held in columns.

A candle becomes an object only when it is delivered; six machine-typed columns take 48 bytes a
candle where the objects would take some 250. Columns of a long series rest in a file and are read
as they are needed: here they are sequences like others.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from pathlib import Path

from runner.engine.calendar import UTC_CALENDAR, Calendar
from runner.engine.columns import Columns, ColumnWriter, Row, blocks, in_memory
from runner.engine.repairs import Repairs
from runner.protocol.enums import TIMEFRAME_MS
from runner.protocol.messages import Candle
from runner.storage import Column, Storage


def _integers() -> array[int]:
    return array("q")


def _floats() -> array[float]:
    return array("d")


@dataclass(slots=True)
class Series:
    """Candles of one symbol and timeframe, ascending by start, no start twice."""

    symbol: str
    timeframe: str
    times: Sequence[int] = field(default_factory=_integers)
    """Starts, Unix milliseconds, UTC."""
    opens: Sequence[float] = field(default_factory=_floats)
    highs: Sequence[float] = field(default_factory=_floats)
    lows: Sequence[float] = field(default_factory=_floats)
    closes: Sequence[float] = field(default_factory=_floats)
    volumes: Sequence[float] = field(default_factory=_floats)
    source: str = "embedded"
    """Where the candles come from, as the wire's `provider`."""
    origin: str = ""
    """The file the candles were read from, for people."""
    repairs: Repairs = field(default_factory=Repairs)
    """What was repaired in that file, which is nothing unless it was asked for."""
    calendar: Calendar = UTC_CALENDAR
    """Whose days its daily and weekly candles are, and DAY orders last for."""
    files: tuple[Path, ...] = ()
    """The files the candles were read from; empty for made up ones."""

    @classmethod
    def of(
        cls,
        rows: Iterable[Row],
        symbol: str,
        timeframe: str,
        *,
        source: str = "embedded",
        origin: str = "",
    ) -> Series:
        """Return a series of candles given one by one, ascending, as many as the disk holds."""
        writer = ColumnWriter(Storage())
        writer.extend_rows(rows)
        return cls(symbol, timeframe, *writer.columns(), source=source, origin=origin)

    def __len__(self) -> int:
        return len(self.times)

    @property
    def length_ms(self) -> int:
        """Length of one candle in milliseconds."""
        return TIMEFRAME_MS[self.timeframe]

    @property
    def columns(self) -> Columns:
        """The six columns together."""
        return self.times, self.opens, self.highs, self.lows, self.closes, self.volumes

    def candles(self) -> Iterator[Candle]:
        """Return an iterator over the candles as objects, from the first one each time.

        It runs in C from the columns to the struct: the cheapest way there is in CPython.
        """
        if isinstance(self.times, Column):
            return chain.from_iterable(map(self._made_of, blocks(self.columns)))
        return self._made_of(self.columns)

    def _made_of(self, columns: Columns) -> Iterator[Candle]:
        return map(
            Candle,
            repeat(self.symbol),
            repeat(self.timeframe),
            *columns,
            repeat(self.source),
        )

    def between(self, start_ms: int | None, end_ms: int | None) -> Series:
        """Return the candles that start at or after `start_ms` and before `end_ms`."""
        low = 0 if start_ms is None else bisect_left(self.times, start_ms)
        high = len(self.times) if end_ms is None else bisect_left(self.times, end_ms)
        return Series(
            self.symbol,
            self.timeframe,
            self.times[low:high],
            self.opens[low:high],
            self.highs[low:high],
            self.lows[low:high],
            self.closes[low:high],
            self.volumes[low:high],
            self.source,
            self.origin,
            self.repairs,
            self.calendar,
            self.files,
        )

    @property
    def close_of(self) -> Callable[[int], int]:
        """From the start of a candle to the moment it closes, both in Unix milliseconds."""
        if self.calendar.is_fixed(self.timeframe):
            return self.length_ms.__add__  # C all the way: the feed asks for every candle
        return partial(self.calendar.close_of, timeframe=self.timeframe)

    def closed_at(self, now_ms: int) -> int:
        """Return how many candles have closed at or before `now_ms`."""
        count, close_of = bisect_right(self.times, now_ms), self.close_of
        while count and close_of(self.times[count - 1]) > now_ms:
            count -= 1
        return count

    def closed_before(self, now_ms: int, count: int) -> list[Candle]:
        """Return the last `count` candles that have closed at or before `now_ms`."""
        end = self.closed_at(now_ms)
        return self.part(max(0, end - count), end)

    def part(self, low: int, high: int) -> list[Candle]:
        """Return the candles from the `low`-th to before the `high`-th as objects."""
        return list(self._made_of(in_memory(self.columns, low, high)))  # type: ignore[arg-type]
