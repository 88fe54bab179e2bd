"""Acknowledgments that come later than the engine waits: the result is not what it seems."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway import strategy_in
from tests.integration.peer import Client, drive, running
from tests.integration.test_cli import clean_environment

WINDOW_S = 0.2
STRATEGY = f"""
import time
from runner import Strategy


class Late(Strategy):
    def on_candle(self, candle):
        time.sleep({2 * WINDOW_S})
"""


def two_candles(client: Client) -> None:
    client.candles(0)
    client.ack()
    client.candles(1)
    client.ack()
    client.complete()
    client.ack()


def run(folder: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run the slow strategy against a scripted engine and return what came of it."""
    with running(two_candles) as peer:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "runner", "run", strategy_in(folder, STRATEGY), "--json"),
                *(one for setting in arguments for one in ("--set", setting)),
            ],
            cwd=folder,
            env=clean_environment()
            | {"ENGINE_WS_URL": peer.ws_url, "ENGINE_REST_URL": peer.rest_url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    return done.returncode, json.loads(done.stdout), done.stderr


def test_A9_a_run_that_acknowledges_too_late_exits_with_7(tmp_path: Path) -> None:
    code, document, said = run(tmp_path, f"engine.ack_window={WINDOW_S * 1000:.0f}ms")

    assert code == 7, said
    assert "error[E732]: 2 times an acknowledgment came later than the engine waits for" in said
    assert any("took longer than 0.2 s" in one for one in document["warnings"])


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ([f"engine.ack_window={WINDOW_S * 1000:.0f}ms", "engine.allow_slow=true"], True),
        (["engine.ack_window=60s"], False),
        ([], False),
    ],
    ids=["allowed", "a window that is kept", "the usual window"],
)
def test_A9_late_acknowledgments_can_be_allowed_and_are_told(
    tmp_path: Path, settings: list[str], warned: bool
) -> None:
    code, document, said = run(tmp_path, *settings)

    assert code == 0, said
    assert any("took longer than" in one for one in document["warnings"]) == warned


def test_A9_events_of_a_burst_are_late_when_the_first_of_them_is() -> None:
    def burst(client: Client) -> None:
        client.candles(0, 1, 2)
        client.acks(3)
        client.complete()
        client.ack()

    with running(burst) as peer:
        _, session = drive(peer, lambda *_: time.sleep(WINDOW_S / 2), ack_window_s=WINDOW_S)

    assert session.late_acks == 1


def test_A9_a_live_run_owes_nobody_an_acknowledgment() -> None:
    with running(two_candles) as peer:
        _, session = drive(
            peer,
            lambda *_: time.sleep(WINDOW_S * 2),
            session={"backtest": False},
            ack_window_s=WINDOW_S,
        )

    assert session.late_acks == 0
