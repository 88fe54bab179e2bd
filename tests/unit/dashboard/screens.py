"""Scripted snapshots, and a screen as the text that a person would see."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from runner.dashboard.charts import BRAILLE, Glyphs
from runner.dashboard.layout import screen_lines
from runner.dashboard.pane import Size
from runner.dashboard.snapshot import (
    Curve,
    Facts,
    IndicatorRow,
    Link,
    LogLine,
    Mark,
    OrderRow,
    PositionRow,
    Snapshot,
)
from runner.dashboard.view import View
from tests.helpers import DAY_MS, START_MS

POINTS = 400
TIMES = tuple(START_MS + day * DAY_MS for day in range(POINTS))
EQUITIES = tuple(100_000 + 8_000 * math.sin(day / 30) + day * 40 for day in range(POINTS))
MARKS = tuple(Mark(TIMES[day], day % 40 == 0) for day in range(0, POINTS, 20))

BACKTEST = Snapshot(
    Facts(
        "SmaCross",
        params=(("fast", "10"), ("slow", "30")),
        source="bundled sample",
        symbols=("S:AAPL", "S:MSFT"),
        total=3270,
    ),
    state="running",
    seconds=83.0,
    done=1234,
    clock_ms=TIMES[-1],
    rate=200.0,
    speed="200/s",
    equity=EQUITIES[-1],
    starting_equity=100_000.0,
    curve=Curve(TIMES, EQUITIES, MARKS),
    positions=(
        PositionRow("S:AAPL", 123.5, 98.2, 101.4, 395.2, stop=95.0, target=110.0),
        PositionRow("S:MSFT", -40.0, 27.5, 28.25, -30.0, stop=30.0),
    ),
    orders=(
        OrderRow("r-13", "S:AAPL", "SELL", 123.5, 0, "STOP", 95.0, "OPEN", True, "stop-loss"),
        OrderRow(
            "r-12", "S:AAPL", "BUY", 200, 123.5, "LIMIT", 98.2, "PARTIALLY_FILLED", True, "dip"
        ),
        OrderRow("r-11", "S:MSFT", "SELL", 40, 40, "MARKET", 27.5, "FILLED", False, "death cross"),
        OrderRow(
            "r-10", "S:AAPL", "BUY", 1e6, 0, "MARKET", None, "REJECTED", False,
            "INSUFFICIENT_MARGIN: 1,000,000 S:AAPL cost more than the account has",
        ),
    ),
    working=2,
    orders_total=13,
    trades_total=20,
    rejected_total=1,
    indicators=(
        IndicatorRow("fast_sma sma(10)", 101.234567),
        IndicatorRow("slow_sma sma(30)", None, 12, 30),
    ),
    indicator_symbol="S:AAPL",
    link=Link(age_s=0.02),
    log=(
        LogLine("print", "close 101.4"),
        LogLine("warning", "only REST uses the proxy"),
    ),
)  # fmt: skip

LIVE = msgspec.structs.replace(
    BACKTEST,
    facts=Facts(
        "SmaCross",
        runtime="gateway",
        peers=("wss://gateway.example.com/v1/ws", "https://gateway.example.com"),
        source="data of the gateway",
        symbols=("S:AAPL",),
        stale_after_s=60.0,
    ),
    speed="max",
    link=Link(
        "connected", age_s=1.25, reconnects=1, queue=3, acks=1234, ack_ms=0.42, ack_worst_ms=12.5
    ),
)


def changed(snapshot: Snapshot, **fields: Any) -> Snapshot:
    """Return the snapshot with other values."""
    return msgspec.structs.replace(snapshot, **fields)


def shown(
    snapshot: Snapshot,
    width: int,
    height: int,
    glyphs: Glyphs = BRAILLE,
    view: View | None = None,
    *,
    has_keys: bool = True,
) -> list[str]:
    """Return the lines of the screen as plain text."""
    lines = screen_lines(snapshot, Size(width, height), glyphs, view, has_keys=has_keys)
    return ["".join(part.plain for part in line) for line in lines]
