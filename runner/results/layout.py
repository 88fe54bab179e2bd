"""Text for terminals and pipes: columns, wrapping, colours, and what a stream can show.

Knows nothing of results. Only the standard library may be imported here; never writes anywhere.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

MIN_WIDTH, MAX_WIDTH = 40, 120
"""Narrower than this, lines are left to the terminal to wrap; wider ones are hard to read."""
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_ASCII = {"–": "-", "—": "-", "·": "|", "×": "x", "…": "...", "→": "->", "’": "'"}
_BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Page:
    """What the place a text goes to can show."""

    width: int = 80
    color: bool = False
    unicode: bool = True

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str]) -> Page:
        """Return what `stream` can show: 80 columns without colour unless it is a terminal."""
        terminal = is_terminal(stream)
        width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
        plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
        encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
        return cls(
            width=max(MIN_WIDTH, min(width, MAX_WIDTH)),
            color=terminal and not plain,
            unicode=encoding.startswith("utf"),
        )

    def style(self, text: str, *names: str) -> str:
        """Return `text` in the given styles, or as it is where there is no colour."""
        if not self.color or not names or not text:
            return text
        return f"\x1b[{';'.join(_STYLES[name] for name in names)}m{text}\x1b[0m"

    def plain(self, text: str) -> str:
        """Return `text` without control characters, and within ASCII where that is all there is."""
        clean = "".join(one if one.isprintable() else " " for one in text)
        if self.unicode:
            return clean.encode("utf-8", "replace").decode()
        for one, other in _ASCII.items():
            clean = clean.replace(one, other)
        return clean.encode("ascii", "replace").decode()

    def wrap(self, text: str, *, label: str = "", indent: int = 0) -> list[str]:
        """Return `text` in lines of this page, the first with `label`, all indented alike."""
        lines = textwrap.wrap(
            self.plain(text),
            max(self.width - indent, MIN_WIDTH // 2),
            break_on_hyphens=False,
        ) or [""]
        first = self.style(f"{label:<{indent}}"[:indent], "dim") + lines[0]
        return [first, *(" " * indent + line for line in lines[1:])]


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a person sees what is written to `stream`; False for a closed one."""
    try:
        return stream.isatty()
    except (AttributeError, OSError, ValueError):
        return False


def sparkline(values: Sequence[float], width: int) -> str:
    """Return at most `width` block characters that draw `values`; empty for fewer than two.

    Each column shows the last value of its share of the curve.
    """
    if len(values) < 2 or width < 2:
        return ""
    columns = min(width, len(values))
    sampled = [values[step * (len(values) - 1) // (columns - 1)] for step in range(columns)]
    lowest, highest = min(sampled), max(sampled)
    if not lowest < highest:
        return _BLOCKS[0] * columns
    scale = (len(_BLOCKS) - 1) / (highest - lowest)
    return "".join(_BLOCKS[round((one - lowest) * scale)] for one in sampled)
