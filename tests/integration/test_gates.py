"""Gates of a run and what it leaves for CI, with the real program."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.integration.test_cli import SMA, runner

QUIET = ("run", SMA, "--to", "2001-01-01", "-q")


def test_gates_that_hold_exit_0_and_are_shown() -> None:
    done = runner(*QUIET, "--fail-on", "trades < 1", "--require-orders")

    assert (done.returncode, done.stderr) == (0, "")
    assert "passed  trades >= 1" in done.stdout


def test_a_gate_that_fails_exits_8_prints_the_result_and_says_by_how_much() -> None:
    done = runner(*QUIET, "--fail-on", "trades < 1000", "--fail-on", "max_drawdown > 99%")

    assert done.returncode == 8
    assert "Final equity" in done.stdout
    assert "error[E802]: 1 of 2 gates failed" in done.stderr
    assert "required is trades >= 1000: was" in done.stderr


def test_the_document_tells_of_every_gate() -> None:
    done = runner(*QUIET, "--json", "--fail-on", "trades < 1000")

    document = json.loads(done.stdout)
    assert document["ending"]["exit_code"] == done.returncode == 8
    assert document["error"]["id"] == "E802"
    assert [(one["required"], one["passed"]) for one in document["gates"]] == [
        ("trades >= 1000", False)
    ]


def test_gates_may_stand_in_a_file_and_be_of_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("fail_on:\n  - trades < 1000\n  - commission > 5\n")

    done = runner(*QUIET, "-c", str(file), RUNNER_REQUIRE_ORDERS="true")

    assert "1 of 3 gates failed" in done.stderr


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("max_drawdwn > 20%", "did you mean max_drawdown?"),
        ("max_drawdown > 20", "write it like 'max_drawdown > 20%'"),
    ],
)
def test_C9_a_gate_that_cannot_be_read_exits_3_before_anything_runs(
    condition: str, words: str
) -> None:
    done = runner(*QUIET, "--fail-on", condition)

    assert (done.returncode, done.stdout) == (3, "")
    assert words in done.stderr


def test_a_run_without_orders_fails_where_they_are_required() -> None:
    done = runner(*QUIET, "--require-orders", "-p", "fast=199", "-p", "slow=500")

    assert done.returncode == 8
    assert "required is orders: no order was placed" in done.stderr


def test_junit_holds_the_outcome_of_a_run_and_of_one_that_cannot_begin(tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"

    runner(*QUIET, "--fail-on", "trades < 1000", "--junit", str(file))
    finished = ElementTree.parse(file).getroot()[0]
    runner("run", "nowhere.py", "--junit", str(file))
    never = ElementTree.parse(file).getroot()[0]

    assert (finished.get("failures"), finished.get("errors")) == ("1", "0")
    assert (never.get("failures"), never.get("errors")) == ("0", "1")


def test_a_junit_file_that_cannot_be_written_is_told_before_the_run(tmp_path: Path) -> None:
    done = runner(*QUIET, "--junit", str(tmp_path / "none" / "junit.xml"))

    assert (done.returncode, done.stdout) == (10, "")
    assert "E1004" in done.stderr


def test_on_github_errors_mark_their_line_and_the_summary_shows_the_result(tmp_path: Path) -> None:
    summary, file = tmp_path / "summary.md", tmp_path / "c.yaml"
    file.write_text("exchange:\n  cash: -5\n")
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}

    wrong = runner("run", SMA, "-c", str(file), **github)
    failed = runner(*QUIET, "--fail-on", "trades < 1000", **github)

    assert f"::error file={file},line=2,col=9,title=runner E301::exchange.cash" in wrong.stderr
    assert "::error title=runner E802::a gate failed%0A" in failed.stderr
    assert "::error" not in failed.stdout
    assert summary.read_text().startswith("### SmaCross")


def test_elsewhere_nothing_is_annotated(tmp_path: Path) -> None:
    done = runner(*QUIET, "--fail-on", "trades < 1000", GITHUB_STEP_SUMMARY=str(tmp_path / "s"))

    assert "::error" not in done.stderr
    assert list(tmp_path.iterdir()) == []
