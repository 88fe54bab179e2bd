"""Strategy files written by tests, and what loading them gives."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from runner.errors import RunnerError
from runner.strategy.loader import load_strategy

GOOD = """
from runner import Candle, Strategy


class Mine(Strategy):
    def on_candle(self, candle: Candle) -> None:
        pass
"""


def write(folder: Path, text: str, name: str = "mine.py") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return file


def handler(text: str) -> str:
    """Return a module with one strategy whose body is `text`."""
    body = textwrap.indent(textwrap.dedent(text), "    ")
    return f"from runner import Candle, Order, Strategy\n\n\nclass Mine(Strategy):\n{body}"


def refusal(folder: Path, text: str, spec: str = "mine.py") -> RunnerError:
    write(folder, text)
    return refused(folder, spec)


def refused(folder: Path, spec: str) -> RunnerError:
    with pytest.raises(RunnerError) as caught:
        load_strategy(spec, cwd=folder)
    assert len(caught.value.lines()) <= 6
    assert all("\n" not in line for line in caught.value.lines())
    assert "Traceback" not in str(caught.value)
    return caught.value
