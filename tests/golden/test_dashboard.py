"""The dashboard as text, at fixed sizes, from scripted snapshots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from runner.dashboard.charts import ASCII, BLOCK, BRAILLE, Glyphs
from runner.dashboard.snapshot import Facts, Link, Snapshot, Trading
from runner.dashboard.view import View
from tests.unit.dashboard.screens import BACKTEST, LIVE, changed, shown

HERE = Path(__file__).parent / "dashboard"
SIZES = [(200, 50), (120, 40), (80, 24), (60, 20), (40, 10), (20, 5)]
DISCONNECTED = changed(
    LIVE, link=Link("reconnecting", age_s=12.0, attempts=3, failure="the connection ended: 1006")
)
STALE = changed(LIVE, link=Link("connected", age_s=75.0))
HALTED = changed(
    LIVE,
    trading=Trading(
        "HALTED",
        "equity 79,412.00 is 20.59% down from its highest (100,000.00); risk.max_drawdown is 20%",
    ),
)
REDUCING = changed(
    LIVE, trading=Trading("REDUCING", "S:AAPL: nobody knows whether the gateway has order x-7-1")
)
PAUSED = changed(LIVE, trading=Trading("PAUSED", "the gateway takes no more requests for now"))
UNPROTECTED = changed(
    LIVE,
    trading=Trading("ACTIVE"),
    positions=(
        changed(LIVE.positions[0], stop=None, is_unprotected=True),
        *LIVE.positions[1:],
    ),
)
ALL_AT_ONCE = changed(
    UNPROTECTED, trading=HALTED.trading, link=DISCONNECTED.link, facts=HALTED.facts
)
SAFETY = {
    "active": changed(LIVE, trading=Trading("ACTIVE")),
    "halted": HALTED,
    "reducing": REDUCING,
    "paused": PAUSED,
    "unprotected": UNPROTECTED,
    "disconnected": changed(DISCONNECTED, trading=Trading("ACTIVE")),
    "stale": changed(STALE, trading=Trading("ACTIVE")),
    "all_at_once": ALL_AT_ONCE,
}
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


@pytest.mark.parametrize(
    ("width", "height"),
    [(120, 40), (80, 24), (60, 20), (40, 10)],
    ids=["120x40", "80x24", "60x20", "status line"],
)
@pytest.mark.parametrize("name", SAFETY)
def test_what_may_be_traded_at_a_size(
    golden: Callable[[Path, str], None], name: str, width: int, height: int
) -> None:
    lines = shown(SAFETY[name], width, height)

    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    assert "LIVE" in lines[0]
    check(golden, f"safety_{name}_{width}x{height}", lines)
