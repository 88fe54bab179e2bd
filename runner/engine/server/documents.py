"""The two documents that describe the interface: for programs and, from the same data, for people.

Both are made once, when first asked for: most engines are never asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from runner.engine.server.interfaces import NORMALISED, Interface
from runner.engine.server.openapi import document
from runner.engine.server.page import page

_NOTHING_ELSE = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What the page may load and do: nothing but its own style."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def describe(
    version: str, symbols: Sequence[str], interface: Interface = NORMALISED
) -> dict[str, Handler]:
    """Return the handlers of both documents by the names of their routes.

    `symbols` are those that are served.
    """

    @cache
    def described() -> dict[str, Any]:
        return document(version, symbols, interface)

    @cache
    def encoded() -> bytes:
        return msgspec.json.encode(described())

    @cache
    def drawn() -> bytes:
        return page(described()).encode()

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=encoded(), content_type="application/json")

    async def docs(_: web.Request) -> web.Response:
        return web.Response(
            body=drawn(),
            content_type="text/html",
            charset="utf-8",
            headers={"Content-Security-Policy": _NOTHING_ELSE, "X-Frame-Options": "DENY"},
        )

    return {"openapi": openapi, "docs": docs}
