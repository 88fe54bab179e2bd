"""Open positions with their unrealized profit, their stop and their target."""

from __future__ import annotations

from rich.text import Text

from runner.dashboard.charts import Glyphs
from runner.dashboard.formats import ALARM, Column, price, quantity, signed, table
from runner.dashboard.pane import Pane, Size
from runner.dashboard.snapshot import Snapshot

_COLUMNS = (
    Column("side", 5),
    Column("symbol", 6, grows=True),
    Column("units", 7, right=True, rank=3),
    Column("entry", 8, right=True, rank=4),
    Column("price", 8, right=True, rank=5),
    Column("profit", 9, right=True),
    Column("stop", 7, right=True, rank=1),
    Column("target", 7, right=True, rank=2),
)


def draw_positions(snapshot: Snapshot, size: Size, glyphs: Glyphs) -> list[Text]:
    """Draw one row for each open position."""
    if not snapshot.positions:
        return [Text("flat: no open position", "dim")]
    profits = signed([one.unrealized for one in snapshot.positions])
    rows = [
        (
            (
                "long" if one.quantity > 0 else "short",
                one.symbol,
                quantity(abs(one.quantity)),
                price(one.entry),
                price(one.price),
                profit,
                "none !" if one.is_unprotected else price(one.stop),
                price(one.target),
            ),
            ALARM if one.is_unprotected else "",
        )
        for one, profit in zip(snapshot.positions, profits, strict=True)
    ]
    return table(_COLUMNS, rows, size.width, glyphs.ellipsis)


POSITIONS = Pane("Positions", draw_positions, Size(26, 3), weight=3, heading=1)
