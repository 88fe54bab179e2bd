"""What a peer can do wrong in a backtest, over real sockets: never a silent success."""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from runner.errors import ConnectError, ProtocolError
from runner.session import Stop
from runner.transports.stop import StopRequest
from tests.integration.peer import (
    PATIENCE_S,
    Client,
    Handler,
    candle_frame,
    drive,
    raw_server,
    running,
    upgrade,
)


def buy_one(strategy: Any, candle: Any) -> None:
    strategy.buy(quantity=1)


def cut_instead_of_the_next_event(client: Client) -> None:
    client.candles(0)
    client.ack()
    client.cut()


def cut_without_reading_the_ack(client: Client) -> None:
    client.candles(0, 1)
    client.cut()


def cut_inside_a_frame(client: Client) -> None:
    client.candles(0)
    client.ack()
    client.write(Frame(Opcode.TEXT, candle_frame(1)).serialize(mask=False)[:-20])
    client.cut()


@pytest.mark.parametrize(
    "script", [cut_instead_of_the_next_event, cut_without_reading_the_ack, cut_inside_a_frame]
)
def test_A1_a_cut_after_the_first_event_is_exit_7(script: Callable[[Client], None]) -> None:
    with running(script) as peer, pytest.raises(ProtocolError) as caught:
        drive(peer)

    assert caught.value.exit_code == 7
    assert caught.value.id == "E730"
    assert peer.connections == 1


def test_A2_a_cut_inside_the_handler_is_exit_7() -> None:
    handling, cut = threading.Event(), threading.Event()

    def act(strategy: Any, candle: Any) -> None:
        handling.set()
        assert cut.wait(PATIENCE_S)

    def script(client: Client) -> None:
        client.candles(0)
        assert handling.wait(PATIENCE_S)
        client.cut()
        cut.set()

    with running(script) as peer, pytest.raises(ProtocolError) as caught:
        drive(peer, act)

    assert caught.value.id == "E730"
    assert peer.acked == []


def test_A3_a_cut_after_the_order_and_before_the_ack_is_exit_7() -> None:
    posted, cut = threading.Event(), threading.Event()

    def script(client: Client) -> None:
        client.candles(0)
        assert posted.wait(PATIENCE_S)
        client.cut()
        cut.set()

    def on_post() -> None:
        posted.set()
        assert cut.wait(PATIENCE_S)

    with running(script) as peer:
        peer.book.on_post = on_post
        with pytest.raises(ProtocolError) as caught:
            drive(peer, buy_one)

    assert caught.value.id == "E730"
    assert len(peer.book.posts) == 1


@pytest.mark.parametrize("code", [1001, 1011, 4000])
def test_L2_any_close_but_a_normal_one_is_exit_7(code: int) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.socket.close(code, "going down")

    with running(script) as peer, pytest.raises(ProtocolError) as caught:
        drive(peer)

    assert f"{code} going down" in caught.value.what


def test_N7_a_cut_before_any_event_is_tried_again_and_connected_counts_for_nothing() -> None:
    def script(client: Client) -> None:
        client.connected()
        client.cut()

    with running(script) as peer, pytest.raises(ConnectError) as caught:
        drive(peer, max_attempts=4)

    assert caught.value.exit_code == 6
    assert caught.value.id == "E604"
    assert "4 times" in caught.value.why
    assert peer.connections == 4


