"""The lines at the top: what runs, whether it is under control, how far it is, how it stands."""

from __future__ import annotations

from rich.text import Text

from runner.dashboard.charts import Glyphs, bar, drawdowns
from runner.dashboard.clean import clean
from runner.dashboard.formats import (
    ALARM,
    ago,
    count,
    lasting,
    moment,
    money,
    percent,
    spread,
)
from runner.dashboard.pane import Size
from runner.dashboard.snapshot import Snapshot

BANNER = "bold reverse"


def draw_banner(snapshot: Snapshot, size: Size, glyphs: Glyphs) -> list[Text]:
    """Draw the banner of a live run; nothing for a backtest."""
    if not snapshot.facts.is_live:
        return []
    peer = snapshot.facts.peers[0] if snapshot.facts.peers else "a gateway"
    facts = snapshot.facts
    parts = [facts.label, clean(facts.account)] if facts.account else [facts.label]
    parts.append("no order leaves" if facts.mode == "dry" else f"orders go to {clean(peer)}")
    said = Text(" " + f" {glyphs.dot} ".join(parts), BANNER)
    said.truncate(size.width, pad=True)
    return [said]


def draw_header(snapshot: Snapshot, size: Size, glyphs: Glyphs) -> list[Text]:
    """Draw three lines: the run and its state, its progress, its figures."""
    dot = f" {glyphs.dot} "
    facts = snapshot.facts
    symbols = clean(", ".join(facts.symbols[:4]) + (", ..." if len(facts.symbols) > 4 else ""))
    left = Text.assemble((clean(facts.strategy), "bold"), dot if symbols else "", symbols)
    first = spread(left, _state(snapshot, dot), size.width)
    return [first, _progress(snapshot, size.width, glyphs), _figures(snapshot, size.width, dot)]


def draw_status(snapshot: Snapshot, size: Size) -> Text:
    """Draw all that matters in one line, for a terminal too small for panes."""
    parts = []
    if snapshot.facts.is_live:
        parts.append((snapshot.facts.label, BANNER))
    if snapshot.alarm:
        parts.append((snapshot.alarm.upper(), ALARM))
    elif snapshot.state != "running":
        parts.append((snapshot.state, "bold"))
    parts.append((_share(snapshot), ""))
    parts.append((percent(_growth(snapshot), sign=True), "bold"))
    parts.append((moment(snapshot.clock_ms)[:10], ""))
    parts.append((f"{count(snapshot.rate)}/s", ""))
    line = Text()
    for text, style in parts:
        line.append(" " if line.plain else "").append(text, style)
    line.truncate(size.width)
    return line


def _state(snapshot: Snapshot, dot: str) -> Text:
    link, facts = snapshot.link, snapshot.facts
    shown = Text()
    if snapshot.alarm:
        said = snapshot.alarm.upper()
        if link.state == "reconnecting":
            said += f", {link.attempts} attempts failed"
        shown.append(said, ALARM).append(dot)
    shown.append(facts.runtime)
    if link.state in ("connecting", "connected"):
        shown.append(f"{dot}{link.state}")
    shown.append(dot).append(snapshot.state, "bold")
    if link.held_s is not None:
        shown.append(f" {_held(snapshot)}")
    if link.age_s is not None and snapshot.state != "paused":
        shown.append(f"{dot}event {ago(link.age_s)}", ALARM if snapshot.is_stale else "")
    return shown


def _held(snapshot: Snapshot) -> str:
    held, window = snapshot.link.held_s or 0.0, snapshot.facts.ack_window_s
    if window is None:
        return f"{held:.1f} s"
    return f"{max(window - held, 0.0):.1f} s of the ack window left"


def _progress(snapshot: Snapshot, width: int, glyphs: Glyphs) -> Text:
    total = snapshot.facts.total
    known = f" of {total:,}" if total is not None else ""
    parts = [
        _share(snapshot) if total else "",
        moment(snapshot.clock_ms),
        f"{snapshot.done:,}{known} candles",
        _rate(snapshot),
        f"{lasting(snapshot.eta_s)} left" if snapshot.eta_s is not None else "",
    ]
    said = "  ".join(filter(None, parts))
    room = width - len(said) - 1
    if total and room >= 6:
        filled = bar(snapshot.done / total, min(room, 40), glyphs)
        return Text.assemble((filled, "cyan"), " ", said)
    line = Text(said)
    line.truncate(width)
    return line


def _rate(snapshot: Snapshot) -> str:
    if snapshot.speed.endswith("/s"):
        return f"at {snapshot.speed}"
    rate = f"{count(snapshot.rate)}/s"
    return rate if snapshot.speed == "max" else f"{rate} at {snapshot.speed}"


def _figures(snapshot: Snapshot, width: int, dot: str) -> Text:
    depths = drawdowns(snapshot.curve.equities)
    equity = snapshot.equity if snapshot.starting_equity else None
    left = Text.assemble(
        "equity ",
        (f"{money(equity)} {clean(snapshot.currency)}", "bold"),
        f"  {percent(_growth(snapshot), sign=True)}",
        f"{dot}drawdown {percent(depths[-1])}" if depths else "",
    )
    numbers = [f"{snapshot.working:,} working", f"{snapshot.orders_total:,} orders"]
    if snapshot.rejected_total:
        numbers.append(f"{snapshot.rejected_total:,} rejected")
    numbers += [f"{snapshot.trades_total:,} trades", lasting(snapshot.seconds)]
    while numbers and left.cell_len + 1 + len(dot.join(numbers)) > width:
        del numbers[0]
    return spread(left, Text(dot.join(numbers)), width)


def _share(snapshot: Snapshot) -> str:
    total = snapshot.facts.total
    return percent(snapshot.done / total) if total else f"{count(snapshot.done)} candles"


def _growth(snapshot: Snapshot) -> float | None:
    if not snapshot.starting_equity:
        return None
    return snapshot.equity / snapshot.starting_equity - 1
