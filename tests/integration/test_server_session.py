"""Speed, start, missing acknowledgments and observers, over real sockets."""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from runner.engine.server import SessionRules, observers, sessions
from runner.engine.server.speed import Multiple, Steps
from tests.helpers import MSFT, series
from tests.integration.engine_process import (
    ORDER,
    WAIT,
    acknowledge,
    engine,
    play,
    receive,
)
from tests.integration.test_server_command import serving
from tests.integration.test_server_stream import closed_with, is_silent, refusal, types

EMPTY_ACK = '{"type":"event_ack","correlation_id":"c","events_processed":[],"timestamp":1}'
SHORT = 0.05


# Speed


def test_a_multiple_of_real_time_replays_the_same_run() -> None:
    rules = SessionRules(speed=lambda: Multiple(86_400 * 1000.0))

    with engine(series(1.0, 2.0, 3.0)) as running, running.websocket() as websocket:
        at_once = play(websocket)
    with (
        engine(series(1.0, 2.0, 3.0), rules=rules) as running,
        running.websocket() as websocket,
    ):
        slowly = play(websocket)
        assert closed_with(websocket)[0] == 1000

    for one in at_once + slowly:
        del one["timestamp"]
    assert slowly == at_once


def test_at_real_time_the_second_daily_candle_does_not_come_today() -> None:
    rules = SessionRules(speed=lambda: Multiple(1.0))

    with engine(series(1.0, 2.0), rules=rules) as running, running.websocket() as websocket:
        candle = [receive(websocket), receive(websocket)][1]
        acknowledge(websocket, candle)

        assert is_silent(websocket)
        assert running.request("POST", "/v1/orders", ORDER)[0] == 201
        assert receive(websocket)["event"] == "ORDER_CREATED"


def test_step_by_step_each_line_of_input_is_one_time_step() -> None:
    reading, writing = os.pipe()
    steps = Steps(reading)

    with (
        engine(series(1.0, 2.0), rules=SessionRules(speed=lambda: steps)) as running,
        running.websocket() as websocket,
    ):
        receive(websocket)
        assert is_silent(websocket)
        os.write(writing, b"\n")
        first = receive(websocket)
        acknowledge(websocket, first)
        assert is_silent(websocket)
        os.write(writing, b"\n")
        second = receive(websocket)
        acknowledge(websocket, second)

        assert types([first, second, receive(websocket)]) == [
            "candle",
            "candle",
            "backtest_complete",
        ]
        os.close(writing)
    os.close(reading)


def test_the_command_steps_by_its_standard_input() -> None:
    with serving("--speed", "step", "--once", stdin=subprocess.PIPE) as (process, urls):
        assert process.stdin is not None
        with connect(urls["ws_url"], proxy=None) as websocket:
            receive(websocket)
            process.stdin.write("\n")
            process.stdin.flush()
            candle = receive(websocket)
            process.stdin.close()
            process.stdin = None
            acknowledge(websocket, candle)
            frames = play(websocket)
        _, said = process.communicate(timeout=WAIT)

    assert (candle["event_id"], frames[-1]["type"]) == ("evt-1", "backtest_complete")
    assert "one time step" in said
    assert process.returncode == 0


# Start


def test_start_on_ack_waits_for_an_ack_which_may_be_empty() -> None:
    with (
        engine(series(1.0), rules=SessionRules(start_on="ack")) as running,
        running.websocket() as websocket,
    ):
        running.request("POST", "/v1/orders", {**ORDER, "client_order_id": "early"})
        assert receive(websocket)["event"] == "CONNECTED"
        websocket.send('{"type":"pong"}')
        assert is_silent(websocket)

        websocket.send(EMPTY_ACK)

        assert receive(websocket)["order"]["client_order_id"] == "early"


# Acknowledgments that do not come


def test_A9_time_goes_on_without_an_ack_until_the_grace_is_over_and_the_run_is_halted() -> None:
    said: list[str] = []
    rules = SessionRules(ack_seconds=SHORT, ack_grace=3)

    with engine(
        series(1.0, 2.0, 3.0, 4.0, 5.0), rules=rules, once=True, report=said.append
    ) as running:
        with running.websocket() as websocket:
            frames = [receive(websocket) for _ in range(4)]
            assert closed_with(websocket) == (1008, "acknowledgments did not come in time")
        assert running.wait() == "halted"

    assert [one.get("event_id") for one in frames] == [None, "evt-1", "evt-2", "evt-3"]
    assert [line for line in said if "evt-" in line] == [
        "evt-1 was not acknowledged within 0.05 s (1 of 3): time goes on without it",
        "evt-2 was not acknowledged within 0.05 s (2 of 3): time goes on without it",
        "evt-3 was not acknowledged within 0.05 s, 3 in a row: the run is halted",
    ]


