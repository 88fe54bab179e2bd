"""What is in a data file: how much, from when to when, what is missing, and what looks wrong.

Nothing is refused that can be counted instead: rows that a run would refuse are told, with the
place of the first, and however many they are, only a few are kept. May import the CSV rooms, series
and times; shows nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from runner.engine.calendar import DAY_MS, Calendar
from runner.engine.csv_data import even_times, smallest_step
from runner.engine.joining import read_files
from runner.engine.repairs import Allowed, Repairs
from runner.engine.series import Series
from runner.protocol.enums import TIMEFRAME_MS

NO_LIMIT = 2**62
SHOWN = 5
"""Gaps and suspicious candles that are listed; the others are counted."""
JUMP = 1.5
"""An open this many times the close before, or the reverse, is suspicious."""
RANGE = 1.5
"""A high this many times the low is suspicious."""
_SATURDAY = 2
"""The first Saturday after 1970-01-01, a Thursday, in days."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Candles that are missing between two."""

    after_ms: int
    """Start of the candle before, Unix milliseconds."""
    before_ms: int
    missing: int


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A candle that may be wrong."""

    time_ms: int
    what: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one file holds."""

    series: Series
    """Its usable candles in order, without repeats."""
    timeframe: str | None
    """As its smallest step has it; None if that is no known timeframe."""
    step_ms: int
    gaps: int
    missing: int
    """Candles missing in all gaps."""
    weekends_left_out: bool
    """Whether weekends do not count as missing, since the file has none."""
    longest_gaps: tuple[Gap, ...]
    """The `SHOWN` longest ones, longest first."""
    suspicious: int
    suspicions: tuple[Suspicion, ...]
    """The first `SHOWN` of them."""
    off_grid: int
    """Candles that do not start a whole number of candles after the first."""
    without_volume: int
    without_movement: int
    """Candles whose four prices are equal."""

    @property
    def repairs(self) -> Repairs:
        """What a run would have to repair, or refuse."""
        return self.series.repairs


def inspect_files(
    files: Sequence[Path],
    shown: str,
    *,
    columns: Mapping[str, str] | None = None,
    calendar: Calendar | None = None,
) -> Inspection:
    """Return what is in a file, or in several that are one series, its days those of `calendar`.

    Raises:
        DataError: the file cannot be read as a table of candles at all; E351 to E354, E358, E362
            to E364.
    """
    allowed = Allowed(sort=True, dedupe=True, skip_bad=NO_LIMIT)
    name = files[0].name if len(files) == 1 else shown
    series = read_files(files, name, name, columns=columns, allowed=allowed, calendar=calendar)
    return inspect_series(series)


def inspect_series(series: Series) -> Inspection:
    """Return what is in a series; its own timeframe is not looked at."""
    step = smallest_step(series)
    known = {length: name for name, length in TIMEFRAME_MS.items()}
    times, calendar = even_times(series)
    weekends = any(_is_weekend(calendar.day(one)) for one in times)
    weekdays = None if weekends or step > DAY_MS else calendar
    gaps = missing = 0
    longest: list[Gap] = []
    for gap in _gaps(series.times, times, step, weekdays):
        gaps += 1
        missing += gap.missing
        if len(longest) < SHOWN or gap.missing > longest[-1].missing:
            longest = sorted([*longest, gap], key=lambda one: -one.missing)[:SHOWN]
    all_suspicions = _suspicions(series)
    suspicions = tuple(islice(all_suspicions, SHOWN))
    prices = zip(series.opens, series.highs, series.lows, series.closes, strict=True)
    first = times[0] if times else 0
    return Inspection(
        series=series,
        timeframe=known.get(step),
        step_ms=step,
        gaps=gaps,
        missing=missing,
        weekends_left_out=not weekends,
        longest_gaps=tuple(longest),
        suspicious=len(suspicions) + sum(1 for _ in all_suspicions),
        suspicions=suspicions,
        off_grid=sum((time - first) % step != 0 for time in times) if step else 0,
        without_volume=sum(volume == 0 for volume in series.volumes),
        without_movement=sum(high == low for _, high, low, _ in prices),
    )


def _is_weekend(day: int) -> bool:
    return (day - _SATURDAY) % 7 < 2


# `times` are the starts as they are counted; with `weekdays`, its weekends are no gaps.
def _gaps(
    starts: Sequence[int], times: Sequence[int], step: int, weekdays: Calendar | None
) -> Iterator[Gap]:
    for (start, before), (next_start, after) in pairwise(zip(starts, times, strict=True)):
        if 0 < step < after - before:
            missing = (after - before - 1) // step
            if weekdays is not None:
                missing -= _of_weekends(before + step, after, step, weekdays)
            if missing > 0:
                yield Gap(start, next_start, missing)


# Starts from `first` to before `end`, a step apart, that fall on a weekend.
def _of_weekends(first: int, end: int, step: int, calendar: Calendar) -> int:
    count = 0
    day = calendar.day(first)
    while (start := calendar.start_of(day)) < end:
        if _is_weekend(day):
            low = max(first, start)
            high = min(end, calendar.start_of(day + 1))
            # Starts below a bound, counted from the first: the bound's distance, rounded up.
            count += -((first - high) // step) + (first - low) // step
        day += 1
    return count


def _suspicions(series: Series) -> Iterator[Suspicion]:
    before = series.opens[0] if series.opens else 0.0
    rows = zip(series.times, series.opens, series.highs, series.lows, series.closes, strict=True)
    for time, open_, high, low, close in rows:
        if open_ > before * JUMP or before > open_ * JUMP:
            move = open_ / before - 1
            yield Suspicion(
                time, f"opens {abs(move):.0%} {'above' if move > 0 else 'below'} the close before"
            )
        elif high > low * RANGE:
            yield Suspicion(time, f"high is {high / low - 1:.0%} above low")
        before = close