def test_a_first_connection_that_fails_does_not_spoil_the_run() -> None:
    def abort(client: Client) -> None:
        client.cut()

    def work(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.complete()
        client.ack()

    with running(abort, abort, work) as peer:
        ending, _ = drive(peer)

    assert ending.confirmed
    assert peer.acked == ["e0", "end"]


def test_N2_a_peer_that_accepts_and_says_nothing_is_exit_6() -> None:
    released = threading.Event()

    def hold(sock: socket.socket) -> None:
        released.wait(PATIENCE_S)

    with running(cut_instead_of_the_next_event) as peer, raw_server(hold) as (place, _):
        peer.ws_url = f"ws://{place}"
        with pytest.raises(ConnectError) as caught:
            drive(peer, open_timeout_s=0.05, max_attempts=2)
        released.set()

    assert caught.value.id == "E601"
    assert "runner engine serve" in caught.value.fix


def test_N2_a_peer_that_opens_and_sends_nothing_is_exit_6() -> None:
    with running(Client.wait_until_closed) as peer, pytest.raises(ConnectError) as caught:
        drive(peer, open_timeout_s=0.1, max_attempts=2)

    assert "sent nothing" in caught.value.what
    assert peer.connections == 2


def test_A6_silence_with_nothing_pending_is_a_stall_even_while_pings_come() -> None:
    stop_pinging = threading.Event()

    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        while not stop_pinging.wait(0.02):
            client.send(b'{"type":"ping","timestamp":"2024-01-01T00:00:00Z"}')

    with running(script) as peer:
        with pytest.raises(ProtocolError) as caught:
            drive(peer, stall_timeout_s=0.2)
        stop_pinging.set()

    assert caught.value.id == "E743"
    assert "stalled" in caught.value.what


def test_N1_nobody_listening_is_exit_6_with_a_hint() -> None:
    with running(cut_instead_of_the_next_event) as peer:
        with socket.create_server(("127.0.0.1", 0)) as free:
            peer.ws_url = f"ws://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(ConnectError) as caught:
            drive(peer)

    assert caught.value.id == "E601"
    assert "3 times" in caught.value.why
    assert "connection refused" in caught.value.why
    assert "runner engine serve" in caught.value.fix


def answering(text: bytes) -> Callable[[socket.socket], None]:
    def talk(sock: socket.socket) -> None:
        sock.recv(65_536)
        sock.sendall(text)

    return talk


@pytest.mark.parametrize("status", [401, 403])
def test_N3_no_admission_is_final(status: int) -> None:
    text = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status
    with running(cut_instead_of_the_next_event) as peer, raw_server(answering(text)) as found:
        peer.ws_url = f"ws://{found[0]}"
        with pytest.raises(ConnectError) as caught:
            drive(peer)

    assert caught.value.id == "E602"
    assert len(found[1]) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: wrong\r\n\r\n",
    ],
    ids=["404", "200", "426", "redirect", "not HTTP", "false key"],
)
def test_N3_what_is_not_our_websocket_is_exit_7_at_once(text: bytes) -> None:
    with running(cut_instead_of_the_next_event) as peer, raw_server(answering(text)) as found:
        peer.ws_url = f"ws://{found[0]}"
        with pytest.raises(ProtocolError) as caught:
            drive(peer)

    assert caught.value.id == "E740"
    assert "8081" in caught.value.fix
    assert len(found[1]) == 1


def test_N3_a_busy_peer_is_tried_again() -> None:
    text = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    with running(cut_instead_of_the_next_event) as peer, raw_server(answering(text)) as found:
        peer.ws_url = f"ws://{found[0]}"
        with pytest.raises(ConnectError) as caught:
            drive(peer)

    assert caught.value.exit_code == 6
    assert len(found[1]) == 3


def test_N4_swapped_ports_are_told_apart() -> None:
    with running(cut_instead_of_the_next_event) as peer:
        rest_url, ws_url = peer.rest_url, peer.ws_url
        peer.ws_url = rest_url.replace("http", "ws")
        with pytest.raises(ProtocolError) as on_rest:
            drive(peer)
        peer.ws_url, peer.rest_url = ws_url, ws_url.replace("ws", "http")
        with pytest.raises(ProtocolError) as on_ws:
            drive(peer)

    assert on_rest.value.id == "E740"
    assert "no WebSocket" in on_rest.value.what
    assert on_ws.value.id == "E741"
    assert "8081" in on_ws.value.fix


def test_F3_an_oversized_frame_is_exit_7_and_not_a_loop() -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.send(b'{"type":"x","padding":"' + b"x" * 5000 + b'"}')
        client.wait_until_closed()

    with running(script) as peer, pytest.raises(ProtocolError) as caught:
        drive(peer, max_frame_bytes=4096)

    assert caught.value.id == "E742"
    assert "4096" in str(caught.value)
    assert peer.connections == 1


