"""Quotes at rest: those of one symbol, held in columns as the candles of a series are.

A quote becomes an object only when it is delivered. Columns that are too long for memory rest in a
file. May import series, columns and messages.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from math import isinf
from pathlib import Path

from runner.engine.calendar import UTC_CALENDAR, Calendar
from runner.engine.columns import Columns, blocks
from runner.engine.joining import read_files
from runner.engine.repairs import NOTHING, Allowed, Repairs
from runner.engine.row_forms import QUOTES
from runner.errors import DataError
from runner.protocol.messages import Quote
from runner.protocol.times import iso_ms
from runner.storage import Storage


@dataclass(slots=True)
class QuoteSeries:
    """Quotes of one symbol, ascending by moment, no moment twice."""

    symbol: str
    times: Sequence[int]
    """Moments, Unix milliseconds, UTC."""
    bids: Sequence[float]
    asks: Sequence[float]
    bid_sizes: Sequence[float]
    """What can be sold at the bid; infinite where nobody has told."""
    ask_sizes: Sequence[float]
    """What can be bought at the ask; infinite where nobody has told."""
    lasts: Sequence[float]
    """The price in the middle of bid and ask."""
    source: str = "embedded"
    """Where the quotes come from, as the wire's `provider`."""
    origin: str = ""
    """The file the quotes were read from, for people."""
    repairs: Repairs = field(default_factory=Repairs)
    """What was repaired in that file, which is nothing unless it was asked for."""
    calendar: Calendar = UTC_CALENDAR
    """Whose days DAY orders last for."""
    files: tuple[Path, ...] = ()
    """The files the quotes were read from; empty for made up ones."""

    def __len__(self) -> int:
        return len(self.times)

    @property
    def columns(self) -> Columns:
        """The six columns together."""
        return self.times, self.bids, self.asks, self.bid_sizes, self.ask_sizes, self.lasts

    def quotes(self) -> Iterator[Quote]:
        """Yield the quotes as objects, from the first one each time."""
        for times, bids, asks, bid_sizes, ask_sizes, lasts in blocks(self.columns):
            yield from map(
                Quote,
                repeat(self.symbol),
                times,
                bids,
                asks,
                lasts,
                map(_known, bid_sizes),
                map(_known, ask_sizes),
                repeat(None),
                repeat(self.source),
            )

    def between(self, start_ms: int | None, end_ms: int | None) -> QuoteSeries:
        """Return the quotes of `start_ms` or later and before `end_ms`."""
        low = 0 if start_ms is None else bisect_left(self.times, start_ms)
        high = len(self.times) if end_ms is None else bisect_left(self.times, end_ms)
        return replace(
            self,
            times=self.times[low:high],
            bids=self.bids[low:high],
            asks=self.asks[low:high],
            bid_sizes=self.bid_sizes[low:high],
            ask_sizes=self.ask_sizes[low:high],
            lasts=self.lasts[low:high],
        )

    def last_at(self, now_ms: int) -> Quote | None:
        """Return the latest quote of `now_ms` or before; None before the first."""
        end = bisect_right(self.times, now_ms)
        if not end:
            return None
        only = replace(self, **{name: getattr(self, name)[end - 1 : end] for name in _COLUMNS})
        return next(only.quotes())


_COLUMNS = ("times", "bids", "asks", "bid_sizes", "ask_sizes", "lasts")


def read_quotes(
    files: Sequence[str | Path],
    symbol: str,
    shown: str,
    *,
    start_ms: int | None = None,
    end_ms: int | None = None,
    allowed: Allowed = NOTHING,
    storage: Storage | None = None,
    calendar: Calendar | None = None,
) -> QuoteSeries:
    """Return the quotes of data files from `start_ms` to before `end_ms`.

    A file is CSV, plain or packed, or Parquet. It names `timestamp`, `bid` and `ask`, and perhaps
    `bid_size` and `ask_size`. Every file is checked to its end, also outside the range.

    Args:
        files: one, or several that are one series together.
        symbol: the symbol the quotes belong to.
        shown: what to call the files together.
        start_ms: first moment, Unix milliseconds; None for no bound.
        end_ms: first moment no longer to return, Unix milliseconds; None for no bound.
        allowed: the repairs that may be made.
        storage: where columns rest that are too long for memory.
        calendar: whose clocks show the times without a zone; None refuses such times.

    Raises:
        DataError: E351 to E358, E361 to E368; a file cannot be read, or anything in it is wrong.
    """
    read = read_files(
        files,
        symbol,
        shown,
        allowed=allowed,
        storage=storage,
        calendar=calendar,
        form=QUOTES,
    )
    found = QuoteSeries(
        symbol,
        *read.columns,
        origin=read.origin,
        repairs=read.repairs,
        calendar=read.calendar,
        files=tuple(map(Path, files)),
    )
    chosen = found.between(start_ms, end_ms)
    if not chosen.times:
        bounds: Mapping[str, int | None] = {"from": start_ms, "to before": end_ms}
        asked = " ".join(f"{word} {iso_ms(one)}" for word, one in bounds.items() if one is not None)
        raise DataError(
            f"there is no quote of {symbol} {asked}",
            where=read.origin,
            why=f"the data runs from {iso_ms(found.times[0])} to {iso_ms(found.times[-1])}",
            fix="choose a range that overlaps it",
            id="E361",
        )
    return chosen


def _known(size: float) -> float | None:
    return None if isinf(size) else size
