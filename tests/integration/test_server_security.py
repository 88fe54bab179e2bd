"""Who may talk to the engine, tried over real sockets on both ports."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus

from runner.engine.server import EngineServer, Guard
from runner.engine.server.stream import MAX_FRAME
from runner.errors import ConfigError, MachineError
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

KEY = "0123456789abcdef0123456789abcdef"
PORTS = pytest.mark.parametrize("port", ["ws_url", "rest_url"])


def upgrade_status(running: EngineThread, **headers: str) -> int:
    """Return the status of a WebSocket upgrade with these headers (underscores are dashes)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with running.websocket(additional_headers=named):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@PORTS
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "localhost", "localhost:1", "0.0.0.0:{port}"]
)
def test_X5_a_forged_host_is_refused_on_both_ports(port: str, host: str) -> None:
    with engine(series(1.0)) as running:
        url = getattr(running.server, port)
        headers = {"Host": host.format(port=urlsplit(url).port)}
        status, body = running.request("GET", "/v1/ws", url=url, headers=headers)

        assert (status, body["code"]) == (403, "FORBIDDEN")


def test_X5_the_other_names_of_this_machine_are_let_in() -> None:
    with engine(series(1.0)) as running:
        port = urlsplit(running.server.rest_url).port
        for name in ("localhost", "LOCALHOST", "127.0.0.1", "[::1]"):
            headers = {"Host": f"{name}:{port}"}
            assert running.request("GET", "/v1/account", headers=headers)[0] == 200


@PORTS
def test_X5_two_host_headers_are_refused(port: str) -> None:
    with engine(series(1.0)) as running:
        place = urlsplit(getattr(running.server, port))
        with socket.create_connection((place.hostname, place.port), timeout=WAIT) as raw:
            host = f"Host: {place.netloc}\r\n"
            raw.sendall(f"GET /v1/ws HTTP/1.1\r\n{host}{host}\r\n".encode())

            assert raw.recv(4096).split()[1] in (b"400", b"403")


@PORTS
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:8080"])
def test_X4_a_page_of_a_browser_is_refused_on_both_ports(port: str, origin: str) -> None:
    with engine(series(1.0)) as running:
        url = getattr(running.server, port)
        status, body = running.request("GET", "/v1/ws", url=url, headers={"Origin": origin})

        assert (status, body["code"]) == (403, "FORBIDDEN")


def test_X4_a_page_of_a_browser_cannot_open_the_socket_or_use_up_the_run() -> None:
    with engine(series(1.0)) as running:
        assert upgrade_status(running, Origin="http://evil.example") == 403

        with running.websocket() as websocket:
            assert play(websocket)[1]["event_id"] == "evt-1"


def test_X4_an_allowed_page_is_let_in() -> None:
    guard = Guard(origins=frozenset({"http://localhost:3000"}))

    with engine(series(1.0), guard=guard) as running:
        assert upgrade_status(running, Origin="http://localhost:3000") == 101
        assert upgrade_status(running, Origin="http://localhost:3001") == 403


def test_a_token_is_asked_for_on_both_ports() -> None:
    with engine(series(1.0), guard=Guard(token=KEY)) as running:
        assert upgrade_status(running) == 401
        assert upgrade_status(running, Authorization="Bearer wrong") == 401
        for headers, code in (({}, "MISSING_API_KEY"), ({"X-API-Key": "x"}, "INVALID_API_KEY")):
            status, body = running.request("POST", "/v1/orders", ORDER, headers=headers)
            assert (status, body["code"], body["details"]) == (401, "UNAUTHORIZED", {"code": code})


@pytest.mark.parametrize("header", [("Authorization", f"Bearer {KEY}"), ("X-API-Key", KEY)])
def test_with_the_token_everything_is_open(header: tuple[str, str]) -> None:
    with engine(series(1.0), guard=Guard(token=KEY)) as running:
        assert running.request("GET", "/v1/account", headers=dict([header]))[0] == 200
        assert upgrade_status(running, **{header[0].replace("-", "_"): header[1]}) == 101


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health", "/openapi.json"])
def test_health_needs_no_token(path: str) -> None:
    with engine(series(1.0), guard=Guard(token=KEY)) as running:
        assert running.request("GET", path)[0] == 200


def test_X3_all_addresses_are_served_with_a_token_only() -> None:
    with pytest.raises(ConfigError) as caught:
        Guard("0.0.0.0")
    assert caught.value.exit_code == 3

    with engine(series(1.0), guard=Guard("0.0.0.0", KEY)) as running:
        assert running.request("GET", "/v1/account")[0] == 401
        assert running.request("GET", "/v1/account", headers={"X-API-Key": KEY})[0] == 200


