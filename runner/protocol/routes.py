"""The REST interface as data: one table for the client that calls and the server that answers.

Templates use `{name}` for one path segment, as aiohttp's router does. Only the standard library
and msgspec may be imported here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec


class Route(NamedTuple):
    """One endpoint. Source: Trading API."""

    method: str
    path: str
    status: int
    """The status of success."""


ROUTES: dict[str, Route] = {
    "livez": Route("GET", "/livez", 200),
    "readyz": Route("GET", "/readyz", 200),
    "health": Route("GET", "/health", 200),
    "metrics": Route("GET", "/metrics", 200),
    "openapi": Route("GET", "/openapi.json", 200),
    "docs": Route("GET", "/docs", 200),
    "websocket": Route("GET", "/v1/ws", 101),
    "read_account": Route("GET", "/v1/account", 200),
    "submit_order": Route("POST", "/v1/orders", 201),
    "list_orders": Route("GET", "/v1/orders", 200),
    "cancel_all_orders": Route("DELETE", "/v1/orders", 200),
    "list_order_history": Route("GET", "/v1/orders/history", 200),
    "read_order": Route("GET", "/v1/orders/{order_id}", 200),
    "modify_order": Route("PATCH", "/v1/orders/{order_id}", 200),
    "cancel_order": Route("DELETE", "/v1/orders/{order_id}", 200),
    "list_positions": Route("GET", "/v1/positions", 200),
    "close_all_positions": Route("DELETE", "/v1/positions", 200),
    "read_position": Route("GET", "/v1/positions/{position_id}", 200),
    "modify_position": Route("PATCH", "/v1/positions/{position_id}", 200),
    "close_position": Route("DELETE", "/v1/positions/{position_id}", 200),
    "list_trades": Route("GET", "/v1/trades", 200),
    "read_quote": Route("GET", "/v1/quotes/{symbol}", 200),
    "list_bars": Route("GET", "/v1/bars/{symbol}", 200),
    "read_capabilities": Route("GET", "/v1/capabilities", 200),
    "read_status": Route("GET", "/v1/status", 200),
    "read_circuit_breakers": Route("GET", "/v1/circuit-breakers", 200),
    "rewind_run": Route("POST", "/v1/runs/{run_id}/rewind", 200),
    "reset_circuit_breakers": Route("POST", "/v1/circuit-breakers/reset", 200),
}
"""Every endpoint by name. `list_order_history` stands before `read_order`, because a router that
tries them in turn would otherwise take `history` for an order id."""

_PARAMETER = re.compile(r"\{(\w+)\}")


def build_path(name: str, *, query: Mapping[str, str] | None = None, **parameters: str) -> str:
    """Return the path of the route `name`, every parameter percent-encoded as one segment.

    `BTC/USD` becomes `BTC%2FUSD`, `S:AAPL` becomes `S%3AAAPL`; in a query, a plus sign becomes
    `%2B` so that it does not arrive as a space.

    Raises:
        KeyError: no such route, or a parameter is missing.
        ValueError: a parameter is empty, a dot segment, or not of this route.
    """
    route = ROUTES[name]
    unknown = parameters.keys() - set(_PARAMETER.findall(route.path))
    if unknown:
        raise ValueError(f"{name} has no parameter {', '.join(sorted(unknown))}")
    path = _PARAMETER.sub(lambda match: _segment(match[1], parameters[match[1]]), route.path)
    return f"{path}?{urlencode(query)}" if query else path


def _segment(name: str, value: str) -> str:
    # A client or proxy would fold "." and ".." into another path, whether encoded or not.
    if value in ("", ".", ".."):
        raise ValueError(f"{name} cannot stand in a path, was {value!r}")
    return quote(value, safe="")


class ErrorEnvelope(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every error answer. Source: Trading API."""

    code: str
    message: str
    details: Any = None


ERROR_STATUS: dict[str, int] = {
    "INVALID_REQUEST": 400,
    "INVALID_VALUE": 400,
    "VALIDATION_ERROR": 400,
    "UNAUTHORIZED": 401,
    "ORDER_NOT_FOUND": 404,
    "POSITION_NOT_FOUND": 404,
    "OCO_GROUP_NOT_FOUND": 404,
    "SYMBOL_NOT_FOUND": 404,
    "ORDER_NOT_MODIFIABLE": 409,
    "RESET_COOLDOWN": 409,
    "ORDER_REJECTED": 422,
    "RATE_LIMITED": 429,
    "INTERNAL_ERROR": 500,
    "UNSUPPORTED_OPERATION": 501,
    "PROVIDER_ERROR": 502,
    "PROVIDER_UNAVAILABLE": 503,
    "SHUTTING_DOWN": 503,
}
"""The HTTP status of each code of the envelope; `code` is an open set for readers."""
