"""One port: the HTTP server behind it, who is let in, and how every failure is answered.

What answers a request is handed in as routes. Nothing about trading stands here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from runner.engine.server.answers import Refusal, refusal_of_status
from runner.engine.server.bodies import MAX_BODY
from runner.engine.server.door import Door
from runner.engine.server.listen import BACKLOG
from runner.engine.server.security import Guard

SHUTDOWN_SECONDS = 2.0
"""How long requests under way are awaited when the server stops."""
LINGER_SECONDS = 1.0
"""How long what a refused client still sends is read and thrown away, so that it sees why."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Port:
    """One port of a server.

    `refuse` writes a refusal in the server's dialect, `fail` is told of faults of our own, and
    `elsewhere` tells who knocks at the wrong path where to go.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        refuse: Callable[[Refusal], web.Response],
        fail: Callable[[Exception], None],
        elsewhere: str,
    ) -> None:
        self._guard = guard
        self._refuse = refuse
        self._fail = fail
        self._elsewhere = elsewhere
        self._door = Door()
        self._number = 0
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many connections are open."""
        server = None if self._runner is None else self._runner.server
        return 0 if server is None else len(server.connections)

    async def open(self, listener: socket.socket, routes: list[web.RouteDef]) -> None:
        """Serve `routes` on a listening socket, which then belongs to the port."""
        self._number = listener.getsockname()[1]
        app = web.Application(middlewares=[self._counted, self._guarded], client_max_size=MAX_BODY)
        app.add_routes(routes)
        self._runner = runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            lingering_time=LINGER_SECONDS,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
        await runner.setup()
        assert runner.server is not None
        self._door.open(runner.server)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._door, sock=listener, backlog=BACKLOG)

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _counted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = request.protocol
        self._door.enter(connection)
        try:
            return await handler(request)
        finally:
            self._door.leave(connection)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        hosts = request.headers.getall("Host", [])
        refusal = self._guard.refusal(request.headers, hosts, path=request.path, port=self._number)
        if refusal is not None:
            return self._refuse(refusal)
        try:
            return await handler(request)
        except Refusal as found:
            return self._refuse(found)
        except web.HTTPException as found:
            text = f"{request.method} {request.path[:200]}: {found.reason}; {self._elsewhere}"
            refused = self._refuse(refusal_of_status(found.status, text))
            if hdrs.ALLOW in found.headers:
                refused.headers[hdrs.ALLOW] = found.headers[hdrs.ALLOW]
            return refused
        except Exception as error:  # noqa: BLE001 - a fault of ours is answered, then raised
            # Who leaves while it is answered is no fault of ours; nobody reads what is said then.
            if not (isinstance(error, ConnectionError) and _has_left(request)):
                self._fail(error)
            return self._refuse(Refusal("INTERNAL_ERROR", "the engine failed; see its own output"))


def _has_left(request: web.Request) -> bool:
    transport = request.transport
    return transport is None or transport.is_closing()
