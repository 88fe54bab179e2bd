"""The program as a user meets it: a process, its exit code, what it prints and where."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMA = str(ROOT / "strategies" / "sma_cross.py")

RAISES = """
from runner import Strategy

class Raises(Strategy):
    default_subscriptions = ("S:AAPL:candle",)

    def on_candle(self, candle):
        print("a word on stdout")
        self.divide(candle)

    def divide(self, candle):
        return candle.close / 0
"""

SLOW = """
import time
from runner import Strategy

class Slow(Strategy):
    default_subscriptions = ("S:AAPL:candle",)

    def on_start(self):
        print("begun", flush=True)

    def on_candle(self, candle):
        time.sleep(0.02)

    def on_stop(self):
        print("on_stop ran")
"""

STUCK = """
from runner import Strategy

class Stuck(Strategy):
    default_subscriptions = ("S:AAPL:candle",)

    def on_candle(self, candle):
        print("stuck", flush=True)
        while True:
            pass
"""


def runner(
    *arguments: str, cwd: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "runner", *arguments],
        cwd=cwd or ROOT,
        env=clean_environment() | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def clean_environment() -> dict[str, str]:
    """Return the environment without anything that would configure a run."""
    configuring = ("RUNNER_", "ENGINE_", "GATEWAY_", "SUBSCRIPTIONS", "CI")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(configuring)}
    # Where nothing else is said, a test leaves nothing behind in the project.
    quiet = {"RUNNER_RECORDS__ENABLED": "false"}
    return kept | quiet | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


def start(path: Path) -> subprocess.Popen[str]:
    """Start a run and return its process."""
    return subprocess.Popen(
        [sys.executable, "-m", "runner", "run", path.name, "--json"],
        cwd=path.parent,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_first_command_of_a_newcomer_prints_a_result() -> None:
    done = runner("run", "strategies/sma_cross.py")

    assert done.returncode == 0
    assert "SmaCross" in done.stdout
    assert "2000-03-01 to 2013-03-01" in done.stdout
    assert done.stderr == ""


def test_a_strategy_runs_from_any_directory(tmp_path: Path) -> None:
    assert runner("run", SMA, cwd=tmp_path).returncode == 0


def test_json_is_one_document_and_nothing_else_on_stdout(tmp_path: Path) -> None:
    path = tmp_path / "slow.py"
    path.write_text(SLOW)

    done = runner("run", "slow.py", "--json", "--max-events", "5", cwd=tmp_path)

    document = json.loads(done.stdout)
    assert document["schema"] == "runner.run/1"
    assert document["ending"] == {"why": "max_events", "confirmed": False, "exit_code": 0}
    assert document["data"]["events"] == 5
    assert "on_stop ran" in done.stderr


def test_the_same_run_gives_the_same_bytes() -> None:
    documents = [json.loads(runner("run", SMA, "--json").stdout) for _ in range(2)]
    for document in documents:
        del document["run"]

    assert documents[0] == documents[1]


def test_a_yaml_file_is_a_run() -> None:
    done = runner("run", "configs/embedded.yaml", "--json")

    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["data"]["symbols"] == ["S:AAPL", "S:MSFT"]
    assert document["statistics"]["commission"] != "0"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run",), 2, "E202"),
        (("run", "--no-such-option"), 2, "No such option"),
        (("run", "configs/embedded.yaml", "-c", "configs/engine.yaml"), 2, "E201"),
        (("run", SMA, "-p", "fats=5"), 3, "did you mean fast?"),
        (("run", SMA, "-p", "fast=1"), 3, "greater than or equal to 2"),
        (("run", SMA, "-s", "S:AAPL"), 3, "write S:AAPL:candle"),
        (("run", SMA, "-s", "S:TSLA:candle"), 3, "S:GOOG"),
        (("run", SMA, "-s", "S:AAPL:candle_1h"), 3, "E322"),
        (("run", SMA, "--from", "2020-01-01"), 3, "2013-03-01"),
        (("run", SMA, "--data", "no/such.csv"), 3, "no/such.csv"),
        (("run", "no_such.yaml"), 3, "does not exist"),
        (("run", "no_such.py"), 4, "E401"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_mistake_has_an_exit_code_an_id_and_no_traceback(
    arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = runner(*arguments)

    assert code == done.returncode
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_failed_run_still_gives_one_json_document() -> None:
    done = runner("run", "no_such.py", "--json")

    assert done.returncode == 4
    assert json.loads(done.stdout)["error"]["id"] == "E401"


def test_a_strategy_that_raises_exits_5_with_its_own_frames_only(tmp_path: Path) -> None:
    path = tmp_path / "raises.py"
    path.write_text(RAISES)

    done = runner("run", "raises.py", cwd=tmp_path)

    assert done.returncode == 5
    assert "ZeroDivisionError" in done.stderr
    assert "in divide" in done.stderr
    assert "E501" in done.stderr
    assert "session" not in done.stderr
    assert "a word on stdout" in done.stderr
    assert done.stdout == ""


def test_ctrl_c_runs_on_stop_prints_the_result_so_far_and_exits_130(tmp_path: Path) -> None:
    path = tmp_path / "slow.py"
    path.write_text(SLOW)
    process = start(path)
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    time.sleep(0.1)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)

    assert process.returncode == 130
    assert json.loads(out)["ending"]["why"] == "interrupted"
    assert 0 < json.loads(out)["data"]["events"] < 3270
    assert "on_stop ran" in err


def test_sigterm_stops_in_good_order_and_exits_143(tmp_path: Path) -> None:
    path = tmp_path / "slow.py"
    path.write_text(SLOW)
    process = start(path)
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    time.sleep(0.1)

    process.terminate()
    out, err = process.communicate(timeout=20)

    assert process.returncode == 143
    assert json.loads(out)["ending"]["why"] == "terminated"
    assert "on_stop ran" in err


def test_a_second_ctrl_c_leaves_a_stuck_strategy_at_once(tmp_path: Path) -> None:
    path = tmp_path / "stuck.py"
    path.write_text(STUCK)
    process = start(path)
    assert process.stderr is not None
    assert process.stderr.readline() == "stuck\n"

    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)

    assert process.returncode == 130


def test_a_timeout_ends_the_run_in_good_order(tmp_path: Path) -> None:
    path = tmp_path / "slow.py"
    path.write_text(SLOW)

    done = runner("run", "slow.py", "--json", "--timeout", "500ms", cwd=tmp_path)

    assert done.returncode == 0
    assert json.loads(done.stdout)["ending"]["why"] == "timeout"


def test_O7_a_reader_that_goes_away_is_no_error_message() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "run", SMA, "--json"],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()

    assert process.wait(timeout=30) == 141
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize(
    "command",
    ["--version", "--help", "run --help", "validate-config", "explain", f"smoke {SMA}", "doctor"],
)
def test_a_command_whose_reader_has_gone_ends_quietly_with_141(command: str) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "runner", *command.split()],
            env=clean_environment(),
            stdout=write_end,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(write_end)

    assert (done.returncode, done.stderr) == (141, "")


def test_version_is_answered_without_loading_the_command_line() -> None:
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "runner", "--version"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert loaded.stdout.startswith("runner ")
    assert "typer" not in loaded.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help")])
def test_help_loads_nothing_that_only_a_run_needs(arguments: tuple[str, ...]) -> None:
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "runner", *arguments],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    modules = {line.rsplit("|", 1)[-1].strip() for line in loaded.stderr.splitlines()}
    for heavy in ("aiohttp", "websockets", "urllib3", "pydantic_settings", "yaml", "runner.app"):
        assert heavy not in modules


def test_validate_config_tells_where_values_come_from() -> None:
    done = runner("validate-config", "configs/embedded.yaml", RUNNER_EXCHANGE__CASH="5000")

    assert done.returncode == 0
    assert "variable RUNNER_EXCHANGE__CASH" in done.stdout
    assert "configs/embedded.yaml:" in done.stdout


def test_validate_config_reports_every_problem_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("runtme: embedded\nexchange:\n  cash: -5\n")

    done = runner("validate-config", str(path))

    assert done.returncode == 3
    assert "did you mean runtime" in done.stderr
    assert "exchange.cash" in done.stderr
    assert f"{path}:3:" in done.stderr
