"""Completion in a shell: bash itself asks the program."""

from __future__ import annotations

import os
import re
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
    # Readline cuts words at these before it asks, and puts answers behind the last one.
    pieces = [piece for word in words for piece in re.findall(r"[:=]+|[^:=]+", word) or [""]]
    line = ["runner", *pieces]
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
        (("ver",), ["verify"]),
        (("engine", "s"), ["serve"]),
        (("run", ""), ["mine.py", "strategies/one.py", "strategies/two.py", "configs/one.yaml"]),
        (("run", "strategies/t"), ["strategies/two.py"]),
        (("run", "mine.py", "--runtime", "e"), ["embedded", "engine"]),
        (("strategies", "m"), ["mine.py"]),
        (("explain", "E397"), ["E397"]),
        (("new", "mine.py", "--template", "b"), ["breakout", "blank"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bash_is_offered(words: tuple[str, ...], offered: list[str], project: Path) -> None:
    assert completed(*words, cwd=project) == offered


AVERAGES = """
from runner import Strategy, param

raise AssertionError("nothing is executed")


class Other(Strategy):
    length: int = param(5)


class Base(Strategy):
    slow: int = param(30, ge=3)


class Averages(Base):
    default_subscriptions = ("C:BTCUSD:candle_5m",)
    fast: int = param(10, help="candles, \\d")
    speed: float = param(default_speed)
    factor: int = 3
"""
CLASS = "averages.py:Averages"


@pytest.fixture
def written(project: Path) -> Path:
    (project / "averages.py").write_text(AVERAGES)
    (project / "configs" / "averages.yaml").write_text("strategy: ../averages.py:Averages\n")
    (project / "broken.py").write_text("class Broken(:\n")
    os.mkfifo(project / "pipe.py")
    return project


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("run", CLASS, "-p", ""), ["slow=", "fast=", "speed="]),
        (("run", CLASS, "-p", "s"), ["slow=", "speed="]),
        (("run", CLASS, "-p", "f"), ["fast=", "fast=10"]),
        (("run", CLASS, "-p", "fast=5", "--param", "sl"), ["slow=", "slow=30"]),
        (("run", CLASS, "-p", "fast="), ["10"]),
        (("run", "averages.py", "-p", "l"), ["length=", "length=5"]),
        (("run", "configs/averages.yaml", "-p", "f"), ["fast=", "fast=10"]),
        (("smoke", "-c", "configs/averages.yaml", "-p", "f"), ["fast=", "fast=10"]),
        (("verify", CLASS, "-p", "f"), ["fast=", "fast=10"]),
        (("validate-config", "-S", CLASS, "-p", "f"), ["fast=", "fast=10"]),
        (("replay", "last", "-S", CLASS, "-p", "f"), ["fast=", "fast=10"]),
        (("run", "broken.py", "-p", ""), []),
        (("run", "pipe.py", "-p", ""), []),
        (("run", "missing.py", "-p", ""), []),
        (("run", "-p", ""), []),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_parameters_are_read_from_the_text_of_the_strategy_on_the_line(
    words: tuple[str, ...], offered: list[str], written: Path
) -> None:
    assert completed(*words, cwd=written) == offered


SAMPLE = ["AAPL:candle", "GOOG:candle", "IBM:candle", "MSFT:candle"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("run", "-s", ""), [f"S:{one}" for one in SAMPLE]),
        (("run", "-s", "S:"), SAMPLE),
        (("run", "mine.py", "-s", "S:M"), ["MSFT:candle"]),
        (("run", "mine.py", "-s", "S:AAPL:q"), ["quote"]),
        (("run", "mine.py", "-s", "F:EURUSD:candle_3"), ["candle_30m"]),
        (("run", "mine.py", "-s", "S:IBM:candle,S:M"), ["MSFT:candle"]),
        (("run", CLASS, "-s", "C:"), ["BTCUSD:candle_5m"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_subscriptions_are_offered_piece_by_piece_as_bash_cuts_them(
    words: tuple[str, ...], offered: list[str], written: Path
) -> None:
    assert completed(*words, cwd=written) == offered
