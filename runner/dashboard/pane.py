"""What a pane is: a name, a least size, and a pure function from a snapshot to lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from rich.text import Text

from runner.dashboard.charts import Glyphs
from runner.dashboard.snapshot import Snapshot


class Size(NamedTuple):
    """Columns and rows of a terminal."""

    width: int
    height: int


Draw = Callable[[Snapshot, Size, Glyphs], list[Text]]
"""Returns the lines of a pane for the room inside its frame; what does not fit is scrolled to."""


@dataclass(frozen=True, slots=True)
class Pane:
    """One pane of the dashboard."""

    name: str
    draw: Draw
    least: Size
    """Least room inside its frame; where there is less, the pane yields."""
    weight: int = 1
    """Its share of the height that is left over, beside those of the other rows."""
    heading: int = 0
    """Lines at its top that stay when it is scrolled."""
    is_tail: bool = False
    """Whether it shows its last lines, as a log does."""
