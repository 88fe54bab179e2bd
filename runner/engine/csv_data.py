"""Candles from a CSV file, checked to the last cell.

A backtest on a wrong number is worse than none: whatever cannot be read with certainty is an error
that names file, line, column, value and rule. What a candle's length may be, and which range was
asked for, is decided here; rows become columns one room below.

May import that room, series and vocabularies. Nothing is repaired, sorted or skipped unasked.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import islice
from operator import sub
from pathlib import Path

from runner.engine.calendar import DAY_MS, UTC_CALENDAR, Calendar
from runner.engine.joining import read_files
from runner.engine.repairs import NOTHING, Allowed
from runner.engine.series import Series
from runner.errors import DataError
from runner.protocol.enums import TIMEFRAME_MS
from runner.protocol.times import iso_ms
from runner.storage import Storage

_SHORT_DAY_MS = 23 * 3_600_000
"""The day on which clocks are put forward."""
_ZONE_FIX = "if these are days, name their time zone: --timezone America/New_York"
_NAME_FIX = "name it: data.timeframe, or RUNNER_DATA__TIMEFRAME=1d"


def read_csv(
    *files: str | Path,
    symbol: str,
    timeframe: str | None = None,
    likely: str | None = None,
    start_ms: int | None = None,
    end_ms: int | None = None,
    name: str = "",
    columns: Mapping[str, str] | None = None,
    allowed: Allowed = NOTHING,
    storage: Storage | None = None,
    calendar: Calendar | None = None,
) -> Series:
    """Return the candles of data files that start in the range `start_ms` to before `end_ms`.

    A file is plain text, packed as `.gz` or `.zst`, or Parquet. Its first line names the columns,
    in any order and case: `timestamp` (or `date`, `time`, `datetime`, `open_time`), `open`, `high`,
    `low`, `close`, and `volume`, which may be missing and is zero then; or `t,o,h,l,c,v`. Other
    columns are ignored. The twelve columns of Binance are known without a header.

    A timestamp is the start of its candle: ISO 8601 with a zone, a date (00:00 UTC, or of
    `calendar`), a time without a zone where there is a `calendar`, or a whole number of seconds,
    milliseconds, micro- or nanoseconds since 1970. Every file is checked to its end, also outside
    the range.

    Args:
        files: one, or several that are one series together.
        symbol: the symbol the candles belong to.
        timeframe: length of one candle; None takes the smallest step between two candles.
        likely: what is taken for it where there are too few candles to tell.
        start_ms: first start to return, Unix milliseconds; None for no bound.
        end_ms: first start no longer to return, Unix milliseconds; None for no bound.
        name: what to call the file in errors, or the files together; its path by default.
        columns: for `time`, `open`, `high`, `low`, `close` or `volume` the name of its column, or
            its number from 1 where the file has no header; None tells them from the header.
        allowed: the repairs that may be made; `Series.repairs` counts those that were.
        storage: where columns rest that are too long for memory; None makes one for this file.
        calendar: whose days the dates are, and whose clocks show the times without a zone; None
            for UTC dates and no such times.

    Raises:
        DataError: E351 to E359, E361 to E365; the file cannot be read, or anything in it is wrong.
    """
    shown = name or str(files[0])
    series = read_files(
        files,
        symbol,
        shown,
        columns=columns,
        allowed=allowed,
        storage=storage,
        calendar=calendar,
    )
    series.timeframe = _timeframe(series, timeframe, likely, shown)
    return _in_range(series, start_ms, end_ms)


def smallest_step(series: Series) -> int:
    """Return the least time between two neighbouring candles in milliseconds; 0 without two.

    Where every candle starts with a day of the series' calendar, a day counts as 24 hours.
    """
    times, _ = even_times(series)
    return min(map(sub, islice(times, 1, None), times), default=0)


def even_times(series: Series) -> tuple[Sequence[int], Calendar]:
    """Return starts a day of which has 24 hours, and the calendar that has the days of these.

    They are the starts of the series themselves, with its calendar, unless every candle starts
    with a day of it.
    """
    calendar = series.calendar
    if calendar.is_utc or not all(map(calendar.is_midnight, series.times)):
        return series.times, calendar
    return array("q", (calendar.day(one) * DAY_MS for one in series.times)), UTC_CALENDAR


def _timeframe(series: Series, given: str | None, likely: str | None, shown: str) -> str:
    times = series.times
    step = smallest_step(series)
    known = {length: name for name, length in TIMEFRAME_MS.items()}
    listed = ", ".join(TIMEFRAME_MS)
    if given is None and step not in known and len(times) <= 2:
        given = likely
    if given is None:
        if step in known:
            return known[step]
        what = (
            f"the smallest step between two candles is {duration(step)}"
            if step
            else ("there is only one candle")
        )
        raise DataError(
            f"the timeframe cannot be told: {what}",
            where=shown,
            why=f"a timeframe is one of {listed}",
            fix=_ZONE_FIX if step == _SHORT_DAY_MS else _NAME_FIX,
            id="E359",
        )
    if given not in TIMEFRAME_MS:
        raise DataError(f"timeframe must be one of {listed}, was {given!r}", where=shown, id="E359")
    # Two candles may have a weekend between them; three without one true step do not exist.
    if step and (step < TIMEFRAME_MS[given] or (len(times) > 2 and step != TIMEFRAME_MS[given])):
        raise DataError(
            f"timeframe {given} does not fit: "
            f"the smallest step between two candles is {duration(step)}",
            where=shown,
            why="a candle is delivered when it closes: a wrong length would show it too early",
            fix=f"use timeframe {known[step]}"
            if step in known
            else _ZONE_FIX
            if step == _SHORT_DAY_MS
            else "use other data",
            id="E359",
        )
    return given


def duration(milliseconds: int) -> str:
    """Return a length of time in its largest unit, such as `1.5 h`."""
    for length, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")):
        if milliseconds >= length:
            return f"{milliseconds / length:g} {unit}"
    return f"{milliseconds} ms"


def _in_range(series: Series, start_ms: int | None, end_ms: int | None) -> Series:
    if start_ms is None and end_ms is None:
        return series
    chosen = series.between(start_ms, end_ms)
    if not chosen.times:
        asked = [
            f"{word} {iso_ms(bound)}"
            for word, bound in (("from", start_ms), ("to before", end_ms))
            if bound is not None
        ]
        raise DataError(
            f"there is no candle of {series.symbol} {' '.join(asked)}",
            where=series.origin,
            why=f"the data runs from {iso_ms(series.times[0])} to {iso_ms(series.times[-1])}",
            fix="choose a range that overlaps it",
            id="E361",
        )
    return chosen
