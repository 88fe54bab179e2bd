"""A key never leaves for another machine over a line that anybody may listen to."""

from __future__ import annotations

import pytest

from tests.integration.test_cli import SMA, runner

GATEWAYS = [
    "http://10.0.0.5:8080",
    "http://0.0.0.0:8080",  # every address of this machine, and none of them in particular
    "http://localhost.example.com:8080",
    "http://127.0.0.1.example.com:8080",
    "http://[::]:8080",
    "http://[fe80::1]:8080",
]
ENGINES = [
    {"ENGINE_WS_URL": "ws://10.0.0.5:8081", "ENGINE_REST_URL": "http://127.0.0.1:8080"},
    {"ENGINE_WS_URL": "ws://127.0.0.1:8081", "ENGINE_REST_URL": "http://10.0.0.5:8080"},
    {"ENGINE_WS_URL": "wss://10.0.0.5:8081", "ENGINE_REST_URL": "http://10.0.0.5:8080"},
]
QUICK = {"RUNNER_CONNECTION__MAX_ATTEMPTS": "1"}


@pytest.mark.parametrize("url", GATEWAYS)
def test_X2_a_key_for_a_gateway_on_an_open_line_is_refused(url: str) -> None:
    done = runner("run", SMA, GATEWAY_URL=url, GATEWAY_API_KEY="nobody-may-read-it", **QUICK)

    assert done.returncode == 3, done.stderr
    assert "E330" in done.stderr
    assert "GATEWAY_API_KEY would travel unencrypted" in done.stderr


@pytest.mark.parametrize("command", ["run", "flatten"])
def test_X2_every_command_that_sends_the_key_refuses(command: str) -> None:
    named = (SMA,) if command == "run" else ("--symbols", "S:AAPL")

    done = runner(
        *(command, *named),
        GATEWAY_URL="http://10.0.0.5:8080",
        GATEWAY_API_KEY="nobody-may-read-it",
        **QUICK,
    )

    assert (done.returncode, "E330" in done.stderr) == (3, True), done.stderr


@pytest.mark.parametrize("urls", ENGINES, ids=["WebSocket", "REST", "one of two encrypted"])
def test_X2_a_token_for_an_engine_on_an_open_line_is_refused(urls: dict[str, str]) -> None:
    done = runner("run", SMA, RUNNER_ENGINE__TOKEN="nobody-may-read-it", **urls, **QUICK)

    assert (done.returncode, "E330" in done.stderr) == (3, True), done.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"])
def test_X2_on_this_machine_a_key_may_travel_so(url: str) -> None:
    done = runner("run", SMA, GATEWAY_URL=url, GATEWAY_API_KEY="nobody-may-read-it", **QUICK)

    assert (done.returncode, "E330" in done.stderr) == (6, False), done.stderr
