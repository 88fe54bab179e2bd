"""Reports as a user asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.test_cli import SMA, runner

SHORT = ("run", SMA, "-q", "--to", "2001-06-30")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("report.html", ["<title>SmaCross - report</title>", "Plotly.react", 'id="trades"']),
        ("report.md", ["### SmaCross (fast=10, slow=30)", "| Sharpe ratio |"]),
        ("report.txt", ["SmaCross  fast=10 slow=30", "Sharpe ratio"]),
    ],
)
def test_a_run_leaves_the_report_that_its_name_asks_for(
    name: str, words: list[str], tmp_path: Path
) -> None:
    if name.endswith("html"):
        pytest.importorskip("plotly")
    done = runner(*SHORT, "--report", str(tmp_path / name))

    text = (tmp_path / name).read_text()
    assert (done.returncode, done.stderr) == (0, "")
    assert all(word in text for word in words)


def test_the_same_run_gives_the_same_page(tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    pages = [tmp_path / "a.html", tmp_path / "b.html"]
    for page in pages:
        runner(*SHORT, "--report", str(page))

    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_a_run_that_fails_a_gate_leaves_its_report(tmp_path: Path) -> None:
    done = runner(*SHORT, "--fail-on", "trades < 1000", "--report", str(tmp_path / "r.md"))

    assert done.returncode == 8
    assert "**E802: a gate failed**" in (tmp_path / "r.md").read_text()


@pytest.mark.parametrize(
    ("place", "code", "id"), [("r.pdf", 2, "E223"), ("none/r.html", 10, "E1030")]
)
def test_a_report_that_cannot_be_written_is_refused_before_the_run(
    place: str, code: int, id: str, tmp_path: Path
) -> None:
    done = runner(*SHORT, "--report", str(tmp_path / place))

    assert (done.returncode, done.stdout) == (code, "")
    assert id in done.stderr
