"""A Trading Gateway on the loop of a simulation: its time goes on by itself, and nothing is kept.

REST is the engine's own, over an exchange; who is connected is told what happens, and who is not
misses it. What it sends has ids or has none, as a seed wants it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from runner.engine.exchange import Exchange
from runner.engine.server.answers import Refusal, refuse
from runner.engine.server.dialect import NORMALISED
from runner.engine.server.port import Port
from runner.engine.server.rest import Endpoints
from runner.engine.server.security import Guard
from runner.engine.server.serving import OpenPort
from runner.engine.server.stream import Line, batch_of
from runner.protocol.codec import encode
from runner.protocol.commands import Command, ExitsResult, ModifyExits, Rejection, Reply
from runner.protocol.messages import BacktestComplete, Message
from tests.simulation.pipes import HOST
from tests.simulation.weather import REST_PORT, WS_PORT

PING_S = 15.0


class Venue:
    """Everything that a gateway does, as long as it lives."""

    version = "simulated"
    is_stopping = False

    def __init__(
        self,
        exchange: Exchange,
        *,
        tick_s: float,
        with_ids: bool,
        clock: Callable[[], datetime],
        open_port: OpenPort,
    ) -> None:
        self.exchange = exchange
        self.runs: dict[str, int] = {}
        self.trouble: list[str] = []
        self._tick_s = tick_s
        self._with_ids = with_ids
        self._clock = clock
        self._open_port = open_port
        self._lines: set[Line] = set()
        self._ports: list[Port] = []
        self._ticking: asyncio.Task[None] | None = None
        self._number = 0

    @property
    def has_strategy(self) -> bool:
        return bool(self._lines)

    @property
    def events(self) -> tuple[int, int]:
        return self._number, 0

    def rewind(self, run_id: str) -> int:
        raise Refusal("NOT_FOUND", f"a gateway has no run {run_id}")

    async def start(self) -> None:
        """Listen, and let time go on."""
        for number, routes in (
            (WS_PORT, [web.get("/", self._serve)]),
            (REST_PORT, Endpoints(self).routes(self._serve)),
        ):
            port = Port(
                Guard(),
                refuse=refuse,
                fail=lambda error: self.trouble.append(f"the venue failed: {error!r}"),
                elsewhere="",
            )
            self._ports.append(port)
            await port.open(self._open_port(HOST, number, option=""), routes)
        self._ticking = asyncio.create_task(self._tick())

    async def close(self) -> None:
        """Stop."""
        if self._ticking is not None:
            self._ticking.cancel()
        for line in list(self._lines):
            line.end(1001, "the venue closes")
        for port in self._ports:
            await port.close()

    def execute(self, command: Command) -> Reply:
        reply = self.exchange.execute(command)
        self._tell(self.exchange.drain())
        return reply

    def set_exits(self, position_id: str, exits: ModifyExits) -> ExitsResult | Rejection:
        result = self.exchange.set_exits(position_id, exits)
        self._tell(self.exchange.drain())
        return result

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        line = Line(ping=lambda: NORMALISED.ping(self._clock()), ping_seconds=PING_S)
        if await line.open(request):
            line.write(batch_of(NORMALISED.greet(self._clock(), None)))
            self._lines.add(line)
            try:
                await line.read(lambda _: None)
                self._lines.discard(line)
                await line.close()
            finally:
                self._lines.discard(line)
        return line.response

    async def _tick(self) -> None:
        while not self.exchange.finished:
            await asyncio.sleep(self._tick_s)
            self._tell(self.exchange.advance())

    def _tell(self, messages: list[Message]) -> None:
        frames = [self._frame(one) for one in messages if not isinstance(one, BacktestComplete)]
        if frames:
            for line in self._lines:
                line.write(batch_of(frames))

    def _frame(self, message: Message) -> bytes:
        self._number += 1
        event_id = f"evt-{self._number}" if self._with_ids else None
        return encode(message, event_id=event_id, timestamp=self._clock())
