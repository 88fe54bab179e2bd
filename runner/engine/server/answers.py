"""The HTTP answers of the engine: JSON bodies, and one error envelope for everything refused.

May import aiohttp's response types and the protocol; never the exchange.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import web

from runner.protocol.codec import BodyError, encode_body
from runner.protocol.commands import Rejection
from runner.protocol.enums import RejectReason
from runner.protocol.routes import ERROR_STATUS, ErrorEnvelope

_JSON = msgspec.json.Encoder()
HTTP_CODES = {
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "STRATEGY_CONNECTED",
    415: "UNSUPPORTED_MEDIA_TYPE",
    426: "UPGRADE_REQUIRED",
}
"""Codes of refusals that concern HTTP itself; the protocol names none for them."""
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 426: {"Upgrade": "websocket"}}
"""What HTTP wants to stand beside certain statuses."""


class Refusal(Exception):
    """A request that is answered with an error envelope."""

    def __init__(
        self, code: str, message: str, *, details: Any = None, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.envelope = ErrorEnvelope(code, message, details)
        self.status = ERROR_STATUS[code] if status is None else status


def answer(body: msgspec.Struct | Iterable[msgspec.Struct], *, status: int = 200) -> web.Response:
    """Return the protocol's objects as JSON."""
    return web.Response(body=encode_body(body), status=status, content_type="application/json")


def refuse(refusal: Refusal) -> web.Response:
    """Return an error envelope with its status."""
    return web.Response(
        body=_JSON.encode(refusal.envelope),
        status=refusal.status,
        headers=_HEADERS.get(refusal.status),
        content_type="application/json",
    )


def refusal_of_status(status: int, message: str) -> Refusal:
    """Return the refusal of a request that HTTP's own rules turn away."""
    return Refusal(HTTP_CODES.get(status, "INVALID_REQUEST"), message, status=status)


def refusal_of_body(problem: BodyError) -> Refusal:
    """Return the refusal of a body that could not be read."""
    details = {"field": problem.field} if problem.field else None
    if details is not None and problem.provided is not None:
        details["provided"] = problem.provided
    return Refusal(problem.code, str(problem), details=details)


def refusal_of_command(rejection: Rejection) -> Refusal:
    """Return the refusal of a command that the exchange did not carry out.

    The reason is added to the details, so that the strategy reads the same one as in process.
    """
    details = rejection.details
    if rejection.reason != RejectReason.UNKNOWN:
        details = {**(details or {}), "reject_reason": rejection.reason}
    return Refusal(rejection.code, rejection.message, details=details, status=rejection.status)


def not_found(resource: str, id: str) -> Refusal:
    """Return the refusal of a request about something that does not exist."""
    return Refusal(
        f"{resource.upper()}_NOT_FOUND",
        f"{resource.capitalize()} not found: {id}",
        details={"resource": resource, "id": id},
    )