def test_F4_a_frame_that_would_inflate_is_exit_7_and_never_inflated() -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    zeros = packer.compress(bytes(20_000_000)) + packer.flush(zlib.Z_SYNC_FLUSH)
    bomb = bytearray(Frame(Opcode.TEXT, zeros).serialize(mask=False))
    bomb[0] |= 0x40  # the bit that says it is compressed

    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.write(bytes(bomb))
        client.wait_until_closed()

    with running(script) as peer, pytest.raises(ProtocolError) as caught:
        drive(peer)

    assert caught.value.id == "E742"
    assert (peer.acked, peer.connections) == (["e0"], 1)


@pytest.mark.parametrize(
    ("frame", "shown"),
    [
        (Frame(Opcode.TEXT, b'{"type":"candle","event_'), '{"type":"candle","event_'),
        (Frame(Opcode.TEXT, b""), "b''"),
        (Frame(Opcode.TEXT, b'{"type":"\xff"}'), "\\xff"),
        (Frame(Opcode.BINARY, b"\x00\x01binary"), "\\x01binary"),
    ],
    ids=["cut", "empty", "not UTF-8", "binary"],
)
def test_F1_a_malformed_frame_is_exit_7_and_names_its_bytes(frame: Frame, shown: str) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.write(frame.serialize(mask=False))
        client.wait_until_closed()

    with running(script) as peer, pytest.raises(ProtocolError) as caught:
        drive(peer)

    assert caught.value.id == "E710"
    assert shown in caught.value.where
    assert peer.acked == ["e0"]


def test_a_message_in_fragments_is_one_message() -> None:
    raw = candle_frame(0)

    def script(client: Client) -> None:
        client.write(Frame(Opcode.TEXT, raw[:50], fin=False).serialize(mask=False))
        client.write(Frame(Opcode.PING, b"between").serialize(mask=False))
        client.write(Frame(Opcode.CONT, raw[50:]).serialize(mask=False))
        client.ack()
        client.complete()
        client.ack()

    with running(script) as peer:
        drive(peer)

    assert peer.acked == ["e0", "end"]


def test_a_stop_ends_a_wait_acknowledges_nothing_new_and_closes_normally() -> None:
    stop = StopRequest()

    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        stop.ask(Stop("interrupted"))
        client.wait_until_closed()

    with running(script) as peer:
        ending, _ = drive(peer, stop=stop, stall_timeout_s=60)
        peer.done.wait()

    assert ending.why == "interrupted"
    assert peer.timeline[-2:] == [("stopped",), ("closed", 1000)]


def test_a_stop_ends_the_pause_before_another_attempt() -> None:
    stop = StopRequest()
    threading.Timer(0.05, stop.ask, [Stop("terminated")]).start()
    with running(cut_instead_of_the_next_event) as peer:
        with socket.create_server(("127.0.0.1", 0)) as free:
            peer.ws_url = f"ws://127.0.0.1:{free.getsockname()[1]}"
        ending, _ = drive(peer, stop=stop, backoff_initial_s=3600, backoff_max_s=3600)

    assert ending.why == "terminated"


def test_a_stop_ends_the_wait_for_an_engine_that_is_not_up() -> None:
    stop = StopRequest()
    threading.Timer(0.05, stop.ask, [Stop("terminated")]).start()
    with running(cut_instead_of_the_next_event) as peer:
        with socket.create_server(("127.0.0.1", 0)) as free:
            peer.rest_url = f"http://127.0.0.1:{free.getsockname()[1]}"
        ending, _ = drive(peer, stop=stop, backoff_initial_s=3600, backoff_max_s=3600)

    assert ending.why == "terminated"
    assert peer.timeline == []


def test_C13_a_dead_proxy_in_the_environment_does_not_matter_on_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.complete()
        client.ack()

    with running(script) as peer:
        ending, _ = drive(peer, buy_one)

    assert ending.confirmed
    assert len(peer.book.posts) == 1


def hang_up_after_placing(handler: Handler) -> bool:
    handler.book.place(handler.sent)
    handler.hang_up()
    return True


def hang_up(handler: Handler) -> bool:
    handler.hang_up()
    return True


