"""The whole program in one process, on a network and a clock that exist in memory only.

The real driver with the real `websockets` and HTTP code, against the real engine server, with
everything in between that can go wrong. The program blocks, as ever; whenever it waits, the loop of
the server runs until there is something for it. One thread, no clock: a seed is always one and the
same run. What a seed draws is also played by the session alone, undisturbed, and both must come to
the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.server import EngineServer, SessionRules
from runner.errors import RunnerError
from runner.protocol.commands import Command, ReadState, Reply
from runner.session import Session, Stop
from runner.transports import network
from runner.transports.rest import RestClient
from runner.transports.settings import ConnectionSettings
from runner.transports.stop import StopRequest
from runner.transports.websocket import run_websocket
from tests.helpers import START, START_MS, set_up
from tests.simulation import weather as w
from tests.simulation.history import Answered, Asked, Entry
from tests.simulation.net import Net
from tests.simulation.pipes import HOST
from tests.simulation.scenario import Fault, Scenario, draw
from tests.simulation.tap import Tap
from tests.simulation.trader import Trader
from tests.simulation.virtual_time import START_S, SimLoop, Stuck
from tests.simulation.weather import REST_PORT, WS_PORT, Weather
from tests.simulation.world import result_of

SETTINGS = ConnectionSettings(spin_us=0.0, guard_after_s=3600.0)
"""The product's own, but for what needs a second processor or thread."""
RESUME_S = 120.0
_RESTART_S = 3.0
_AFTERMATH_S = 90.0
"""After so long everything that an engine has begun is over."""
_ENGINE_ENDS_WITHIN_S = 75.0
"""The longest that an engine waits for the end to be acknowledged, and some time to part."""


def scenario_of(seed: int) -> Scenario:
    """Return what a seed stands for where the program itself is played."""
    return replace(
        draw(seed), is_backtest=True, one_symbol=False, with_ids=True, withheld=frozenset()
    )


@dataclass
class Outcome:
    """A run of the whole program that is over."""

    why: str
    exit_code: int
    entries: list[Any]
    result: tuple[object, ...]
    met: list[Fault]
    took_s: float
    """In virtual seconds."""
    runs: dict[str, int]
    """How the engine's runs ended."""
    trouble: list[str]
    """What the loop, the engine and the network complain about."""
    exchanges: list[Exchange]
    """The peer's, one for each of its lives."""
    session: Session

    @property
    def is_one_peer(self) -> bool:
        """Whether the peer has lived through the whole run."""
        return all(one.kind != w.RESTART for one in self.met)

    @property
    def digest(self) -> str:
        """A hash of all that happened, and when."""
        said = repr((self.why, self.entries, self.result, self.met, self.took_s))
        return hashlib.sha256(said.encode()).hexdigest()


class Noting:
    """Carries out commands over REST, and writes down what came of them."""

    def __init__(self, rest: RestClient, entries: list[Entry]) -> None:
        self._rest = rest
        self._entries = entries

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rest, name)

    def execute(self, command: Command) -> Reply:
        if isinstance(command, ReadState):
            return self._rest.execute(command)
        self._entries.append(_asked(command))
        reply = self._rest.execute(command)
        self._entries.append(Answered(command, reply))
        return reply


def _asked(command: Command) -> Asked:
    return Asked(command, "", "ACTIVE", 0, None, Decimal(0), 0)


@contextmanager
def in_memory(net: Net) -> Iterator[None]:
    """Have the program use a network in memory and its clock."""
    loop = net.loop
    with (
        patch.multiple(
            network,
            monotonic=loop.looked_at,
            poller=net.poller,
            new_socket=net.new_socket,
            socket_pair=net.socket_pair,
            wall_ms=lambda: START_MS + round((loop.now - START_S) * 1000),
            places_of=lambda host, port: [(2, 1, 6, (host, port))],
        ),
        patch("urllib3.util.connection.create_connection", net.create_connection),
        patch("urllib3.connection.wait_for_read", lambda sock, timeout: sock.is_readable),
    ):
        yield


