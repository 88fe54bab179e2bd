"""Where to read more about an error: told to a person at a terminal, and to nobody else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.integration.test_cli import clean_environment, runner

HINT = "  more: runner explain E401"


def test_a_terminal_is_told_where_to_read_more_in_at_most_six_lines(tmp_path: Path) -> None:
    reading, writing = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "runner", "run", "no_such.py"],
        cwd=tmp_path,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=writing,
        timeout=60,
        check=False,
    )
    said = os.read(reading, 65536).decode()
    os.close(writing)
    os.close(reading)

    lines = said.rstrip().splitlines()
    assert lines[0] == "error[E401]: there is no such strategy file"
    assert lines[-1] == HINT
    assert len(lines) <= 6


def test_a_log_is_not(tmp_path: Path) -> None:
    assert "runner explain" not in runner("run", "no_such.py", cwd=tmp_path).stderr
