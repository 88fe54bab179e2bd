"""Heartbeats under slow handlers, over real sockets: the peer waits for a pong, the handler for it.

No test measures time: a handler is held until the peer has seen what it must see meanwhile, so a
guard that does not work is a deadlock that the patience of the test ends.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from runner.transports.connection import Connection
from tests.integration.peer import PATIENCE_S, Client, candle_frame, drive, running

PING = b'{"type":"ping","timestamp":"2024-01-01T00:00:00Z"}'


def finish(client: Client) -> None:
    client.ack()
    client.complete()
    client.ack()


class Held:
    """A handler that does not return before it is released."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.released = threading.Event()
        self.was_released = False

    def __call__(self, strategy: Any, candle: Any) -> None:
        self.entered.set()
        self.was_released = self.released.wait(PATIENCE_S)


def test_N10_a_json_ping_is_answered_while_the_handler_runs() -> None:
    held = Held()

    def script(client: Client) -> None:
        client.candles(0)
        assert held.entered.wait(PATIENCE_S)
        for _ in range(3):
            client.send(PING)
            assert client.read() == {"type": "pong"}
        held.released.set()
        finish(client)

    with running(script) as peer:
        ending, _ = drive(peer, held)

    assert held.was_released
    assert ending.confirmed
    assert peer.acked == ["e0", "end"]


def test_N10_a_ping_that_came_with_the_event_does_not_wait_for_its_handler() -> None:
    held = Held()

    def script(client: Client) -> None:
        client.send(candle_frame(0), PING)
        assert client.read() == {"type": "pong"}
        held.released.set()
        finish(client)

    with running(script) as peer:
        drive(peer, held)

    assert held.was_released
    assert peer.acked == ["e0", "end"]


def test_a_websocket_ping_is_answered_while_the_handler_runs() -> None:
    held = Held()

    def script(client: Client) -> None:
        client.candles(0)
        assert held.entered.wait(PATIENCE_S)
        assert client.socket.ping().wait(PATIENCE_S)
        held.released.set()
        finish(client)

    with running(script) as peer:
        drive(peer, held)

    assert held.was_released


def test_a_ping_is_answered_while_an_order_waits_for_its_answer() -> None:
    answered = threading.Event()

    def script(client: Client) -> None:
        client.candles(0)
        while ("post", "r-1") not in client.timeline:
            time.sleep(0.005)
        client.send(PING)
        assert client.read() == {"type": "pong"}
        answered.set()
        finish(client)

    with running(script) as peer:
        peer.book.on_post = lambda: peer.timeline.append(("in time", answered.wait(PATIENCE_S)))
        drive(peer, lambda strategy, _: strategy.buy(quantity=1))

    assert ("in time", True) in peer.timeline


def test_events_that_come_during_a_handler_are_handled_after_it_and_in_order() -> None:
    held = Held()

    def script(client: Client) -> None:
        client.candles(0)
        assert held.entered.wait(PATIENCE_S)
        client.candles(1, 2)
        client.send(PING)
        assert client.read() == {"type": "pong"}
        client.timeline.append(("released",))
        held.released.set()
        client.acks(3)
        client.complete()
        client.ack()

    with running(script) as peer:
        drive(peer, held)

    order = [entry for entry in peer.timeline if entry[0] in ("released", "handled")]
    assert order == [("released",), ("handled", 0), ("handled", 1), ("handled", 2)]
    assert peer.acked == ["e0", "e1", "e2", "end"]


def test_a_connection_that_ends_during_a_handler_is_reported_after_what_it_brought() -> None:
    held = Held()

    def script(client: Client) -> None:
        client.candles(0)
        assert held.entered.wait(PATIENCE_S)
        client.candles(1)
        client.socket.close(1000)
        held.released.set()

    with running(script) as peer:
        ending, _ = drive(peer, held)

    assert ending.why == "closed"
    assert [entry for entry in peer.timeline if entry[0] == "handled"] == [
        ("handled", 0),
        ("handled", 1),
    ]


def test_the_hand_over_loses_and_doubles_nothing() -> None:
    """Handlers around the guard's threshold, while frames and pings pour in without a break."""
    number = 150

    def dawdle(strategy: Any, candle: Any) -> None:
        if int(candle.close) % 7 == 0:
            time.sleep(0.004)

    def script(client: Client) -> None:
        for index in range(number):
            client.send(candle_frame(index), PING)
            if index % 3 == 0:
                time.sleep(0.001)
        pongs = 0
        ids: list[str] = []
        while pongs < number or len(ids) < number:
            message = client.read()
            pongs += message["type"] == "pong"
            ids += message.get("events_processed", ())
        client.timeline.append(("ack", *ids))
        client.complete()
        client.ack()

    with running(script) as peer:
        drive(peer, dawdle, guard_after_s=0.002)

    assert peer.acked == [*(f"e{index}" for index in range(number)), "end"]
    handled = [entry[1] for entry in peer.timeline if entry[0] == "handled"]
    assert handled == list(range(number))


def test_only_one_thread_reads_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[str] = []
    inside = threading.Lock()
    collisions: list[str] = []

    def watched(self: Connection, turns: int) -> None:
        plain(self, turns)
        readers.append(threading.current_thread().name)

    plain = Connection.stand_in
    monkeypatch.setattr(Connection, "stand_in", watched)

    from runner.transports.wire import Wire

    read = Wire.read

    def exclusive(self: Wire) -> int:
        if not inside.acquire(False):
            collisions.append(threading.current_thread().name)
            return 0
        try:
            return read(self)
        finally:
            inside.release()

    monkeypatch.setattr(Wire, "read", exclusive)

    def script(client: Client) -> None:
        for index in range(40):
            client.write(Frame(Opcode.TEXT, candle_frame(index)).serialize(mask=False))
            time.sleep(0.001)
        client.acks(40)
        client.complete()
        client.ack()

    with running(script) as peer:
        drive(peer, lambda *_: time.sleep(0.003), guard_after_s=0.002)

    assert collisions == []
    assert set(readers) == {"runner-guard"}
