"""Many runs of one strategy that start at the same gateway in the same moment.

`pytest tests/integration/test_race.py --race 100` lets a hundred start.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from runner.journal import Journal

START = """
import sys
from pathlib import Path
from runner.errors import RunnerError
from runner.journal import Journal
sys.stdin.readline()
try:
    journal = Journal(Path(sys.argv[1]))
    print("has it", flush=True)
    sys.stdin.readline()
except RunnerError as error:
    print(error.id, error.exit_code, error.what, flush=True)
"""


def told(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdin is not None
    return process.stdin


def heard(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def test_C15_of_many_that_start_at_once_one_begins_and_all_others_name_it(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "live" / "journal.jsonl"
    count = request.config.getoption("--race")
    command = [sys.executable, "-c", START, str(path)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    try:
        for one in started:
            told(one).write("go\n")
            told(one).flush()
        said = [heard(one).readline().strip() for one in started]

        (winner,) = [one for one, line in zip(started, said, strict=True) if line == "has it"]
        refused = (
            f"E1041 10 another run of this strategy trades at this gateway (process {winner.pid})"
        )
        assert sorted(said) == sorted([refused] * (count - 1) + ["has it"])
        winner.kill()
        winner.wait()
        Journal(path).close()
    finally:
        for one in started:
            one.kill()
            one.communicate()
