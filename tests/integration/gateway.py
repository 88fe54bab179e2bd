"""A scripted gateway on one port, as real ones are: `/v1/ws` and REST side by side."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.one_port import one_port
from tests.integration.peer import Client, Peer, Script, running
from tests.integration.test_cli import clean_environment

SIZE = {"RUNNER_RISK__MAX_POSITION_NOTIONAL": "1000000"}
"""A bound on what may be at stake, so wide that no test meets it."""


class Gateway:
    """A peer and the one address that leads to both sides of it."""

    def __init__(self, peer: Peer, url: str) -> None:
        self.peer = peer
        self.book = peer.book
        self.url = url

    def environment(self, folder: Path, **more: str) -> dict[str, str]:
        """Return the environment of a run that trades here and leaves its record in `folder`."""
        records = {"RUNNER_RECORDS__ENABLED": "true", "RUNNER_RECORDS__DIR": str(folder / "kept")}
        where = {"GATEWAY_URL": self.url, "SUBSCRIPTIONS": "S:AAPL:candle"}
        return clean_environment() | records | where | more

    def run(self, folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the program to its end."""
        return subprocess.run(
            [sys.executable, "-m", "runner", *arguments],
            cwd=folder,
            env=self.environment(folder, **more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, folder: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start the program."""
        return subprocess.Popen(
            [sys.executable, "-m", "runner", *arguments],
            cwd=folder,
            env=self.environment(folder, **more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def writes(self) -> list[tuple[str, str]]:
        """All requests that would change something."""
        return [one for one in self.book.requests if one[0] != "GET"]

    def wait_for_posts(self, number: int) -> None:
        """Return as soon as so many orders have come."""
        eventually(lambda: len(self.book.posts) >= number)


def eventually(is_so: Any) -> None:
    """Wait until something is so, for a while."""
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


@contextmanager
def gateway(*scripts: Script, platforms: Sequence[str] | None = ("mock",)) -> Iterator[Gateway]:
    """Run a scripted gateway that says it trades on `platforms`."""
    with running(*scripts) as peer, one_port(peer) as url:
        peer.book.platforms = platforms
        yield Gateway(peer, url)


def stays(client: Client) -> None:
    """Send nothing more and stay until the client closes."""
    client.wait_until_closed()


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    """Return exit code, document and stderr of a run that was started with `--json`."""
    out, said = process.communicate(timeout=60)
    return process.returncode, json.loads(out) if out else {}, said


def strategy_in(folder: Path, text: str, name: str = "s.py") -> str:
    """Write a strategy and return its path."""
    (folder / name).write_text(text, encoding="utf-8")
    return name


def send_signal(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> None:
    """Send a signal to a program that a test has started."""
    os.kill(process.pid, number)
