"""The strategy: its indicators with their warm-up, and its parameters."""

from __future__ import annotations

from rich.text import Text

from runner.dashboard.charts import Glyphs, bar
from runner.dashboard.clean import clean
from runner.dashboard.formats import fitted
from runner.dashboard.pane import Pane, Size
from runner.dashboard.snapshot import IndicatorRow, Snapshot

_BAR = 10


def draw_strategy(snapshot: Snapshot, size: Size, glyphs: Glyphs) -> list[Text]:
    """Draw the indicators of the symbol handled last, then the parameters."""
    lines = []
    if snapshot.indicators:
        warm = sum(one.value is not None for one in snapshot.indicators)
        of = f" of {clean(snapshot.indicator_symbol)}" if snapshot.indicator_symbol else ""
        said = f"indicators{of}: {warm} of {len(snapshot.indicators)} warm"
        lines.append(Text(fitted(said, size.width, glyphs.ellipsis), "dim"))
        widest = min(max(len(clean(one.name)) for one in snapshot.indicators), size.width // 2)
        lines += [_indicator(one, widest, glyphs) for one in snapshot.indicators]
    if snapshot.facts.params:
        lines.append(Text("parameters", "dim"))
        widest = min(max(len(clean(name)) for name, _ in snapshot.facts.params), size.width // 2)
        for name, value in snapshot.facts.params:
            label = fitted(name, widest, glyphs.ellipsis)
            lines.append(Text.assemble(f"{label:<{widest}}  ", (clean(value), "bold")))
    return lines or [Text("no indicators, no parameters", "dim")]


def _indicator(one: IndicatorRow, widest: int, glyphs: Glyphs) -> Text:
    label = f"{fitted(one.name, widest, glyphs.ellipsis):<{widest}}  "
    if one.value is not None:
        return Text.assemble(label, (f"{one.value:,.6g}", "bold"))
    share = one.seen / one.needed if one.needed else 0.0
    return Text.assemble(label, (bar(share, _BAR, glyphs), "dim"), f" {one.seen} of {one.needed}")


STRATEGY = Pane("Strategy", draw_strategy, Size(26, 4), weight=2)
