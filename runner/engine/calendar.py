"""Calendar days and weeks in one time zone: when they begin, and which of them a moment is in.

A day of a zone that changes its clocks may have 23 or 25 hours. What is counted in days here (DAY
orders, daily candles, gaps) is counted in these. The zones are those of the IANA database, which
the system has or the package `tzdata` brings. May import errors and times only; UTC, the default,
needs no database and costs no more than a division.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from runner.errors import DataError
from runner.protocol.enums import TIMEFRAME_MS
from runner.protocol.times import from_ms, to_ms

DAY_MS = 86_400_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall clock readings have no zone
_MILLISECOND = timedelta(milliseconds=1)
_MONDAY = 4
"""The first Monday after 1970-01-01, a Thursday, in days."""
_CALENDAR_UNITS = {"1d": 1, "1w": 7}
"""The timeframes that are days of the calendar, not hours of a clock, with their days."""


class WallClockError(ValueError):
    """A wall clock never shows this time, or shows it twice; `offsets` are those of the two."""

    def __init__(self, what: str, offsets: tuple[str, str] | None = None) -> None:
        super().__init__(what)
        self.offsets = offsets


class Calendar:
    """The days of one time zone. Two calendars of the same zone are equal."""

    __slots__ = ("_known", "_offsets", "_zone", "name")

    def __init__(self, name: str = "UTC") -> None:
        """Take the zone of the IANA database called `name`.

        Raises:
            DataError: E366; there is no such zone, or no database.
        """
        self.name = name
        self._zone: tzinfo = UTC if name == "UTC" else _zone(name)
        # The day asked for last: candles come by time, so that it is nearly always the same one.
        self._known = (0, 0, 0)
        self._offsets: dict[int, int | None] = {}
        # By day of the wall clock its distance to UTC in milliseconds; None where it changes.

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Calendar({self.name!r})"

    @property
    def is_utc(self) -> bool:
        """Whether every day has 24 hours and begins at 00:00 UTC."""
        return self._zone is UTC

    def day(self, ms: int) -> int:
        """Return the day of a moment, as days since 1970-01-01."""
        if self._zone is UTC:
            return ms // DAY_MS
        low, high, day = self._known
        if low <= ms < high:
            return day
        day = self.wall(ms) // DAY_MS
        self._known = (self.start_of(day), self.start_of(day + 1), day)
        return day

    def start_of(self, day: int) -> int:
        """Return the first moment of a day in Unix milliseconds: 00:00, where its clock shows it.

        Where the clock jumps over midnight that is the moment it jumps, and where it shows midnight
        twice, the first time.
        """
        if self._zone is UTC:
            return day * DAY_MS
        try:
            first = date.fromordinal(day + _EPOCH_DAY)
            return to_ms(datetime.combine(first, time.min, tzinfo=self._zone))
        except (ValueError, OverflowError):  # beyond the years 1 to 9999
            return day * DAY_MS

    def is_midnight(self, ms: int) -> bool:
        """Tell whether a day begins at this moment."""
        return self.start_of(self.day(ms)) == ms

    def is_fixed(self, timeframe: str) -> bool:
        """Tell whether all candles of a timeframe are equally long, by the clock."""
        return self._zone is UTC or timeframe not in _CALENDAR_UNITS

    def close_of(self, start_ms: int, timeframe: str) -> int:
        """Return when a candle that starts at `start_ms` closes, in Unix milliseconds.

        A daily or weekly candle that starts with a day of this calendar ends with one; any other
        has the length of its timeframe.
        """
        days = _CALENDAR_UNITS.get(timeframe)
        if days is not None and not self.is_utc:
            day = self.day(start_ms)
            if self.start_of(day) == start_ms:
                return self.start_of(day + days)
        return start_ms + TIMEFRAME_MS[timeframe]

    def bounds(self, ms: int, timeframe: str, *, shift_ms: int = 0) -> tuple[int, int]:
        """Return start and end of the candle of `timeframe` that the moment `ms` is part of.

        Days begin at midnight and weeks on Monday, in this calendar; shorter candles start
        `shift_ms` after whole multiples of their length since 1970-01-01T00:00Z, whatever the zone.
        """
        days = _CALENDAR_UNITS.get(timeframe)
        if days is None:
            length = TIMEFRAME_MS[timeframe]
            start = ms - (ms - shift_ms) % length
            return start, start + length
        day = self.day(ms)
        if days == 7:
            day -= (day - _MONDAY) % 7
        return self.start_of(day), self.start_of(day + days)

    def moment(self, local: datetime) -> int:
        """Return what a wall clock of the zone shows, without a zone, in Unix milliseconds.

        Raises:
            WallClockError: it never shows that, or twice, because it is changed.
        """
        wall = (local - _NAIVE_EPOCH) // _MILLISECOND
        day = wall // DAY_MS
        try:
            offset = self._offsets[day]
        except KeyError:
            offset = self._offsets[day] = self._offset_of(day)
        return wall - offset if offset is not None else self._moment_of_change(local)

    def wall(self, ms: int) -> int:
        """Return what a wall clock of the zone shows at a moment, as though that were UTC."""
        if self._zone is UTC:
            return ms
        try:
            local = from_ms(ms).astimezone(self._zone).replace(tzinfo=None)
        except OverflowError:  # beyond the years 1 to 9999
            return ms
        return (local - _NAIVE_EPOCH) // _MILLISECOND

    def _offset_of(self, day: int) -> int | None:
        start, end = self.start_of(day), self.start_of(day + 1)
        return day * DAY_MS - start if end - start == DAY_MS else None

    def _moment_of_change(self, local: datetime) -> int:
        first = local.replace(tzinfo=self._zone, fold=0)
        second = local.replace(tzinfo=self._zone, fold=1)
        if first.utcoffset() == second.utcoffset():
            return to_ms(first)
        shown = local.isoformat(" ")
        if first.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != local:
            raise WallClockError(f"no clock in {self.name} ever shows {shown}")
        raise WallClockError(
            f"a clock in {self.name} shows {shown} twice",
            (first.isoformat(), second.isoformat()),
        )


UTC_CALENDAR = Calendar()
"""Days of 24 hours from 00:00 UTC."""


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # not needed where everything is UTC

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError(
            f"there is no time zone {name!r} on this machine",
            why="zones are called as in the IANA database, such as America/New_York",
            fix="check the name; if it is right, the database is missing: pip install tzdata",
            id="E366",
        ) from None
