"""A whole run over real sockets: the real driver, the real engine server, and lines that break.

What a seed draws is played twice: by the session alone, undisturbed, and over a WebSocket and REST
whose lines are cut, repeated and sliced on the way. Both must come to the same, down to every call
of a handler, and what passed the line must keep to the rules of acknowledgment.

Which frame meets what follows from the seed and the frame; which frames share an acknowledgment
depends on the machine, so that a seed is not always the very same run. No clock is asked.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.server import EngineServer, SessionRules
from runner.errors import RunnerError
from runner.session import Session
from runner.transports.rest import RestClient
from runner.transports.settings import ConnectionSettings
from runner.transports.websocket import run_websocket
from tests.helpers import set_up
from tests.integration.engine_process import EngineThread
from tests.integration.relay import ACTIONS, Action, Passing, relay
from tests.simulation.history import Entry, Started
from tests.simulation.requests import CUTS, rough
from tests.simulation.scenario import Scenario, draw
from tests.simulation.trader import Trader
from tests.simulation.world import play, result_of

SETTINGS = ConnectionSettings(backoff_initial_s=0.001, backoff_max_s=0.001, max_attempts=5)
_LOOK_UP = (0.0, 0.001, 0.002)
MOST_TIMES = 1
"""How often one frame may meet something: what is repeated gets through, and a run to its end."""


@dataclass
class Seen:
    """What passed the line, and what was done to it."""

    passed: list[tuple[Passing, Action]]
    faults: list[str]


def examine_wire(seed: int) -> str | None:
    """Play what `seed` draws over sockets and return what is wrong with it, None if nothing is."""
    scenario = replace(
        draw(seed),
        is_backtest=True,
        one_symbol=False,
        with_ids=True,
        withheld=frozenset(),
        faults=(),
    )
    expected = play(scenario)
    seen = Seen([], [])
    why, is_complete, result, entries = _over_sockets(scenario, seed, seen)
    if why in ("E720", "E721") and any(one.startswith("request") for one in seen.faults):
        return _wrong_on_the_line(seen)  # nobody knew what became of an order: it says so, and ends
    wrong = _wrong_on_the_line(seen)
    if wrong is None and result != expected.result:
        wrong = f"it came to {result}, undisturbed {expected.result}"
    if wrong is None and _calls(entries) != _calls(expected.entries):
        wrong = "its handlers were called otherwise than undisturbed"
    if wrong is None and why == "complete" and not is_complete:
        wrong = "complete here, and not at the engine"
    if wrong is None:
        return None
    return f"seed {seed}: {wrong}\n  faults met: {', '.join(seen.faults) or 'none'}"


def _over_sockets(
    scenario: Scenario, seed: int, seen: Seen
) -> tuple[str, bool, tuple[object, ...], list[Entry]]:
    made: list[Exchange] = []

    def exchange() -> Exchange:
        made.append(Exchange(Feed(scenario.markets), scenario.terms))
        return made[-1]

    server = EngineServer(
        exchange, rules=SessionRules(resume_seconds=60.0), ws_port=0, rest_port=0, once=True
    )
    running = EngineThread(server)
    running.start()
    session, entries = _session(scenario, made[0])
    try:
        with relay(server.ws_url) as line, rough(server.rest_url) as requests:
            line.decide = _decider(seed, seen)
            requests.decide = _request_decider(seed, seen)
            rest = RestClient(requests.url, timeout_s=10.0, look_up_after_s=_LOOK_UP)
            chance = random.Random(seed)
            try:
                ending = run_websocket(
                    session, url=line.url, rest=rest, settings=SETTINGS, draw=chance.random
                )
                why = ending.why
            except RunnerError as error:
                why = error.id
        if why == "complete":
            with suppress(AssertionError):  # what does not end is told below, with its faults
                running.wait()
    finally:
        running.stop()
    return why, server.runs["complete"] == 1, result_of(why, session, made[0]), entries


def _session(scenario: Scenario, exchange: Exchange) -> tuple[Session, list[Entry]]:
    session = set_up(
        Trader,
        symbols=exchange.feed.symbols,
        limits=scenario.limits,
        on_exception=scenario.on_exception,
    )
    entries: list[Entry] = []
    trader: Any = session.strategy
    trader.entries, trader.scenario, trader.counts = entries, scenario, {}
    return session, entries


def _calls(entries: list[Entry]) -> list[tuple[str, str, int | None]]:
    return [(one.handler, one.key, one.now_ms) for one in entries if type(one) is Started]


def _decider(seed: int, seen: Seen) -> Any:
    chance = random.Random(f"line {seed}")
    kinds = [kind for kind in ACTIONS if kind != "pass" and chance.random() < 0.5]
    rate = chance.choice((0.02, 0.1, 0.3))
    met: dict[tuple[bool, int, str], int] = {}

    def decide(passing: Passing) -> Action:
        key = (passing.to_client, passing.opcode, " ".join(passing.ids))
        times = met[key] = met.get(key, 0) + 1
        action: Action = "pass"
        # Who has lost the greeting does not know which run to come back to.
        is_greeting = passing.to_client and passing.opcode == 1 and not passing.ids
        if kinds and times <= MOST_TIMES and not is_greeting:
            luck = random.Random(f"{seed} {key} {times}")
            if luck.random() < rate:
                action = luck.choice(kinds)
                seen.faults.append(f"{action} {'<' if passing.to_client else '>'} {key[2]}")
        seen.passed.append((passing, action))
        return action

    return decide


def _request_decider(seed: int, seen: Seen) -> Any:
    chance = random.Random(f"requests {seed}")
    kinds = [kind for kind in CUTS if chance.random() < 0.3]
    rate = chance.choice((0.02, 0.1))

    def decide(number: int, head: bytes) -> str | None:
        luck = random.Random(f"{seed} request {number}")
        if not kinds or luck.random() >= rate:
            return None
        kind = luck.choice(kinds)
        seen.faults.append(f"request {number} {head[:24]!r} {kind}")
        return kind

    return decide


def _wrong_on_the_line(seen: Seen) -> str | None:
    return next(_breaches(seen), None)


def _breaches(seen: Seen) -> Iterator[str]:
    """I3 and I4 on the line: only what was delivered is acknowledged, and a candle comes only when
    all of the steps before it is."""
    delivered: set[str] = set()
    acked: set[str] = set()
    step_ms, step, before = 0, set[str](), set[str]()
    for passing, action in seen.passed:
        ids = passing.ids
        if not passing.to_client:
            if not set(ids) <= delivered:
                yield f"{sorted(set(ids) - delivered)} acknowledged, and never delivered"
            if action not in ("cut before", "cut inside"):
                acked.update(ids)
            continue
        moment = _candle_time(passing)
        if moment > step_ms:
            if not before <= acked:
                yield f"{ids} came before {sorted(before - acked)} were acknowledged"
            step_ms, before, step = moment, before | step, set()
        if moment:
            step.update(ids)
        if action not in ("cut before", "cut inside"):
            delivered.update(ids)


def _candle_time(passing: Passing) -> int:
    if passing.opcode != 1 or b'"candle"' not in passing.payload:
        return 0
    frame = json.loads(passing.payload)
    return int(frame["bar"]["timestamp"].translate(_DIGITS)) if frame["type"] == "candle" else 0


_DIGITS = {ord(character): None for character in "-:TZ.+"}
