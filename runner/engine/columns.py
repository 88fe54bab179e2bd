"""The six columns of a series, built row by row: in memory while there is room, then at rest.

Starts, opens, highs, lows, closes, volumes: 48 bytes a candle. May import the storage. Nothing
about files of prices is known here, and nothing is checked.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from runner.storage import Column, Storage, put_away

_TYPES = ("q", "d", "d", "d", "d", "d")
_ROWS_AT_ONCE = 4096

Columns = tuple[
    Sequence[int],
    Sequence[float],
    Sequence[float],
    Sequence[float],
    Sequence[float],
    Sequence[float],
]
"""Starts (Unix milliseconds), opens, highs, lows, closes, volumes; all of one length."""
Row = tuple[int, float, float, float, float, float]


class ColumnWriter:
    """Takes rows in, from first to last, and gives their columns back."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._waiting: tuple[array[Any], ...] = tuple(array(kind) for kind in _TYPES)
        self._places: tuple[array[int], ...] | None = None
        """Where the blocks of each column stand; None while everything stays in memory."""

    def __len__(self) -> int:
        blocks = len(self._places[0]) if self._places is not None else 0
        return len(self._waiting[0]) + blocks * self._storage.block_rows

    def extend(self, *columns: Iterable[float]) -> None:
        """Add rows, given as six columns of one length."""
        for column, more in zip(self._waiting, columns, strict=True):
            # An array made of a list takes a third of the time that extending by the list takes.
            column += array(column.typecode, more)
        waiting = len(self._waiting[0])
        if self._places is None and waiting > self._storage.rows_left:
            self._places = tuple(array("q") for _ in _TYPES)
        if self._places is not None and waiting >= self._storage.block_rows:
            self._waiting = put_away(self._storage, self._waiting, self._places)

    def extend_rows(self, rows: Iterable[Row]) -> None:
        """Add rows, given one by one."""
        left = iter(rows)
        while some := list(islice(left, _ROWS_AT_ONCE)):
            self.extend(*zip(*some, strict=True))

    def columns(self) -> Columns:
        """Return all rows as columns; the writer takes no more."""
        if self._places is None:
            self._storage.rows_left -= len(self)
            return self._waiting  # type: ignore[return-value]
        return tuple(
            Column(self._storage, places, rest)
            for places, rest in zip(self._places, self._waiting, strict=True)
        )  # type: ignore[return-value]


def forget(columns: Columns, storage: Storage) -> None:
    """Make the room of columns in memory free again, because others take their place."""
    if not isinstance(columns[0], Column):
        storage.rows_left += len(columns[0])


def blocks(columns: Columns) -> Iterator[Columns]:
    """Yield the columns in pieces that are in memory; columns that are there already are one."""
    stored = [one for one in columns if isinstance(one, Column)]
    if stored:
        yield from zip(*(one.blocks() for one in stored), strict=True)
    else:
        yield columns


def in_memory(columns: Columns, low: int, high: int) -> tuple[array[Any], ...]:
    """Return the rows from `low` to before `high` as columns in memory."""
    return tuple(array(kind, one[low:high]) for kind, one in zip(_TYPES, columns, strict=True))


def rows(columns: Columns) -> Iterator[Row]:
    """Yield the rows one by one."""
    return zip(*columns, strict=True)
