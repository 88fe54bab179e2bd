"""How an inspected data file is shown: as a table with a small chart, and as one JSON document.

May import the engine's inspection and the layout of texts. Writes nothing itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

from runner.engine.csv_data import duration
from runner.engine.data_inspection import Gap, Inspection
from runner.protocol.times import iso_ms
from runner.results.layout import Page

SCHEMA = "runner.data/1"
"""Raised when a key is removed or changes its meaning; new keys do not raise it."""
CHART_HEIGHT = 6
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_ASCII_STEPS = " ._-=*+#@"
INDENT = 12


def inspection_text(found: Inspection, page: Page) -> str:
    """Return the table and the chart, ending with a line end."""
    series, repairs = found.series, found.repairs
    closes = series.closes
    timeframe = found.timeframe or (
        f"an unknown timeframe, smallest step {duration(found.step_ms)}"
        if found.step_ms
        else "an unknown timeframe"
    )
    rows = [
        ("File", series.origin),
        ("Candles", f"{len(series):,} of {timeframe}"),
        ("Range", f"{moment(series.times[0])} to {moment(series.times[-1])}, UTC"),
        ("Close", f"{min(closes):g} to {max(closes):g}, last {closes[-1]:g}"),
        ("Gaps", _gaps(found)),
        *[("", _gap(one)) for one in found.longest_gaps],
        ("Duplicates", duplicates(repairs.repeated, repairs.conflicting)),
        ("Order", counted(repairs.moved, "{} after a later one; --sort helps", "row")),
        ("Bad rows", counted(repairs.skipped, "{} that a run refuses; --skip-bad N helps", "row")),
        *[("", one) for one in repairs.examples],
        ("Suspicious", counted(found.suspicious, "{}", "candle")),
        *[("", f"{moment(one.time_ms)} {one.what}") for one in found.suspicions],
        ("Off grid", counted(found.off_grid, "{} not a whole step after the first", "candle")),
        ("No volume", counted(found.without_volume, "{}", "candle")),
        ("No movement", counted(found.without_movement, "{} of four equal prices", "candle")),
    ]
    lines = [line for label, text in rows for line in page.wrap(text, label=label, indent=INDENT)]
    return "\n".join([*lines, "", *chart(closes, page), ""])


def chart(values: Sequence[float], page: Page, *, height: int = CHART_HEIGHT) -> list[str]:
    """Return `values` as a filled curve of `height` lines, with its bounds at its right.

    Each column shows the mean of its share of the values. Fewer than two values draw nothing.
    """
    if len(values) < 2:
        return []
    lowest, highest = min(values), max(values)
    bounds = (f" {highest:g}", f" {lowest:g}")
    width = min(page.width - max(map(len, bounds)), len(values))
    edges = [at * len(values) // width for at in range(width + 1)]
    means = [sum(values[low:high]) / (high - low) for low, high in pairwise(edges)]
    blocks = _EIGHTHS if page.unicode else _ASCII_STEPS
    scale = (height * 8 - 1) / (highest - lowest) if highest > lowest else 0.0
    filled = [1 + round((one - lowest) * scale) for one in means]
    lines = [
        "".join(blocks[min(max(level - 8 * row, 0), 8)] for level in filled)
        for row in reversed(range(height))
    ]
    lines[0] += bounds[0]
    lines[-1] += bounds[1]
    return lines


def inspection_json(found: Inspection) -> str:
    """Return everything that was found as one JSON document, ending with a line end."""
    series, repairs = found.series, found.repairs
    document = {
        "schema": SCHEMA,
        "file": series.origin.encode("utf-8", "replace").decode(),
        "candles": len(series),
        "timeframe": found.timeframe,
        "smallest_step_ms": found.step_ms,
        "first": iso_ms(series.times[0]),
        "last": iso_ms(series.times[-1]),
        "close": {
            "lowest": min(series.closes),
            "highest": max(series.closes),
            "last": series.closes[-1],
        },
        "gaps": {
            "count": found.gaps,
            "missing": found.missing,
            "weekends_left_out": found.weekends_left_out,
            "longest": [
                {
                    "after": iso_ms(one.after_ms),
                    "before": iso_ms(one.before_ms),
                    "missing": one.missing,
                }
                for one in found.longest_gaps
            ],
        },
        "duplicates": {"count": repairs.repeated, "conflicting": repairs.conflicting},
        "out_of_order": repairs.moved,
        "bad_rows": {
            "count": repairs.skipped,
            "first": [one.encode("utf-8", "replace").decode() for one in repairs.examples],
        },
        "suspicious": {
            "count": found.suspicious,
            "first": [{"time": iso_ms(one.time_ms), "what": one.what} for one in found.suspicions],
        },
        "off_grid": found.off_grid,
        "without_volume": found.without_volume,
        "without_movement": found.without_movement,
    }
    return json.dumps(document, indent=2) + "\n"


def moment(ms: int) -> str:
    """Return a moment in UTC, a date where it is a midnight."""
    return iso_ms(ms).removesuffix("T00:00:00Z")


def _number(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count:,} {word}s"


def counted(count: int, said: str, word: str) -> str:
    """Return how many there are, in `said`; `none` for zero."""
    return said.format(_number(count, word)) if count else "none"


def _gaps(found: Inspection) -> str:
    aside = ", weekends left out" if found.weekends_left_out else ""
    if not found.gaps:
        return f"none{aside}"
    longest = "; the longest:" if found.gaps > len(found.longest_gaps) else ":"
    return f"{found.gaps:,}, {_number(found.missing, 'candle')} missing in all{aside}{longest}"


def _gap(gap: Gap) -> str:
    missing = _number(gap.missing, "candle")
    return f"{moment(gap.after_ms)} to {moment(gap.before_ms)}, {missing} missing"


def duplicates(repeated: int, conflicting: int) -> str:
    """Return how many rows are repeated."""
    if not repeated:
        return "none"
    differ = f", {conflicting:,} with other values" if conflicting else ""
    return f"{_number(repeated, 'row')}{differ}; --dedupe helps"
