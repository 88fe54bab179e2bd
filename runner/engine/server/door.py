"""The connections to one port: how many there may be, and how long a request may take to arrive.

A client that opens sockets and says nothing, or says it one byte at a time, costs an engine its
file descriptors. So a connection has to bring its first request within `HEAD_SECONDS`, and where
too many are open, the one that has been idle longest makes room. Whoever is being answered (a
strategy on its WebSocket is) is never cut off. May import aiohttp; nothing is decided about
requests here.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

HEAD_SECONDS = 10.0
"""How long the head of a connection's first request is awaited."""
MAX_CONNECTIONS = 256
"""Open connections per port: many more than one strategy and its observers take, and well below
what a process may have open."""


class Door:
    """Lets connections in, and has those leave that are idle."""

    def __init__(self) -> None:
        self._server: web.Server | None = None
        self._heard: set[web.RequestHandler] = set()
        """Connections that have brought a whole head of a request."""
        self._busy: set[web.RequestHandler] = set()
        """Those that are being answered."""
        self._entering: set[web.RequestHandler] = set()
        """Those that were accepted and do not stand yet: a burst is accepted in one go."""
        self._leaving: set[web.RequestHandler] = set()
        """Those that were cut and still stand."""

    def open(self, server: web.Server) -> None:
        """Let connections in to `server`."""
        self._server = server

    def __call__(self) -> asyncio.Protocol:
        """Return what handles a new connection."""
        assert self._server is not None
        loop = asyncio.get_running_loop()
        standing = self._server.connections
        self._leaving.intersection_update(standing)
        is_full = len(standing) - len(self._leaving) + len(self._entering) >= MAX_CONNECTIONS
        if is_full and not self._make_room(standing):
            return _Refused()
        handler = self._server()
        # It stands with the next turn of the loop, so it is counted with the one after that.
        self._entering.add(handler)
        loop.call_soon(loop.call_soon, self._entering.discard, handler)
        loop.call_later(HEAD_SECONDS, self._check, handler)
        return handler

    def enter(self, handler: web.RequestHandler) -> None:
        """Note that a request has arrived and is being answered."""
        self._heard.add(handler)
        self._busy.add(handler)

    def leave(self, handler: web.RequestHandler) -> None:
        """Note that a request has been answered."""
        self._busy.discard(handler)
        if len(self._heard) > 2 * MAX_CONNECTIONS and self._server is not None:
            self._heard.intersection_update(self._server.connections)

    def _check(self, handler: web.RequestHandler) -> None:
        if handler not in self._heard:
            _cut(handler)

    def _make_room(self, standing: list[web.RequestHandler]) -> bool:
        # The oldest come first; one that has brought nothing yet goes before one that has.
        idle = [one for one in standing if one not in self._busy and one not in self._leaving]
        silent = next((one for one in idle if one not in self._heard), None)
        chosen = silent or next(iter(idle), None)
        if chosen is None:
            return False
        self._leaving.add(chosen)
        _cut(chosen)
        return True


class _Refused(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


def _cut(handler: web.RequestHandler) -> None:
    if handler.transport is not None:
        handler.transport.abort()
