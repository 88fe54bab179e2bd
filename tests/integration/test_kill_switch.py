"""The kill switch, by file, signal, key and command: the same thing happens."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.gateway import (
    Gateway,
    ended,
    eventually,
    gateway,
    send_signal,
    stays,
    strategy_in,
)
from tests.integration.peer import Client
from tests.integration.terminal import terminal
from tests.integration.test_cli import SMA, clean_environment, runner

ENTERS = """
from runner import Strategy

class Enters(Strategy):
    def on_candle(self, candle):
        self.buy(quantity=1, limit=50)
        self.sell(quantity=1, stop=40, reduce_only=True)

    def on_stop(self):
        self.buy(quantity=7)
"""
SLOW = """
import time
from runner import Strategy

class Slow(Strategy):
    default_subscriptions = ("S:AAPL:candle",)

    def on_candle(self, candle):
        time.sleep(0.01)
        if self.is_flat:
            self.buy(quantity=1)

    def on_stop(self):
        self.buy(quantity=7)
"""


def trades(client: Client) -> None:
    client.connected()
    client.candles(0)
    client.ack()
    stays(client)


def record_of(folder: Path) -> Path:
    (found,) = (folder / "kept" / "runs").iterdir()
    return found


def by_file(peer: Gateway, folder: Path, process: subprocess.Popen[str]) -> None:
    (record_of(folder) / "KILL").touch()


def by_file_for_all(peer: Gateway, folder: Path, process: subprocess.Popen[str]) -> None:
    (folder / "kept" / "KILL").touch()


def by_signal(peer: Gateway, folder: Path, process: subprocess.Popen[str]) -> None:
    send_signal(process, signal.SIGUSR1)


def by_command(peer: Gateway, folder: Path, process: subprocess.Popen[str]) -> None:
    done = peer.run(folder, "halt", "last")
    assert done.returncode == 0, done.stderr
    assert "has ended" in done.stdout


@pytest.mark.parametrize("pull", [by_file, by_file_for_all, by_signal, by_command])
def test_a_live_run_is_halted_and_exits_9(
    tmp_path: Path, pull: Callable[[Gateway, Path, subprocess.Popen[str]], None]
) -> None:
    name = strategy_in(tmp_path, ENTERS)
    with gateway(trades) as peer:
        process = peer.start(tmp_path, "run", name, "--json")
        peer.wait_for_posts(2)
        pull(peer, tmp_path, process)
        code, document, said = ended(process)

        assert code == 9, said
        assert document["ending"]["why"] == "halted"
        assert "error[E921]" in said
        entry, stop = peer.book.orders
        assert (entry["status"], stop["status"]) == ("CANCELLED", "OPEN")
        assert len(peer.book.posts) == 2  # what on_stop wanted was denied
        assert [one["reason"] for one in document["rejections"]] == ["DENIED_HALTED"]


def test_a_run_that_is_halted_for_all_does_not_begin_until_released(tmp_path: Path) -> None:
    with gateway(trades) as peer:
        halted = peer.run(tmp_path, "halt")
        refused = peer.run(tmp_path, "run", SMA)
        backtest = peer.run(tmp_path, "run", SMA, "--runtime", "embedded", "--max-events", "5")
        released = peer.run(tmp_path, "halt", "--release")
        begun = peer.run(tmp_path, "run", SMA, "--max-events", "1")

    assert "no run was going on here" in halted.stdout
    assert refused.returncode == 9
    assert "error[E922]" in refused.stderr
    assert backtest.returncode == 0, backtest.stderr
    assert "released" in released.stdout
    assert begun.returncode == 0, begun.stderr


def test_a_backtest_is_halted_as_well(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, SLOW)
    environ = clean_environment() | {"RUNNER_RECORDS__ENABLED": "true"}
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "run", name, "--json"],
        cwd=tmp_path,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually(lambda: list(tmp_path.glob(".runner/runs/2*/orders.jsonl")))
    (*_, folder) = tmp_path.glob(".runner/runs/2*")
    eventually(lambda: (folder / "orders.jsonl").read_bytes())
    (folder / "KILL").touch()
    code, document, said = ended(process)

    assert code == 9, said
    assert [one["reason"] for one in document["rejections"]] == ["DENIED_HALTED"]
    end = json.loads((folder / "end.json").read_text())
    assert (end["why"], end["error"]["id"]) == ("halted", "E921")


def test_the_key_must_be_pressed_twice(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, SLOW)
    with terminal("run", name, cwd=tmp_path) as shown:
        shown.wait_for("Slow")
        shown.press("K")
        shown.wait_for("K once more")
        shown.press("K")

        assert shown.finish() == 9


def test_a_run_that_is_over_cannot_be_halted(tmp_path: Path) -> None:
    environ = {"RUNNER_RECORDS__ENABLED": "true", "RUNNER_RECORDS__DIR": str(tmp_path / "kept")}
    runner("run", SMA, "--max-events", "5", **environ)
    done = runner("halt", "last", **environ)

    assert (done.returncode, "does not run any more" in done.stdout) == (0, True)
