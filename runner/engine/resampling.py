"""Coarser candles from finer ones, and which candles of its data a run delivers.

A coarser candle is made of the finer ones that start in it, however many there are, and stands at
the moment at which it closes; nothing that closes later is part of it. The last one is left out
unless the data reaches its end: it would be another candle than the one that data tells of later.
Days begin at midnight and weeks on Monday in the calendar of the data. Shorter candles start at
whole multiples of their length since 1970-01-01T00:00Z, later by as much as the finer candles start
later than whole multiples of theirs.

Works block by block, so that only blocks are in memory. May import columns, series and errors.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from math import fsum
from typing import NamedTuple

from runner.engine.columns import ColumnWriter, Row, blocks
from runner.engine.series import Series
from runner.errors import ConfigError, DataError
from runner.protocol.admission import ANY_SYMBOL
from runner.protocol.enums import TIMEFRAME_MS
from runner.protocol.times import iso_ms
from runner.storage import Storage


class Selection(NamedTuple):
    """What a run needs of its data."""

    delivered: tuple[Series, ...]
    """In the order in which they are asked for."""
    unseen: tuple[Series, ...]
    """What orders meet and nobody has asked for: the finest candles of a symbol."""


def selected(
    series: Sequence[Series],
    wanted: Iterable[tuple[str, str | None]],
    *,
    storage: Storage | None = None,
) -> Selection:
    """Return the series that are asked for, made from finer ones where the data lacks them.

    Args:
        series: the data; of one symbol it may hold several timeframes.
        wanted: symbols, `*` for all, and timeframes, None for the finest of the data.
        storage: where made candles rest; None makes one.

    Raises:
        ConfigError: E322; the data cannot give a timeframe.
        DataError: E369; a candle of the data lies across the end of a coarser one.
    """
    storage = storage or Storage()
    by_symbol: dict[str, list[Series]] = {}
    for one in series:
        by_symbol.setdefault(one.symbol, []).append(one)
    delivered: dict[tuple[str, str], Series] = {}
    for symbol, timeframe in wanted:
        for name in by_symbol if symbol == ANY_SYMBOL else (symbol,):
            known = by_symbol.get(name, [])
            if not known:
                continue  # no data of this symbol: who reads the data has said so
            finest = min(known, key=lambda one: one.length_ms)
            length = timeframe or finest.timeframe
            if (name, length) not in delivered:
                ready = next((one for one in known if one.timeframe == length), None)
                delivered[name, length] = ready or resampled(finest, length, storage)
    finest_of = (min(known, key=lambda one: one.length_ms) for known in by_symbol.values())
    return Selection(
        tuple(delivered.values()),
        tuple(one for one in finest_of if (one.symbol, one.timeframe) not in delivered),
    )


def resampled(series: Series, timeframe: str, storage: Storage) -> Series:
    """Return the candles of `timeframe` that those of `series` make up.

    Raises:
        ConfigError: E322; the one length is no multiple of the other.
        DataError: E369; a candle starts in one of them and ends after it.
    """
    length = TIMEFRAME_MS[timeframe]
    if length < series.length_ms or length % series.length_ms:
        raise ConfigError(
            f"candles of {timeframe} cannot be made from candles of {series.timeframe}",
            where=f"subscriptions: {series.symbol}:candle_{timeframe}",
            why=f"{series.origin or 'the data'} of {series.symbol} has candles of "
            f"{series.timeframe}, and coarser ones are made of whole ones",
            fix=f"subscribe to {series.symbol}:candle_{series.timeframe}, or use finer data",
            id="E322",
        )
    writer = ColumnWriter(storage)
    writer.extend_rows(_rows(series, timeframe))
    return Series(
        series.symbol,
        timeframe,
        *writer.columns(),
        source=series.source,
        origin=series.origin,
        calendar=series.calendar,
    )


def _rows(series: Series, timeframe: str) -> Iterator[Row]:
    bounds, close_of = series.calendar.bounds, series.close_of
    shift = series.times[0] % series.length_ms if series.times else 0
    start = end = reached = 0
    first = high = low = last = 0.0
    volumes: list[float] = []
    for times, opens, highs, lows, closes, all_volumes in blocks(series.columns):
        at, count = 0, len(times)
        while at < count:
            if times[at] >= end:
                if volumes:
                    yield start, first, high, low, last, fsum(volumes)
                    volumes.clear()
                start, end = bounds(times[at], timeframe, shift_ms=shift)
                first, high, low = opens[at], highs[at], lows[at]
            until = bisect_left(times, end, at)
            high = max(high, max(highs[at:until]))
            low = min(low, min(lows[at:until]))
            last = closes[until - 1]
            volumes += all_volumes[at:until]
            reached = close_of(times[until - 1])
            if reached > end:
                raise _across(series, times[until - 1], timeframe, end)
            at = until
    if volumes and reached == end:
        yield start, first, high, low, last, fsum(volumes)


def _across(series: Series, start_ms: int, timeframe: str, end_ms: int) -> DataError:
    return DataError(
        f"the {series.timeframe} candle of {iso_ms(start_ms)} lies across the end of a candle of "
        f"{timeframe}, {iso_ms(end_ms)}",
        where=series.origin,
        why="to put it into one of them would show prices too early or too late",
        fix="use data whose candles end with it, or check data.timezone, or subscribe to "
        f"{series.symbol}:candle_{series.timeframe}",
        id="E369",
    )
