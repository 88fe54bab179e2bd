"""Clocks that are set, machines that sleep, processes that are stopped: a gap like any other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from runner.protocol.messages import Candle
from runner.transports.clocks import Clocks
from tests.integration.gateway import ended, gateway, strategy_in
from tests.integration.peer import Client, drive_live, running
from tests.integration.test_live_conditions import Told, events, finish, wait_until_told

STOOD_STILL_S = 3.0


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0], ids=["an hour ahead", "an hour back"])
def test_L7_after_a_jump_of_the_clock_the_state_is_read_before_an_order_is_sent(
    tmp_path: Path, jump_s: float
) -> None:
    ahead = 0.0

    class Jumping(Told):
        def on_candle(self, candle: Candle) -> None:
            nonlocal ahead
            if candle.close == 100:
                ahead = jump_s
            super().on_candle(candle)

    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        wait_until_told(client, "TIME_GAP")
        wait_until_told(client, "LIFTED")
        client.candles(1)
        client.ack()
        finish(client)

    with running(script) as peer:
        clocks = Clocks(10.0, wall=lambda: time.time() + ahead)
        drive_live(peer, tmp_path, strategy=Jumping, clocks=clocks)

    happened = events(peer.timeline)[1:]
    assert happened[:2] == [("handled", 0), ("denied", "DENIED_TIME_GAP")]
    assert happened[2:5] == [("told", "TIME_GAP"), ("state",), ("told", "LIFTED")]
    assert happened[5:] == [("handled", 1), ("post", "first-2")]
    # No time limit of the connection heeds that clock.
    assert peer.connections == 1


def test_L7_a_process_that_was_stopped_reads_the_state_before_it_sends_an_order(
    tmp_path: Path,
) -> None:
    text = """
from runner import Strategy


class Buyer(Strategy):
    def on_candle(self, candle):
        self.buy(quantity=1, limit=50)

    def on_error(self, error):
        print("TOLD", error.code, error.message)
"""
    process: Any = None

    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        os.killpg(process.pid, signal.SIGSTOP)
        client.timeline.append(("stopped",))
        time.sleep(STOOD_STILL_S)
        client.candles(1)
        os.killpg(process.pid, signal.SIGCONT)
        client.ack()
        # The first of the candles may come before the reading, or after it.
        for index in range(2, 200):
            if ("state",) in after_the_stop() and len(after_the_stop()) > 1:
                break
            client.candles(index)
            client.ack()
            time.sleep(0.05)
        finish(client)

    def after_the_stop() -> list[Any]:
        happened = [one for one in there.peer.timeline if one[0] in ("stopped", "state", "post")]
        return happened[happened.index(("stopped",)) + 1 :]

    with gateway(script) as there:
        name = strategy_in(tmp_path, text)
        # A group of its own, as a terminal makes it: Ctrl-Z stops the run and what guards it.
        process = subprocess.Popen(
            [sys.executable, "-m", "runner", "run", name, "--json"],
            cwd=tmp_path,
            env=there.environment(tmp_path, RUNNER_CONNECTION__GAP_AFTER="1500ms"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        code, _, said = ended(process)

    assert code == 0, said
    assert "TOLD TIME_GAP this process stood still for" in said
    assert [one[0] for one in after_the_stop()][:2] == ["state", "post"]
