"""The connection: how fast events are acknowledged, and how many wait."""

from __future__ import annotations

from rich.text import Text

from runner.dashboard.charts import Glyphs
from runner.dashboard.clean import clean
from runner.dashboard.formats import ALARM, NONE, ago, fitted
from runner.dashboard.pane import Pane, Size
from runner.dashboard.snapshot import Link, Snapshot


def draw_wire(snapshot: Snapshot, size: Size, glyphs: Glyphs) -> list[Text]:
    """Draw one fact a line."""
    link = snapshot.link
    rows: list[tuple[str, str, str]] = []
    if link.state == "in process":
        rows += [("peer", "embedded, no connection", ""), ("data", snapshot.facts.source, "")]
    else:
        lost = link.state == "reconnecting"
        rows += [("connection", _state(link), ALARM if lost else "")]
        rows += [(_side(one), one, "") for one in snapshot.facts.peers]
        rows += [
            ("ack latency", _latency(link), ""),
            ("queue", _queue(link), ""),
            ("acks", f"{link.acks:,}", ""),
            ("reconnects", f"{link.reconnects:,}", ""),
        ]
        if link.failure:
            rows.append(("last failure", link.failure, ALARM if lost else ""))
    last = NONE if link.age_s is None else ago(link.age_s)
    rows.append(("last event", last, ALARM if snapshot.is_stale else ""))
    return [
        Text.assemble(
            (f"{label:<13}", "dim"), (fitted(clean(value), size.width - 13, glyphs.ellipsis), style)
        )
        for label, value, style in rows
    ]


def _side(peer: str) -> str:
    return "requests" if peer.startswith("http") else "stream"


def _state(link: Link) -> str:
    if link.state in ("connecting", "reconnecting") and link.attempts:
        return f"{link.state}, {link.attempts} failed"
    return link.state


def _queue(link: Link) -> str:
    replaced = f", {link.conflated:,} replaced" if link.conflated else ""
    return f"{link.queue:,} waiting{replaced}"


def _latency(link: Link) -> str:
    if link.ack_ms is None:
        return NONE
    return f"{link.ack_ms:,.2f} ms, at most {link.ack_worst_ms:,.1f} ms"


WIRE = Pane("Connection", draw_wire, Size(26, 3), weight=1)
