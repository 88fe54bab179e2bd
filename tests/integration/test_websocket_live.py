"""A live run over real sockets: connections come and go, the run goes on."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from runner.errors import ConnectError
from runner.session import Stop
from runner.transports.stop import StopRequest
from tests.integration.peer import (
    PATIENCE_S,
    Client,
    candle_frame,
    drive,
    raw_server,
    running,
    upgrade,
)

LIVE = {"backtest": False}


def one_event_then_cut(client: Client) -> None:
    client.candles(0)
    client.ack()
    client.cut()


def the_end(client: Client) -> None:
    client.candles(1)
    client.ack()
    client.complete()
    client.ack()


def test_state_is_read_anew_after_a_gap_and_before_another_event() -> None:
    with running(one_event_then_cut, the_end) as peer:
        ending, _ = drive(peer, session=LIVE)

    assert ending.why == "complete"
    assert peer.timeline == [
        ("state",),
        ("handled", 0),
        ("ack", "e0"),
        ("state",),
        ("connection", "RECONNECTED"),
        ("handled", 1),
        ("ack", "e1"),
        ("stopped",),
        ("ack", "end"),
    ]


def test_the_strategy_is_told_how_long_the_gap_was() -> None:
    with running(one_event_then_cut, Client.cut, the_end) as peer:
        _, session = drive(peer, session=LIVE)

    # Two gaps: the second connection stood, and brought nothing before it broke.
    gaps: list[Any] = session.strategy.gaps  # type: ignore[attr-defined]
    assert 1 <= len(gaps) <= 2
    assert all(isinstance(gap, int) and gap >= 0 for gap in gaps)


@pytest.mark.parametrize("code", [1000, 1001, 1012])
def test_L2_a_live_run_outlasts_a_close(code: int) -> None:
    def close(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.send(
            b'{"type":"connection","event":"DISCONNECTING","timestamp":"2024-01-01T00:00:00Z"}'
        )
        client.socket.close(code)

    with running(close, the_end) as peer:
        drive(peer, session=LIVE)

    connections = [entry[1] for entry in peer.timeline if entry[0] == "connection"]
    assert connections == ["DISCONNECTING", "RECONNECTED"]
    assert peer.acked == ["e0", "e1", "end"]


def test_N7_only_an_event_makes_attempts_count_anew() -> None:
    def greet_and_cut(client: Client) -> None:
        client.connected()
        client.cut()

    scripts = [one_event_then_cut] * 4 + [greet_and_cut]
    with running(*scripts) as peer, pytest.raises(ConnectError) as caught:
        drive(peer, session=LIVE, max_attempts=3)

    assert caught.value.id == "E604"
    # The fourth connection brings the last event; its loss is the first of three failures.
    assert peer.connections == 4 + 2


def test_N8_a_peer_that_stops_answering_is_given_up() -> None:
    def talk(sock: socket.socket) -> None:
        upgrade(sock)
        sock.sendall(Frame(Opcode.TEXT, candle_frame(0)).serialize(mask=False))
        while sock.recv(65_536):
            pass

    with running(the_end) as peer, raw_server(talk) as (place, visits):
        peer.ws_url = f"ws://{place}"
        with pytest.raises(ConnectError) as caught:
            drive(peer, session=LIVE, ping_interval_s=0.02, ping_timeout_s=0.02, max_attempts=1)

    assert caught.value.id == "E604"
    assert "no longer answers" in caught.value.what
    assert len(visits) == 1


def test_N9_a_quiet_peer_that_answers_pings_is_kept() -> None:
    stop = StopRequest()

    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        threading.Timer(0.15, stop.ask, [Stop("interrupted")]).start()
        client.wait_until_closed()

    with running(script) as peer:
        ending, _ = drive(
            peer, session=LIVE, stop=stop, ping_interval_s=0.01, ping_timeout_s=PATIENCE_S
        )

    assert ending.why == "interrupted"
    assert peer.connections == 1


def test_a_malformed_frame_is_counted_and_the_run_goes_on() -> None:
    def script(client: Client) -> None:
        client.send(b"nonsense")
        the_end(client)

    with running(script) as peer:
        _, session = drive(peer, session=LIVE)

    assert session.malformed == 1
    assert peer.acked == ["e1", "end"]


def test_an_order_without_an_answer_becomes_unknown_and_the_event_is_acked() -> None:
    def hang_up(handler: Any) -> bool:
        handler.hang_up()
        return True

    with running(the_end) as peer:
        peer.book.faults["POST"] = [hang_up]
        _, session = drive(peer, lambda strategy, _: strategy.buy(quantity=1), session=LIVE)

    (order,) = session.desk.tickets.values()
    assert order.status.value == "UNKNOWN"
    assert [notice.code for notice in session.notices] == ["REQUEST_UNANSWERED"]
    assert len(peer.book.posts) == 1
    assert peer.acked == ["e1", "end"]


def test_the_key_goes_with_the_request_to_open_the_connection() -> None:
    def script(client: Client) -> None:
        assert client.socket.request is not None
        client.timeline.append(("key", client.socket.request.headers["Authorization"]))
        the_end(client)

    with running(script) as peer:
        drive(peer, session=LIVE, headers={"Authorization": "Bearer key-1"})

    assert ("key", "Bearer key-1") in peer.timeline
