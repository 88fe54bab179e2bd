"""A strategy that was killed is played its run again, goes on, and ends as if it had not been."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from runner.engine.server import SessionRules
from tests.helpers import series
from tests.integration.engine_process import (
    ORDER,
    EngineThread,
    acknowledge,
    engine,
    play,
    receive,
)
from tests.integration.kill_strategy import STRATEGY, keeping_engine, survives
from tests.integration.kill_strategy import play as play_process
from tests.integration.relay import Action, Passing, relay
from tests.integration.test_resume import (
    CLOSES,
    CUTS,
    EVENTS,
    KEPT,
    ack,
    once,
    run,
    trader,
    uninterrupted,
)
from tests.integration.test_server_stream import closed_with

__all__ = ["trader"]
ALONE = {"RUNNER_CONNECTION__MAX_ATTEMPTS": "1"}
"""A runner that does not come back by itself: what it had in memory is lost."""


def test_A13_a_process_killed_at_one_of_its_events_ends_as_if_it_had_not_been(
    tmp_path: Path,
) -> None:
    strategy = tmp_path / "mortal.py"
    strategy.write_text(STRATEGY)
    with keeping_engine() as running:
        code, expected = play_process(running, strategy)
        assert code == 0
        assert len(expected["trades"]) > 10

        for number in (1, EVENTS):
            survives(running, strategy, expected, number)


class Named:
    """Cuts a run at one frame, and learns the run's name on the way."""

    def __init__(self, number: int, cut: str) -> None:
        at, action = CUTS[cut]
        self._decide = once(at(number), action)
        self.run_id = ""

    def __call__(self, passing: Passing) -> Action:
        if not self.run_id and b"run_id" in passing.payload:
            self.run_id = json.loads(passing.payload)["run_id"]
        return self._decide(passing)


@pytest.mark.parametrize("cut", list(CUTS)[1:])
def test_a_run_whose_strategy_lost_its_memory_at_any_event_gives_the_same_bytes(
    trader: Path, cut: str
) -> None:
    with engine(series(*CLOSES), rules=KEPT) as running, relay(running.server.ws_url) as line:
        expected = uninterrupted(running, trader)
        ws_url, rest_url = running.server.ws_url, running.server.rest_url
        for number in range(1, EVENTS + 1):
            line.decide = named = Named(number, cut)
            _, error = run(trader, line.url, rest_url, **ALONE)
            assert error is not None
            assert error.exit_code in (6, 7)  # 6 where not even one event has come

            document, error = run(trader, ws_url, rest_url, RUNNER_ENGINE__RESUME=named.run_id)
            assert error is None, number
            assert json.dumps(document) == json.dumps(expected), number
        assert running.server.runs == {"complete": EVENTS + 1, "broken": 0, "halted": 0}


def test_a_strategy_may_lose_its_memory_again_and_again(trader: Path) -> None:
    with engine(series(*CLOSES), rules=KEPT) as running, relay(running.server.ws_url) as line:
        expected = uninterrupted(running, trader)
        environ: dict[str, str] = {}
        for number in (30, 10, 45, 2):
            line.decide = named = Named(number, "A4-after-the-ack")
            _, error = run(trader, line.url, running.server.rest_url, **ALONE, **environ)
            assert error is not None
            environ = {"RUNNER_ENGINE__RESUME": named.run_id}
        document, error = run(trader, line.url, running.server.rest_url, **environ)

    assert error is None
    assert json.dumps(document) == json.dumps(expected)


def test_a_connection_that_breaks_while_the_run_is_played_again_is_come_back_to(
    trader: Path,
) -> None:
    with engine(series(*CLOSES), rules=KEPT) as running, relay(running.server.ws_url) as line:
        expected = uninterrupted(running, trader)
        line.decide = named = Named(40, "A3-before-the-ack")
        run(trader, line.url, running.server.rest_url, **ALONE)
        line.decide = once(ack(20), "cut before")
        document, error = run(
            trader, line.url, running.server.rest_url, RUNNER_ENGINE__RESUME=named.run_id
        )

    assert error is None
    assert (line.cuts, line.connections) == (2, 3)
    assert json.dumps(document) == json.dumps(expected)


