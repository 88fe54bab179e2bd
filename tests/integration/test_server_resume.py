"""A strategy that loses its connection comes back to its run; nothing is lost or doubled."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from runner.engine.server import SessionRules
from tests.helpers import series
from tests.integration.engine_process import (
    ORDER,
    WAIT,
    EngineThread,
    acknowledge,
    engine,
    play,
    receive,
)
from tests.integration.relay import CLOSE, relay
from tests.integration.test_server_stream import closed_with, refusal, types

KEPT = SessionRules(resume_seconds=60.0)
CLOSES = [100 + round(10 * math.sin(step / 2), 2) for step in range(20)]
NO_TEXT = {"Run-Id": "\xff"}
MOMENTS = ("received", "ordered", "acknowledged")
"""What the client has done with an event when its connection is cut."""


class Cut(Exception):
    """The client's connection was cut."""


class Scripted:
    """A client without memory: what it orders follows from the event alone."""

    def __init__(self, running: EngineThread) -> None:
        self.running = running
        self.run_id = ""
        self.events: dict[str, Any] = {}
        self.result: Any = None

    def connect(self) -> ClientConnection:
        path = f"/?run_id={self.run_id}" if self.run_id else ""
        websocket = self.running.open_websocket(path)
        connected = receive(websocket)
        assert connected["event"] == "CONNECTED"
        assert self.run_id in ("", connected["run_id"])
        self.run_id = connected["run_id"]
        return websocket

    def order(self, event: Any) -> None:
        number = int(event["event_id"].removeprefix("evt-"))
        if event["type"] == "candle" and number % 3:
            order = {
                **ORDER,
                "side": "BUY" if number % 2 else "SELL",
                "quantity": str(1 + number % 4),
                "client_order_id": f"for-{event['event_id']}",
            }
            self.running.request("POST", "/v1/orders", order)

    def play(self, websocket: ClientConnection, cut: Callable[[int, str], bool]) -> None:
        """Handle events to the end.

        Raises:
            Cut: `cut` said so, of an event's number and what has been done with it.
        """
        while True:
            event = receive(websocket)
            number = int(event["event_id"].removeprefix("evt-"))
            known = self.events.setdefault(event["event_id"], event)
            assert event == known
            self._cut_if(cut(number, "received"), websocket)
            self.order(event)
            self._cut_if(cut(number, "ordered"), websocket)
            if event["type"] == "backtest_complete":
                self.result = [
                    self.running.get(path)
                    for path in ("/v1/account", "/v1/trades", "/v1/orders/history", "/v1/positions")
                ]
                acknowledge(websocket, event)
                assert closed_with(websocket)[0] == 1000
                return
            acknowledge(websocket, event)
            self._cut_if(cut(number, "acknowledged"), websocket)

    def _cut_if(self, now: bool, websocket: ClientConnection) -> None:
        if now:
            websocket.socket.shutdown(socket.SHUT_RDWR)
            websocket.close()
            raise Cut

    def play_through(self, cut: Callable[[int, str], bool]) -> int:
        """Play one run, coming back after every cut; return how often that was."""
        self.run_id, self.events, cuts = "", {}, 0
        while True:
            try:
                self.play(self.connect(), cut)
            except Cut:
                cuts += 1
            else:
                return cuts

    def told(self) -> list[Any]:
        """Return the events of the run by id, without the moments at which they were sent."""
        return [
            {name: one[name] for name in one if name != "timestamp"}
            for _, one in sorted(self.events.items(), key=lambda item: int(item[0][4:]))
        ]


def once_at(place: int, moment: str) -> Callable[[int, str], bool]:
    """Return what cuts the connection the first time an event is at that point."""
    is_done = False

    def cut(number: int, now: str) -> bool:
        nonlocal is_done
        hits = not is_done and (number, now) == (place, moment)
        is_done = is_done or hits
        return hits

    return cut


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_cut_at_any_of_its_events_ends_as_if_it_had_not_been(moment: str) -> None:
    with engine(series(*CLOSES), rules=KEPT) as running:
        client = Scripted(running)
        assert client.play_through(lambda *_: False) == 0
        told, result = client.told(), client.result
        assert len(told) >= 50
        assert result[1]

        for place in range(1, 51):
            assert client.play_through(once_at(place, moment)) == 1
            assert (client.told(), client.result) == (told, result), place