def test_after_the_first_ack_the_limit_counts_and_late_acks_are_ignored() -> None:
    rules = SessionRules(ack_seconds=0.3, ack_grace=24, ack_limit=2)

    with engine(series(*range(1, 9)), rules=rules) as running:
        with running.websocket() as websocket:
            first = [receive(websocket), receive(websocket)][1]
            acknowledge(websocket, first)
            frames = [receive(websocket), receive(websocket)]
            acknowledge(websocket, first)
            acknowledge(websocket, frames[0])
            assert closed_with(websocket)[0] == 1008
        assert frames[-1]["event_id"] == "evt-3"
        with running.websocket() as websocket:
            assert types(play(websocket))[-1] == "backtest_complete"


def test_without_a_window_an_ack_is_awaited_for_ever() -> None:
    with engine(series(1.0, 2.0)) as running, running.websocket() as websocket:
        receive(websocket)
        receive(websocket)

        assert is_silent(websocket)


def test_a_strategy_that_orders_without_acknowledging_is_not_waited_for_either() -> None:
    rules = SessionRules(ack_seconds=SHORT, ack_grace=1)

    with engine(series(1.0, 2.0), rules=rules) as running, running.websocket() as websocket:
        deadline = time.monotonic() + WAIT
        while running.server.runs["halted"] == 0:
            assert time.monotonic() < deadline
            running.request("POST", "/v1/orders", {**ORDER, "quantity": "1"})
        assert closed_with(websocket)[0] == 1008


def test_A9_the_command_exits_7_when_a_run_is_halted() -> None:
    with serving("--once", "--ack-window", "20ms", "--ack-grace", "1") as (process, urls):
        with connect(urls["ws_url"], proxy=None) as websocket:
            assert closed_with(websocket)[0] == 1008
        _, said = process.communicate(timeout=WAIT)

    assert process.returncode == 7
    assert "E751" in said


# Observers


def without_moment(frames: list[Any]) -> list[Any]:
    return [{name: one[name] for name in one if name != "timestamp"} for one in frames]


def drained(websocket: ClientConnection) -> list[Any]:
    return [json.loads(frame) for frame in websocket]


def test_an_observer_receives_every_frame_and_the_same_end() -> None:
    with (
        engine(series(1.0, 2.0), series(5.0, 6.0, symbol=MSFT)) as running,
        running.websocket("/?observe=1") as observer,
        running.websocket() as websocket,
    ):
        running.request("POST", "/v1/orders", ORDER)
        frames = play(websocket)
        seen = drained(observer)

        assert without_moment(seen) == without_moment(frames)
        assert closed_with(observer) == (1000, "backtest complete")


def test_an_observer_can_neither_acknowledge_nor_delay() -> None:
    with (
        engine(series(1.0, 2.0)) as running,
        running.websocket("/ws?observe=1") as observer,
        running.websocket() as websocket,
    ):
        candle = [receive(websocket), receive(websocket)][1]
        acknowledge(observer, candle)
        assert is_silent(websocket)

        acknowledge(websocket, candle)

        assert receive(websocket)["event_id"] == "evt-2"


def test_an_observer_does_not_take_the_strategys_place_and_a_second_strategy_is_refused() -> None:
    with (
        engine(series(1.0)) as running,
        running.websocket("/?observe=1"),
        running.websocket() as websocket,
    ):
        receive(websocket)

        assert refusal(running)[0] == 409
        with running.websocket("/?observe=1") as late:
            assert receive(late)["event"] == "CONNECTED"


def test_an_observer_that_leaves_changes_nothing() -> None:
    with engine(series(1.0, 2.0)) as running, running.websocket() as websocket:
        receive(websocket)
        with running.websocket("/?observe=1") as observer:
            receive(observer)

        assert types(play(websocket))[-1] == "backtest_complete"


def test_an_observer_that_lags_is_dropped_and_the_strategy_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(observers, "OBSERVER_BYTES", 10_000)
    said: list[str] = []
    many = [series(*[1.0] * 60, symbol=f"S:T{place}") for place in range(500)]

    with (
        engine(*many, report=said.append) as running,
        running.websocket("/?observe=1", max_queue=1) as observer,
        running.websocket(max_queue=None) as websocket,
    ):
        receive(websocket)
        for _ in range(60):
            acknowledge(websocket, *[receive(websocket) for _ in range(500)])

        assert receive(websocket)["type"] == "backtest_complete"
        assert closed_with(observer) == (1013, "the observer does not keep up")
    assert "an observer does not keep up, and is dropped" in said


def test_observers_are_limited_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_OBSERVERS", 2)

    with engine(series(1.0)) as running, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(running.websocket("/?observe=1"))
        status, envelope = refusal(running, "/?observe=1")

        assert (status, envelope["code"]) == (503, "TOO_MANY_OBSERVERS")


def test_an_observer_is_told_that_the_engine_stops() -> None:
    with engine(series(1.0)) as running, running.websocket("/?observe=1") as observer:
        receive(observer)
        running.ask_to_stop()

        assert receive(observer)["event"] == "DISCONNECTING"
        assert closed_with(observer) == (1001, "engine shutting down")
        assert running.wait() == "interrupted"
