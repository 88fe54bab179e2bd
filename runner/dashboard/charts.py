"""Curves as characters: braille, block or ASCII, by what the terminal can show.

Pure functions from numbers to lines of exactly the asked width. Standard library only.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["braille", "block", "ascii"]

_EIGHTHS = " ▁▂▃▄▅▆▇█"
# Dots of a braille cell by column and row. Source: Unicode, Braille Patterns (U+2800).
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters a terminal can show."""

    level: Level
    horizontal: str
    vertical: str
    corners: str
    """Top left, top right, bottom left, bottom right."""
    full: str
    empty: str
    buy: str
    sell: str
    both: str
    dot: str
    """Between facts of one line."""
    ellipsis: str


BRAILLE = Glyphs("braille", "─", "│", "┌┐└┘", "█", "░", "▲", "▼", "◆", "·", "…")
BLOCK = Glyphs("block", "─", "│", "┌┐└┘", "█", "░", "▲", "▼", "♦", "·", ".")
ASCII = Glyphs("ascii", "-", "|", "++++", "#", ".", "^", "v", "x", "-", ".")


def glyphs_for(encoding: str | None, environ: Mapping[str, str]) -> Glyphs:
    """Return what the terminal can show.

    Beyond ASCII both the stream's encoding and the locale must be UTF-8: Python writes UTF-8 in
    the C locale too, where the terminal is not known to read it. The Linux console has no braille.
    """
    locale = next((environ[one] for one in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(one)), "")
    unicode = (encoding or "").lower().replace("-", "").startswith("utf8")
    if not unicode or (locale.partition(".")[0] in ("C", "POSIX") and "utf" not in locale.lower()):
        return ASCII
    return BLOCK if environ.get("TERM") == "linux" else BRAILLE


def curve_rows(values: Sequence[float], width: int, height: int, level: Level) -> list[str]:
    """Return `height` lines of `width` characters that draw `values`, the highest at the top."""
    if width < 1 or height < 1:
        return []
    if len(values) < 2:
        return [" " * width] * height
    lowest, highest = min(values), max(values)
    span = highest - lowest
    if level == "braille":
        columns = resampled(values, width * 2)
        top = height * 4 - 1
        return _braille_line(_heights(columns, lowest, span, top), width, height)
    columns = resampled(values, width)
    if level == "block":
        return _area(_heights(columns, lowest, span, height * 8 - 1), height)
    return _line(_heights(columns, lowest, span, height - 1), height)


def depth_rows(depths: Sequence[float], width: int, height: int, level: Level) -> list[str]:
    """Return `height` lines of `width` characters from whose top edge `depths` hang down.

    Depths are zero or positive; the deepest reaches the bottom.
    """
    if width < 1 or height < 1:
        return []
    deepest = max(depths, default=0.0)
    if len(depths) < 2 or deepest <= 0:
        return [" " * width] * height
    if level == "braille":
        deep = _heights(resampled(depths, width * 2), 0.0, deepest, height * 4)
        cells = [[0x2800] * width for _ in range(height)]
        for x, reach in enumerate(deep):
            for y in range(reach):
                cells[y // 4][x // 2] |= _DOTS[x % 2][y % 4]
        return _cells(cells)
    half, full = ("▀", "█") if level == "block" else ("'", "#")
    deep = _heights(resampled(depths, width), 0.0, deepest, height * 2)
    return [
        "".join(full if one >= 2 * y + 2 else half if one == 2 * y + 1 else " " for one in deep)
        for y in range(height)
    ]


def mark_row(
    times: Sequence[int], marks: Sequence[tuple[int, bool]], width: int, glyphs: Glyphs
) -> str:
    """Return one line of `width` characters with a mark under the moment of every execution.

    Args:
        times: moments of the curve above, ascending; they share its columns.
        marks: moment and whether it was a buy, in any order.
        width: columns.
        glyphs: the characters to use.
    """
    row = [" "] * max(width, 0)
    if len(times) < 2 or not row:
        return "".join(row)
    for moment, is_buy in marks:
        at = min(bisect.bisect_left(times, moment), len(times) - 1)
        column = at * (width - 1) // (len(times) - 1)
        mark = glyphs.buy if is_buy else glyphs.sell
        row[column] = mark if row[column] in (" ", mark) else glyphs.both
    return "".join(row)


def drawdowns(equities: Sequence[float]) -> list[float]:
    """Return (peak - equity) / peak for every point, zero or positive."""
    peak, found = float("-inf"), []
    for one in equities:
        peak = max(peak, one)
        found.append((peak - one) / peak if peak > 0 else 0.0)
    return found


def bar(share: float, width: int, glyphs: Glyphs) -> str:
    """Return a bar of `width` characters of which `share` (0 to 1) is filled."""
    filled = round(min(max(share, 0.0), 1.0) * width)
    return glyphs.full * filled + glyphs.empty * (width - filled)


def resampled(values: Sequence[float], columns: int) -> list[float]:
    """Return one value for each column; of several that share one, the last."""
    count = len(values)
    if count == 0 or columns < 1:
        return []
    if columns == 1:
        return [values[-1]]
    return [values[step * (count - 1) // (columns - 1)] for step in range(columns)]


def _heights(columns: Sequence[float], lowest: float, span: float, top: int) -> list[int]:
    if not span > 0:
        return [top // 2] * len(columns)
    return [min(max(round((one - lowest) / span * top), 0), top) for one in columns]


def _braille_line(heights: Sequence[int], width: int, height: int) -> list[str]:
    cells = [[0x2800] * width for _ in range(height)]
    top = height * 4 - 1
    before = heights[0]
    for x, now in enumerate(heights):
        # From where the curve was to where it is, so that a jump leaves no hole.
        low, high = (before + 1, now) if before < now else (now, before - 1)
        for y in range(min(low, now), max(high, now) + 1):
            row = top - y
            cells[row // 4][x // 2] |= _DOTS[x % 2][row % 4]
        before = now
    return _cells(cells)


def _cells(cells: list[list[int]]) -> list[str]:
    return ["".join(" " if one == 0x2800 else chr(one) for one in row) for row in cells]


def _area(heights: Sequence[int], height: int) -> list[str]:
    rows = []
    for row in range(height - 1, -1, -1):
        floor = row * 8
        rows.append("".join(_EIGHTHS[min(max(one + 1 - floor, 0), 8)] for one in heights))
    return rows


def _line(heights: Sequence[int], height: int) -> list[str]:
    rows = [[" "] * len(heights) for _ in range(height)]
    before = heights[0]
    for x, now in enumerate(heights):
        for y in range(min(before, now), max(before, now) + 1):
            rows[height - 1 - y][x] = "*" if y == now else "|"
        before = now
    return ["".join(row) for row in rows]