def test_a_run_cut_at_every_single_event_ends_as_if_it_had_not_been() -> None:
    seen: set[tuple[int, str]] = set()

    def cut(number: int, now: str) -> bool:
        is_new = (number, now) not in seen
        seen.add((number, now))
        return is_new

    with engine(series(*CLOSES), rules=KEPT) as running:
        client = Scripted(running)
        client.play_through(lambda *_: False)
        told, result = client.told(), client.result

        assert client.play_through(cut) > 100
        assert (client.told(), client.result) == (told, result)


def cut_off(running: EngineThread) -> str:
    """Begin a run, lose the connection after its first event, and return the run's name."""
    websocket = running.open_websocket()
    run_id: str = receive(websocket)["run_id"]
    receive(websocket)
    websocket.socket.shutdown(socket.SHUT_RDWR)
    websocket.close()
    return run_id


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_one_comes_back_by_header_as_well_and_the_answer_names_the_run() -> None:
    with engine(series(1.0), rules=KEPT) as running:
        run_id = cut_off(running)
        with running.websocket(additional_headers={"Run-Id": run_id}) as websocket:
            assert websocket.response is not None
            assert websocket.response.headers["Run-Id"] == run_id
            assert [receive(websocket).get("event_id") for _ in range(2)] == [None, "evt-1"]


def test_what_was_ordered_while_the_strategy_was_away_is_told_when_it_is_back() -> None:
    with engine(series(1.0, 2.0), rules=KEPT) as running:
        run_id = cut_off(running)
        running.request("POST", "/v1/orders", ORDER)
        with running.websocket(f"/?run_id={run_id}") as websocket:
            frames = [receive(websocket) for _ in range(3)]

    assert types(frames) == ["connection", "candle", "order"]


def test_a_kept_run_is_not_given_to_somebody_else() -> None:
    with engine(series(1.0), rules=KEPT) as running:
        running.request("POST", "/v1/orders", ORDER)
        cut_off(running)
        eventually(lambda: not running.server.has_strategy)

        assert refusal(running)[1]["code"] == "RUN_HELD"
        assert refusal(running, "/?run_id=guessed")[0] == 404
        assert refusal(running, "/?run_id=%ED%A0%80")[0] == 404
        assert running.request("GET", "/", url=running.server.ws_url, headers=NO_TEXT)[0] == 404


def test_a_run_in_which_nothing_was_done_yet_is_given_to_whoever_comes() -> None:
    with engine(series(1.0), rules=KEPT) as running:
        run_id = cut_off(running)
        eventually(lambda: not running.server.has_strategy)

        with running.websocket() as websocket:
            frames = play(websocket)

    assert frames[0]["run_id"] == run_id
    assert types(frames) == ["connection", "candle", "backtest_complete"]


def test_a_strategy_that_never_learned_the_name_of_its_run_is_recognised() -> None:
    ours, another = {"Client-Id": "ours"}, {"Client-Id": "another"}

    with engine(series(1.0), rules=KEPT) as running:
        running.request("POST", "/v1/orders", ORDER)
        lost = running.open_websocket(additional_headers=ours)
        refused = refusal(running, additional_headers=another)
        # Whether the engine has heard of the loss makes no difference.
        with running.websocket(additional_headers=ours) as websocket:
            frames = [receive(websocket) for _ in range(2)]
        lost.close()

    assert refused[1]["code"] == "STRATEGY_CONNECTED"
    assert types(frames) == ["connection", "order"]


