"""Strategies that take more than they may: memory, orders in one event."""

from __future__ import annotations

from pathlib import Path

from tests.integration.gateway import strategy_in
from tests.integration.test_cli import runner

LEAKS = """
import time
from runner import Strategy

class Leaks(Strategy):
    default_subscriptions = ("S:AAPL:candle",)
    kept = []

    def on_candle(self, candle):
        self.kept.append(b"x" * 2**20)
        time.sleep(0.002)

    def on_stop(self):
        print("on_stop ran", len(self.kept))
"""
FLOODS = """
from runner import Strategy

class Floods(Strategy):
    default_subscriptions = ("S:AAPL:candle",)

    def on_candle(self, candle):
        for _ in range(5_000):
            self.buy(quantity=1, limit=1)
"""


def test_S10_a_run_that_leaks_is_ended_with_the_last_event_named(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, LEAKS)

    done = runner("run", name, "--set", "max_memory=300000000", cwd=tmp_path)

    assert done.returncode == 5, done.stderr
    assert "error[E506]: the run takes " in done.stderr
    assert "max_memory is 286 MiB" in done.stderr
    assert "where: Leaks, after event " in done.stderr
    assert "on_stop ran" in done.stderr


def test_S10_a_run_within_its_limit_ends_as_ever(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, LEAKS)

    done = runner("run", name, "--set", "max_memory=4000000000", "--max-events", "99", cwd=tmp_path)

    assert done.returncode == 0, done.stderr


def test_S16_a_flood_of_orders_in_one_event_is_denied_and_halts_with_9(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, FLOODS)

    done = runner("run", name, "--set", "risk.max_orders_per_event=10", cwd=tmp_path)

    assert done.returncode == 9, done.stderr
    assert "error[E910]: one event caused more than 1000 requests" in done.stderr
