"""A table on stdout: drawn for a terminal, tab-separated for everything else.

On a terminal that is too narrow the columns of the highest rank go first. Whatever strategies and
peers have said is shown without control characters. May import the layout of texts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import typer

from runner.results.layout import Page, is_terminal

_GAP = 2
_LEAST = 4
"""No column is cut to fewer characters."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, whether it holds numbers, and how easily it can be spared."""

    title: str
    is_number: bool = False
    rank: int = 0
    """0 is never left out."""


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with its titles; only the titles where there are no rows."""
    page = Page.of(sys.stdout, os.environ)
    cells = [[page.plain(one) for one in row] for row in rows]
    if is_terminal(sys.stdout):
        _draw(columns, cells, page)
        return
    typer.echo("\t".join(one.title for one in columns))
    for row in cells:
        typer.echo("\t".join(row))


def _draw(columns: Sequence[Column], rows: Sequence[Sequence[str]], page: Page) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = fitting(columns, rows, page.width)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    for place, width in shown.items():
        one = columns[place]
        table.add_column(
            Text(one.title),
            justify="right" if one.is_number else "left",
            width=width,
            no_wrap=True,
            overflow="ellipsis" if page.unicode else "crop",
        )
    for row in rows:
        table.add_row(*(Text(row[place]) for place in shown))
    console = Console(width=page.width, no_color=not page.color, highlight=False)
    console.print(table)


def fitting(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> dict[int, int]:
    """Return the places of the columns that fit into `width`, in their order, each with its width.

    A column in which nothing stands is left out, too. Where none can be spared any more, the widest
    is cut.
    """
    widths = {
        place: max([len(one.title), *(len(row[place]) for row in rows)])
        for place, one in enumerate(columns)
        if not one.rank or not rows or any(row[place] for row in rows)
    }
    while sum(widths.values()) + _GAP * len(widths) > width:
        spare = max(widths, key=lambda place: (columns[place].rank, place))
        if columns[spare].rank:
            del widths[spare]
            continue
        widest = max(widths, key=lambda place: widths[place])
        if widths[widest] <= _LEAST:
            break
        widths[widest] -= 1
    return widths
