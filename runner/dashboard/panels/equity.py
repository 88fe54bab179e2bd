"""The equity curve, the trades on it, and how far it is below its peak."""

from __future__ import annotations

from rich.text import Text

from runner.dashboard.charts import Glyphs, curve_rows, depth_rows, drawdowns, mark_row
from runner.dashboard.formats import moment, money, percent
from runner.dashboard.pane import Pane, Size
from runner.dashboard.snapshot import Snapshot

_TALL, _VERY_TALL = 12, 20
"""From these heights the drawdown has two rows, and four."""


def draw_equity(snapshot: Snapshot, size: Size, glyphs: Glyphs) -> list[Text]:
    """Draw the curve, a row of trade marks, the drawdown hanging from its line, and the time."""
    curve = snapshot.curve
    if len(curve.equities) < 2:
        return [Text("no equity yet", "dim")]
    depths = drawdowns(curve.equities)
    highest, lowest, last = max(curve.equities), min(curve.equities), curve.equities[-1]
    about = "" if curve.is_exact else "about "
    labels = [money(highest), money(last), money(lowest)]
    gutter = max(map(len, labels)) + 1
    width = max(size.width - gutter, 1)
    strip = 4 if size.height >= _VERY_TALL else 2 if size.height >= _TALL else 1
    tall = max(size.height - strip - 2, 1)
    rows = curve_rows(curve.equities, width, tall, glyphs.level)
    beside = [""] * tall
    if highest > lowest:
        beside[0], beside[-1] = labels[0], labels[2]
    else:
        beside[tall // 2] = labels[1]  # a flat line is drawn in the middle
    if labels[1] not in (labels[0], labels[2]) and tall > 2:
        at = round((highest - last) / (highest - lowest) * (tall - 1))
        beside[min(max(at, 1), tall - 2)] = labels[1]
    lines = [
        Text.assemble((row, "cyan"), f"{label:>{gutter}}")
        for row, label in zip(rows, beside, strict=True)
    ]
    marks = [(one.time_ms, one.is_buy) for one in curve.marks]
    lines.append(Text.assemble(mark_row(curve.times, marks, width, glyphs), (" trades", "dim")))
    hanging = depth_rows(depths, width, strip, glyphs.level)
    said = [""] * strip
    said[0] = f" -{percent(depths[-1])}" if depths[-1] >= 0.0005 else " at peak"
    lines += [
        Text.assemble((row, "yellow"), (note, "dim"))
        for row, note in zip(hanging, said, strict=True)
    ]
    first, now = moment(curve.times[0]), moment(curve.times[-1])
    if first[:10] != now[:10]:
        first, now = first[:10], now[:10]
    else:
        now = now[11:]
    deepest = f"drawdown {about}{percent(max(depths))} at most"
    room = width - len(first) - len(now)
    axis = first + (f"{deepest:^{room}}" if room > len(deepest) + 1 else " " * room) + now
    lines.append(Text(axis, "dim"))
    return lines


EQUITY = Pane("Equity", draw_equity, Size(30, 6), weight=3)
