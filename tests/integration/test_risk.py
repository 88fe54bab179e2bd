"""Limits of `risk:` with the real program: exit code 9, the result, and the same over a wire."""

from __future__ import annotations

import json

from tests.integration.test_cli import SMA, runner
from tests.integration.test_server_command import serving

FALL = ("--set", "risk.max_drawdown=10%", "--to", "2000-12-31")


def test_a_halted_run_exits_9_and_prints_its_result() -> None:
    done = runner("run", SMA, "-q", *FALL)

    assert done.returncode == 9
    assert "Final equity" in done.stdout
    assert "error[E920]: trading was halted: equity" in done.stderr
    assert "risk.max_drawdown is 10%" in done.stderr
    assert "DENIED_HALTED" in done.stdout


def test_a_limit_does_the_same_over_a_wire() -> None:
    with serving("--symbols", "S:AAPL", "--to", "2000-12-31") as (_, urls):
        addresses = {"ENGINE_WS_URL": urls["ws_url"], "ENGINE_REST_URL": urls["rest_url"]}
        remote = runner("run", SMA, "--json", *FALL[:2], SUBSCRIPTIONS="S:AAPL:candle", **addresses)
    local = runner("run", SMA, "--json", *FALL)

    assert remote.returncode == local.returncode == 9
    for part in ("trades", "equity", "rejections"):
        assert json.loads(remote.stdout)[part] == json.loads(local.stdout)[part]


def test_C8_a_limit_that_is_no_limit_exits_3() -> None:
    for value in ("nan", "0%", "-5%", "20"):
        done = runner("run", SMA, "--set", f"risk.max_drawdown={value}")

        assert (done.returncode, done.stdout) == (3, ""), value


def test_C7_a_misspelt_limit_exits_3() -> None:
    done = runner("run", SMA, "--set", "risk.max_drawdwn=5%")

    assert done.returncode == 3
    assert "did you mean risk.max_drawdown?" in done.stderr
