"""Panes on a screen: each has a least size, and they yield in the order of their rank.

From 180 columns on all panes stand side by side, three in a row; from 80 on two in a row, as many
rows as the height allows; from 60 on they stand one below the other; below that, or where not even
the first pane fits, one line says it all. Pure: a snapshot, a view and a size give lines, none
wider than the size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from runner.dashboard.charts import BRAILLE, Glyphs
from runner.dashboard.pane import Pane, Size
from runner.dashboard.panels import EQUITY, LOG, ORDERS, PANES, POSITIONS, STRATEGY, WIRE
from runner.dashboard.panels.header import draw_banner, draw_header, draw_status, draw_troubles
from runner.dashboard.panels.help import HELP, draw_hints
from runner.dashboard.snapshot import Snapshot
from runner.dashboard.view import View

WIDEST, WIDE, BESIDE, STACKED = 180, 120, 80, 60
"""From these widths on: three panes in a row, full, two panes in a row, one pane in a row."""
_WIDEST_ROWS = ((EQUITY, POSITIONS, STRATEGY), (ORDERS, LOG, WIRE))
_THREE = (9, 7, 5)
_WEIGHTS = {True: (3, 2), False: (1, 1)}
"""How three panes share a row, and two that of a wide screen, and of another."""
_FRAME = 2
Row = tuple[Pane, ...]


def screen_lines(
    snapshot: Snapshot,
    size: Size,
    glyphs: Glyphs = BRAILLE,
    view: View | None = None,
    *,
    has_keys: bool = True,
) -> list[list[Text]]:
    """Return the lines of a screen, from the top; each is the texts that stand side by side."""
    view = view or View()
    if size.width < 1 or size.height < 1:
        return []
    top = draw_banner(snapshot, size, glyphs)
    top += draw_troubles(snapshot, size, glyphs)
    top += draw_header(snapshot, size, glyphs)
    room = size.height - len(top) - 1
    rows = chosen_rows(size.width, room, view)
    if not rows:
        return [[draw_status(snapshot, size)]]
    lines = [[one] for one in top]
    for row, height in zip(rows, _heights(rows, room), strict=True):
        lines += _row(row, height, snapshot, size.width, glyphs, view)
    hints = draw_hints(
        snapshot, size, has_keys=has_keys, is_held=view.is_held, is_armed=view.is_armed
    )
    lines.append([hints])
    return lines


def chosen_rows(width: int, height: int, view: View) -> list[Row]:
    """Return the panes that fit into `width` and `height`, row by row; empty when none does.

    The pane in focus is always among them: where it has no place, the last one yields to it.
    """
    if width < STACKED:
        return []
    if width >= WIDEST and sum(map(_least, _WIDEST_ROWS)) <= height:
        return [(HELP,)] if view.has_help else list(_WIDEST_ROWS)
    side = 2 if width >= BESIDE else 1
    panes = [one for one in PANES if _fits(one, width, side)]
    rows: list[Row] = []
    left = height
    for at in range(0, len(panes), side):
        row = tuple(panes[at : at + side])
        needed = _least(row)
        if needed > left:
            break
        rows.append(row)
        left -= needed
    if not rows:
        return []
    if view.focus is not None and not any(PANES[view.focus] in row for row in rows):
        rows[-1] = (*rows[-1][:-1], PANES[view.focus])
        # A pane that is taller than the one it replaces takes the room of those above it.
        while len(rows) > 1 and sum(map(_least, rows)) > height:
            del rows[-2]
    return [(HELP,)] if view.has_help else rows


def _fits(pane: Pane, width: int, side: int) -> bool:
    return pane.least.width + _FRAME <= min(_widths(width, side))


def _widths(width: int, panes: int) -> list[int]:
    if panes == 1:
        return [width]
    weights = _THREE if panes == len(_THREE) else _WEIGHTS[width >= WIDE]
    shares = [width * one // sum(weights) for one in weights]
    return [*shares[:-1], width - sum(shares[:-1])]


def _least(row: Sequence[Pane]) -> int:
    return max(one.least.height for one in row) + _FRAME


def _heights(rows: Sequence[Row], room: int) -> list[int]:
    heights = [min(_least(row), room) for row in rows]
    spare = max(room - sum(heights), 0)
    weights = [max(one.weight for one in row) for row in rows]
    total = sum(weights)
    given = [spare * one // total for one in weights]
    given[0] += spare - sum(given)
    return [least + more for least, more in zip(heights, given, strict=True)]


def _row(
    row: Row, height: int, snapshot: Snapshot, width: int, glyphs: Glyphs, view: View
) -> Iterator[list[Text]]:
    boxes = [
        _box(pane, Size(wide, height), snapshot, glyphs, view)
        for pane, wide in zip(row, _widths(width, len(row)), strict=True)
    ]
    return ([part for line in lines for part in line] for lines in zip(*boxes, strict=True))


def _box(
    pane: Pane, size: Size, snapshot: Snapshot, glyphs: Glyphs, view: View
) -> list[list[Text]]:
    inside = Size(size.width - _FRAME, size.height - _FRAME)
    is_focused = view.focus is not None and PANES[view.focus] is pane
    drawn = pane.draw(snapshot, inside, glyphs)
    shown, hidden = _scrolled(pane, drawn, inside.height, view.scroll if is_focused else 0)
    for line in shown:
        line.truncate(inside.width, pad=True)
    shown += [Text(" " * inside.width) for _ in range(inside.height - len(shown))]
    frame = "bold" if is_focused else "dim"
    title = f"> {pane.name} <" if is_focused else pane.name
    top, bottom = glyphs.corners[:2], glyphs.corners[2:]
    more = f" {hidden} more " if hidden else ""
    across = glyphs.horizontal
    side = Text(glyphs.vertical, frame)
    return [
        [
            Text(f"{top[0]}{across} ", frame),
            Text(title, "bold"),
            Text(f" {across * (inside.width - len(title) - 3)}{top[1]}", frame),
        ],
        *([side, line, side] for line in shown),
        [Text(f"{bottom[0]}{across * (inside.width - len(more))}{more}{bottom[1]}", frame)],
    ]


def _scrolled(pane: Pane, lines: list[Text], height: int, by: int) -> tuple[list[Text], int]:
    """Return the lines in view, and how many are beyond its further edge."""
    heading, body = lines[: pane.heading], lines[pane.heading :]
    room = max(height - len(heading), 0)
    over = max(len(body) - room, 0)
    by = min(by, over)
    start = over - by if pane.is_tail else by
    hidden = start if pane.is_tail else over - by
    return heading + body[start : start + room], hidden


class Frame:
    """One frame as a thing that rich can print, export and measure."""

    def __init__(self, lines: Sequence[Sequence[Text]]) -> None:
        self.lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            for part in line:
                yield from segments_of(part, console)
            yield Segment.line()


def segments_of(text: Text, console: Console) -> list[Segment]:
    """Return the pieces of one style of a text, without a line break at the end."""
    if not text.spans:
        # Its own renderer leaves the style of a text without spans to whoever prints it.
        return [Segment(text.plain, console.get_style(text.style))] if text.plain else []
    return [one for one in text.render(console) if one.text]
