"""Reports as a user asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.test_cli import SMA, runner

KEPT = {"RUNNER_RECORDS__ENABLED": "true"}
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


def test_a_run_that_was_kept_is_reported_later_from_its_own_prices(tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    runner(*SHORT, "--report", str(tmp_path / "then.html"), cwd=tmp_path, **KEPT)

    done = runner("report", "last", cwd=tmp_path, **KEPT)

    page = Path(done.stdout.strip())
    assert (done.returncode, done.stderr) == (0, "")
    assert page.name == "report.html"
    then, now = ((tmp_path / "then.html").read_text(), page.read_text())
    data = 'id="data" type="text/plain">'
    assert now.split(data)[1] == then.split(data)[1]
    assert "Digest" in now


def test_a_kept_run_is_reported_as_text_on_stdout(tmp_path: Path) -> None:
    runner(*SHORT, cwd=tmp_path, **KEPT)

    markdown = runner("report", "--format", "markdown", cwd=tmp_path, **KEPT)
    text = runner("report", "last", "--format", "text", cwd=tmp_path, **KEPT)

    assert markdown.stdout.startswith("### SmaCross")
    assert "Sharpe ratio" in text.stdout
    assert markdown.stderr == text.stderr == ""


def test_prices_that_are_gone_leave_a_report_of_the_trades(tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    prices = tmp_path / "p.csv"
    runner(
        "data", "sample", str(prices), "--candles", "300", "--timeframe", "1d", cwd=tmp_path, **KEPT
    )
    runner("run", SMA, "-q", "--data", "p.csv", "-s", "S:P:candle", cwd=tmp_path, **KEPT)
    prices.unlink()

    done = runner("report", cwd=tmp_path, **KEPT)

    assert done.returncode == 0
    assert "its prices cannot be read again" in done.stderr
    assert "only its trades are drawn" in Path(done.stdout.strip()).read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "id"),
    [
        (["report", "last"], 3, "E390"),
        (["report", "last", "--format", "text", "--open"], 2, "E224"),
    ],
)
def test_what_cannot_be_reported_is_said(
    arguments: list[str], code: int, id: str, tmp_path: Path
) -> None:
    done = runner(*arguments, cwd=tmp_path, **KEPT)

    assert (done.returncode, done.stdout) == (code, "")
    assert id in done.stderr
