"""What an answer of refusal says: from an HTTP status and the error envelope to a `Rejection`.

Pure. May import the protocol only.
"""

from __future__ import annotations

from typing import Any

from runner.protocol.codec import BodyError, decode_body
from runner.protocol.commands import Rejection
from runner.protocol.enums import RejectReason
from runner.protocol.routes import ErrorEnvelope

_WORDS = {
    **{reason.value: reason for reason in RejectReason},
    "INSUFFICIENT_FUNDS": RejectReason.INSUFFICIENT_BALANCE,
    "INVALID_SYMBOL": RejectReason.SYMBOL_NOT_TRADEABLE,
    "SYMBOL_NOT_FOUND": RejectReason.SYMBOL_NOT_TRADEABLE,
    "PRICE_OUT_OF_BOUNDS": RejectReason.INVALID_PRICE,
    "POSITION_SIZE_LIMIT_EXCEEDED": RejectReason.INVALID_QUANTITY,
}
_TEXT_SHOWN = 200


def envelope_of(status: int, body: bytes) -> ErrorEnvelope:
    """Return the error envelope of an answer, made up from the status where there is none."""
    try:
        return decode_body(body, ErrorEnvelope)
    except BodyError:
        text = body.decode("utf-8", "replace").strip()[:_TEXT_SHOWN]
        return ErrorEnvelope(f"HTTP_{status}", text or f"the peer answered HTTP {status}")


def rejection_of(status: int, body: bytes) -> Rejection:
    """Return what the peer refused and why."""
    envelope = envelope_of(status, body)
    return Rejection(
        status,
        envelope.code,
        envelope.message,
        reason_of(envelope.code, envelope.details),
        envelope.details,
    )


def reason_of(code: str, details: Any) -> str:
    """Return the `RejectReason` an envelope names, or the peer's own word for it.

    A reason stands in `details.reject_reason` or `details.reject_code`; failing that, a wrong
    value is told by `details.field`, and the rest by the code itself.
    """
    details = details if isinstance(details, dict) else {}
    for key in ("reject_reason", "reject_code"):
        word = details.get(key)
        if isinstance(word, str) and word:
            known = _WORDS.get(word.upper())
            return word if known is None else known.value
    field = details.get("field")
    if field == "quantity":
        return RejectReason.INVALID_QUANTITY.value
    if isinstance(field, str) and field.endswith("price"):
        return RejectReason.INVALID_PRICE.value
    return _WORDS.get(code, RejectReason.UNKNOWN).value