def one_candle(client: Client) -> None:
    client.candles(0)
    client.ack()
    client.complete()
    client.ack()


def test_R6_an_order_without_an_answer_is_looked_up_and_adopted() -> None:
    with running(one_candle) as peer:
        peer.book.faults["POST"] = [hang_up_after_placing]
        peer.book.hidden = 1 + 3  # the listing of the start, then three of the search
        _, session = drive(peer, buy_one)

    (order,) = session.desk.tickets.values()
    assert (order.id, order.status.value) == ("o1", "OPEN")
    assert len(peer.book.posts) == 1
    assert peer.acked == ["e0", "end"]


def test_R2_an_order_that_nobody_knows_of_ends_a_backtest_unacknowledged() -> None:
    with running(one_candle) as peer:
        peer.book.faults["POST"] = [hang_up]
        with pytest.raises(ProtocolError) as caught:
            drive(peer, buy_one)

    assert caught.value.id == "E720"
    assert len(peer.book.posts) == 1
    assert peer.acked == []


def test_a_peer_that_never_answers_pings_is_not_pinged_in_a_backtest() -> None:
    heard: list[bytes] = []

    def talk(sock: socket.socket) -> None:
        upgrade(sock)
        sock.sendall(Frame(Opcode.TEXT, candle_frame(0)).serialize(mask=False))
        while data := sock.recv(65_536):
            heard.append(data)

    with running(one_candle) as peer, raw_server(talk) as (place, _):
        peer.ws_url = f"ws://{place}"
        with pytest.raises(ProtocolError) as caught:
            drive(peer, ping_interval_s=0.01, ping_timeout_s=0.01, stall_timeout_s=0.1)

    assert caught.value.id == "E743"
    assert [data[0] & 0x0F for data in heard if data[0] & 0x0F == 9] == []


def test_N1_an_unknown_host_is_exit_6(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def knowing_few(host: Any, *rest: Any, **options: Any) -> Any:
        if host == "nowhere.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", knowing_few)
    with running(one_candle) as peer:
        peer.ws_url = "ws://nowhere.example:8081"
        with pytest.raises(ConnectError) as caught:
            drive(peer)

    assert caught.value.id == "E601"
    assert caught.value.what == "no such host: nowhere.example"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 101 Swi"], ids=["nothing", "half an answer"])
def test_N7_a_peer_that_accepts_and_leaves_is_tried_again(answer: bytes) -> None:
    with running(one_candle) as peer, raw_server(answering(answer)) as (place, visits):
        peer.ws_url = f"ws://{place}"
        with pytest.raises(ConnectError) as caught:
            drive(peer)

    assert caught.value.exit_code == 6
    assert len(visits) == 3


def test_N2_an_answer_that_stops_halfway_is_given_up_in_time() -> None:
    released = threading.Event()

    def talk(sock: socket.socket) -> None:
        sock.recv(65_536)
        sock.sendall(b"HTTP/1.1 101 Swi")
        released.wait(PATIENCE_S)

    with running(one_candle) as peer, raw_server(talk) as (place, _):
        peer.ws_url = f"ws://{place}"
        with pytest.raises(ConnectError) as caught:
            drive(peer, open_timeout_s=0.05, max_attempts=1)
        released.set()

    assert "broke off" in caught.value.what


def test_what_does_not_speak_tls_is_exit_6() -> None:
    with running(one_candle) as peer:
        peer.ws_url = peer.ws_url.replace("ws", "wss")
        with pytest.raises(ConnectError) as caught:
            drive(peer, max_attempts=1)

    assert "securely" in caught.value.what


def test_a_stop_ends_the_wait_for_an_answer_while_opening() -> None:
    stop = StopRequest()
    released = threading.Event()

    def talk(sock: socket.socket) -> None:
        sock.recv(65_536)
        stop.ask(Stop("interrupted"))
        released.wait(PATIENCE_S)

    with running(one_candle) as peer, raw_server(talk) as (place, _):
        peer.ws_url = f"ws://{place}"
        ending, _ = drive(peer, stop=stop, open_timeout_s=3600)
        released.set()

    assert ending.why == "interrupted"
    assert peer.timeline[-1] == ("stopped",)
