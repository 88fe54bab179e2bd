"""The server itself: two ports, what answers on them, and how it ends.

Whoever connects over WebSocket is the business of `sessions`; a request over REST is that of the
endpoints. Nothing about trading stands here.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Literal, Protocol

from aiohttp import web

from runner.engine.exchange import Exchange
from runner.engine.server.answers import refuse as refuse_normalised
from runner.engine.server.dialect import RAW
from runner.engine.server.farewells import Outcome
from runner.engine.server.listen import address_of, listen
from runner.engine.server.port import Port
from runner.engine.server.raw_rest import RawEndpoints, refuse_raw
from runner.engine.server.replay import wall_clock
from runner.engine.server.rest import Endpoints
from runner.engine.server.rules import SessionRules
from runner.engine.server.security import Guard
from runner.engine.server.sessions import Sessions
from runner.errors import ConfigError
from runner.protocol.commands import Command, ExitsResult, ModifyExits, Rejection, Reply

WS_PORT, REST_PORT = 8081, 8080
PING_SECONDS = 15.0
LINGER_SECONDS = 2.0
"""How long the state of the one run is left readable to clients that are still connected, and the
end of the run is told to a strategy that comes back."""
LOOK_SECONDS = 0.01
"""How often it is looked whether they are gone."""

Ended = Literal["complete", "broken", "halted", "interrupted", "terminated"]
"""Why a server stopped: its one run ended, broke off, or was halted; or SIGINT; or SIGTERM."""


class OpenPort(Protocol):
    """Opens a port to listen on; `listen` does."""

    def __call__(self, host: str, port: int, *, option: str) -> socket.socket:
        """Return a socket that listens."""


def _silent(_: str) -> None:
    pass


class EngineServer:
    """Serves the exchanges that `make_exchange` builds, one after another.

    `report` is told in one line what a person at the terminal should know. With `ping_seconds`
    zero there is no heartbeat. With `once`, the server is done after one run. `clock` tells the
    moment that frames name, and `open_port` opens what is listened on.
    """

    def __init__(
        self,
        make_exchange: Callable[[], Exchange],
        guard: Guard | None = None,
        *,
        rules: SessionRules | None = None,
        ws_port: int = WS_PORT,
        rest_port: int = REST_PORT,
        once: bool = False,
        ping_seconds: float = PING_SECONDS,
        version: str = "",
        report: Callable[[str], None] = _silent,
        clock: Callable[[], datetime] = wall_clock,
        open_port: OpenPort = listen,
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
        self.runs: dict[str, int] = {"complete": 0, "broken": 0, "halted": 0}
        """Runs so far by how they ended."""
        self._guard = guard or Guard()
        self._ports = (ws_port, rest_port)
        self._open_port = open_port
        self._once = once
        self._rules = rules or SessionRules()
        self._sessions = Sessions(
            make_exchange,
            self._rules,
            once=once,
            ping_seconds=ping_seconds,
            report=report,
            on_end=self._run_over,
            clock=clock,
        )
        known, currency = self._rules.dialect.currency, self.exchange.ledger.currency
        if known is not None and currency != known:
            raise ConfigError(
                f"the {self._rules.dialect.name} dialect knows accounts in {known} only, "
                f"was {currency}",
                where="--dialect and exchange.currency",
                why=f"its frames name no currency, so a client would take the amounts for {known}",
                fix=f"set exchange.currency to {known}, or leave --dialect out",
                id="E376",
            )
        self.ports: list[Port] = []
        """Those it serves, while it does."""
        self._ending: asyncio.Task[None] | None = None
        self._done: asyncio.Future[Ended] | None = None

    @property
    def exchange(self) -> Exchange:
        """The exchange of the strategy that is connected, or of the next one to connect."""
        return self._sessions.exchange

    @property
    def is_stopping(self) -> bool:
        """Whether no strategy and no order is taken any more."""
        return self._sessions.is_stopping

    @property
    def has_strategy(self) -> bool:
        """Whether a strategy is connected."""
        return self._sessions.run.has_strategy

    @property
    def events(self) -> tuple[int, int]:
        """Events of the present run: sent, and not acknowledged yet."""
        replay = self._sessions.run.replay
        return replay.sent, replay.pending_count

    def execute(self, command: Command) -> Reply:
        """Carry out a command, and send what it has caused to the strategy.

        Before the strategy connects, that waits.
        """
        return self._sessions.run.execute(command)

    def set_exits(self, position_id: str, exits: ModifyExits) -> ExitsResult | Rejection:
        """Move the exits of a position, and send what that has caused to the strategy."""
        return self._sessions.run.set_exits(position_id, exits)

    def rewind(self, run_id: str) -> int:
        """Have a run begin anew, for a strategy that has lost its memory.

        Returns how many events the run had come to.

        Raises:
            Refusal: there is no such run, or the engine is stopping.
        """
        return self._sessions.rewind(run_id)

    # Life of the server

    async def start(self) -> None:
        """Listen on both ports and know their URLs.

        Raises:
            ConfigError: the host is no address of this machine.
            MachineError: a port is in use, or refused by the machine.
        """
        self._done = asyncio.get_running_loop().create_future()
        host = self._guard.host
        stream = self._open_port(host, self._ports[0], option="--ws-port")
        try:
            rest = self._open_port(host, self._ports[1], option="--rest-port")
        except BaseException:
            stream.close()
            raise
        self.ws_url = f"ws://{address_of(stream, host)}"
        self.rest_url = f"http://{address_of(rest, host)}"
        self._sessions.rest_url = self.rest_url
        serve = self._sessions.handle
        paths = self._rules.dialect.paths
        sockets = [web.get(path, serve, allow_head=False) for path in paths]
        where = ", ".join(paths)
        await self._open(stream, sockets, f"WebSocket is at {where}; REST is at {self.rest_url}")
        endpoints = RawEndpoints(self) if self._rules.dialect is RAW else Endpoints(self)
        routes = endpoints.routes(serve)
        await self._open(rest, routes, f"WebSocket is at {self.ws_url}")

    async def _open(
        self, listener: socket.socket, routes: list[web.RouteDef], elsewhere: str
    ) -> None:
        port = Port(
            self._guard,
            refuse=refuse_raw if self._rules.dialect is RAW else refuse_normalised,
            fail=self._fail,
            elsewhere=elsewhere,
        )
        self.ports.append(port)
        await port.open(listener, routes)

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
        if self._ending is None:
            self._ending = asyncio.create_task(self._stop(why))
            self._sessions.stop()

    async def _stop(self, why: Literal["interrupted", "terminated"]) -> None:
        await self._sessions.gone()
        self._finish(why)

    def _run_over(self, outcome: Outcome, error: Exception | None) -> None:
        if outcome in self.runs:
            self.runs[outcome] += 1
        if self._ending is not None:
            return
        if error is not None:
            self._ending = asyncio.create_task(self._surface(error))
        elif self._once and outcome != "failed":
            self._ending = asyncio.create_task(self._leave(outcome))

    async def _surface(self, error: Exception) -> None:
        await self._sessions.gone()  # the clients are told first
        self._fail(error)

    async def _leave(self, outcome: Literal["complete", "broken", "halted"]) -> None:
        await self._sessions.gone()
        # Whoever is still connected over REST may want to read how the account stands in the end,
        # and a strategy whose last connection broke comes back to hear that the run is complete.
        for _ in range(int(LINGER_SECONDS / LOOK_SECONDS)):
            if outcome != "complete" or not (self._has_connections() or self._sessions.is_awaited):
                break
            await asyncio.sleep(LOOK_SECONDS)
        self._finish(outcome)

    def _has_connections(self) -> bool:
        return any(port.connections for port in self.ports)

    async def close(self) -> None:
        """Stop listening and end every connection."""
        self._sessions.is_stopping = True
        for port in self.ports:
            await port.close()
        self.ports.clear()

    def _finish(self, why: Ended) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(why)

    def _fail(self, error: Exception) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)


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
