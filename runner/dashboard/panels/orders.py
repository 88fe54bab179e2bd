"""Working orders, then the latest of the others, each with the reason the strategy gave."""

from __future__ import annotations

from rich.text import Text

from runner.dashboard.charts import Glyphs
from runner.dashboard.formats import Column, price, quantity, table
from runner.dashboard.pane import Pane, Size
from runner.dashboard.snapshot import OrderRow, Snapshot

_ID = 7
_COLUMNS = (
    Column("order", _ID, rank=6),
    Column("side", 4),
    Column("symbol", 6),
    Column("units", 6, right=True, rank=3),
    Column("kind", 6, rank=5, whole=True),
    Column("price", 8, right=True, rank=4),
    Column("status", 9, rank=1),
    Column("reason", 12, rank=2, grows=True),
)


def draw_orders(snapshot: Snapshot, size: Size, glyphs: Glyphs) -> list[Text]:
    """Draw one row for each order; those at work stand first, and stand out."""
    if not snapshot.orders:
        return [Text("no order yet", "dim")]
    rows = [
        (
            (
                _ending(one.id, glyphs.ellipsis),
                one.side.lower(),
                one.symbol,
                quantity(one.quantity),
                one.kind.lower().replace("_", " "),
                price(one.price),
                _status(one),
                one.reason,
            ),
            "bold" if one.is_working else "",
        )
        for one in snapshot.orders
    ]
    return table(_COLUMNS, rows, size.width, glyphs.ellipsis)


# The ids of a run begin alike; what tells them apart is their end.
def _ending(id: str, ellipsis: str) -> str:
    return id if len(id) <= _ID else ellipsis + id[1 - _ID :]


def _status(order: OrderRow) -> str:
    if order.is_working and order.filled:
        return f"{order.filled / order.quantity:.0%} done"
    return order.status.lower().replace("_", " ")


ORDERS = Pane("Orders", draw_orders, Size(34, 5), weight=2, heading=1)
