"""The engine's WebSocket over real sockets: order of frames, acknowledgments, one strategy."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed, Step
from runner.engine.server import EngineServer, run
from tests.helpers import MSFT, series
from tests.integration.engine_process import (
    ORDER,
    WAIT,
    EngineThread,
    acknowledge,
    engine,
    play,
    receive,
)

SILENCE = 0.1
"""Seconds without a frame that count as none coming; a wrong frame comes within a millisecond."""


def is_silent(websocket: ClientConnection) -> bool:
    try:
        websocket.recv(timeout=SILENCE)
    except TimeoutError:
        return True
    return False


def closed_with(websocket: ClientConnection) -> tuple[int, str]:
    """Wait for the engine to close; return code and reason."""
    with pytest.raises(ConnectionClosed) as caught:
        _drain(websocket)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


def _drain(websocket: ClientConnection) -> None:
    while True:
        websocket.recv(timeout=WAIT)


def refusal(running: EngineThread, path: str = "", **options: Any) -> tuple[int, Any]:
    """Return status and envelope of an upgrade that is refused."""
    with pytest.raises(InvalidStatus) as caught:
        running.websocket(path, **options)
    response = caught.value.response
    return response.status_code, json.loads(response.body)


def two_symbols() -> AbstractContextManager[EngineThread]:
    return engine(series(1.0, 2.0), series(5.0, 6.0, symbol=MSFT))


def types(frames: Sequence[Any]) -> list[str]:
    return [one["type"] for one in frames]


def test_a_whole_run_is_replayed_and_closed_with_1000_after_the_last_ack() -> None:
    with engine(series(1.0, 2.0, 3.0)) as running, running.websocket() as websocket:
        frames = play(websocket)

        assert types(frames) == ["connection", "candle", "candle", "candle", "backtest_complete"]
        assert [one.get("event_id") for one in frames] == [None, "evt-1", "evt-2", "evt-3", "evt-4"]
        assert all("timestamp" in one for one in frames)
        assert closed_with(websocket) == (1000, "backtest complete")


@pytest.mark.parametrize("path", ["", "/", "/ws", "/v1/ws"])
def test_the_websocket_port_takes_upgrades_at_each_documented_path(path: str) -> None:
    with engine(series(1.0)) as running, running.websocket(path) as websocket:
        assert receive(websocket)["event"] == "CONNECTED"


def test_the_rest_port_takes_upgrades_as_a_gateway_does() -> None:
    with engine(series(1.0)) as running:
        url = running.server.rest_url.replace("http", "ws")
        with running.websocket("/v1/ws", url=url) as websocket:
            assert receive(websocket)["event"] == "CONNECTED"


def test_nothing_moves_before_all_ids_of_a_step_are_acknowledged() -> None:
    with two_symbols() as running, running.websocket() as websocket:
        _, first, second = (receive(websocket) for _ in range(3))
        acknowledge(websocket, second)
        assert is_silent(websocket)

        acknowledge(websocket, first)

        assert types([receive(websocket), receive(websocket)]) == ["candle", "candle"]


def test_one_ack_may_name_all_ids_of_a_step() -> None:
    with two_symbols() as running, running.websocket() as websocket:
        _, first, second = (receive(websocket) for _ in range(3))
        acknowledge(websocket, first, second)

        assert receive(websocket)["event_id"] == "evt-3"


def test_a_step_larger_than_any_buffer_arrives_whole() -> None:
    many = [series(1.0, symbol=f"S:T{place}") for place in range(2000)]

    with engine(*many) as running, running.websocket() as websocket:
        frames = [receive(websocket) for _ in range(2001)]
        acknowledge(websocket, *frames[1:])

        assert [one["bar"]["symbol"] for one in frames[1:]] == [one.symbol for one in many]
        assert receive(websocket)["type"] == "backtest_complete"


def test_what_an_order_causes_is_sent_at_once_and_must_be_acknowledged_too() -> None:
    with engine(series(1.0, 2.0)) as running, running.websocket() as websocket:
        candle = [receive(websocket), receive(websocket)][1]
        status, handle = running.request("POST", "/v1/orders", ORDER)
        created = receive(websocket)
        acknowledge(websocket, candle)
        assert is_silent(websocket)

        acknowledge(websocket, created)
        step = [receive(websocket) for _ in range(5)]

        assert (status, created["event"], created["order"]["id"]) == (
            201,
            "ORDER_CREATED",
            handle["id"],
        )
        assert types(step) == ["order", "trade", "position", "account", "candle"]


def test_what_was_ordered_before_the_strategy_connected_belongs_to_its_run() -> None:
    with engine(series(1.0, 2.0)) as running:
        running.request("POST", "/v1/orders", {**ORDER, "client_order_id": "early"})

        with running.websocket() as websocket:
            frames = play(websocket)

        assert types(frames)[:2] == ["connection", "order"]
        assert frames[1]["order"]["client_order_id"] == "early"
        assert "trade" in types(frames)


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"pong"}',
        '{"type":"ping"}',
        '{"type":"subscribe","symbols":["S:AAPL"]}',
        '{"type":"event_ack","correlation_id":"c","events_processed":[],"timestamp":1}',
        '{"type":"event_ack","correlation_id":"c","events_processed":["evt-7"],"timestamp":1}',
        '{"type":"event_ack","correlation_id":"c","events_processed":["evt-1"],"timestamp":1.5}',
        '{"type":"event_ack","correlation_id":"c","events_processed":["evt-1"],"timestamp":"1"}',
        "{not json",
        "[]",
        "[" * 100_000,
        b"\x00\x01",
    ],
    ids=[
        "pong",
        "ping",
        "unknown",
        "empty_ack",
        "foreign_ack",
        "A8_float_time",
        "A8_text_time",
        "no_json",
        "no_object",
        "F2_deep",
        "binary",
    ],
)
def test_a_frame_that_acknowledges_nothing_is_ignored(frame: str | bytes) -> None:
    with engine(series(1.0)) as running, running.websocket() as websocket:
        candle = [receive(websocket), receive(websocket)][1]
        websocket.send(frame)
        assert is_silent(websocket)

        acknowledge(websocket, candle)

        assert receive(websocket)["type"] == "backtest_complete"


def test_what_cannot_be_read_is_reported_once() -> None:
    said: list[str] = []

    with engine(series(1.0), report=said.append) as running, running.websocket() as websocket:
        websocket.send("{")
        websocket.send("{")
        play(websocket)

    assert len([line for line in said if "cannot be read" in line]) == 1


def test_X7_a_frame_beyond_the_limit_closes_the_connection() -> None:
    with engine(series(1.0)) as running, running.websocket() as websocket:
        websocket.send("x" * (1024 * 1024 + 1))

        assert closed_with(websocket)[0] == 1009


def test_pings_come_periodically_with_a_timestamp_and_without_an_id() -> None:
    with engine(series(1.0), ping_seconds=0.02) as running, running.websocket() as websocket:
        receive(websocket)
        receive(websocket)
        pings = [receive(websocket), receive(websocket)]
        websocket.send('{"type":"pong"}')

        assert [sorted(one) for one in pings] == [["timestamp", "type"]] * 2
        assert types(pings) == ["ping", "ping"]


def test_compression_is_never_agreed_upon() -> None:
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate"}

    with (
        engine(series(1.0)) as running,
        running.websocket(additional_headers=offer) as websocket,
    ):
        assert websocket.response is not None
        assert "Sec-WebSocket-Extensions" not in websocket.response.headers


# One strategy at a time


def test_X8_a_second_strategy_is_refused_on_either_port_while_the_first_is_connected() -> None:
    with engine(series(1.0)) as running, running.websocket() as websocket:
        receive(websocket)
        rest = running.server.rest_url.replace("http", "ws")

        for answer in (refusal(running), refusal(running, "/v1/ws", url=rest)):
            assert (answer[0], answer[1]["code"]) == (409, "STRATEGY_CONNECTED")


def test_each_strategy_gets_a_fresh_run() -> None:
    with engine(series(1.0, 2.0)) as running:
        for _ in range(3):
            running.request("POST", "/v1/orders", ORDER)
            with running.websocket() as websocket:
                frames = play(websocket)
            assert [one["event_id"] for one in frames[1:]] == [f"evt-{n}" for n in range(1, 9)]


def test_the_next_strategy_may_connect_before_the_last_has_answered_the_close() -> None:
    with engine(series(1.0)) as running, running.websocket() as first:
        play(first)
        assert closed_with(first)[0] == 1000
        with running.websocket() as second:
            assert types(play(second))[-1] == "backtest_complete"


def test_L1_a_strategy_that_leaves_in_mid_run_ends_that_run_only() -> None:
    said: list[str] = []

    with engine(series(1.0, 2.0), report=said.append) as running:
        running.request("POST", "/v1/orders", ORDER)
        with running.websocket() as websocket:
            receive(websocket)
        _wait_for(said, "left")

        assert running.get("/v1/orders") == []
        with running.websocket() as websocket:
            assert types(play(websocket))[-1] == "backtest_complete"


def _wait_for(said: list[str], word: str) -> None:
    deadline = time.monotonic() + WAIT
    while not any(word in line for line in said):
        assert time.monotonic() < deadline, said
        time.sleep(0.005)


# The end of the server


def test_once_ends_the_server_after_one_whole_run() -> None:
    with engine(series(1.0), once=True) as running:
        with running.websocket() as websocket:
            play(websocket)

        assert running.wait() == "complete"


def test_once_ends_the_server_as_broken_when_the_strategy_leaves_early() -> None:
    with engine(series(1.0), once=True) as running:
        with running.websocket() as websocket:
            receive(websocket)

        assert running.wait() == "broken"


def test_L2_stopping_says_disconnecting_and_closes_with_1001() -> None:
    with engine(series(1.0)) as running, running.websocket() as websocket:
        receive(websocket)
        receive(websocket)
        running.ask_to_stop()
        last = receive(websocket)

        assert (last["type"], last["event"]) == ("connection", "DISCONNECTING")
        assert closed_with(websocket) == (1001, "engine shutting down")
        assert running.wait() == "interrupted"


def _read_until(raw: socket.socket, word: bytes) -> None:
    received = b""
    while word not in received:
        chunk = raw.recv(4096)
        assert chunk, received
        received += chunk


def test_while_it_stops_the_engine_takes_no_order_and_no_strategy() -> None:
    with engine(series(1.0)) as running:
        place = urlsplit(running.server.ws_url)
        with socket.create_connection((place.hostname, place.port), timeout=WAIT) as mute:
            # A client that never answers the close keeps the server waiting for a while.
            mute.sendall(
                f"GET / HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
            )
            _read_until(mute, b"CONNECTED")
            running.ask_to_stop()
            _read_until(mute, b"DISCONNECTING")

            order = running.request("POST", "/v1/orders", ORDER)
            ready = running.request("GET", "/readyz")
            strategy = refusal(running)
        assert running.wait() == "interrupted"

    assert (order[0], order[1]["code"]) == (503, "SHUTTING_DOWN")
    assert (ready[0], ready[1]["ready"]) == (503, False)
    assert (strategy[0], strategy[1]["code"]) == (503, "SHUTTING_DOWN")


def test_a_strategy_that_knows_no_terminal_does_not_hold_the_engine_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "TERMINAL_SECONDS", 0.05)

    with engine(series(1.0), once=True) as running, running.websocket() as websocket:
        acknowledge(websocket, [receive(websocket), receive(websocket)][1])

        assert receive(websocket)["type"] == "backtest_complete"
        assert closed_with(websocket) == (1000, "backtest complete")
        assert running.wait() == "complete"


def test_an_idle_server_stops_at_once() -> None:
    with engine(series(1.0)) as running:
        running.ask_to_stop()

        assert running.wait() == "interrupted"


class TornFeed(Feed):
    """Candles whose source fails after the first step."""

    def steps(self) -> Iterator[Step]:
        yield next(iter(super().steps()))
        raise OSError("the disk is gone")


def test_a_failure_of_the_engine_closes_with_1011_and_comes_to_the_surface() -> None:
    server = EngineServer(lambda: Exchange(TornFeed([series(1.0, 2.0)])), ws_port=0, rest_port=0)
    running = EngineThread(server)
    running.start()

    with running.websocket() as websocket:
        acknowledge(websocket, [receive(websocket), receive(websocket)][1])
        assert closed_with(websocket) == (1011, "the engine failed")

    assert running.wait() is None
    assert isinstance(running.error, OSError)


# What is no WebSocket


@pytest.mark.parametrize("path", ["/", "/ws", "/v1/ws"])
def test_a_plain_request_for_the_websocket_is_told_to_upgrade(path: str) -> None:
    with engine(series(1.0)) as running:
        status, body = running.request("GET", path, url=running.server.ws_url)

        assert (status, body["code"]) == (426, "UPGRADE_REQUIRED")
        assert running.server.rest_url in body["message"]


def test_N4_rest_on_the_websocket_port_is_told_where_rest_is() -> None:
    with engine(series(1.0)) as running:
        status, body = running.request("GET", "/v1/account", url=running.server.ws_url)

        assert (status, body["code"]) == (404, "NOT_FOUND")
        assert running.server.rest_url in body["message"]


def test_a_broken_handshake_does_not_use_up_the_run() -> None:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "1"}

    with engine(series(1.0)) as running:
        status, body = running.request("GET", "/", url=running.server.ws_url, headers=headers)
        with running.websocket() as websocket:
            frames = play(websocket)

        assert (status, body["code"]) == (400, "INVALID_REQUEST")
        assert frames[1]["event_id"] == "evt-1"
