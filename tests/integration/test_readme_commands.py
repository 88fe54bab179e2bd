"""What the README tells to type works as it stands: its commands, and its workflow for CI."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.test_cli import ROOT, clean_environment
from tests.readme_tables import README

ENVIRONMENT = Path(sys.executable).parents[1]
PRICES = ROOT / "runner" / "engine" / "sample" / "AAPL.csv"
WAIT = 120.0

NOT_RUN = {
    "python3 -m venv": "installs into a new environment from the network; .ci/run does it",
    "python -m tests.benchmarks": "measures for minutes, and wants a quiet machine",
}
"""How the commands begin that are quoted and not run here, and why."""
SERVER = "runner engine serve"
"""A command that does not end: it is started on free ports, and those after it are led there."""

pytestmark = pytest.mark.skipif(
    not (ENVIRONMENT / "bin" / "runner").exists(), reason="needs an installed runner"
)


def commands() -> list[str]:
    """Return the lines of all sh blocks, in their order, continued ones put together."""
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.S)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of what the README's commands use, with prices of the reader's own."""
    for name in ("strategies", "configs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "prices").mkdir()
    shutil.copy(PRICES, tmp_path / "prices.csv")
    shutil.copy(PRICES, tmp_path / "prices" / "TSLA.csv")
    (tmp_path / ".venv").symlink_to(ENVIRONMENT)
    return tmp_path


def run(command: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a shell would in `folder`, where `.venv` is this environment."""
    path = f"{folder}/.venv/bin:/usr/bin:/bin"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=clean_environment() | {"PATH": path, "RUNNER_RECORDS__ENABLED": "true"} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )


@contextmanager
def serving(command: str, folder: Path) -> Iterator[dict[str, str]]:
    """Start a server on free ports; yield the addresses it prints."""
    with subprocess.Popen(
        ["bash", "-c", f"exec {command.partition(' #')[0]} --ws-port 0 --rest-port 0 --json"],
        cwd=folder,
        env=clean_environment() | {"PATH": f"{folder}/.venv/bin:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


def led_to(urls: dict[str, str], command: str) -> str:
    """Return a command with the addresses of the README replaced by those of a server, if any,
    and by free ports of this machine."""
    command = command.replace("127.0.0.1:9108", "127.0.0.1:0")
    for quoted, name in (("ws://127.0.0.1:8081", "ws_url"), ("http://127.0.0.1:8080", "rest_url")):
        command = command.replace(quoted, urls.get(name, quoted))
    return command


@pytest.mark.timeout(600)
def test_every_quoted_command_ends_well(copy: Path) -> None:
    failed, urls = [], {}

    with ExitStack() as servers:
        for command in commands():
            if command.startswith(SERVER):
                urls = servers.enter_context(serving(command, copy))
            elif not command.startswith(tuple(NOT_RUN)):
                done = run(led_to(urls, command), copy)
                if done.returncode != 0:
                    failed.append((command, done.returncode, done.stderr or done.stdout))

    assert failed == []
    assert urls


def test_what_is_not_run_is_quoted() -> None:
    assert [one for one in NOT_RUN if not any(c.startswith(one) for c in commands())] == []


def test_the_engine_on_the_wire_gives_the_trades_of_the_embedded_run(copy: Path) -> None:
    serve = next(one for one in commands() if one.startswith(SERVER))
    wired = next(one for one in commands() if one.startswith("ENGINE_WS_URL="))

    with serving(serve, copy) as urls:
        over_the_wire = json.loads(run(led_to(urls, f"{wired} --json"), copy).stdout)
    embedded = json.loads(run("runner run strategies/sma_cross.py --json", copy).stdout)

    assert embedded["trades"]
    assert over_the_wire["trades"] == embedded["trades"]
    assert over_the_wire["equity"] == embedded["equity"]


def workflow() -> tuple[str, Any]:
    """Return the README's workflow for GitHub Actions, as text and as YAML."""
    found = re.search(
        r"```yaml\n(# \.github/workflows/.*?)```", README.read_text(encoding="utf-8"), flags=re.S
    )
    assert found
    return found[1], yaml.safe_load(found[1])


def test_the_quoted_workflow_is_one() -> None:
    text, document = workflow()

    assert "\non:" in text
    assert document[True] == ["push", "pull_request"]  # YAML 1.1 reads `on` as true
    (job,) = document["jobs"].values()
    assert job["runs-on"] == "ubuntu-latest"
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    assert all(re.search(r"@v\d+$", step["uses"]) for step in job["steps"] if "uses" in step)


@pytest.mark.timeout(300)
def test_the_steps_of_the_quoted_workflow_pass(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(ENVIRONMENT)
    (job,) = workflow()[1]["jobs"].values()
    steps = [step["run"] for step in job["steps"] if "run" in step]
    ours = [one for one in steps if not one.startswith("pip install")]  # the network's
    summary = tmp_path / "summary.md"
    variables = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
        "RUNNER_OS": "Linux",  # GitHub's build agent is called so as well
        "RUNNER_TEMP": str(tmp_path),
    }
    assert run("runner new my_strategy.py", tmp_path).returncode == 0

    ended = [(one, run(one, tmp_path, **variables)) for one in ours]

    assert [(one, done.returncode, done.stderr) for one, done in ended if done.returncode] == []
    assert len(ours) == len(steps) - 1
    assert "<testsuite" in (tmp_path / "junit.xml").read_text()
    assert "MyStrategy" in summary.read_text()
