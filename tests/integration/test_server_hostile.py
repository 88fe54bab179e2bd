"""Clients that mean harm, or do not know better: the engine survives them and serves the others."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.frames import Frame, Opcode

from runner.engine.server import SessionRules, bodies, door
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
from tests.integration.test_server_resume import eventually
from tests.integration.test_server_stream import closed_with, is_silent

PORTS = pytest.mark.parametrize("port", ["ws_url", "rest_url"])
ACK = {"type": "event_ack", "correlation_id": "c", "timestamp": 1}


@contextlib.contextmanager
def many_files() -> Iterator[None]:
    """Allow this process, which is both sides, the files that a thousand sockets take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def raw(running: EngineThread, port: str) -> socket.socket:
    place = urlsplit(getattr(running.server, port))
    return socket.create_connection((place.hostname, place.port), timeout=WAIT)


def head(running: EngineThread, port: str, line: str = "GET /v1/ws HTTP/1.1", *more: str) -> bytes:
    place = urlsplit(getattr(running.server, port))
    return "\r\n".join([line, f"Host: {place.netloc}", *more, "", ""]).encode()


def is_cut(sock: socket.socket) -> bool:
    """Return whether the other side ends the connection while the test waits."""
    try:
        while sock.recv(65_536):
            pass
    except ConnectionError:
        pass
    return True


def plays_a_run(running: EngineThread) -> bool:
    with running.websocket() as websocket:
        frames = play(websocket)
    return running.get("/livez")["status"] == "ok" and frames[-1]["type"] == "backtest_complete"


# Connections


