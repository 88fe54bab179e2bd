"""Completion in a shell: bash itself asks the program."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.test_cli import clean_environment

BASH = shutil.which("bash")
PROGRAM = Path(sys.executable).with_name("runner")

pytestmark = pytest.mark.skipif(
    BASH is None or not PROGRAM.exists(), reason="needs bash and an installed runner"
)


def completed(*words: str, cwd: Path) -> list[str]:
    """Return what bash offers for the last word of a line that begins with `runner`."""
    line = ["runner", *words]
    script = (
        "source <(runner --show-completion bash); "
        f"COMP_WORDS=({shlex.join(line)}); COMP_CWORD={len(line) - 1}; "
        '_runner_completion runner; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        [str(BASH), "--norc", "-c", script],
        cwd=cwd,
        env=clean_environment() | {"PATH": f"{PROGRAM.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("strategies/one.py", "strategies/two.py", "configs/one.yaml", "mine.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise AssertionError('nothing is loaded')\n")
    (tmp_path / "test_mine.py").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("val",), ["validate-config"]),
        (("engine", "s"), ["serve"]),
        (("run", ""), ["mine.py", "strategies/one.py", "strategies/two.py", "configs/one.yaml"]),
        (("run", "strategies/t"), ["strategies/two.py"]),
        (("run", "mine.py", "--runtime", "e"), ["embedded", "engine"]),
        (("strategies", "m"), ["mine.py"]),
        (("explain", "E50"), ["E500", "E501"]),
        (("new", "mine.py", "--template", "b"), ["breakout", "blank"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bash_is_offered(words: tuple[str, ...], offered: list[str], project: Path) -> None:
    assert completed(*words, cwd=project) == offered
