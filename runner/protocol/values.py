"""Read single values off the wire: words, amounts and times, each checked and bounded.

Nothing here knows a frame or an object. May import the vocabularies, decimals and times only.
Every refusal is a `WireError` that names the field and what was found there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from runner.protocol.decimals import exact
from runner.protocol.enums import (
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    TrailingType,
)
from runner.protocol.times import from_ms, to_ms
from runner.protocol.wire import Time

LEAST_FLOAT, LIMIT_FLOAT = 1e-28, 1e28
"""The bounds of a candle's or quote's prices, those of `decimals.exact`."""
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999
_SHOWN = 60

Word = TypeVar("Word", bound=StrEnum)


class WireError(ValueError):
    """Something on the wire could not be read; the text says what, and what it was."""

    def __init__(self, what: str, *, field: str = "") -> None:
        super().__init__(what)
        self.field = field


def shown(value: object) -> str:
    """Return the repr of what was found, cut to a length that fits into one line."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _words(kind: type[Word], *, lower: bool = True) -> dict[str, Word]:
    words = {member.value: member for member in kind}
    if lower:
        words |= {member.value.lower(): member for member in kind}
    return words


SIDES = _words(Side)
ORDER_TYPES = _words(OrderType)
TIMES_IN_FORCE = _words(TimeInForce)
TRAILING_TYPES = _words(TrailingType)
ORDER_STATUSES = _words(OrderStatus)
POSITION_SIDES = _words(PositionSide)


def word(words: Mapping[str, Word], value: str, field: str) -> Word:
    """Return the member that `value` spells; `field` names it in the error."""
    member = words.get(value)
    if member is None:
        known = ", ".join(sorted({known.value for known in words.values()}))
        raise WireError(f"{field} must be one of {known}, was {shown(value)}", field=field)
    return member


def amount(value: Decimal, field: str) -> Decimal:
    """Return a finite decimal within the wire's bounds."""
    try:
        return exact(value)
    except ValueError as problem:
        raise WireError(f"{field} {problem}"[:200], field=field) from None


def optional_amount(value: Decimal | None, field: str) -> Decimal | None:
    """Return None for None, and `amount` of anything else."""
    return None if value is None else amount(value, field)


def positive(value: Decimal, field: str) -> Decimal:
    """Return a decimal above zero within the wire's bounds."""
    number = amount(value, field)
    if number <= 0:
        raise WireError(f"{field} must be above zero, was {number}", field=field)
    return number


def required(value: Decimal | None, field: str) -> Decimal:
    """Return `amount` of a field that may be absent in the other dialect only."""
    if value is None:
        raise WireError(f"{field} is missing", field=field)
    return amount(value, field)


# Cached, because all frames of one step of a backtest bear the same times.
@lru_cache(maxsize=16)
def _parsed(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo in (UTC, None) else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WireError(f"a time must be RFC 3339 text, was {shown(text)}") from None


@lru_cache(maxsize=16)
def _parsed_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WireError(f"a time must be RFC 3339 text, was {shown(text)}") from None
    if moment.tzinfo is None:
        raise WireError(f"a time must carry an offset such as Z, was {shown(text)}")
    return _bounded(to_ms(moment), text)


def _bounded(milliseconds: int, found: Time) -> int:
    if not _FIRST_MS <= milliseconds <= _LAST_MS:
        raise WireError(f"a time must lie in the years 1 to 9999, was {shown(found)}")
    return milliseconds


def milliseconds(value: Time) -> int:
    """Return a wire time as Unix milliseconds, finer parts cut off."""
    if isinstance(value, str):
        return _parsed_ms(value)
    return _bounded(value, value)


def moment_of(value: Time) -> datetime:
    """Return a wire time as an aware UTC datetime; text without an offset is refused."""
    if isinstance(value, str):
        moment = _parsed(value)
        if moment.tzinfo is None:
            raise WireError(f"a time must carry an offset such as Z, was {shown(value)}")
        return moment
    return from_ms(milliseconds(value))


def sent_at(value: Time) -> datetime:
    """Return the time of a frame; text without an offset is taken as UTC."""
    if isinstance(value, str):
        moment = _parsed(value)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return from_ms(milliseconds(value))