@PORTS
def test_a_client_that_breaks_off_while_it_is_answered_is_no_failure_of_the_engine(
    port: str,
) -> None:
    upgrade = (
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    with engine(series(1.0)) as running:
        for _ in range(100):
            sock = raw(running, port)
            sock.sendall(head(running, port, "GET /v1/ws HTTP/1.1", *upgrade))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()

        eventually(lambda: not running.server.has_strategy)
        assert plays_a_run(running)


@pytest.mark.parametrize(
    ("port", "begun"),
    [("ws_url", b""), ("rest_url", b"GET / HTTP/1.1\r\nHost: 127")],
    ids=["silent", "half-a-head"],
)
def test_X7_a_thousand_sockets_leave_room_for_a_strategy(port: str, begun: bytes) -> None:
    with many_files(), engine(series(1.0)) as running, contextlib.ExitStack() as stack:
        for _ in range(1000):
            sock = stack.enter_context(raw(running, port))
            with contextlib.suppress(ConnectionError):
                sock.sendall(begun)

        assert plays_a_run(running)
        server = running.server
        assert all(one.connections <= door.MAX_CONNECTIONS for one in server.ports)


def test_X7_who_is_being_answered_is_not_cut_off_to_make_room() -> None:
    with many_files(), engine(series(1.0)) as running, contextlib.ExitStack() as stack:
        websocket = stack.enter_context(running.websocket())
        first = [receive(websocket), receive(websocket)][1]
        for _ in range(2 * door.MAX_CONNECTIONS):
            stack.enter_context(raw(running, "ws_url"))
        acknowledge(websocket, first)

        assert receive(websocket)["type"] == "backtest_complete"


@PORTS
def test_X7_a_slow_loris_is_cut_off(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "HEAD_SECONDS", 0.2)
    with engine(series(1.0)) as running, raw(running, port) as sock:
        whole = head(running, port)
        for byte in whole[:-1]:
            with contextlib.suppress(ConnectionError):
                sock.send(bytes([byte]))
            time.sleep(0.005)

        assert is_cut(sock)
        assert plays_a_run(running)


@PORTS
def test_X7_one_that_says_nothing_is_cut_off(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "HEAD_SECONDS", 0.05)
    with engine(series(1.0)) as running, raw(running, port) as sock:
        assert is_cut(sock)


def test_X7_a_strategy_that_thinks_for_long_is_no_slow_loris(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(door, "HEAD_SECONDS", 0.05)
    with engine(series(1.0)) as running, running.websocket() as websocket:
        first = [receive(websocket), receive(websocket)][1]
        assert is_silent(websocket)
        time.sleep(0.1)
        acknowledge(websocket, first)

        assert receive(websocket)["type"] == "backtest_complete"


def test_X7_when_all_are_being_answered_the_next_one_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(door, "MAX_CONNECTIONS", 2)
    with engine(series(1.0)) as running:
        with running.websocket(), running.websocket("/?observe=1") as observer:
            receive(observer)
            with raw(running, "ws_url") as third:
                assert is_cut(third)
        eventually(lambda: not running.server.has_strategy)
        assert plays_a_run(running)


# Requests


@PORTS
def test_X7_ten_thousand_headers_are_refused_on_both_ports(port: str) -> None:
    with engine(series(1.0)) as running, raw(running, port) as sock:
        many = [f"X-{number}: 1" for number in range(10_000)]
        with contextlib.suppress(ConnectionError):
            sock.sendall(head(running, port, "GET /livez HTTP/1.1", *many))

        assert sock.recv(4096).split()[1] == b"400"
        assert plays_a_run(running)


@PORTS
def test_X7_a_header_without_an_end_is_refused(port: str) -> None:
    with engine(series(1.0)) as running, raw(running, port) as sock:
        sock.sendall(head(running, port)[:-4] + b"\r\nX: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                sock.sendall(b"x" * 10_000)

        assert is_cut(sock)
        assert plays_a_run(running)


@pytest.mark.parametrize("framing", ["Content-Length: 1000000000", "Transfer-Encoding: chunked"])
def test_X7_a_body_of_a_gigabyte_is_refused_long_before_its_end(framing: str) -> None:
    with engine(series(1.0)) as running, raw(running, "rest_url") as sock:
        more = ("Content-Type: application/json", framing)
        sock.sendall(head(running, "rest_url", "POST /v1/orders HTTP/1.1", *more))
        data = b"x" * 100_000
        piece = data if "Length" in framing else b"%x\r\n%b\r\n" % (len(data), data)
        sock.settimeout(0.0)
        answer = b""
        sent = 0
        while not answer and sent < 10**9:
            with contextlib.suppress(BlockingIOError):
                sent += sock.send(piece)
            with contextlib.suppress(BlockingIOError):
                answer = sock.recv(4096)
        sock.settimeout(WAIT)

        assert answer.split()[1] == b"400"
        assert b"at most 65536 bytes" in answer + sock.recv(4096)
        assert sent < 10**8
        assert running.get("/v1/orders") == []


def test_X7_a_body_that_does_not_arrive_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    with engine(series(1.0)) as running, raw(running, "rest_url") as sock:
        more = ("Content-Type: application/json", "Content-Length: 100")
        sock.sendall(head(running, "rest_url", "POST /v1/orders HTTP/1.1", *more) + b"{")

        assert sock.recv(4096).split()[1] == b"400"
        assert is_cut(sock)


@pytest.mark.parametrize("name", ["quantity", "limit_price", "stop_loss"])
@pytest.mark.parametrize("number", ['"1E+5000000"', "1E+5000000", '"1E-5000000"', "9" * 5000])
def test_X12_a_number_that_would_be_megabytes_is_refused_at_once(name: str, number: str) -> None:
    order = {**ORDER, "order_type": "LIMIT", "limit_price": "5", name: "?"}
    body = json.dumps(order).replace('"?"', number).encode()
    with engine(series(1.0)) as running:
        status, answer = running.request(
            "POST", "/v1/orders", body, headers={"Content-Type": "application/json"}
        )

        assert (status, answer["details"]["field"]) == (400, name)
        assert len(json.dumps(answer)) < 1000
        assert running.get("/v1/orders") == []


def test_X12_no_amount_in_an_answer_has_an_exponent() -> None:
    with engine(series(1.0)) as running:
        order = {**ORDER, "order_type": "LIMIT", "quantity": "1E-7", "limit_price": "1E+2"}
        assert running.request("POST", "/v1/orders", order)[0] == 201
        (shown,) = running.get("/v1/orders")

    assert (shown["quantity"], shown["limit_price"]) == ("0.0000001", "100")


# Frames


def masked(*frames: Frame) -> bytes:
    return b"".join(frame.serialize(mask=True) for frame in frames)


def hostile(running: EngineThread, data: bytes) -> int | None:
    """Begin a run, send bytes as they are, and return the close code."""
    with running.websocket() as websocket:
        receive(websocket), receive(websocket)
        with contextlib.suppress(OSError):
            websocket.socket.sendall(data)
        return closed_with(websocket)[0]


TEXTS: dict[str, str] = {
    "F1-not-json": "{not json",
    "F1-empty": "",
    "F1-null": "null",
    "F1-list": '["event_ack"]',
    "F1-number": "5",
    "F1-bom": "\ufeff" + json.dumps({**ACK, "events_processed": ["evt-1"]}),
    "F1-surrogate": '{"type":"event_ack","events_processed":["\\ud800"]}',
    "F1-no-type": '{"events_processed":["evt-1"]}',
    "F1-type-of-another-kind": '{"type":["event_ack"],"events_processed":["evt-1"]}',
    "F2-arrays": "[" * 100_000,
    "F2-objects": '{"a":' * 100_000,
    "F2-deep-in-an-ack": json.dumps(ACK)[:-1] + ',"events_processed":' + "[" * 100_000,
    "F2-digits": json.dumps(ACK)[:-2] + "9" * 5000 + ',"events_processed":["evt-1"]}',
    "F2-exponent": '{"type":"event_ack","timestamp":1E+5000000,"events_processed":["evt-1"]}',
    "F8-unknown-id": json.dumps({**ACK, "events_processed": ["evt-2", "evt-0", "unknown"]}),
    "F11-number-as-id": json.dumps({**ACK, "events_processed": [1]}),
    "F11-null-as-id": json.dumps({**ACK, "events_processed": [None]}),
    "F11-long-id": json.dumps({**ACK, "events_processed": ["x" * 900_000]}),
    "F11-control-characters": json.dumps({**ACK, "events_processed": ["evt-1\n", "\x1b]52;"]}),
    "F11-ids-in-an-object": json.dumps({**ACK, "events_processed": {"evt-1": 1}}),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_F1_F2_F8_F11_a_frame_that_acknowledges_nothing_moves_nothing(text: str) -> None:
    with engine(series(1.0)) as running, running.websocket() as websocket:
        first = [receive(websocket), receive(websocket)][1]
        websocket.send(text)
        assert is_silent(websocket)
        acknowledge(websocket, first)

        assert receive(websocket)["type"] == "backtest_complete"


def test_F11_a_key_that_comes_twice_counts_once() -> None:
    text = json.dumps(ACK)[:-1] + ',"events_processed":["evt-9"],"events_processed":["evt-1"]}'
    with engine(series(1.0)) as running, running.websocket() as websocket:
        receive(websocket), receive(websocket)
        websocket.send(text)

        assert receive(websocket)["type"] == "backtest_complete"


def test_F1_bytes_that_are_no_text_close_with_1007() -> None:
    with engine(series(1.0)) as running:
        assert hostile(running, masked(Frame(Opcode.TEXT, b'{"type":"\xff"}'))) == 1007
        eventually(lambda: not running.server.has_strategy)
        assert plays_a_run(running)


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 2**20 * 16], ids=["1-more", "16-MiB"])
def test_F3_a_frame_beyond_the_limit_closes_with_1009(size: int) -> None:
    with engine(series(1.0)) as running:
        assert hostile(running, masked(Frame(Opcode.TEXT, b"x" * size))) == 1009
        eventually(lambda: not running.server.has_strategy)
        assert plays_a_run(running)


def test_F3_a_frame_that_only_says_it_is_endless_closes_with_1009() -> None:
    with engine(series(1.0)) as running, running.websocket() as websocket:
        receive(websocket), receive(websocket)
        websocket.socket.sendall(struct.pack("!BBQ", 0x81, 0x80 | 127, 2**62) + b"mask")

        assert closed_with(websocket)[0] == 1009


def test_F4_a_compressed_frame_is_a_breach_of_protocol_and_never_inflated() -> None:
    bomb = bytearray(masked(Frame(Opcode.TEXT, zlib.compress(b"0" * 200_000_000, 9))))
    bomb[0] |= 0x40  # what marks a compressed message
    with engine(series(1.0)) as running:
        assert hostile(running, bytes(bomb)) == 1002
        eventually(lambda: not running.server.has_strategy)
        assert plays_a_run(running)


def test_F5_a_message_in_one_byte_fragments_is_one_message() -> None:
    text = json.dumps({**ACK, "events_processed": ["evt-1"]}).encode()
    with engine(series(1.0)) as running, running.websocket() as websocket:
        receive(websocket), receive(websocket)
        frames = [
            Frame(Opcode.CONT if place else Opcode.TEXT, bytes([byte]), fin=place == len(text) - 1)
            for place, byte in enumerate(text)
        ]
        websocket.socket.sendall(masked(*frames))

        assert receive(websocket)["type"] == "backtest_complete"


def test_F5_fragments_without_an_end_close_with_1009() -> None:
    with engine(series(1.0)) as running:
        first = Frame(Opcode.TEXT, b"[", fin=False)
        rest = [Frame(Opcode.CONT, b"x" * 100, fin=False)] * (1024 * 1024 // 100 + 1)
        assert hostile(running, masked(first, *rest)) == 1009
        eventually(lambda: not running.server.has_strategy)
        assert plays_a_run(running)


def test_F5_a_fragment_that_never_ends_does_not_hold_a_run_with_a_window_for_ever() -> None:
    rules = SessionRules(ack_seconds=0.05, ack_grace=2)
    with engine(series(1.0), rules=rules) as running:
        assert hostile(running, masked(Frame(Opcode.TEXT, b"[", fin=False))) == 1008


def test_F5_empty_fragments_and_pings_in_between_are_no_harm() -> None:
    text = json.dumps({**ACK, "events_processed": ["evt-1"]}).encode()
    with engine(series(1.0)) as running, running.websocket() as websocket:
        receive(websocket), receive(websocket)
        frames: list[Any] = [Frame(Opcode.TEXT, text[:9], fin=False)]
        for _ in range(2000):
            frames += [Frame(Opcode.CONT, b"", fin=False), Frame(Opcode.PING, b"")]
        frames.append(Frame(Opcode.CONT, text[9:]))
        websocket.socket.sendall(masked(*frames))

        assert receive(websocket)["type"] == "backtest_complete"


def test_X7_many_short_connections_one_after_another_are_all_answered() -> None:
    with engine(series(1.0)) as running:
        for _ in range(2 * door.MAX_CONNECTIONS):
            assert running.get("/livez") == {"status": "ok"}
