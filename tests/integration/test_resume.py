"""A backtest whose connection is cut anywhere goes on as if it had not been, where the engine keeps
the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.app import execute
from runner.config.load import load_config
from runner.engine.server import SessionRules
from runner.errors import RunnerError
from runner.results.document import to_document
from tests.helpers import series
from tests.integration.engine_process import EngineThread, engine
from tests.integration.relay import CLOSE, Action, Passing, Relay, relay
from tests.integration.test_server_resume import eventually

KEPT = SessionRules(resume_seconds=60.0)
CLOSES = [100 + (7 * day) % 11 - (3 * day) % 5 for day in range(14)]
EVENTS = 50
WALL_TIMES = ("run", "runtime", "digest")
"""What differs between two runs of the same backtest: when, how long, and at which address."""
TRADER = """
from runner import Candle, Order, Strategy


class Trader(Strategy):
    def on_start(self) -> None:
        self.told = 0
        self.buy(quantity=5, limit=99, symbol="S:AAPL")

    def on_connection(self, connection) -> None:
        self.told += 1

    def on_order(self, order: Order) -> None:
        if order.is_rejected:
            self.buy(quantity=1)

    def on_candle(self, candle: Candle) -> None:
        turn = (int(candle.close) + self.told - 1) % 4
        if turn == 0:
            self.buy(quantity=7, stop_loss=candle.close * 0.97, take_profit=candle.close * 1.03)
        elif turn == 1:
            self.sell(quantity=3 + len(self.orders) % 5)
        elif turn == 2:
            for order in self.working_orders():
                self.cancel(order)
                break
        else:
            self.buy(notional=candle.close * 50_000)
