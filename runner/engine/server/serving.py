"""The server itself: two ports, one strategy at a time, one fresh exchange for each of them.

The exchange of the next strategy stands ready before it connects, so that what it reads and places
over REST beforehand concerns the very run it is about to see. As soon as a run is over, the next
exchange takes its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Literal

from aiohttp import web

from runner.engine.exchange import Exchange
from runner.engine.server.answers import Refusal, refusal_of_status, refuse
from runner.engine.server.listen import address_of, listen
from runner.engine.server.replay import Replay
from runner.engine.server.rest import MAX_BODY, Endpoints
from runner.engine.server.security import Guard
from runner.engine.server.stream import Outcome, StrategySocket
from runner.errors import ConfigError

WS_PORT, REST_PORT = 8081, 8080
PING_SECONDS = 15.0
WS_PATHS = ("/", "/ws", "/v1/ws")
SHUTDOWN_SECONDS = 2.0
"""How long requests under way are awaited when the server stops."""
LINGER_SECONDS = 2.0
"""How long the state of the one run is left readable to clients that are still connected."""
LOOK_SECONDS = 0.01
"""How often it is looked whether they are gone."""

Ended = Literal["complete", "broken", "interrupted", "terminated"]
"""Why a server stopped: its one run ended, or broke off; or SIGINT; or SIGTERM."""
_FAREWELLS: dict[Outcome, tuple[int, str]] = {
    "complete": (1000, "backtest complete"),
    "broken": (1001, "engine shutting down"),
}
"""How a connection is closed; without effect where the strategy has closed it already."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _silent(_: str) -> None:
    pass