def test_X7_ten_thousand_headers_are_refused_and_the_engine_lives() -> None:
    with engine(series(1.0)) as running:
        place = urlsplit(running.server.rest_url)
        with socket.create_connection((place.hostname, place.port), timeout=WAIT) as raw:
            many = "".join(f"X-{number}: 1\r\n" for number in range(10_000))
            raw.sendall(f"GET /livez HTTP/1.1\r\nHost: {place.netloc}\r\n{many}\r\n".encode())
            assert raw.recv(4096).split()[1] == b"400"

        assert running.get("/livez") == {"status": "ok"}


@pytest.mark.parametrize(
    "rest",
    [
        "Content-Length: 500\r\n\r\n{",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
        "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["cut_short", "bad_chunk", "cut_chunk", "no_gzip"],
)
def test_X7_a_body_that_breaks_off_or_is_framed_wrongly_leaves_the_engine_alive(rest: str) -> None:
    with engine(series(1.0)) as running:
        place = urlsplit(running.server.rest_url)
        head = f"POST /v1/orders HTTP/1.1\r\nHost: {place.netloc}\r\n"
        with socket.create_connection((place.hostname, place.port), timeout=WAIT) as raw:
            raw.sendall(f"{head}Content-Type: application/json\r\n{rest}".encode())
            raw.shutdown(socket.SHUT_WR)
            raw.recv(4096)

        assert running.get("/v1/orders") == []


@pytest.mark.parametrize(
    "path",
    ["/v1/orders/%00", "/v1/orders/%ff%fe", "/v1/orders/..%2f..", "/v1/orders/%0d%0aX", "/%"],
)
def test_X9_odd_ids_in_a_path_are_just_unknown(path: str) -> None:
    with engine(series(1.0)) as running:
        status, body = running.request("GET", path)

        assert status == 404
        assert body["code"] in ("ORDER_NOT_FOUND", "NOT_FOUND")


def test_X7_idle_connections_do_not_hinder_a_run() -> None:
    with engine(series(1.0)) as running:
        place = urlsplit(running.server.ws_url)
        idle = [socket.create_connection((place.hostname, place.port)) for _ in range(100)]
        try:
            with running.websocket() as websocket:
                assert play(websocket)[-1]["type"] == "backtest_complete"
        finally:
            for one in idle:
                one.close()


def test_an_ack_may_be_as_large_as_the_frame_limit_allows() -> None:
    with engine(series(1.0)) as running, running.websocket() as websocket:
        candle = [receive(websocket), receive(websocket)][1]
        fill = [{"event_id": f"evt-{number}"} for number in range(2, MAX_FRAME // 20)]
        acknowledge(websocket, candle, *fill)

        assert receive(websocket)["type"] == "backtest_complete"


# Ports


@pytest.mark.parametrize(
    ("ports", "option"), [("ws_port", "--ws-port"), ("rest_port", "--rest-port")]
)
def test_L4_a_port_in_use_is_named_with_the_option_that_changes_it(ports: str, option: str) -> None:
    with engine(series(1.0)) as running:
        taken = urlsplit(running.server.rest_url).port
        with (
            pytest.raises(MachineError) as caught,
            engine(series(1.0), **{"ws_port": 0, "rest_port": 0, ports: taken}),
        ):
            pass

    assert (caught.value.exit_code, caught.value.id) == (10, "E1001")
    assert str(taken) in caught.value.what
    assert option in caught.value.fix


def test_one_port_for_both_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError) as caught:
        EngineServer(lambda: pytest.fail("built"), ws_port=9000, rest_port=9000)

    assert caught.value.id == "E374"


@pytest.mark.parametrize(
    ("host", "token", "name"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("localhost", None, "localhost"),
        ("0.0.0.0", KEY, "127.0.0.1"),
    ],
)
def test_the_urls_are_what_a_client_on_this_machine_connects_to(
    host: str, token: str | None, name: str
) -> None:
    with engine(series(1.0), guard=Guard(host, token)) as running:
        for url in (running.server.ws_url, running.server.rest_url):
            assert urlsplit(url).hostname == name
        assert running.request("GET", "/livez")[0] == 200


def test_a_host_that_is_not_this_machine_is_a_configuration_error() -> None:
    with (
        pytest.raises(ConfigError) as caught,
        engine(series(1.0), guard=Guard("192.0.2.1", KEY)),
    ):
        pass

    assert caught.value.id == "E373"
