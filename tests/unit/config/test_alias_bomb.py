"""A file that would fill memory, loaded where memory is short."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOAD = """
import resource, sys
from pathlib import Path
from runner.config.load import load_config
from runner.config.problems import InvalidConfigError
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 50 * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    load_config(Path(sys.argv[1]), flags={}, environ={}, cwd=Path.cwd())
except InvalidConfigError as error:
    print(error.problems[0].what)
    sys.exit(error.exit_code)
"""


@pytest.mark.parametrize("keys", [False, True], ids=["list", "mapping"])
def test_C4_an_alias_bomb_is_refused_within_little_memory(tmp_path: Path, keys: bool) -> None:
    def level(of: str) -> str:
        return ", ".join(f"k{n}: {of}" if keys else of for n in range(10))

    opening, closing = "{}" if keys else "[]"
    lines = [f"a0: &a0 {opening}{level('lol')}{closing}"]
    lines += [f"a{n}: &a{n} {opening}{level(f'*a{n - 1}')}{closing}" for n in range(1, 10)]
    bomb = tmp_path / "bomb.yaml"
    bomb.write_text("\n".join(lines))

    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(bomb)], capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stderr) == (3, "")
    assert "with its aliases written out" in done.stdout
