"""The bytes of a connection, over a pair of sockets of this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from runner.transports import connection
from runner.transports.connection import Connection, Silence
from runner.transports.settings import ConnectionSettings
from runner.transports.waker import Waker
from runner.transports.wire import ABNORMAL, Ended, Wire
from tests.integration.peer import PATIENCE_S


class Pair:
    """A wire and the socket at its other end."""

    def __init__(self, *, write_timeout_s: float = PATIENCE_S) -> None:
        here, self.there = socket.socketpair()
        here.setblocking(False)
        self.protocol = ClientProtocol(parse_uri("ws://x"), state=OPEN, max_size=100_000)
        self.wire = Wire(here, self.protocol, [], write_timeout_s=write_timeout_s)
        self.peer = ServerProtocol(state=OPEN)

    def say(self, *frames: Frame) -> None:
        self.there.sendall(b"".join(frame.serialize(mask=False) for frame in frames))

    def heard(self) -> list[Any]:
        """Return the frames that have arrived at the other end."""
        self.there.settimeout(PATIENCE_S)
        self.peer.receive_data(self.there.recv(65_536))
        frames: list[Any] = self.peer.events_received()
        return [(frame.opcode, bytes(frame.data)) for frame in frames]


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.there.close()
    made.wire.close(1000, timeout_s=0)


def test_messages_are_kept_in_order_and_heartbeats_answered_at_once(pair: Pair) -> None:
    ping = b'{"type":"ping","timestamp":"2024-01-01T00:00:00Z"}'
    pair.say(
        Frame(Opcode.TEXT, b"1"),
        Frame(Opcode.TEXT, ping),
        Frame(Opcode.PING, b"p"),
        Frame(Opcode.TEXT, b"2"),
    )

    pair.wire.read()

    assert list(pair.wire.messages) == [b"1", b"2"]
    assert sorted(pair.heard()) == [(Opcode.TEXT, b'{"type":"pong"}'), (Opcode.PONG, b"p")]


def test_a_word_about_a_ping_is_not_a_ping(pair: Pair) -> None:
    text = b'{"type":"error","code":"ping","message":"x","timestamp":"2024-01-01T00:00:00Z"}'
    pair.say(Frame(Opcode.TEXT, text))

    pair.wire.read()

    assert list(pair.wire.messages) == [text]


def test_a_close_is_answered_and_keeps_what_came_before_it(pair: Pair) -> None:
    close = Close(1001, "bye").serialize()
    pair.say(Frame(Opcode.TEXT, b"1"), Frame(Opcode.CLOSE, close), Frame(Opcode.TEXT, b"too late"))

    pair.wire.read()

    assert list(pair.wire.messages) == [b"1"]
    assert pair.wire.ended == Ended(1001, "bye")
    assert pair.heard() == [(Opcode.CLOSE, close)]


def test_an_end_without_a_close_is_abnormal(pair: Pair) -> None:
    pair.there.close()

    pair.wire.read()

    assert pair.wire.ended == Ended(ABNORMAL)


def test_a_masked_frame_is_a_fault_of_the_peer(pair: Pair) -> None:
    pair.there.sendall(Frame(Opcode.TEXT, b"1").serialize(mask=True))

    pair.wire.read()

    assert pair.wire.ended is not None
    assert pair.wire.ended.fault is not None


def test_sending_on_an_ended_connection_does_nothing(pair: Pair) -> None:
    pair.there.close()
    pair.wire.read()

    pair.wire.send_text(b"1")
    pair.wire.send_ping()


def test_a_peer_that_does_not_read_ends_the_connection() -> None:
    pair = Pair(write_timeout_s=0.02)

    pair.wire.send_text(b"x" * 10_000_000)

    assert pair.wire.ended == Ended(ABNORMAL, "the peer no longer reads what it is sent")
    pair.wire.close(1000, timeout_s=0)
    pair.there.close()


def test_closing_waits_for_a_deaf_peer_no_longer_than_told(pair: Pair) -> None:
    pair.wire.close(1000, timeout_s=0.02)

    assert pair.wire.fileno() == -1
    assert pair.heard() == [(Opcode.CLOSE, Close(1000, "").serialize())]


def test_reading_ahead_of_a_busy_strategy_has_a_limit(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BACKLOG_BYTES", 100_000)
    waker = Waker(lambda: False)
    line = Connection(pair.wire, waker, ConnectionSettings())
    text = Frame(Opcode.TEXT, b"x" * 60_000)

    pair.say(text, text)
    line.stand_in(line.turns)
    pair.say(text)
    line.stand_in(line.turns)

    assert len(pair.wire.messages) == 2
    assert [len(line.receive(1.0)) for _ in range(3)] == [60_000] * 3  # type: ignore[arg-type]
    assert line.receive(0.0) is Silence.TIMED_OUT
    waker.close()


def test_closing_waits_until_the_peer_has_read_everything(pair: Pair) -> None:
    notes: list[Any] = []

    def peer() -> None:
        while not notes or notes[-1][0] is not Opcode.CLOSE:
            notes.extend(pair.heard())
        pair.there.sendall(b"".join(pair.peer.data_to_send()))

    reader = threading.Thread(target=peer)
    reader.start()
    pair.wire.send_text(b"the last word")
    pair.wire.close(1000, timeout_s=PATIENCE_S)

    assert [opcode for opcode, _ in notes] == [Opcode.TEXT, Opcode.CLOSE]
    reader.join()


def test_a_guard_never_takes_what_the_strategy_is_waiting_for(pair: Pair) -> None:
    """Locks are not fair: a guard that comes back at once may get the tenure first."""
    waker = Waker(lambda: False)
    line = Connection(pair.wire, waker, ConnectionSettings())
    line._is_wanted = True  # as in the moment between its wake and its turn

    guard = threading.Thread(target=line.stand_in, args=(line.turns,))
    guard.start()
    guard.join(PATIENCE_S)

    assert not guard.is_alive()
    waker.close()