OTHERS = {
    "another-order": "self.buy(quantity=self.moods.pop())",
    "no-order": "self.buy(quantity=1) if self.moods.pop() == 1 else None",
    "one-more-order": "[self.buy(quantity=1) for _ in range(self.moods.pop())]",
}


@pytest.mark.parametrize("act", OTHERS.values(), ids=OTHERS)
def test_a_strategy_that_does_something_else_the_second_time_is_exit_7(
    tmp_path: Path, act: str
) -> None:
    moods = tmp_path / "moods"
    strategy = tmp_path / "moody.py"
    strategy.write_text(
        f"""
from pathlib import Path

from runner import Candle, Strategy


class Moody(Strategy):
    def on_start(self) -> None:
        past = Path({str(moods)!r})
        past.write_text(past.read_text() + "x" if past.exists() else "x")
        self.moods = [1, 1, 1, len(past.read_text()), 1]

    def on_candle(self, candle: Candle) -> None:
        if self.moods:
            {act}
"""
    )
    said: list[str] = []
    with (
        engine(series(*CLOSES), rules=KEPT, report=said.append) as running,
        relay(running.server.ws_url) as line,
    ):
        line.decide = named = Named(20, "A4-after-the-ack")
        run(strategy, line.url, running.server.rest_url, **ALONE)
        _, error = run(
            strategy, line.url, running.server.rest_url, RUNNER_ENGINE__RESUME=named.run_id
        )

    assert error is not None
    assert (error.id, error.exit_code) == ("E730", 7)
    assert "1008 the strategy did not do again what it had done" in error.what
    assert any("the strategy does not do again" in line for line in said)


def test_a_run_that_the_engine_does_not_keep_is_exit_6(trader: Path) -> None:
    with engine(series(*CLOSES), rules=KEPT) as running:
        _, error = run(
            trader, running.server.ws_url, running.server.rest_url, RUNNER_ENGINE__RESUME="no-such"
        )

    assert error is not None
    assert (error.id, error.exit_code) == ("E606", 6)
    assert "--resume" in error.fix


# The engine's side


def lost(running: EngineThread, *, after: int = 3) -> tuple[str, list[Any]]:
    """Play some events, ordering at the first, lose the connection; return run and events."""
    websocket = running.open_websocket()
    run_id: str = receive(websocket)["run_id"]
    frames = [receive(websocket)]
    running.request("POST", "/v1/orders", {**ORDER, "client_order_id": f"{random.random()}"})
    while len(frames) < after:
        frames.append(receive(websocket))
        acknowledge(websocket, *frames[-2:])
    websocket.socket.close()
    return run_id, frames


def told(frames: list[Any]) -> list[Any]:
    """Return events without the moments at which they were sent and the ids of clients."""
    plain = json.loads(json.dumps(frames))
    for one in plain:
        one.pop("timestamp")
        one.get("order", {}).pop("client_order_id", None)
    return plain


def rewind(running: EngineThread, run_id: str) -> tuple[int, Any]:
    return running.request("POST", f"/v1/runs/{run_id}/rewind")


def test_a_run_that_begins_anew_has_the_state_of_its_beginning_and_the_same_events() -> None:
    with engine(series(1.0, 2.0, 3.0), rules=KEPT) as running:
        run_id, before = lost(running)
        status, body = rewind(running, run_id)

        assert (status, body["run_id"]) == (200, run_id)
        assert body["events"] >= len(before)
        assert running.get("/v1/orders/history") == running.get("/v1/trades") == []
        with running.websocket(f"/?run_id={run_id}") as websocket:
            assert receive(websocket)["run_id"] == run_id
            again = [receive(websocket)]
            order = {**ORDER, "client_order_id": f"{random.random()}"}
            assert running.request("POST", "/v1/orders", order)[0] == 201
            acknowledge(websocket, again[0])
            again += play(websocket)

    assert told(again)[: len(before)] == told(before)
    assert again[-1]["type"] == "backtest_complete"


