"""The pytest plugin, as pytest itself meets it in somebody's project."""

from __future__ import annotations

from pathlib import Path

from tests.integration.pytest_process import ROOT, pytest_in

USES = """
def test_it_buys(backtest, candles):
    result = backtest("my strategy.py", candles("flat 30, up 10"), fast=3)
    assert result.orders[0].side == "BUY"
"""
OWN = """
import sys
import pytest

@pytest.fixture
def candles():
    return "ours"

def test_our_fixture_wins(candles):
    assert candles == "ours"

def test_nothing_else_was_loaded():
    assert [one for one in sys.modules if one.startswith("runner.") and "testing" not in one] == []
"""


def test_fixtures_feed_a_strategy_whose_file_lies_beside_the_test(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    source = (ROOT / "strategies" / "sma_cross.py").read_text()
    (tmp_path / "below" / "my strategy.py").write_text(source)
    (tmp_path / "below" / "test_mine.py").write_text(USES)

    done = pytest_in(tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_a_project_without_strategies_notices_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(OWN)

    done = pytest_in(tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_fixtures_are_listed_with_what_they_do(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, "--fixtures")

    assert 'candles("up 3, gap -5%, flat 10")' in done.stdout
