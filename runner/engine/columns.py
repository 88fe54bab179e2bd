"""Columns of candles that may be longer than memory: a temporary file takes what is too much.

Six columns belong together: starts, opens, highs, lows, closes, volumes. Up to `HELD_ROWS` rows of
all the data of a run stay in machine-typed arrays. Beyond that, columns rest in one temporary file,
48 bytes a row, and look like sequences all the same. The file has no name: it is gone when the
process is, however that ends.

May import errors only. Nothing about files of prices is known here, and nothing is checked.
"""

from __future__ import annotations

import os
import sys
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar, overload

from runner.errors import MachineError

HELD_ROWS = 1_000_000
"""Most rows of a run that stay in memory: 46 MiB, and all that most backtests have."""
GROUP_ROWS = 4096
"""Rows that are written and read together: 192 KiB, for each series while it is read."""
_TYPES = ("q", "d", "d", "d", "d", "d")
_ITEM = 8

Number = TypeVar("Number", int, float)
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


class Storage:
    """Where the columns of one run rest: in memory as long as there is room, then in a file."""

    def __init__(self, held_rows: int = HELD_ROWS) -> None:
        self.rows_left = held_rows
        """Rows that may still stay in memory."""
        self._file: Any = None
        self._size = 0
        self._lock = Lock()

    def forget(self, columns: Columns) -> None:
        """Make the room of columns in memory free again, because others take their place."""
        if not isinstance(columns[0], Column):
            self.rows_left += len(columns[0])

    def append(self, data: bytes) -> int:
        """Write `data` at the end of the file and return where it stands.

        Raises:
            MachineError: E1005; the file cannot be made or written.
        """
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=_folder(), buffering=0)  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            self._file.seek(self._size)
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise MachineError(
                "the candles cannot be kept in a temporary file: "
                + (error.strerror or str(error)).lower(),
                where=_folder(),
                why=f"beyond {HELD_ROWS:,} candles a run needs 48 bytes of disk for each of them",
                fix="make room there, or name another directory: TMPDIR=/elsewhere",
                id="E1005",
            ) from None
        start, self._size = self._size, self._size + len(data)
        return start

    def read(self, start: int, size: int) -> bytes:
        """Return `size` bytes from `start`; any number of readers may be at it at once."""
        if sys.platform != "win32":
            return os.pread(self._file.fileno(), size, start)
        with self._lock:
            self._file.seek(start)
            data: bytes = self._file.read(size)
            return data


def _folder() -> str:
    # /tmp is memory on many systems; what is meant for large files is not.
    large = Path("/var/tmp")  # noqa: S108 - the file has no name there
    if "TMPDIR" not in os.environ and large.is_dir() and os.access(large, os.W_OK):
        return str(large)
    return tempfile.gettempdir()


class ColumnWriter:
    """Takes rows in, from first to last, and gives their columns back."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._waiting: tuple[array[Any], ...] = tuple(array(kind) for kind in _TYPES)
        self._groups: array[int] | None = None
        """Where the groups that are written stand; None while everything stays in memory."""

    def __len__(self) -> int:
        return len(self._waiting[0]) + GROUP_ROWS * len(self._groups or ())

    def extend(self, *columns: Iterable[float]) -> None:
        """Add rows, given as six columns of one length."""
        for column, more in zip(self._waiting, columns, strict=True):
            column.extend(more)
        waiting = len(self._waiting[0])
        if self._groups is None and waiting > self._storage.rows_left:
            self._groups = array("q")
        if self._groups is not None and waiting >= GROUP_ROWS:
            self._write(self._groups, waiting - waiting % GROUP_ROWS)

    def extend_rows(self, rows: Iterable[Row]) -> None:
        """Add rows, given one by one."""
        left = iter(rows)
        while some := list(islice(left, GROUP_ROWS)):
            self.extend(*zip(*some, strict=True))

    def columns(self) -> Columns:
        """Return all rows as columns; the writer takes no more."""
        count = len(self)
        if self._groups is None:
            self._storage.rows_left -= count
            return self._waiting  # type: ignore[return-value]
        self._write(self._groups, len(self._waiting[0]))
        stored = _Stored(self._storage, self._groups, count)
        return tuple(Column(stored, which, 0, count) for which in range(6))  # type: ignore[return-value]

    # Writes the first `count` rows: whole groups, or with the end of the series a shorter one.
    def _write(self, groups: array[int], count: int) -> None:
        for low in range(0, count, GROUP_ROWS):
            high = min(low + GROUP_ROWS, count)
            data = b"".join(one[low:high].tobytes() for one in self._waiting)
            groups.append(self._storage.append(data))
        for one in self._waiting:
            del one[:count]


class _Stored:
    """Where the groups of six columns stand in the storage."""

    __slots__ = ("count", "places", "storage")

    def __init__(self, storage: Storage, places: array[int], count: int) -> None:
        self.storage = storage
        self.places = places
        self.count = count

    def rows_of(self, group: int) -> int:
        return min(GROUP_ROWS, self.count - group * GROUP_ROWS)

    def item(self, which: int, at: int) -> Any:
        group, row = divmod(at, GROUP_ROWS)
        place = self.places[group] + (which * self.rows_of(group) + row) * _ITEM
        return array(_TYPES[which], self.storage.read(place, _ITEM))[0]

    def block(self, which: int, group: int, low: int, high: int) -> array[Any]:
        place = self.places[group] + (which * self.rows_of(group) + low) * _ITEM
        return array(_TYPES[which], self.storage.read(place, (high - low) * _ITEM))

    # Group, first row in it and row after the last, for all groups between two rows.
    def spans(self, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        while low < high:
            group, row = divmod(low, GROUP_ROWS)
            end = min(GROUP_ROWS, row + high - low)
            yield group, row, end
            low += end - row


class Column(Sequence[Number], Generic[Number]):
    """One column in the storage, or a part of it; read in blocks, never all at once."""

    __slots__ = ("_high", "_low", "_stored", "_which")

    def __init__(self, stored: _Stored, which: int, low: int, high: int) -> None:
        self._stored = stored
        self._which = which
        self._low = low
        self._high = high

    def __len__(self) -> int:
        return self._high - self._low

    @overload
    def __getitem__(self, at: int) -> Number: ...
    @overload
    def __getitem__(self, at: slice) -> Column[Number]: ...
    def __getitem__(self, at: int | slice) -> Number | Column[Number]:
        if isinstance(at, slice):
            low, high, step = at.indices(len(self))
            if step != 1:
                raise ValueError("a column in storage is cut into neighbouring rows only")
            return Column(self._stored, self._which, self._low + low, self._low + max(low, high))
        place = at + (self._high if at < 0 else self._low)
        if not self._low <= place < self._high:
            raise IndexError("no such row")
        value: Number = self._stored.item(self._which, place)
        return value

    def __iter__(self) -> Iterator[Number]:
        return chain.from_iterable(self.blocks())

    def blocks(self) -> Iterator[array[Any]]:
        """Yield the values in pieces; those of another column of these rows are as long."""
        stored, which = self._stored, self._which
        for group, low, high in stored.spans(self._low, self._high):
            yield stored.block(which, group, low, high)


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
