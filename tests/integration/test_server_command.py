"""`runner engine serve` as a person starts it: a process, its output, its exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.helpers import series
from tests.integration.engine_process import WAIT, engine, play, receive

COMMAND = [sys.executable, "-c", "from runner.cli import main; main()", "engine", "serve"]
EPHEMERAL = ["--ws-port", "0", "--rest-port", "0", "--to", "2000-04-01"]


def environment() -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("RUNNER_")}
    return kept | {"PYTHONUNBUFFERED": "1"}


@contextmanager
def serving(
    *arguments: str, stdin: int | None = None
) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Start the command with `--json`; give the process and the addresses it printed."""
    process = subprocess.Popen(
        [*COMMAND, *EPHEMERAL, "--json", *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield process, json.loads(line)
    finally:
        process.kill()
        process.communicate()


def failing(*arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run the command to its end; return exit code, stdout and stderr."""
    ended = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        env=environment() | variables,
        timeout=WAIT,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout, ended.stderr


def test_once_serves_a_whole_run_says_how_to_connect_and_exits_0() -> None:
    with serving("--symbols", "S:AAPL, S:MSFT", "--symbols", "S:IBM", "--once") as (process, urls):
        with connect(urls["ws_url"], proxy=None) as websocket:
            frames = play(websocket)
        output, said = process.communicate(timeout=WAIT)

    symbols = [one["bar"]["symbol"] for one in frames if one["type"] == "candle"]
    assert symbols[:3] == ["S:AAPL", "S:MSFT", "S:IBM"]
    assert (process.returncode, output) == (0, "")
    assert (
        f"ENGINE_WS_URL={urls['ws_url']} ENGINE_REST_URL={urls['rest_url']} "
        "SUBSCRIPTIONS=S:AAPL:candle,S:MSFT:candle,S:IBM:candle runner run"
    ) in said
    assert "2000-03-01 to 2000-03-31" in said


def test_a_raw_engine_says_who_can_be_pointed_at_it_and_keeps_its_run() -> None:
    arguments = ("--dialect", "raw", "--resume-window", "60s", "--once")
    with serving(*arguments) as (process, urls):
        with connect(urls["ws_url"] + "/ws", proxy=None) as websocket:
            first = receive(websocket)
            assert websocket.response is not None
            assert len(websocket.response.headers["Run-Id"]) == 16
        _, said = process.communicate(timeout=WAIT)

    assert (first["type"], first["event_id"]) == ("candle", "evt-1")
    assert "point a gateway at these two addresses" in said
    assert process.returncode == 7  # a normal close in mid-run


def test_quiet_prints_nothing_but_what_was_asked_for() -> None:
    with serving("--once", "--quiet") as (process, urls):
        with connect(urls["ws_url"], proxy=None) as websocket:
            play(websocket)

        assert process.communicate(timeout=WAIT) == ("", "")
        assert process.returncode == 0


def test_once_exits_7_when_the_strategy_leaves_early() -> None:
    with serving("--once") as (process, urls):
        with connect(urls["ws_url"], proxy=None) as websocket:
            receive(websocket)
        _, said = process.communicate(timeout=WAIT)

    assert process.returncode == 7
    assert "E750" in said


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_stops_the_engine_in_good_order(number: signal.Signals, code: int) -> None:
    with serving() as (process, urls), connect(urls["ws_url"], proxy=None) as websocket:
        receive(websocket)
        receive(websocket)
        process.send_signal(number)
        last = receive(websocket)
        process.communicate(timeout=WAIT)

    assert last["event"] == "DISCONNECTING"
    assert process.returncode == code


def test_L4_a_busy_port_exits_10_and_names_port_and_option() -> None:
    with engine(series(1.0)) as running:
        port = running.server.ws_url.rpartition(":")[2]
        code, output, said = failing("--ws-port", port)

    assert (code, output) == (10, "")
    assert f"port {port} is in use" in said
    assert "--ws-port" in said


def test_X3_serving_others_without_a_token_exits_3() -> None:
    code, output, said = failing(*EPHEMERAL, "--host", "0.0.0.0")

    assert (code, output) == (3, "")
    assert "error[E371]" in said


def test_X3_the_token_may_come_from_the_environment() -> None:
    code, _, said = failing(*EPHEMERAL, "--host", "192.0.2.1", RUNNER_ENGINE__TOKEN="canary")

    assert code == 3
    assert "error[E373]" in said  # one step further than the missing token
    assert "canary" not in said


def test_X1_help_names_the_variable_of_the_token_and_not_its_value() -> None:
    code, text, _ = failing("--help", RUNNER_ENGINE__TOKEN="canary")

    assert code == 0
    assert "RUNNER_ENGINE__TOKEN" in text
    assert "canary" not in text


def test_a_configuration_gives_the_engine_its_prices_account_and_costs(tmp_path: Path) -> None:
    file = tmp_path / "engine.yaml"
    file.write_text(
        "subscriptions: [S:IBM:candle]\n"
        "exchange:\n  cash: 5000\n  currency: EUR\n  commission:\n    per_unit: 2\n"
    )
    order = {"symbol": "S:IBM", "side": "BUY", "order_type": "MARKET", "quantity": "1"}

    with serving("-c", str(file), "--start-on", "ack") as (_, urls):
        account = _asked(urls, "GET", "/v1/account")
        accepted = _asked(urls, "POST", "/v1/orders", order)

    assert (account["balance"], account["currency"]) == ("5000", "EUR")
    assert accepted["status"] == "OPEN"


def test_costs_and_cash_reach_the_exchange() -> None:
    with serving("--cash", "5000", "--set", "exchange.leverage=3") as (_, urls):
        account = _asked(urls, "GET", "/v1/account")
        offered = _asked(urls, "GET", "/v1/capabilities")

    assert account["balance"] == "5000"
    assert offered["max_leverage"] == "3"


def _asked(
    urls: dict[str, str], method: str, path: str, body: dict[str, str] | None = None
) -> dict[str, Any]:
    from http.client import HTTPConnection

    connection = HTTPConnection(urls["rest_url"].removeprefix("http://"), timeout=WAIT)
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {"Content-Type": "application/json"})
    answer: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return answer
