"""Handlers that do not come back: heartbeats go on, they are told of, and ended with their line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.gateway import ended, gateway, send_signal, stays, strategy_in
from tests.integration.peer import Client
from tests.integration.test_cli import clean_environment, runner
from tests.integration.test_websocket_guard import PING

PATIENCE_S = 30.0
BEGINNING = """
import threading
import time

from runner import Strategy

class Late(Strategy):
    default_subscriptions = ("S:AAPL:candle",)

"""
HANDLER = "    def on_candle(self, candle):\n        print('in', flush=True)\n"
WAYS = {
    "a loop": "while True: pass",
    "a sleep": "time.sleep(60)",
    "a lock": "threading.Lock().__enter__(); threading.Event().wait()",
    "a loop that catches": "while True:\n            try: time.sleep(60)\n"
    "            except Exception: pass",
}  # fmt: skip
STUBBORN = """        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
"""


def late(folder: Path, text: str) -> str:
    return strategy_in(folder, BEGINNING + text, "late.py")


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "runner", "run", *arguments],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_S8_a_handler_that_does_not_return_is_ended_with_its_line(tmp_path: Path, way: str) -> None:
    name = late(tmp_path, f"{HANDLER}        self.work()\n\n    def work(self):\n        {way}\n")

    done = runner(
        "run", name, "--set", "handler_timeout=300ms", "--set", "on_exception=skip", cwd=tmp_path,
        RUNNER_RECORDS__ENABLED="true",
    )  # fmt: skip

    assert done.returncode == 5
    assert "error[E502]: on_candle has not returned after 0.3 s" in done.stderr
    assert f'late.py", line {BEGINNING.count(chr(10)) + 3}, in on_candle' in done.stderr
    assert f'late.py", line {BEGINNING.count(chr(10)) + 6}' in done.stderr or "try:" in way
    assert ", in work" in done.stderr
    listed = json.loads(runner("runs", "--json", cwd=tmp_path).stdout)
    assert "E502" in json.dumps(listed)


@pytest.mark.parametrize("handler", ["on_start", "on_stop"])
def test_S8_the_start_and_the_end_are_handlers_too(tmp_path: Path, handler: str) -> None:
    name = late(tmp_path, f"    def {handler}(self):\n        while True: pass\n")

    done = runner("run", name, "--set", "handler_timeout=300ms", cwd=tmp_path)

    assert done.returncode == 5
    assert f"error[E502]: {handler} has not returned" in done.stderr


def test_S8_a_handler_that_cannot_be_interrupted_ends_the_process(tmp_path: Path) -> None:
    name = late(tmp_path, HANDLER + STUBBORN)

    done = runner(
        "run", name, "--set", "handler_timeout=300ms", cwd=tmp_path, RUNNER_RECORDS__ENABLED="true"
    )

    assert done.returncode == 5
    assert "on_candle cannot be interrupted, the process ends" in done.stderr
    assert 'late.py", line ' in done.stderr
    assert "error[E502]" in done.stderr
    listed = json.loads(runner("runs", "--json", cwd=tmp_path).stdout)
    assert "E502" in json.dumps(listed)


def test_S8_a_handler_is_told_of_before_it_is_ended_and_without_a_limit_only_told_of(
    tmp_path: Path,
) -> None:
    name = late(
        tmp_path,
        "    def on_candle(self, candle):\n        if not hasattr(self, 'waited'):\n"
        "            self.waited = True\n            time.sleep(4)\n",
    )

    done = runner(
        "run", name, "--set", "handler_timeout=0", "--max-events", "3", "--ui", "none", cwd=tmp_path
    )

    assert done.returncode == 0
    (told,) = [one for one in done.stderr.splitlines() if "has been running for" in one]
    assert "Late.on_candle of S:AAPL at 20" in told
    assert f"late.py:{BEGINNING.count(chr(10)) + 4}" in told


def test_S8_a_debugger_has_all_the_time_in_the_world(tmp_path: Path) -> None:
    name = late(tmp_path, "    def on_candle(self, candle):\n        breakpoint()\n")

    with start(tmp_path, name, "--max-events", "1", "--set", "handler_timeout=100ms") as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2.5)
        out, said = process.communicate("continue\n", timeout=PATIENCE_S)

    assert process.returncode == 0, said
    assert "on_candle" in out + said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("how", ["        while True: pass\n", STUBBORN], ids=["loop", "stubborn"])
def test_O1_O2_a_run_that_is_asked_to_end_does_not_wait_for_its_handler_for_ever(
    tmp_path: Path, number: int, code: int, how: str
) -> None:
    with start(tmp_path, late(tmp_path, HANDLER + how), "--ui", "none") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "in\n"
        send_signal(process, number)
        _, said = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == code, said


def test_S8_N10_heartbeats_go_on_while_a_live_handler_blocks_and_its_event_is_not_acknowledged(
    tmp_path: Path,
) -> None:
    pongs = []

    def script(client: Client) -> None:
        client.connected()
        client.candles(0)
        client.ack()
        client.candles(1)
        client.wait_for(lambda: bool(client.book.posts))
        for _ in range(3):
            client.send(PING)
            pongs.append(client.read())
        stays(client)

    text = (
        "    def on_candle(self, candle):\n        if self.orders:\n            while True: pass\n"
        "        self.buy(quantity=1, limit=50)\n"
    )
    with gateway(script) as peer:
        process = peer.start(
            tmp_path, "run", late(tmp_path, text), "--set", "handler_timeout=2s", "--json"
        )
        code, _, said = ended(process)
        (entry,) = peer.book.orders

    assert code == 5, said
    assert "error[E502]: on_candle has not returned after 2 s" in said
    assert pongs == [{"type": "pong"}] * 3
    assert peer.peer.acked == ["e0"]
    assert entry["status"] == "CANCELLED"
