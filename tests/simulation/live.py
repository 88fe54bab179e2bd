"""The whole program live: driver, journal and REST against a gateway that never waits for it.

What is lost on the way stays lost, so that a run does not come to the same as an undisturbed one.
What has to hold is that nothing is sent twice, nothing leaves that is not written down, and that in
the end both sides hold the same, once all is quiet. A run that is killed begins again, with the
journal that it left.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.errors import RunnerError
from runner.journal import Journal, Memory
from runner.safety import Limits
from runner.session import Session, Stop
from runner.transports.clocks import Clocks
from runner.transports.live import Live
from runner.transports.lookups import Lookups
from runner.transports.rest import RestClient
from runner.transports.stop import StopRequest
from runner.transports.websocket import run_websocket
from tests.helpers import START, set_up
from tests.simulation import weather as w
from tests.simulation.net import Net
from tests.simulation.pipes import HOST
from tests.simulation.scenario import Scenario, draw
from tests.simulation.tap import Tap
from tests.simulation.trader import Trader
from tests.simulation.venue import Venue
from tests.simulation.virtual_time import START_S, SimLoop, Stuck
from tests.simulation.weather import REST_PORT, WS_PORT, Weather
from tests.simulation.wire import SETTINGS, Noting, Outcome, in_memory
from tests.simulation.world import result_of

LIVE = replace(SETTINGS, reconcile_every_s=20.0)
ENDS_AFTER_S = w.QUIET_AFTER_S + 50.0
"""When the run is asked to end: whatever was in doubt has been looked for by then."""
_NEVER = float("inf")


class Killed(BaseException):
    """The process is no more."""


def live_scenario_of(seed: int) -> Scenario:
    """Return what a seed stands for where the program is played live."""
    drawn = draw(seed)
    return replace(
        drawn,
        is_backtest=False,
        one_symbol=False,
        withheld=frozenset(),
        on_exception="skip",
        raising={},
        limits=drawn.limits or Limits(),
    )


class LiveProgram:
    """One live run, in as many lives as it takes."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario = scenario
        self.entries: list[Any] = []
        self.loop = SimLoop()
        self.net = Net(self.loop)
        self.tap = Tap(self.loop, self.entries)
        self.tap.on_post = self._is_written_down
        self.weather = Weather(self.net, scenario.seed, scenario.faults, self.tap)
        self.weather.on_moment = self._on_moment
        self.exchange = Exchange(Feed(scenario.markets), scenario.terms)
        chance = random.Random(f"venue {scenario.seed}")
        self.venue = Venue(
            self.exchange,
            tick_s=chance.choice((0.5, 2.0, 3.0)),
            with_ids=scenario.with_ids,
            clock=lambda: START + timedelta(seconds=self.loop.now - START_S),
            open_port=self.net.open_port,
        )
        self.stop = StopRequest()
        self.trouble: list[str] = []
        self._journal = folder / "journal.jsonl"
        self._memory = folder / "state.json"
        self.session = self._new_session("first")

    def _new_session(self, prefix: str) -> Session:
        session = set_up(
            Trader,
            symbols=self.exchange.feed.symbols,
            limits=self.scenario.limits,
            backtest=False,
            on_exception=self.scenario.on_exception,
        )
        session.desk.order_prefix = prefix
        trader: Any = session.strategy
        trader.entries, trader.scenario, trader.counts = self.entries, self.scenario, {}
        return session

    def _is_written_down(self, name: str) -> None:
        if name.encode() not in self._journal.read_bytes():
            self.trouble.append(f"order {name} leaves, and the journal does not have it")

    def _on_moment(self, kind: str) -> None:
        if kind == w.STOP:
            self.stop.ask(Stop("interrupted"))
        else:
            # What has left still arrives; the system resets what is open.
            for link in self.net.links:
                link.socket.abandon()
            raise Killed

    def play(self) -> Outcome:
        """Play it from its beginning to its end."""
        loop = self.loop
        loop.limit = START_S + w.QUIET_AFTER_S + w.OVER_WITHIN_S
        loop.call_at(START_S + ENDS_AFTER_S, self.stop.ask, Stop("terminated"))
        exit_code = 0
        try:
            with in_memory(self.net):
                loop.run(self.venue.start())
                try:
                    why = self._lives()
                except RunnerError as error:
                    why, exit_code = error.id, error.exit_code
                except Stuck as stuck:
                    why = f"it is stuck: {stuck}"
                except Exception as error:
                    why = f"{type(error).__name__}: {error}"
            took_s = loop.now - START_S
        finally:
            self.trouble += self._close()
        return Outcome(
            why,
            exit_code,
            self.entries,
            result_of(why, self.session, self.exchange),
            self.weather.met,
            took_s,
            {},
            self.trouble + self.venue.trouble + loop.complaints,
            [self.exchange],
            self.session,
        )

    def _lives(self) -> str:
        for number in range(1, 100):
            try:
                return self._live(self.session)
            except Killed:
                self.entries.append(f"killed at {self.loop.now}")
                self.loop.sleep(2.0)
                self.session = self._new_session(f"life{number}")
        raise AssertionError("it is killed again and again")

    def _live(self, session: Session) -> str:
        loop = self.loop
        url = f"http://{HOST}:{REST_PORT}"
        rest = Noting(RestClient(url, sleep=loop.sleep, looks_up_orders=False), self.entries)
        journal = Journal(self._journal, sync=lambda _: None)
        try:
            ending = run_websocket(
                session,
                url=f"ws://{HOST}:{WS_PORT}",
                rest=rest,
                settings=LIVE,
                stop=self.stop,
                draw=random.Random(f"backoff {self.scenario.seed}").random,
                clocks=Clocks(_NEVER, clock=loop.time, wall=loop.time),
                live=Live(
                    session,
                    rest,
                    journal,
                    Memory(self._memory),
                    run=session.desk.order_prefix,
                    peer=url,
                    lookups=Lookups(clock=loop.time),
                    clock=loop.time,
                ),
            )
        finally:
            journal.close()
        return ending.why

    def _close(self) -> Iterator[str]:
        loop = self.loop
        loop.limit = _NEVER
        loop.run(self.venue.close())
        loop.sleep(30.0)
        for task in asyncio.all_tasks(loop):
            yield f"it never ends: {task.get_coro()}"
            task.cancel()
        loop.run(asyncio.sleep(0))
        loop.close()


def play_live(scenario: Scenario, folder: Path) -> Outcome:
    """Play a scenario live; the journal is kept in `folder`."""
    return LiveProgram(scenario, folder).play()
