"""The files of `deploy/`: what they say is true of the program, and what they run works.

No image is built here: that needs a registry. The instructions are read, and the commands in them
run on this machine.
"""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from runner.config.keys import all_keys
from runner.transports.stop import SIGNAL_EXITS
from tests.integration.test_cli import ROOT, SLOW, SMA, clean_environment
from tests.integration.test_metrics import STUCK, watched

DEPLOY = ROOT / "deploy"
PATIENCE_S = 20.0


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the container file, continued lines put together."""
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def only(name: str) -> str:
    (found,) = [rest for one, rest in instructions() if one == name]
    return found


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(DEPLOY / "runner@.service")
    return parser


def test_the_image_copies_what_is_there_and_runs_as_nobody_special() -> None:
    copied = [shlex.split(rest)[:-1] for name, rest in instructions() if name == "COPY"]
    names = [name for name, _ in instructions()]

    assert [one for files in copied for one in files if not (ROOT / one).exists()] == []
    assert names[0] == "FROM"
    assert only("USER") not in ("root", "0")
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert json.loads(only("ENTRYPOINT")) == ["runner"]


def test_what_the_image_copies_is_all_that_an_installation_needs() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    copied = " ".join(rest for name, rest in instructions() if name == "COPY").split()

    needed = re.findall(r'^(?:readme|license-files) = \[?"([^"]+)"', text, flags=re.M)
    assert sorted(needed) == ["LICENSE", "README.md"]
    assert {*needed, "pyproject.toml", "runner"} <= set(copied)
    assert re.search(r"^metrics = ", text, flags=re.M), "the extra that the image asks for"


def test_X1_the_image_holds_no_secret_and_its_variables_are_keys() -> None:
    variables = dict(one.split("=", 1) for one in shlex.split(only("ENV")))
    keys = {one.variable: one for one in all_keys().values()}

    ours = [name for name in variables if name.startswith("RUNNER_")]
    assert {name for name in ours if name not in keys or keys[name].kind.secret} == set()
    for name in ours:
        keys[name].kind.read(variables[name])


def test_the_health_check_passes_for_a_healthy_run_and_fails_for_a_stuck_one(
    tmp_path: Path,
) -> None:
    command = ast.literal_eval(only("HEALTHCHECK").partition("CMD ")[2])
    assert command[0] == "python"
    (tmp_path / "stuck.py").write_text(STUCK)

    def check(url: str) -> int:
        code = command[2].replace("http://127.0.0.1:9108", url)
        assert url in code
        return subprocess.run(
            [sys.executable, command[1], code], capture_output=True, timeout=PATIENCE_S, check=False
        ).returncode

    with watched(str(tmp_path / "stuck.py"), "--trust", "--set", "metrics.stalled_after=1s") as (
        _,
        url,
    ):
        assert check(url) == 0
        codes = [check(url) for _ in range(30)]
    assert codes[-1] != 0
    assert check(url) != 0, "nobody answers any more"


def test_the_unit_is_one_the_manager_can_read() -> None:
    service = unit()["Service"]

    assert service["Type"] == "notify"
    assert service["User"] != "root"
    assert int(service["WatchdogSec"]) >= 10
    assert service["SuccessExitStatus"] == str(SIGNAL_EXITS["terminated"])
    assert "Environment" not in service, "keys stand in a file of their own"


def start(folder: Path, address: str, arguments: list[str]) -> subprocess.Popen[str]:
    """Start what the unit starts, with the socket of a manager."""
    variables = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=clean_environment() | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=str)
def test_the_command_of_the_unit_tells_the_manager_how_it_fares(
    tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "mine.yaml").write_text("strategy: slow.py\n")
    command = unit()["Service"]["ExecStart"].replace("%i", "mine").split()
    assert command[0].endswith("/bin/runner")

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(PATIENCE_S)
        manager.bind(str(tmp_path / "notify"))
        with start(tmp_path, manager.getsockname(), ["runner", *command[1:]]) as process:
            told: list[str] = []
            while not {"READY=1", "WATCHDOG=1"} <= set(told):
                told += manager.recv(4096).decode().split("\n")
            process.send_signal(number)
            said = process.communicate(timeout=PATIENCE_S)[1]
        manager.setblocking(False)
        rest = []
        try:
            while True:
                rest += manager.recv(4096).decode().split("\n")
        except BlockingIOError:
            pass

    assert [json.loads(line) for line in said.splitlines()]
    if number == signal.SIGTERM:
        assert process.returncode == SIGNAL_EXITS["terminated"]
        assert rest[-1] == "STOPPING=1"
    else:
        assert "STOPPING=1" not in rest


def test_without_a_manager_nobody_is_told_and_nothing_is_said(tmp_path: Path) -> None:
    assert "NOTIFY_SOCKET" not in clean_environment()
    variables = {"NOTIFY_SOCKET": str(tmp_path / "gone")}

    done = subprocess.run(
        [sys.executable, "-m", "runner", "run", SMA, "-q"],
        cwd=ROOT,
        env=os.environ | clean_environment() | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
