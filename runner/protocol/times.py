"""Times: integer Unix milliseconds in the hot path, aware UTC datetimes everywhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Return Unix milliseconds as an aware UTC datetime."""
    return EPOCH + timedelta(milliseconds=ms)


def to_ms(moment: datetime) -> int:
    """Return an aware datetime as Unix milliseconds, finer parts cut off."""
    return (moment - EPOCH) // _MILLISECOND


def iso(moment: datetime) -> str:
    """Return RFC 3339 text in UTC with `Z`, with 0, 3 or 6 fractional digits."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text[:-3] if moment.microsecond and text.endswith("000") else text) + "Z"


def iso_ms(ms: int) -> str:
    """Return Unix milliseconds as RFC 3339 text in UTC."""
    return iso(from_ms(ms))