"""


@pytest.fixture
def trader(tmp_path: Path) -> Path:
    path = tmp_path / "trader.py"
    path.write_text(TRADER)
    return path


def run(
    strategy: Path, ws_url: str, rest_url: str, **environ: str
) -> tuple[dict[str, Any], RunnerError | None]:
    """Run a strategy against an engine; return its document without wall times, and its error."""
    given = {
        "ENGINE_WS_URL": ws_url,
        "ENGINE_REST_URL": rest_url,
        "RUNNER_CONNECTION__BACKOFF_INITIAL": "1ms",
        "RUNNER_CONNECTION__BACKOFF_MAX": "1ms",
        "RUNNER_CONNECTION__MAX_ATTEMPTS": "3",
        **environ,
    }
    flags: dict[str, object] = {
        "strategy": str(strategy),
        "subscriptions": ["S:AAPL:candle"],
        "ui": "none",
    }
    loaded = load_config(None, flags=flags, environ=given, cwd=strategy.parent)
    result, error = execute(loaded, cwd=strategy.parent, environ=given)
    document = to_document(result)
    return {name: document[name] for name in document if name not in WALL_TIMES}, error


def once(at: Callable[[Passing], bool], action: Action) -> Callable[[Passing], Action]:
    """Return what does `action` with the first frame that is it."""
    done: list[Passing] = []

    def decide(passing: Passing) -> Action:
        if done or not at(passing):
            return "pass"
        done.append(passing)
        return action

    return decide


def event(number: int) -> Callable[[Passing], bool]:
    return lambda passing: passing.to_client and f"evt-{number}" in passing.ids


def ack(number: int) -> Callable[[Passing], bool]:
    return lambda passing: not passing.to_client and f"evt-{number}" in passing.ids


CUTS: dict[str, tuple[Callable[[int], Callable[[Passing], bool]], Action]] = {
    "A1-before-the-event": (event, "cut before"),
    "A2-while-the-event-is-handled": (event, "cut after"),
    "A3-before-the-ack": (ack, "cut before"),
    "A4-after-the-ack": (ack, "cut after"),
}


def uninterrupted(running: EngineThread, trader: Path) -> dict[str, Any]:
    document, error = run(trader, running.server.ws_url, running.server.rest_url)
    assert error is None
    assert len(document["trades"]) > 5
    assert document["rejections"]
    return document


@pytest.mark.parametrize("cut", CUTS)
def test_A1_A2_A3_A4_a_run_cut_at_any_event_gives_the_same_bytes(trader: Path, cut: str) -> None:
    at, action = CUTS[cut]
    with engine(series(*CLOSES), rules=KEPT) as running, relay(running.server.ws_url) as line:
        expected = uninterrupted(running, trader)
        for number in range(1, EVENTS + 1):
            line.decide = once(at(number), action)
            document, error = run(trader, line.url, running.server.rest_url)

            assert error is None, number
            assert json.dumps(document) == json.dumps(expected), number
        assert line.cuts == EVENTS
        assert running.server.runs == {"complete": EVENTS + 1, "broken": 0, "halted": 0}


def test_a_run_cut_at_every_single_event_gives_the_same_bytes(trader: Path) -> None:
    cut: set[tuple[str, ...]] = set()

    def decide(passing: Passing) -> Action:
        ids = tuple(passing.ids)
        if not ids or passing.to_client or ids in cut:
            return "pass"
        cut.add(ids)
        return "cut before"

    with engine(series(*CLOSES), rules=KEPT) as running, relay(running.server.ws_url) as line:
        expected = uninterrupted(running, trader)
        line.decide = decide
        document, error = run(trader, line.url, running.server.rest_url)

    assert error is None
    assert line.cuts > EVENTS / 3
    assert json.dumps(document) == json.dumps(expected)


def is_close(passing: Passing) -> bool:
    return not passing.to_client and passing.opcode == CLOSE


def is_answer_to_close(passing: Passing) -> bool:
    return passing.to_client and passing.opcode == CLOSE


@pytest.mark.parametrize("action", ["cut before", "cut after"])
@pytest.mark.parametrize("at", [is_close, is_answer_to_close], ids=["our-close", "its-close"])
def test_A5_a_run_cut_while_it_is_closed_is_complete_on_both_sides(
    trader: Path, at: Callable[[Passing], bool], action: Action
) -> None:
    with engine(series(*CLOSES), rules=KEPT) as running, relay(running.server.ws_url) as line:
        line.decide = once(at, action)
        document, error = run(trader, line.url, running.server.rest_url)

        assert running.server.runs == {"complete": 1, "broken": 0, "halted": 0}
    assert error is None
    assert document["ending"] == {"why": "complete", "confirmed": True, "exit_code": 0}
    assert line.cuts == 1


def test_A5_a_lost_last_ack_is_repeated(trader: Path) -> None:
    seen: list[str] = []

    def note(passing: Passing) -> Action:
        seen.extend(passing.ids)
        return "pass"

    with engine(series(*CLOSES), rules=KEPT) as running, relay(running.server.ws_url) as line:
        line.decide = note
        run(trader, line.url, running.server.rest_url)
        last = int(seen[-1].removeprefix("evt-"))
        line.decide = once(ack(last), "cut before")
        _, error = run(trader, line.url, running.server.rest_url)

        assert error is None
        assert (line.cuts, line.connections) == (1, 3)
        assert running.server.runs == {"complete": 2, "broken": 0, "halted": 0}


@pytest.mark.parametrize("cut", CUTS)
def test_A1_A2_A3_A4_an_engine_that_keeps_no_run_makes_a_cut_exit_7(trader: Path, cut: str) -> None:
    at, action = CUTS[cut]
    with engine(series(*CLOSES)) as running, relay(running.server.ws_url) as line:
        line.decide = once(at(7), action)
        document, error = run(trader, line.url, running.server.rest_url)

    assert error is not None
    assert (error.id, error.exit_code) == ("E730", 7)
    assert document["ending"]["exit_code"] == 7
    assert line.connections == 1


def test_a_run_that_the_engine_has_given_up_meanwhile_is_exit_7(trader: Path) -> None:
    with (
        engine(series(*CLOSES), rules=SessionRules(resume_seconds=0.01)) as running,
        relay(running.server.ws_url) as line,
    ):

        def wait_until_it_is_given_up() -> None:
            if line.connections == 2:
                eventually(lambda: running.server.runs["broken"] == 1)

        line.on_connect = wait_until_it_is_given_up
        line.decide = once(ack(7), "cut before")
        _, error = run(trader, line.url, running.server.rest_url)

    assert error is not None
    assert (error.id, error.exit_code) == ("E730", 7)
    assert "the engine does not keep this run" in error.what


def test_L1_an_engine_that_is_gone_for_good_is_exit_7_after_bounded_attempts(trader: Path) -> None:
    with (
        engine(series(*CLOSES), rules=KEPT) as running,
        relay(running.server.ws_url) as line,
    ):
        only: list[Relay] = [line]

        def decide(passing: Passing) -> Action:
            if not only or not event(7)(passing):
                return "pass"
            only.pop().refuse()
            return "cut before"

        line.decide = decide
        _, error = run(trader, line.url, running.server.rest_url)

    assert error is not None
    assert (error.id, error.exit_code) == ("E730", 7)
    assert "coming back failed: cannot connect, tried 3 times in a row" in error.what


def test_a_second_strategy_is_told_that_the_engine_is_taken(trader: Path) -> None:
    with engine(series(*CLOSES), rules=KEPT) as running, running.websocket():
        _, error = run(trader, running.server.ws_url, running.server.rest_url)

    assert error is not None
    assert (error.id, error.exit_code) == ("E605", 6)
    assert "one at a time" in error.why
