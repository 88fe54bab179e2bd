"""The keys, and what they do."""

from __future__ import annotations

import textwrap

from rich.text import Text

from runner.dashboard.charts import Glyphs
from runner.dashboard.formats import ALARM
from runner.dashboard.pane import Pane, Size
from runner.dashboard.snapshot import Snapshot

KEYS = (
    ("q", "quit: stop in good order, as Ctrl-C does (exit code 130)"),
    ("space", "pause and go on; the event being handled is not acknowledged until then"),
    ("s", "one step: pause after the next candle"),
    ("+ -", "twice or half the speed"),
    ("K", "twice: halt trading at once, and end the run (exit code 9)"),
    ("l", "change the level of the log"),
    ("tab", "go to the next pane; one that is hidden comes into view"),
    ("arrows", "scroll the pane you are in, also with j and k"),
    ("?", "this help"),
)
_KEY = 8
_LIVE = ("space", "hold the picture still; the market and your strategy go on")


def draw_help(snapshot: Snapshot, size: Size, glyphs: Glyphs) -> list[Text]:  # noqa: ARG001
    """Draw one line for each key that does something in this run."""
    live = snapshot.facts.is_live
    shown = [one for one in KEYS if not (live and one[0] in ("space", "s", "+ -"))]
    if live:
        shown.insert(1, _LIVE)
    lines = []
    for key, said in shown:
        first, *more = textwrap.wrap(said, max(size.width - _KEY, 10))
        lines.append(Text.assemble((f"{key:<{_KEY}}", "bold"), first))
        lines += [Text(" " * _KEY + one) for one in more]
    return lines


_HINTS = ("q quit", "space pause", "? help", "s step", "+ - speed", "tab pane", "l log level")
_LIVE_HINTS = ("q quit", "K halt", "? help", "space hold picture", "tab pane", "l log level")


def draw_hints(
    snapshot: Snapshot, size: Size, *, has_keys: bool, is_held: bool = False, is_armed: bool = False
) -> Text:
    """Draw the line at the bottom: what the keys do, as many as fit."""
    if is_armed:
        line = Text("K once more halts trading and ends the run, any other key does not", ALARM)
    elif is_held:
        line = Text("the picture is held, the run is not: space goes on", "bold")
    elif not has_keys:
        line = Text("Ctrl-C stops the run", "dim")
    else:
        hints = list(_LIVE_HINTS if snapshot.facts.is_live else _HINTS)
        while len(hints) > 1 and len("  ".join(hints)) > size.width:
            del hints[-1]
        line = Text("  ".join(hints), "dim")
    line.truncate(size.width)
    return line


HELP = Pane("Help", draw_help, Size(20, 3))