class EngineServer:
    """Serves the exchanges that `make_exchange` builds, one after another.

    `report` is told in one line what a person at the terminal should know. With `ping_seconds`
    zero there is no heartbeat. With `once`, the server is done after one run.
    """

    def __init__(
        self,
        make_exchange: Callable[[], Exchange],
        guard: Guard | None = None,
        *,
        ws_port: int = WS_PORT,
        rest_port: int = REST_PORT,
        once: bool = False,
        ping_seconds: float = PING_SECONDS,
        version: str = "",
        report: Callable[[str], None] = _silent,
    ) -> None:
        if ws_port == rest_port != 0:
            raise ConfigError(
                f"WebSocket and REST cannot share port {ws_port}",
                where="--ws-port and --rest-port",
                fix="give them different ports; the REST port answers WebSocket at /v1/ws as well",
                id="E374",
            )
        self.version = version
        self.ws_url = ""
        self.rest_url = ""
        self.is_stopping = False
        self._make_exchange = make_exchange
        self._guard = guard or Guard()
        self._ports = (ws_port, rest_port)
        self._once = once
        self._ping_seconds = ping_seconds
        self._report = report
        self._replay = Replay(make_exchange())
        self._strategy: StrategySocket | None = None
        self._runners: list[web.AppRunner] = []
        self._ending: asyncio.Task[None] | None = None
        self._done: asyncio.Future[Ended] | None = None

    @property
    def exchange(self) -> Exchange:
        """The exchange of the strategy that is connected, or of the next one to connect."""
        return self._replay.exchange

    def relay(self) -> None:
        """Send what commands have caused to the strategy; before it connects, that waits."""
        frames = self._replay.consequences()
        if frames and self._strategy is not None:
            self._strategy.write(frames)

    # Life of the server

    async def start(self) -> None:
        """Listen on both ports and know their URLs.

        Raises:
            ConfigError: the host is no address of this machine.
            MachineError: a port is in use, or refused by the machine.
        """
        self._done = asyncio.get_running_loop().create_future()
        host = self._guard.host
        stream = listen(host, self._ports[0], option="--ws-port")
        try:
            rest = listen(host, self._ports[1], option="--rest-port")
        except BaseException:
            stream.close()
            raise
        self.ws_url = f"ws://{address_of(stream, host)}"
        self.rest_url = f"http://{address_of(rest, host)}"
        sockets = [web.get(path, self._serve_strategy, allow_head=False) for path in WS_PATHS]
        where = ", ".join(WS_PATHS)
        await self._open(stream, sockets, f"WebSocket is at {where}; REST is at {self.rest_url}")
        routes = Endpoints(self).routes(self._serve_strategy)
        await self._open(rest, routes, f"WebSocket is at {self.ws_url}")

    async def _open(
        self, listener: socket.socket, routes: list[web.RouteDef], elsewhere: str
    ) -> None:
        port: int = listener.getsockname()[1]

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            hosts = request.headers.getall("Host", [])
            refusal = self._guard.refusal(request.headers, hosts, path=request.path, port=port)
            if refusal is not None:
                return refuse(refusal)
            try:
                return await handler(request)
            except Refusal as found:
                return refuse(found)
            except web.HTTPException as found:
                text = f"{request.method} {request.path[:200]}: {found.reason}; {elsewhere}"
                return refuse(refusal_of_status(found.status, text))
            except Exception as error:  # noqa: BLE001 - a fault of ours is answered, then raised
                self._fail(error)
                return refuse(Refusal("INTERNAL_ERROR", "the engine failed; see its own output"))

        app = web.Application(middlewares=[guarded], client_max_size=MAX_BODY)
        app.add_routes(routes)
        runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            lingering_time=1.0,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
        await runner.setup()
        self._runners.append(runner)
        await web.SockSite(runner, listener).start()

    async def wait(self) -> Ended:
        """Return why the server is done, once it is.

        Raises:
            Exception: whatever failed inside the engine itself.
        """
        if self._done is None:
            raise RuntimeError("start() comes before wait()")
        return await self._done

    def stop(self, why: Literal["interrupted", "terminated"]) -> None:
        """Tell the strategy that the engine is stopping, close its connection, and be done."""
        self.is_stopping = True
        if self._ending is None:
            self._ending = asyncio.create_task(self._stop(why))

    async def _stop(self, why: Literal["interrupted", "terminated"]) -> None:
        if self._strategy is not None:
            strategy = self._strategy
            strategy.disconnect()
            await strategy.is_gone.wait()
        self._finish(why)

    async def _leave(self, outcome: Outcome) -> None:
        # Whoever is still connected over REST may want to read how the account stands in the end.
        for _ in range(int(LINGER_SECONDS / LOOK_SECONDS)):
            if outcome != "complete" or not self._has_connections():
                break
            await asyncio.sleep(LOOK_SECONDS)
        self._finish(outcome)

    def _has_connections(self) -> bool:
        return any(runner.server and runner.server.connections for runner in self._runners)

    async def close(self) -> None:
        """Stop listening and end every connection."""
        self.is_stopping = True
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    def _finish(self, why: Ended) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(why)

    def _fail(self, error: Exception) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)

    # The strategy

    async def _serve_strategy(self, request: web.Request) -> web.StreamResponse:
        if self.is_stopping:
            raise Refusal("SHUTTING_DOWN", "the engine is shutting down")
        if self._strategy is not None:
            raise refusal_of_status(
                409, "a strategy is connected already, and an engine serves one at a time"
            )
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise refusal_of_status(426, f"{request.path} is a WebSocket; REST is {self.rest_url}")
        strategy = StrategySocket(
            self._replay, ping_seconds=self._ping_seconds, report=self._report
        )
        self._strategy = strategy
        try:
            await strategy.open(request)
            await self._replay_for(strategy)
        finally:
            if self._strategy is strategy:
                self._strategy = None
            strategy.is_gone.set()
        return strategy.response

    async def _replay_for(self, strategy: StrategySocket) -> None:
        self._report("a strategy has connected")
        try:
            outcome = await strategy.converse()
        except Exception as error:  # noqa: BLE001 - the socket must be closed before it is raised
            await strategy.close(1011, "the engine failed")
            self._fail(error)
            return
        # The next strategy may come in from here on, even before this one has answered the close.
        self._strategy = None
        self._run_over(outcome)
        await strategy.close(*_FAREWELLS[outcome])
        if self._once and self._ending is None:
            self._ending = asyncio.create_task(self._leave(outcome))

    def _run_over(self, outcome: Outcome) -> None:
        sent = self._replay.sent
        if outcome == "complete":
            self._report(f"the backtest is complete: {sent:,} events")
        elif not self.is_stopping:
            self._report(f"the strategy left after {sent:,} events, before the end")
        if self._once:
            self.is_stopping = True
        else:
            self._replay = Replay(self._make_exchange())


def serve_until_done(server: EngineServer, on_ready: Callable[[], None]) -> Ended:
    """Run a server until it is done, or until SIGINT or SIGTERM; `on_ready` runs once it listens.

    A second signal ends the process at once. Call it from the main thread.
    """
    return asyncio.run(_serve(server, on_ready))


async def _serve(server: EngineServer, on_ready: Callable[[], None]) -> Ended:
    loop = asyncio.get_running_loop()

    def stop(why: Literal["interrupted", "terminated"]) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        server.stop(why)

    if sys.platform != "win32":
        loop.add_signal_handler(signal.SIGINT, stop, "interrupted")
        loop.add_signal_handler(signal.SIGTERM, stop, "terminated")
    try:
        await server.start()
        on_ready()
        return await server.wait()
    finally:
        with contextlib.suppress(asyncio.TimeoutError):
            await server.close()
