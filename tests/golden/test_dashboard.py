"""The dashboard as text, at fixed sizes, from scripted snapshots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from runner.dashboard.charts import ASCII, BLOCK, BRAILLE, Glyphs
from runner.dashboard.snapshot import Facts, Link, Snapshot
from runner.dashboard.view import View
from tests.unit.dashboard.screens import BACKTEST, LIVE, changed, shown

HERE = Path(__file__).parent / "dashboard"
SIZES = [(200, 50), (120, 40), (80, 24), (60, 20), (40, 10), (20, 5)]
DISCONNECTED = changed(
    LIVE, link=Link("reconnecting", age_s=12.0, attempts=3, failure="the connection ended: 1006")
)
STALE = changed(LIVE, link=Link("connected", age_s=75.0))
PAUSED_AT_ENGINE = changed(
    BACKTEST,
    facts=Facts("SmaCross", runtime="engine", symbols=("S:AAPL",), ack_window_s=5.0),
    state="paused",
    link=Link("connected", age_s=2.0, acks=7, ack_ms=0.1, ack_worst_ms=1.0, held_s=1.5),
)
STARTING = Snapshot(Facts("SmaCross", source="bundled sample", symbols=("S:AAPL",), total=3270))


def check(golden: Callable[[Path, str], None], name: str, lines: list[str]) -> None:
    golden(HERE / f"{name}.txt", "\n".join(line.rstrip() for line in lines) + "\n")


@pytest.mark.parametrize(("width", "height"), SIZES, ids=[f"{w}x{h}" for w, h in SIZES])
@pytest.mark.parametrize(
    ("name", "snapshot"), [("backtest", BACKTEST), ("live", LIVE)], ids=["backtest", "live"]
)
def test_a_run_at_a_size(
    golden: Callable[[Path, str], None], name: str, snapshot: Snapshot, width: int, height: int
) -> None:
    lines = shown(snapshot, width, height)

    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    check(golden, f"{name}_{width}x{height}", lines)


@pytest.mark.parametrize(
    ("name", "snapshot", "glyphs", "view"),
    [
        ("disconnected", DISCONNECTED, BRAILLE, None),
        ("stale", STALE, BRAILLE, None),
        ("paused_at_engine", PAUSED_AT_ENGINE, BRAILLE, None),
        ("starting", STARTING, BRAILLE, None),
        ("blocks", BACKTEST, BLOCK, None),
        ("ascii", BACKTEST, ASCII, None),
        ("help", BACKTEST, BRAILLE, View(has_help=True)),
        ("help_live", LIVE, BRAILLE, View(has_help=True)),
        ("focus_on_hidden", BACKTEST, BRAILLE, View(focus=4)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_state_at_80_columns(
    golden: Callable[[Path, str], None],
    name: str,
    snapshot: Snapshot,
    glyphs: Glyphs,
    view: View | None,
) -> None:
    check(golden, name, shown(snapshot, 80, 24, glyphs, view))