@pytest.mark.parametrize("once", [True, False], ids=["one run", "many runs"])
def test_a_strategy_whose_last_connection_broke_is_told_that_its_run_is_complete(
    once: bool,
) -> None:
    with (
        engine(series(1.0), rules=KEPT, once=once) as running,
        relay(running.server.ws_url) as line,
    ):
        line.decide = lambda one: "cut before" if one.opcode == CLOSE else "pass"
        with running.websocket(url=line.url) as websocket:
            run_id = receive(websocket)["run_id"]
            for _ in range(2):
                acknowledge(websocket, receive(websocket))
            eventually(lambda: running.server.runs["complete"] == 1)
            eventually(lambda: line.cuts == 1)
        with running.websocket(f"/?run_id={run_id}") as late:
            assert closed_with(late) == (1000, "backtest complete")
        if once:
            running.wait()


def test_a_run_that_nobody_came_back_to_is_over_and_the_next_strategy_gets_a_fresh_one() -> None:
    said: list[str] = []

    with engine(
        series(1.0), rules=SessionRules(resume_seconds=0.05), report=said.append
    ) as running:
        run_id = cut_off(running)
        eventually(lambda: any("left" in line for line in said))

        assert refusal(running, f"/?run_id={run_id}")[0] == 404
        with running.websocket() as websocket:
            assert types(play(websocket))[-1] == "backtest_complete"


@pytest.mark.parametrize("code", [1000, 1001])
def test_a_strategy_that_says_goodbye_is_done_with_its_run(code: int) -> None:
    with engine(series(1.0), rules=KEPT, once=True) as running:
        with running.websocket() as websocket:
            receive(websocket)
            websocket.close(code)

        assert running.wait() == "broken"


def test_one_that_comes_back_before_its_loss_was_noticed_takes_the_place() -> None:
    with engine(series(1.0), rules=KEPT) as running, running.websocket() as old:
        run_id = receive(old)["run_id"]
        receive(old)
        with running.websocket(f"/?run_id={run_id}") as websocket:
            frames = play(websocket)
            assert closed_with(websocket)[0] == 1000
        with pytest.raises(ConnectionClosed) as caught:
            old.recv(timeout=WAIT)

    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1001
    assert "another connection" in caught.value.rcvd.reason
    assert [one.get("event_id") for one in frames] == [None, "evt-1", "evt-2"]


def test_without_a_window_a_run_has_no_name_and_ends_with_its_connection() -> None:
    with engine(series(1.0), once=True) as running:
        websocket = running.open_websocket()
        connected = receive(websocket)
        websocket.socket.shutdown(socket.SHUT_RDWR)
        websocket.close()

        assert running.wait() == "broken"
    assert "run_id" not in connected


def test_a_kept_run_does_not_keep_the_engine_from_stopping() -> None:
    with engine(series(1.0), rules=KEPT) as running:
        cut_off(running)
        running.ask_to_stop()

        assert running.wait() == "interrupted"


def test_a_broken_handshake_does_not_cost_the_kept_run() -> None:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "1"}

    with engine(series(1.0), rules=KEPT) as running:
        run_id = cut_off(running)
        url = running.server.ws_url
        status, _ = running.request("GET", f"/?run_id={run_id}", url=url, headers=headers)
        with running.websocket(f"/?run_id={run_id}") as websocket:
            assert receive(websocket)["run_id"] == run_id
            assert receive(websocket)["event_id"] == "evt-1"

    assert status == 400


def test_missing_acks_do_not_count_while_the_strategy_is_away() -> None:
    rules = SessionRules(resume_seconds=60.0, ack_seconds=0.25, ack_grace=1)

    with engine(series(1.0), rules=rules) as running:
        run_id = cut_off(running)
        eventually(lambda: not running.server.has_strategy)
        time.sleep(0.35)
        with running.websocket(f"/?run_id={run_id}") as websocket:
            assert [receive(websocket).get("event_id") for _ in range(2)] == [None, "evt-1"]
            assert closed_with(websocket)[0] == 1008