def test_an_order_that_differs_from_the_one_before_is_409_and_ends_the_run() -> None:
    with engine(series(1.0, 2.0, 3.0), rules=KEPT) as running:
        run_id, _ = lost(running)
        rewind(running, run_id)
        with running.websocket(f"/?run_id={run_id}") as websocket:
            receive(websocket)
            receive(websocket)
            status, body = running.request("POST", "/v1/orders", {**ORDER, "quantity": "11"})
            code, reason = closed_with(websocket)

    assert (status, body["code"]) == (409, "RUN_DIVERGED")
    assert "quantity=Decimal('10')" in body["message"]
    assert (code, "did not do again" in reason) == (1008, True)


def test_only_who_knows_the_run_can_have_it_begin_anew() -> None:
    with engine(series(1.0, 2.0), rules=KEPT) as running:
        run_id, _ = lost(running, after=1)

        assert rewind(running, "guessed")[0] == 404
        assert rewind(running, run_id)[0] == 200


def test_an_engine_that_keeps_no_runs_has_none_to_begin_anew() -> None:
    with engine(series(1.0)) as running:
        assert rewind(running, "0000000000000000")[0] == 404


def test_a_strategy_that_is_still_connected_is_cut_when_its_run_begins_anew() -> None:
    with engine(series(1.0), rules=KEPT) as running, running.websocket() as old:
        run_id = receive(old)["run_id"]
        receive(old)
        rewind(running, run_id)

        assert closed_with(old)[0] == 1001
        with running.websocket(f"/?run_id={run_id}") as websocket:
            assert play(websocket)[-1]["type"] == "backtest_complete"


def test_a_run_that_began_anew_is_given_up_if_nobody_comes() -> None:
    rules = SessionRules(resume_seconds=0.05)
    with engine(series(1.0), rules=rules, once=True) as running:
        with running.websocket() as websocket:
            rewind(running, receive(websocket)["run_id"])

        assert running.wait() == "broken"


def test_observers_are_not_shown_again_what_they_have_seen() -> None:
    with (
        engine(series(1.0, 2.0, 3.0), rules=KEPT) as running,
        running.websocket("/?observe=1") as observer,
    ):
        receive(observer)
        run_id, before = lost(running)
        rewind(running, run_id)
        with running.websocket(f"/?run_id={run_id}") as websocket:
            receive(websocket)
            first = receive(websocket)
            running.request("POST", "/v1/orders", ORDER)
            acknowledge(websocket, first)
            play(websocket)
        seen = [receive(observer)]
        while seen[-1]["type"] != "backtest_complete":
            seen.append(receive(observer))

    assert len(seen) > len(before) + 2
    assert [one["event_id"] for one in seen] == [f"evt-{place + 1}" for place in range(len(seen))]


class Counting:
    """Holds nothing back, and notes of which moments it was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def turn(self, moment_ms: int) -> None:
        self.asked.append(moment_ms)

    def moved(self, moment_ms: int) -> None:
        pass


def test_what_has_been_played_before_is_played_without_holding_time_back() -> None:
    lives = [Counting() for _ in range(3)]
    made = iter(lives)
    rules = SessionRules(resume_seconds=60.0, speed=lambda: next(made))
    with engine(series(1.0, 2.0, 3.0, 4.0), rules=rules, once=True) as running:
        websocket = running.open_websocket()
        run_id = receive(websocket)["run_id"]
        for _ in range(2):
            acknowledge(websocket, receive(websocket))
        assert receive(websocket)["event_id"] == "evt-3"
        websocket.socket.close()
        rewind(running, run_id)
        with running.websocket(f"/?run_id={run_id}") as again:
            play(again)

    assert [len(life.asked) for life in lives] == [3, 1, 0]
    assert lives[1].asked[0] > lives[0].asked[-1]
