"""Numbers, moments and tables as a person reads them.

Pure functions; all text from elsewhere is cleaned here, on its way into a line. May import rich's
text and the protocol's times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from runner.dashboard.clean import clean
from runner.protocol.times import iso_ms

NONE = "-"
ALARM = "bold red"
"""Loss of control, and nothing else: never a losing trade."""
_GAP = 1
_LARGE = 10_000
_LONGEST = 2000


def money(value: float | None) -> str:
    """Return an amount with two decimals."""
    return NONE if value is None or not isfinite(value) else f"{value:,.2f}"


def signed(values: Sequence[float | None]) -> list[str]:
    """Return amounts with their signs, with two decimals unless one of them is large."""
    known = [one for one in values if one is not None and isfinite(one)]
    decimals = 0 if any(abs(one) >= _LARGE for one in known) else 2
    return [NONE if one is None or not isfinite(one) else f"{one:+,.{decimals}f}" for one in values]


def percent(share: float | None, *, sign: bool = False) -> str:
    """Return a fraction as percent: 0.041 is `4.1 %`."""
    if share is None or not isfinite(share):
        return NONE
    return f"{share * 100:+,.1f} %" if sign else f"{share * 100:,.1f} %"


def price(value: float | None) -> str:
    """Return a price with as many decimals as its size asks for."""
    if value is None or not isfinite(value):
        return NONE
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.6g}"


def quantity(value: float) -> str:
    """Return a number of units without trailing zeros."""
    text = f"{value:,.8f}".rstrip("0").rstrip(".")
    return text if text not in ("-0", "") else "0"


def several(number: int, what: str) -> str:
    """Return a number of things: `1 order`, `2 orders`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def count(value: float) -> str:
    """Return a number of things, shortened beyond a million."""
    if value >= 10_000_000:
        return f"{value / 1e6:,.1f} M"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def lasting(seconds: float | None) -> str:
    """Return a length of time as `mm:ss`, from an hour on as `h:mm:ss`."""
    if seconds is None or not isfinite(seconds):
        return NONE
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60:02}:{whole % 60:02}"
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def ago(seconds: float) -> str:
    """Return how long ago something was."""
    return f"{seconds:.1f} s ago" if seconds < 60 else f"{lasting(seconds)} ago"


def moment(time_ms: int) -> str:
    """Return simulated time to the minute, UTC."""
    if not time_ms:
        return "starting"
    try:
        return iso_ms(time_ms)[:16].replace("T", " ")
    except (ValueError, OverflowError, OSError):
        return "unknown time"


def fitted(text: str, width: int, ellipsis: str = "…") -> str:
    """Return `text`, cleaned, cut to `width` columns where it is longer."""
    text = clean(text)
    if cell_len(text) <= width:
        return text
    if width < 2:
        return set_cell_size(text, max(width, 0))
    return set_cell_size(text, width - 1) + ellipsis


@lru_cache(maxsize=2048)
def wrapped(text: str, width: int) -> tuple[str, ...]:
    """Return `text`, cleaned, in lines of at most `width` columns, broken at blanks if possible.

    Of a text without end the beginning is enough.
    """
    text = clean(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
    if cell_len(text) <= width:
        return (text,)
    lines = []
    while cell_len(text) > width:
        head = set_cell_size(text, width).rstrip() if not text.isascii() else text[: width + 1]
        at = head.rfind(" ")
        if at < width // 2:
            at = min(len(head), width)
        lines.append(text[:at].rstrip())
        text = text[max(at, 1) :].lstrip()
    return (*lines, text) if text else tuple(lines)


def spread(left: Text, right: Text, width: int) -> Text:
    """Return a line of `width` with `left` and `right` at its ends; the left gives way first."""
    room = width - right.cell_len
    if room < 2:
        right.truncate(width, pad=True)
        return right
    left.truncate(room - 1, pad=True)
    return left.append(" ").append_text(right)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    title: str
    width: int
    """Least width."""
    right: bool = False
    """Whether its cells end at the right."""
    rank: int = 0
    """The higher, the earlier it gives way in a narrow pane."""
    grows: bool = False
    """Whether it takes the room that is left."""
    whole: bool = False
    """Whether its cells are never cut, as those that end at the right never are."""


def table(
    columns: Sequence[Column],
    rows: Sequence[tuple[Sequence[str], str]],
    width: int,
    ellipsis: str = "…",
) -> list[Text]:
    """Return a heading and one line for each row, with as many columns as `width` allows.

    Args:
        columns: what the cells of every row are, in their order.
        rows: the cells of a row, and its style.
        width: of every line, in columns of the terminal.
        ellipsis: ends what is cut.
    """
    least = [_least(column, [cells[at] for cells, _ in rows]) for at, column in enumerate(columns)]
    chosen = list(range(len(columns)))
    while len(chosen) > 1 and _needed(least, chosen) > width:
        chosen.remove(max(chosen, key=lambda at: columns[at].rank))
    spare = max(width - _needed(least, chosen), 0)
    widths = [least[at] + (spare if columns[at].grows else 0) for at in chosen]

    def line(cells: Sequence[str], style: str) -> Text:
        parts = []
        for at, wide in zip(chosen, widths, strict=True):
            cell = fitted(cells[at], wide, ellipsis)
            blank = " " * (wide - cell_len(cell))
            parts.append(blank + cell if columns[at].right else cell + blank)
        return Text((" " * _GAP).join(parts), style, no_wrap=True, end="")

    heading = line([one.title for one in columns], "dim")
    return [heading, *(line(cells, style) for cells, style in rows)]


# A number that is cut would be another number, so its column is as wide as it needs to be.
def _least(column: Column, cells: Sequence[str]) -> int:
    never_cut = cells and (column.right or column.whole)
    return max(column.width, *map(len, cells)) if never_cut else column.width


def _needed(widths: Sequence[int], chosen: Sequence[int]) -> int:
    return sum(widths[at] for at in chosen) + _GAP * (len(chosen) - 1)
