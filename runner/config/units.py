"""Text to values and back: numbers, durations, rates, moments, switches, choices.

Pure functions over what a person typed. Each refuses what it does not understand with `UnfitError`;
none guesses a unit, reads an octal number, or lets a number through that is not finite.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal

from runner.config.problems import nearest
from runner.protocol.decimals import exact, plain
from runner.protocol.times import iso


class UnfitError(ValueError):
    """A value that cannot stand: what is wrong, what to write, and which part of it (`at`)."""

    def __init__(self, what: str, hint: str = "", at: tuple[str | int, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.at = at


class ManyUnfitError(ValueError):
    """Several parts of one value that cannot stand."""

    def __init__(self, parts: Sequence[UnfitError]) -> None:
        super().__init__("; ".join(part.what for part in parts))
        self.parts = tuple(parts)


def shown(raw: object) -> str:
    """Return `raw` as it appears after "was": quoted if it is text, and of bounded length."""
    if raw is None or raw == "":
        return "empty"
    text = repr(raw) if isinstance(raw, str) else str(raw)
    return text if len(text) <= 60 else f"{text[:57]}..."


def parse_text(raw: object) -> str:
    """Return one non-empty line of text without surrounding blanks."""
    if not isinstance(raw, str):
        raw = "" if raw is None else str(raw)
    text: str = raw.strip()
    if not text:
        raise UnfitError("must not be empty", "write a value or remove the key")
    if not text.isprintable():
        raise UnfitError(f"must be one line of printable text, was {shown(text)}")
    return text


def parse_flag(raw: object) -> bool:
    """Return a switch. Only true and false are understood: yes, on and 1 are words elsewhere."""
    if isinstance(raw, bool):
        return raw
    if raw in ("true", "false"):
        return raw == "true"
    meant = str(raw).lower()
    hint = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}
    fix = hint.get(meant, meant if meant in ("true", "false") else "")
    raise UnfitError(f"must be true or false, was {shown(raw)}", f"write {fix}" if fix else "")


def parse_choice(raw: object, choices: Sequence[str]) -> str:
    """Return `raw` if it is one of `choices`, which are case-sensitive."""
    text = str(raw).strip() if raw is not None else ""
    if text in choices:
        return text
    near = nearest(text, choices)
    raise UnfitError(
        f"must be one of {', '.join(choices)}, was {shown(raw)}",
        f"did you mean {near}?" if near else "",
    )


_NUMBER = re.compile(r"[+-]?(\d+(_\d+)*)?(\.\d*)?([eE][+-]?\d{1,4})?", re.ASCII)


def parse_number(
    raw: object, *, low: Decimal | None = None, above: Decimal | None = None, high: Decimal
) -> Decimal:
    """Return an exact number that is at least `low`, more than `above` and at most `high`."""
    text = _number_text(raw, "a number")
    if not _NUMBER.fullmatch(text) or not any(c.isdigit() for c in text.lower().partition("e")[0]):
        raise UnfitError(f"must be a number, was {shown(raw)}", "write it like 1234.5")
    try:
        value = exact(text.replace("_", ""))
    except ValueError as error:
        raise UnfitError(f"{error}".partition(", was ")[0] + f", was {shown(raw)}") from None
    _check_bounds(value, raw, low, above, high)
    return value


_WHOLE = re.compile(r"[+-]?(0|[1-9]\d*(_\d+)*)", re.ASCII)


def parse_whole(raw: object, *, low: int, high: int) -> int:
    """Return a whole number within `low` and `high`."""
    text = _number_text(raw, "a whole number")
    if not _WHOLE.fullmatch(text) or len(text) > 20:
        octal = text.startswith("0") and text.isdigit()
        hint = f"write {text.lstrip('0') or '0'}" if octal else "write it like 1000"
        raise UnfitError(f"must be a whole number, was {shown(raw)}", hint)
    value = int(text.replace("_", ""))
    _check_bounds(Decimal(value), raw, Decimal(low), None, Decimal(high))
    return value


# What all numbers have in common: they are not empty, not a switch, and finite.
def _number_text(raw: object, kind: str) -> str:
    text = str(raw).strip() if raw is not None else ""
    if not text or isinstance(raw, bool):
        raise UnfitError(f"must be {kind}, was {shown(raw)}")
    if text.lower().lstrip("+-.") in ("nan", "inf", "infinity"):
        raise UnfitError(
            f"must be finite, was {shown(raw)}", "a limit that is not a number never acts"
        )
    return text


def _check_bounds(
    value: Decimal, raw: object, low: Decimal | None, above: Decimal | None, high: Decimal
) -> None:
    if above is not None and value <= above:
        raise UnfitError(f"must be more than {plain(above)}, was {shown(raw)}")
    if low is not None and value < low:
        raise UnfitError(f"must be at least {plain(low)}, was {shown(raw)}")
    if value > high:
        raise UnfitError(f"must be at most {plain(high)}, was {shown(raw)}")


DURATION_UNITS = {
    "us": Decimal("0.000001"),
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
DURATION_PATTERN = r"^(\d+(\.\d+)?|\.\d+)\s*(us|ms|s|m|h)?$"
_DURATION = re.compile(DURATION_PATTERN, re.ASCII)


def parse_duration(raw: object, *, low: float, high: float, zero: bool = False) -> float:
    """Return seconds, within `low` and `high` seconds, or 0 where `zero` allows it.

    A bare number means seconds; units are us, ms, s, m (minutes) and h.
    """
    text = _number_text(raw, "a duration")
    if re.match(r"-\s*[\d.]", text):
        raise UnfitError(f"must not be negative, was {shown(raw)}")
    match = _DURATION.match(text)
    if not match or len(text) > 20:
        raise UnfitError(f"must be a duration, was {shown(raw)}", "write it like 250ms, 30s or 5m")
    seconds = float(Decimal(match[1]) * DURATION_UNITS[match[3] or "s"])
    if zero and seconds == 0:
        return 0.0
    if not low <= seconds <= high:
        or_off = ", or 0 to turn it off" if zero else ""
        span = f"between {show_duration(low)} and {show_duration(high)}"
        raise UnfitError(f"must be {span}{or_off}, was {shown(raw)}")
    return seconds


def show_duration(seconds: float) -> str:
    """Return seconds in the largest unit that needs no fraction: 0.25 is 250ms."""
    exact_seconds = Decimal(repr(seconds))
    for unit in ("h", "m", "s", "ms", "us"):
        count = exact_seconds / DURATION_UNITS[unit]
        if exact_seconds and count == count.to_integral_value():
            return f"{plain(count)}{unit}"
    return f"{plain(exact_seconds)}s"


RATE_PATTERN = r"^(\d+(\.\d+)?|\.\d+)\s*(bps|%)$"
_RATE = re.compile(RATE_PATTERN, re.ASCII)
_ONE_PERCENT = Decimal("0.01")
_PER = {"bps": Decimal(10_000), "%": Decimal(100)}


def parse_rate(raw: object, *, whole: bool = False) -> Decimal:
    """Return a rate as an exact fraction (5 bps is 0.0005) below 1, or 1 where `whole` allows it.

    The unit is required.
    """
    text = _number_text(raw, "a rate")
    if re.match(r"-\s*[\d.]", text):
        raise UnfitError(f"must not be negative, was {shown(raw)}")
    match = _RATE.match(text)
    if match and len(text) <= 40:
        fraction = Decimal(match[1]) / _PER[match[3]]
        if fraction > 1 or (fraction == 1 and not whole):
            bound = "at most" if whole else "less than"
            raise UnfitError(f"must be {bound} 100%, was {shown(raw)}")
        return fraction
    if _NUMBER.fullmatch(text):
        raise UnfitError(
            f"needs a unit, was {shown(raw)}",
            f"write {text} bps (hundredths of a percent) or {text}%",
        )
    raise UnfitError(f"must be a rate, was {shown(raw)}", "write it like 5 bps or 0.05%")


def show_rate(fraction: Decimal) -> str:
    """Return a fraction as a rate: in percent from 1% on, in bps below."""
    if fraction >= _ONE_PERCENT:
        return f"{plain(fraction * 100)}%"
    return f"{plain(fraction * 10_000)} bps"


SPEED_PATTERN = r"^(max|realtime|(\d+(\.\d+)?|\.\d+)(x|/s)?)$"
_SPEED = re.compile(SPEED_PATTERN, re.ASCII)
SLOWEST, FASTEST = Decimal("0.001"), Decimal(10) ** 9


def parse_speed(raw: object) -> str:
    """Return a speed as `max`, `realtime`, `20/s` or `100x`; a bare number is steps a second."""
    text = str(raw).strip() if raw is not None else ""
    match = _SPEED.match(text)
    if not match:
        hint = "write max, 20/s (time steps a second), realtime, or a multiple of that: 100x"
        raise UnfitError(f"must be a speed, was {shown(raw)}", hint)
    if match[2] is None:
        return text
    number = parse_number(match[2], low=SLOWEST, high=FASTEST)
    return f"{plain(number)}{match[4] or '/s'}"


MOMENT_PATTERN = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?)?$"
_MOMENT = re.compile(MOMENT_PATTERN, re.ASCII)
LAST_MOMENT = time(23, 59, 59, 999_999)


_NOT_PORTABLE = ("localtime", "posixrules", "Factory")
"""Names that mean another zone on another machine, or none."""


def parse_timezone(raw: object) -> tzinfo:
    """Return a zone of the IANA database, by its name."""
    from zoneinfo import ZoneInfo, available_timezones  # most runs need no zone but UTC

    name = parse_text(raw)
    try:
        if name not in _NOT_PORTABLE:
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # KeyError: there is no such zone
        pass
    known = available_timezones()
    if not known:
        hint = "this machine has no database of time zones: pip install tzdata"
        raise UnfitError(f"cannot be looked up, was {shown(name)}", hint)
    near = nearest(name, sorted(known.difference(_NOT_PORTABLE)))
    raise UnfitError(
        f"must be a time zone such as America/New_York, was {shown(name)}",
        f"did you mean {near}?" if near else "",
    )


def parse_moment(raw: object, *, end: bool = False, zone: tzinfo = UTC) -> datetime:
    """Return an aware UTC datetime. A time without zone is one of `zone`.

    A bare date means its first moment, or its last one where it is the `end` of a range, so that
    the day named last is still part of the range.
    """
    if isinstance(raw, datetime):
        moment = raw
    else:
        text = raw.isoformat() if isinstance(raw, date) else str(raw or "").strip()
        if not _MOMENT.match(text):
            hint = "write it like 2024-01-31 or 2024-01-31T14:30:00Z"
            raise UnfitError(f"must be a date or a time, was {shown(raw)}", hint)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise UnfitError(f"is not in the calendar, was {shown(raw)}") from None
        if end and len(text) == 10:
            moment = datetime.combine(moment, LAST_MOMENT)
    zoned = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
    try:
        return zoned.astimezone(UTC)
    except OverflowError:
        raise UnfitError(f"is not in the calendar, was {shown(raw)}") from None


def show_moment(moment: datetime, *, end: bool = False) -> str:
    """Return a date where `parse_moment` reads it back as this very moment, else the full time."""
    if moment.time() == (LAST_MOMENT if end else time.min):
        return moment.date().isoformat()
    return iso(moment)
