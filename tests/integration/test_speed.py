"""A run held back, embedded and at an engine: the same result, and not where time is real."""

from __future__ import annotations

import json
import time

from tests.helpers import series
from tests.integration.engine_process import engine
from tests.integration.test_cli import SMA, runner

RISING = [100 + (step % 40) for step in range(80)]


def test_a_speed_is_refused_where_time_is_real() -> None:
    done = runner("run", SMA, "--runtime", "gateway", "--speed", "20")

    assert done.returncode == 3
    assert "error[E331]: the time of a gateway is real, was 20/s" in done.stderr


def test_a_paced_run_at_an_engine_takes_its_time_and_gives_the_same_result() -> None:
    found = []
    for speed in ("max", "200"):
        with engine(series(*RISING)) as peer:
            began = time.monotonic()
            done = runner(
                "run", SMA, "--speed", speed, "--json", "-p", "fast=2", "-p", "slow=5",
                ENGINE_WS_URL=peer.server.ws_url,
                ENGINE_REST_URL=peer.server.rest_url,
                SUBSCRIPTIONS="S:AAPL:candle",
            )  # fmt: skip
            took = time.monotonic() - began
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))

    assert found[0]["trades"] == found[1]["trades"] != []
    assert took >= 79 / 200
