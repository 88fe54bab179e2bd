"""The lines at the top: what runs, whether it is under control, how far it is, how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.text import Text

from runner.dashboard.charts import Glyphs, bar, drawdowns
from runner.dashboard.clean import clean
from runner.dashboard.formats import (
    ALARM,
    ago,
    count,
    fitted,
    lasting,
    moment,
    money,
    percent,
    several,
    spread,
)
from runner.dashboard.pane import Size
from runner.dashboard.snapshot import Snapshot

BANNER = "bold reverse"
_LEAST_SYMBOL, _LEAST_BAR = 6, 6
TROUBLES = 3
"""Most of them at once, the gravest first: a screen is for the run, too."""
LOST = "bold white on red"
"""Loss of control, across the whole screen; the word and the exclamation marks say it, too."""


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


def draw_troubles(snapshot: Snapshot, size: Size, glyphs: Glyphs) -> list[Text]:
    """Draw a line for what a person should look at; nothing while there is nothing."""
    lines = []
    for one in snapshot.troubles[:TROUBLES]:
        mark, style = ("!!", LOST) if one.is_loss_of_control else ("!", "bold")
        said = f" {mark} {one.word}" + (f" {glyphs.dot} {one.said}" if one.said else "")
        line = Text(fitted(said, size.width, glyphs.ellipsis), style)
        line.truncate(size.width, pad=True)
        lines.append(line)
    return lines


def draw_header(snapshot: Snapshot, size: Size, glyphs: Glyphs) -> list[Text]:
    """Draw three lines: the run and its state, its progress, its figures."""
    dot = f" {glyphs.dot} "
    facts = snapshot.facts
    symbols = clean(", ".join(facts.symbols[:4]) + (", ..." if len(facts.symbols) > 4 else ""))
    name = clean(facts.strategy)
    state = _state(snapshot)
    room = size.width - min(len(name), size.width // 2) - 1
    while len(state) > 1 and _length(state, dot) > room:
        state.remove(max(state, key=lambda one: one.rank))
    room = size.width - _length(state, dot) - 1
    left = Text.assemble((fitted(name, room, glyphs.ellipsis), "bold"))
    room -= left.cell_len + len(dot)
    if symbols and room >= _LEAST_SYMBOL:
        left.append(dot).append(fitted(symbols, room, glyphs.ellipsis))
    right = Text()
    for one in state:
        right.append(dot if right.plain else "").append(one.text, one.style)
    first = spread(left, right, size.width)
    return [first, _progress(snapshot, size.width, glyphs), _figures(snapshot, size.width, dot)]


def draw_status(snapshot: Snapshot, size: Size) -> Text:
    """Draw all that matters in one line, for a terminal too small for panes."""
    parts = []
    if snapshot.facts.is_live:
        parts.append((snapshot.facts.label, BANNER))
    if snapshot.troubles:
        worst = snapshot.troubles[0]
        lost = worst.is_loss_of_control
        parts.append((f"!! {worst.word}" if lost else f"! {worst.word}", LOST if lost else "bold"))
    elif snapshot.state != "running":
        parts.append((snapshot.state, "bold"))
    parts.append((_share(snapshot), ""))
    parts.append((percent(_growth(snapshot), sign=True), "bold"))
    parts.append((moment(snapshot.clock_ms)[:10], ""))
    parts.append((f"{count(snapshot.rate)}/s", ""))
    line = Text()
    for text, style in parts:
        if line.plain and line.cell_len + 1 + len(text) > size.width:
            break  # a number that is cut would be another number
        line.append(" " if line.plain else "").append(text, style)
    line.truncate(size.width)
    return line


class _Part(NamedTuple):
    """A piece of the first line; the higher its rank, the earlier it gives way."""

    text: str
    style: str
    rank: int


def _state(snapshot: Snapshot) -> list[_Part]:
    link, facts, trading = snapshot.link, snapshot.facts, snapshot.trading.state
    parts = [_Part(facts.runtime, "", 4)]
    if link.state in ("connecting", "connected", "reconnecting"):
        parts.append(_Part(link.state, ALARM if link.state == "reconnecting" else "", 3))
    said = snapshot.state if link.held_s is None else f"{snapshot.state} {_held(snapshot)}"
    parts.append(_Part(said, "bold", 0))
    if trading:
        parts.append(_Part(trading, ALARM if trading == "HALTED" else "bold", 1))
    if link.age_s is not None and snapshot.state != "paused":
        style = ALARM if snapshot.is_stale else ""
        parts.append(_Part(f"event {ago(link.age_s)}", style, 2))
    return parts


def _length(parts: Sequence[_Part], dot: str) -> int:
    return len(dot.join(one.text for one in parts))


def _held(snapshot: Snapshot) -> str:
    held, window = snapshot.link.held_s or 0.0, snapshot.facts.ack_window_s
    if window is None:
        return f"{held:.1f} s"
    return f"{max(window - held, 0.0):.1f} s of the ack window left"


def _progress(snapshot: Snapshot, width: int, glyphs: Glyphs) -> Text:
    total = snapshot.facts.total
    known = f" of {total:,}" if total is not None else ""
    parts = {
        "share": _share(snapshot) if total else "",
        "moment": moment(snapshot.clock_ms),
        "count": f"{snapshot.done:,}{known} candles",
        "rate": _rate(snapshot),
        "left": f"{lasting(snapshot.eta_s)} left" if snapshot.eta_s is not None else "",
    }
    for one in ("", "count", "rate", "left"):  # in this order they give way
        parts.pop(one, None)
        said = "  ".join(filter(None, parts.values()))
        if len(said) <= width:
            break
    room = width - len(said) - 1
    if total and room >= _LEAST_BAR:
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
    if equity is None:
        left = Text("equity not known yet")
    else:
        left = Text.assemble(
            "equity ",
            (f"{money(equity)} {clean(snapshot.currency)}", "bold"),
            f"  {percent(_growth(snapshot), sign=True)}",
            f"{dot}drawdown {percent(depths[-1])}" if depths else "",
        )
    numbers = [f"{snapshot.working:,} working", several(snapshot.orders_total, "order")]
    if snapshot.rejected_total:
        numbers.append(f"{snapshot.rejected_total:,} rejected")
    numbers += [several(snapshot.trades_total, "trade"), lasting(snapshot.seconds)]
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
