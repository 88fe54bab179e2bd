"""Metrics and health of the real program, as Prometheus and a container ask for them."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.peer import PATIENCE_S, Client, running
from tests.integration.test_cli import ROOT, SMA, clean_environment, runner

BUYER = """
from runner import Strategy

class Buyer(Strategy):
    def on_candle(self, candle):
        if not self.orders and self.is_flat:
            self.buy(quantity=1)
"""
STUCK = """
import time
from runner import Strategy

class Stuck(Strategy):
    default_subscriptions = ("S:AAPL:candle",)

    def on_candle(self, candle):
        time.sleep(60)
"""


@contextmanager
def watched(*arguments: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a run with metrics on a free port; yield it and the address that it says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "run", *arguments, "--metrics", "127.0.0.1:0", "-v"],
        cwd=ROOT,
        env=clean_environment() | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        said = ""
        while not (found := re.search(r"http://\S+(?=/metrics)", said)):
            said = process.stderr.readline()
            assert said, "it ended before it served"
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def eventually(url: str, said: tuple[int, str]) -> bool:
    """Ask again and again until the page says so."""
    for _ in range(500):
        if get(url) == said:
            return True
        threading.Event().wait(0.02)
    return False


def test_a_run_over_a_wire_tells_its_connection_its_orders_and_its_health(tmp_path: Path) -> None:
    (tmp_path / "buyer.py").write_text(BUYER)
    let_in, handled, go_on = threading.Event(), threading.Event(), threading.Event()

    def script(client: Client) -> None:
        assert let_in.wait(PATIENCE_S)
        client.connected()
        client.candles(0, 1)
        client.acks(2)
        handled.set()
        assert go_on.wait(PATIENCE_S)
        client.complete()
        client.ack()

    with running(script) as peer:
        variables = {"ENGINE_WS_URL": peer.ws_url, "ENGINE_REST_URL": peer.rest_url}
        with watched(str(tmp_path / "buyer.py"), "--trust", **variables) as (process, url):
            assert eventually(f"{url}/readyz", (200, "ok\n"))
            assert get(f"{url}/healthz") == (200, "ok\n")
            let_in.set()
            assert handled.wait(PATIENCE_S)
            status, page = get(f"{url}/metrics")
            go_on.set()
            process.communicate(timeout=PATIENCE_S)

    assert (status, process.returncode) == (200, 0)
    lines = page.splitlines()
    assert 'runner_events_total{type="candle"} 2.0' in lines
    assert 'runner_connection_state{state="connected"} 1.0' in lines
    assert "runner_orders_working 1.0" in lines
    assert "runner_orders_placed_total 1.0" in lines
    assert "runner_equity 100000.0" in lines
    assert any(re.fullmatch(r"runner_ack_latency_seconds_count [12]\.0", one) for one in lines)
    assert any(re.fullmatch(r"runner_request_latency_seconds_sum 0\.0\d+", one) for one in lines)
    assert 'runner_info{runtime="engine",strategy="Buyer",version="' in page


def test_a_run_whose_peer_is_not_there_is_alive_and_not_ready() -> None:
    variables = {"ENGINE_WS_URL": "ws://127.0.0.1:9", "ENGINE_REST_URL": "http://127.0.0.1:9"}

    with watched(SMA, "--set", "connection.max_attempts=0", **variables) as (_, url):
        assert get(f"{url}/readyz") == (503, "connecting\n")
        assert get(f"{url}/healthz") == (200, "ok\n")


def test_a_strategy_that_is_stuck_is_not_healthy_any_more(tmp_path: Path) -> None:
    (tmp_path / "stuck.py").write_text(STUCK)

    with watched(str(tmp_path / "stuck.py"), "--trust", "--set", "metrics.stalled_after=1s") as (
        _,
        url,
    ):
        assert get(f"{url}/healthz") == (200, "ok\n")
        assert eventually(f"{url}/readyz", (200, "ok\n"))
        for _ in range(500):
            status, said = get(f"{url}/healthz")
            if status == 503:
                break
            threading.Event().wait(0.02)

    assert status == 503
    assert "nothing has moved" in said


def test_others_reach_the_metrics_with_a_token_only() -> None:
    for value in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
        done = runner("run", SMA, "--metrics", value)

        assert (done.returncode, done.stdout) == (3, ""), value
        assert "metrics.token is not set" in done.stderr


def test_an_address_that_is_none_exits_3_and_says_how_to_write_one() -> None:
    for value in ("9108", ":9108", "localhost", "localhost:http", "127.0.0.1:70000", "::1:9108"):
        done = runner("run", SMA, "--metrics", value)

        assert (done.returncode, done.stdout) == (3, ""), value
        assert "write it like 127.0.0.1:9108" in done.stderr


def test_the_token_is_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("metrics:\n  listen: 0.0.0.0:0\n")

    done = runner("validate-config", str(tmp_path / "run.yaml"), RUNNER_METRICS__TOKEN="canary7")
    ran = runner("run", SMA, "-vv", "--metrics", "127.0.0.1:0", RUNNER_METRICS__TOKEN="canary7")

    assert (done.returncode, ran.returncode) == (0, 0)
    assert "canary7" not in done.stdout + done.stderr + ran.stdout + ran.stderr
