"""Logs of the real program: for people, and for programs, one object a line; secrets in neither."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.peer import PATIENCE_S, Client, running
from tests.integration.test_cli import ROOT, SLOW, SMA, clean_environment, runner

CANARY = "canary-of-nobody-4711"
TALKER = f"""
import logging, sys
from runner import Strategy

print("printed at import")

class Talker(Strategy):
    default_subscriptions = ("S:AAPL:candle",)

    def on_start(self):
        logging.getLogger("mine").warning("first\\nERROR: forged %s", "{CANARY}")
        print("printed {CANARY}\\x1b[31m\\u2028red", file=sys.stderr)

    def on_candle(self, candle):
        raise ValueError("it fails")
"""


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_X10_all_that_a_run_says_is_one_object_a_line(tmp_path: Path) -> None:
    (tmp_path / "talker.py").write_text(TALKER)

    done = runner(
        "run",
        "talker.py",
        "--log-format",
        "json",
        cwd=tmp_path,
        RUNNER_METRICS__TOKEN=CANARY,
        RUNNER_RECORDS__ENABLED="true",
    )

    printed, logged, also, failed = objects(done.stderr)
    assert (done.returncode, done.stdout) == (5, "")
    assert printed["message"] == "printed at import"
    assert logged["message"] == "first\nERROR: forged ********"
    assert (logged["level"], logged["logger"]) == ("warning", "mine")
    assert also["message"] == "printed ********\x1b[31m\u2028red"
    assert (failed["level"], failed["id"], failed["exit_code"]) == ("error", "E501", 5)
    assert failed["simulated_time"].startswith("2000-03-02")
    assert logged["run_id"] == failed["run_id"]
    assert list(tmp_path.rglob(logged["run_id"])), "its record has that name"


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (("--log-format", "json"), {}),
        ((), {"RUNNER_LOG__FORMAT": "json"}),
    ],
    ids=["flag", "variable"],
)
def test_what_is_wrong_with_the_configuration_is_an_object_too(
    arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    done = runner("run", SMA, "--set", "exchange.csh=5", *arguments, **variables)

    (failed,) = objects(done.stderr)
    assert (done.returncode, failed["id"]) == (3, "E301")
    assert "did you mean exchange.cash?" in failed["message"]


def test_a_file_can_ask_for_it_and_the_result_stays_on_stdout(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(
        f"strategy: {SMA}\nlog: {{format: json, level: info}}\nmetrics: {{listen: '127.0.0.1:0'}}\n"
    )

    done = runner("run", "run.yaml", "--json", "--trust", cwd=tmp_path)

    assert done.returncode == 0
    assert json.loads(done.stdout)
    (said,) = objects(done.stderr)
    assert said["message"].startswith("metrics at http://127.0.0.1:")


def test_a_run_that_is_stopped_says_so_in_objects(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    with subprocess.Popen(
        [sys.executable, "-m", "runner", "run", "slow.py", "--log-format", "json"],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=PATIENCE_S)[1]

    assert json.loads(first)["message"] == "begun"
    messages = [one["message"] for one in objects(rest)]
    assert "stopping after the current event; once more leaves at once" in messages
    assert "on_stop ran" in messages


@pytest.mark.parametrize("form", ["text", "json"])
def test_X1_a_key_is_in_no_log_however_much_is_logged(form: str) -> None:
    def script(client: Client) -> None:
        client.connected()
        client.candles(0)
        client.acks(1)
        client.complete()
        client.ack()

    with running(script) as peer:
        done = runner(
            "run",
            SMA,
            "-vv",
            "--log-format",
            form,
            ENGINE_WS_URL=peer.ws_url,
            ENGINE_REST_URL=peer.rest_url,
            RUNNER_ENGINE__TOKEN=CANARY,
            RUNNER_METRICS__TOKEN=CANARY[::-1],
        )

    assert done.returncode == 0, done.stderr
    assert f"Bearer {CANARY}" in peer.book.authorization
    assert CANARY not in done.stdout + done.stderr
    assert CANARY[::-1] not in done.stdout + done.stderr


def test_progress_for_programs_stays_as_it_is() -> None:
    done = runner("run", SMA, "--ui", "json", "--log-format", "json", cwd=ROOT)

    found = objects(done.stderr)
    assert (found[0]["type"], found[-1]["type"]) == ("run", "end")
    assert {"order", "fill"} <= {one["type"] for one in found}


def test_a_level_that_is_none_exits_3() -> None:
    done = runner("run", SMA, "--set", "log.level=loud")

    assert done.returncode == 3
    assert "log.level: must be one of debug, info, warning, error, was 'loud'" in done.stderr