class Program:
    """One run of everything."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.entries: list[Any] = []
        self.loop = SimLoop()
        self.net = Net(self.loop)
        self.weather = Weather(
            self.net, scenario.seed, scenario.faults, Tap(self.loop, self.entries)
        )
        self.weather.on_moment = self._on_moment
        self.exchanges: list[Exchange] = []
        self.stop = StopRequest()
        self.servers = [self._new_server()]
        self.session = self._new_session()

    def _new_server(self) -> EngineServer:
        def exchange() -> Exchange:
            made = Exchange(Feed(self.scenario.markets), self.scenario.terms)
            self.exchanges.append(made)
            return made

        return EngineServer(
            exchange,
            rules=SessionRules(resume_seconds=RESUME_S),
            ws_port=WS_PORT,
            rest_port=REST_PORT,
            once=True,
            clock=lambda: START + timedelta(seconds=self.loop.now - START_S),
            open_port=self.net.open_port,
        )

    def _new_session(self) -> Session:
        session = set_up(
            Trader,
            symbols=self.exchanges[0].feed.symbols,
            limits=self.scenario.limits,
            on_exception=self.scenario.on_exception,
        )
        trader: Any = session.strategy
        trader.entries, trader.scenario, trader.counts = self.entries, self.scenario, {}
        return session

    def _on_moment(self, kind: str) -> None:
        if kind == w.STOP:
            self.stop.ask(Stop("interrupted"))
        elif kind == w.SHUTDOWN:
            self.loop.call_soon(self.servers[-1].stop, "terminated")
        else:
            self._restart()

    def _restart(self) -> None:
        # A process that is killed says nothing; the system resets its connections.
        for link in self.net.links:
            link.cut()
        self.net.listeners.clear()
        self.loop.call_later(_RESTART_S, self._start_anew)

    def _start_anew(self) -> None:
        self.servers.append(self._new_server())
        self.loop.create_task(self.servers[-1].start())

    def play(self) -> Outcome:
        """Play it from its beginning to its end."""
        loop = self.loop
        loop.limit = START_S + w.QUIET_AFTER_S + w.OVER_WITHIN_S
        trouble: list[str] = []
        exit_code = 0
        try:
            with in_memory(self.net):
                loop.run(self.servers[0].start())
                try:
                    why = self._drive()
                except RunnerError as error:
                    why, exit_code = error.id, error.exit_code
                except Stuck as stuck:
                    why = f"it is stuck: {stuck}"
                except Exception as error:
                    why = f"{type(error).__name__}: {error}"
            took_s = loop.now - START_S
            loop.limit = float("inf")
            trouble += self._see_the_engine_off(why)
        finally:
            loop.limit = float("inf")
            trouble += self._close()
        return Outcome(
            why,
            exit_code,
            self.entries,
            result_of(why, self.session, self.exchanges[0]),
            self.weather.met,
            took_s,
            self.servers[-1].runs,
            trouble + loop.complaints,
            self.exchanges,
            self.session,
        )

    def _drive(self) -> str:
        rest = RestClient(f"http://{HOST}:{REST_PORT}", sleep=self.loop.sleep)
        ending = run_websocket(
            self.session,
            url=f"ws://{HOST}:{WS_PORT}",
            rest=Noting(rest, self.entries),
            settings=SETTINGS,
            stop=self.stop,
            draw=random.Random(f"backoff {self.scenario.seed}").random,
        )
        return ending.why

    def _see_the_engine_off(self, why: str) -> list[str]:
        if why != "complete" or any(one.kind in w.ON_MOMENTS for one in self.weather.met):
            return []
        over = self.loop.create_task(self.servers[0].wait())
        self.loop.wait(over.done, self.loop.now + _ENGINE_ENDS_WITHIN_S)
        if not over.done():
            over.cancel()
            return ["the engine does not end, although the run is complete"]
        if over.exception() is not None or over.result() == "complete":
            return []
        return [f"the engine ended: {over.result()}"]

    def _close(self) -> Iterator[str]:
        loop = self.loop
        for server in self.servers:
            try:
                loop.run(_shut_down(server))
            except Exception as error:
                yield f"the engine failed: {error!r}"
        loop.sleep(_AFTERMATH_S)
        for task in asyncio.all_tasks(loop):
            yield f"it never ends: {task.get_coro()}"
            task.cancel()
        loop.run(asyncio.sleep(0))
        loop.close()


async def _shut_down(server: EngineServer) -> None:
    server.stop("terminated")
    try:
        await server.wait()
    finally:
        await server.close()


def play_wire(scenario: Scenario) -> Outcome:
    """Play a scenario by the whole program."""
    return Program(scenario).play()
