"""Timestamps of a data file: one form per file, decided by its first row.

A time without a zone is refused: whoever guesses it moves every candle. Where the file's zone is
named, such times and dates are what a wall clock there shows. May import calendar and times only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import repeat
from operator import floordiv, sub
from typing import Final

from runner.engine.calendar import DAY_MS, UTC_CALENDAR, Calendar, WallClockError
from runner.protocol.times import EPOCH

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - what a wall clock shows has no zone
_MILLISECOND = timedelta(milliseconds=1)
_DATE_LENGTH = 10
_UNITS: Final = (
    # (name, first magnitude beyond it, numerator and denominator to milliseconds)
    ("seconds", 10**11, 1000, 1),
    ("milliseconds", 10**14, 1, 1),
    ("microseconds", 10**17, 1, 1000),
    ("nanoseconds", 10**20, 1, 1_000_000),
)
"""Numbers below 1e11 are seconds (to the year 5138), and so on, each a thousand times finer."""
LAST_MS = 253_402_300_799_999
"""The end of the year 9999: what a datetime can hold."""


class TimeError(ValueError):
    """A timestamp cannot be read; `why` gives the rule."""

    def __init__(self, what: str, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.why = why
        self.fix = fix


class _WallTimeError(TimeError):
    """A wall clock never shows a time, or shows it twice."""


class TimeReader:
    """Turns the timestamps of one file into Unix milliseconds.

    Dates are days of `calendar`, and times without a zone are read off its clocks; without a
    calendar dates are UTC, and such times are refused.
    """

    def __init__(self, calendar: Calendar | None = None) -> None:
        self.calendar = calendar
        self._read: Callable[[str], int] | None = None
        self._form = ""

    def take_microseconds(self, *, dates: bool = False, wall: bool = False) -> TimeReader:
        """Read whole microseconds since 1970, however few of them, and return the reader.

        Args:
            dates: the microseconds are the first of a day of the calendar, as if it were UTC.
            wall: they are what a clock of the calendar shows, as if it were UTC.
        """
        read = _number("microseconds", 0, 10**20, 1, 1000)
        calendar = self.calendar
        self._form = "a number of microseconds"
        if dates and calendar is not None:
            self._read = lambda text: calendar.start_of(read(text) // DAY_MS)
        elif wall and calendar is not None:
            self._read = lambda text: _wall(_NAIVE_EPOCH + read(text) * _MILLISECOND, calendar)
        else:
            self._read = read
        return self

    def column(self, texts: Sequence[str]) -> list[int]:
        """Return a column of timestamps.

        Raises:
            TimeError: at least one of them cannot be read.
        """
        if self._read is None:
            self._form, self._read = self._form_of(texts[0])
        try:
            if self._read is _moment and texts[0] == texts[0].strip():
                return list(_moments(texts))
            return list(map(self._read, texts))
        except (ValueError, TypeError, OverflowError) as error:
            raise TimeError(str(error)) from None

    def one(self, text: str) -> int:
        """Return one timestamp.

        Raises:
            TimeError: it cannot be read, or is written unlike those before.
        """
        if self._read is not None:
            try:
                return self._read(text)
            except _WallTimeError:
                raise
            except (ValueError, TypeError, OverflowError):
                pass  # find out below what it is instead
        form, read = self._form_of(text)
        if self._read is None:
            self._form, self._read = form, read
        if form != self._form:
            raise TimeError(
                f"timestamp must be {self._form} like those before, was {form}: {text!r}",
                "one file has one kind of timestamp",
                "write all of them alike",
            )
        return read(text)

    def _form_of(self, text: str) -> tuple[str, Callable[[str], int]]:
        text = text.strip()
        digits = text[1:] if text[:1] == "-" else text
        if digits.isdecimal() and digits.isascii() and not _is_compact_date(digits):
            return _unit_of(int(text))
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise _unreadable(text) from None
        calendar = self.calendar
        if moment.tzinfo is not None:
            return "a moment with its zone", _moment
        if len(text) <= _DATE_LENGTH:
            start_of = (calendar or UTC_CALENDAR).start_of
            return "a date", lambda text: start_of(_day(text))
        if calendar is not None:
            return "a time without a zone", lambda text: _wall(_naive(text), calendar)
        raise TimeError(
            f"timestamp must name its zone, was {text!r}",
            "without one nobody knows which moment it means",
            f"write {text}Z for UTC or an offset such as {text}-05:00, or name the zone of the "
            "file: --timezone America/New_York",
        )


def _is_compact_date(digits: str) -> bool:
    # 20240131 is a date, not the 23rd of August 1970 in seconds.
    return len(digits) == 8 and digits[:2] in ("19", "20") and digits[4:6] <= "12"


def _unit_of(number: int) -> tuple[str, Callable[[str], int]]:
    low = 0
    for name, high, numerator, denominator in _UNITS:
        if abs(number) < high:
            return f"a number of {name}", _number(name, low, high, numerator, denominator)
        low = high
    raise TimeError(f"timestamp is out of bounds, was {number}")


def _number(
    name: str, low: int, high: int, numerator: int, denominator: int
) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not low <= abs(number) < high:
            raise TimeError(f"timestamp must be a number of {name} like those before, was {text!r}")
        milliseconds = number * numerator // denominator
        if milliseconds > LAST_MS:
            raise TimeError(f"timestamp is later than the year 9999, was {text!r}")
        return milliseconds

    return read


def _moment(text: str) -> int:
    # Subtracting a naive datetime from an aware one raises: a missing zone cannot slip through.
    return (datetime.fromisoformat(text.strip()) - EPOCH) // _MILLISECOND


def _moments(texts: Sequence[str]) -> Iterator[int]:
    # The same for a column without spaces, in C.
    since = map(sub, map(datetime.fromisoformat, texts), repeat(EPOCH))
    return map(floordiv, since, repeat(_MILLISECOND))


def _day(text: str) -> int:
    return date.fromisoformat(text.strip()).toordinal() - _EPOCH_DAY


def _naive(text: str) -> datetime:
    text = text.strip()
    if len(text) <= _DATE_LENGTH:
        raise ValueError("a date among times")
    return datetime.fromisoformat(text)


def _wall(local: datetime, calendar: Calendar) -> int:
    # A moment with a zone among times without one raises a TypeError in here.
    try:
        return calendar.moment(local)
    except WallClockError as error:
        fix = "write times with their offset, or check the time zone"
        if error.offsets:
            fix = "write which one is meant: " + " or ".join(error.offsets)
        raise _WallTimeError(
            f"timestamp is no moment: {error}", "the clocks are changed that day", fix
        ) from None


def _unreadable(text: str) -> TimeError:
    if not text:
        return TimeError("timestamp is empty")
    fix = "write 2024-01-31T14:30:00Z, 2024-01-31 or 1706711400"
    if text.replace(".", "", 1).isdecimal():
        fix = "write whole numbers, without a fraction"
    elif "/" in text:
        return TimeError(
            f"timestamp is not ISO 8601, was {text!r}",
            "day and month cannot be told apart in such dates",
            "write 2024-01-31",
        )
    return TimeError(f"timestamp cannot be read, was {text!r}", "", fix)
