"""Columns of numbers that may be longer than memory: a temporary file takes what is too much.

A column that rests in the file looks like a sequence all the same. The file has no name: it is gone
when the process is, however that ends. May import errors only; what the numbers mean is not known
here.
"""

from __future__ import annotations

import os
import sys
import tempfile
import weakref
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar, overload

from runner.errors import MachineError

HELD_ROWS = 1_000_000
"""Most candles of a run that stay in memory: 46 MiB, and all that most backtests have."""
BLOCK_ROWS = 4096
"""Numbers of a column that are written and read together: 32 KiB."""
_ITEM = 8
_FAR_APART = 256
"""From this distance on, numbers are faster found one by one than by reading all between."""

Number = TypeVar("Number", int, float)


class Storage:
    """Where the columns of one run rest: in memory as long as there is room, then in a file."""

    def __init__(self, held_rows: int = HELD_ROWS, *, block_rows: int = BLOCK_ROWS) -> None:
        self.rows_left = held_rows
        """Rows that may still stay in memory."""
        self.block_rows = block_rows
        self._file: Any = None
        self._size = 0
        self._lock = Lock()

    def append(self, data: bytes) -> int:
        """Write `data` at the end of the file and return where it stands.

        Raises:
            MachineError: E1005; the file cannot be made or written.
        """
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=_folder(), buffering=0)  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            with self._lock:
                self._file.seek(self._size)
                rest = memoryview(data)
                while rest:
                    rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise MachineError(
                "candles or the equity curve cannot be kept in a temporary file: "
                + (error.strerror or str(error)).lower(),
                where=_folder(),
                why=f"beyond {HELD_ROWS:,} candles a run needs up to 64 bytes of disk for each",
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


class Column(Sequence[Number], Generic[Number]):
    """A column of which whole blocks are in the storage and the rest is in memory, or a part of it.

    It is read in blocks, never all at once. Blocks and numbers that are added behind it after it
    was made do not belong to it.
    """

    __slots__ = ("_high", "_low", "_places", "_storage", "_stored", "_tail")

    def __init__(
        self,
        storage: Storage,
        places: array[int],
        tail: array[Any],
        low: int = 0,
        high: int | None = None,
        stored: int | None = None,
    ) -> None:
        self._storage = storage
        self._places = places
        self._tail = tail
        self._stored = len(places) * storage.block_rows if stored is None else stored
        self._low = low
        self._high = self._stored + len(tail) if high is None else high

    def __len__(self) -> int:
        return self._high - self._low

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    @overload
    def __getitem__(self, at: int) -> Number: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Number]: ...
    def __getitem__(self, at: int | slice) -> Number | Sequence[Number]:
        if isinstance(at, slice):
            low, high, step = at.indices(len(self))
            part: Column[Number] = Column(
                self._storage,
                self._places,
                self._tail,
                self._low + low,
                self._low + max(low, high),
                self._stored,
            )
            if step == 1:
                return part
            if step < 1:
                raise ValueError("a column in storage is read forwards only")
            if step < _FAR_APART:
                return array(self._tail.typecode, islice(part, 0, None, step))
            return array(self._tail.typecode, (part[one] for one in range(0, len(part), step)))
        place = at + (self._high if at < 0 else self._low)
        if not self._low <= place < self._high:
            raise IndexError("no such row")
        if place >= self._stored:
            value: Number = self._tail[place - self._stored]
            return value
        block, row = divmod(place, self._storage.block_rows)
        number: Number = self._block(block, row, row + 1)[0]
        return number

    def __iter__(self) -> Iterator[Number]:
        return chain.from_iterable(self.blocks())

    def blocks(self) -> Iterator[array[Any]]:
        """Yield the numbers in pieces; those of another column of the same rows are as long."""
        low, end, size = self._low, min(self._high, self._stored), self._storage.block_rows
        while low < end:
            block, row = divmod(low, size)
            high = min(size, row + end - low)
            yield self._block(block, row, high)
            low += high - row
        if self._high > low:
            yield self._tail[low - self._stored : self._high - self._stored]

    def _block(self, block: int, low: int, high: int) -> array[Any]:
        data = self._storage.read(self._places[block] + low * _ITEM, (high - low) * _ITEM)
        return array(self._tail.typecode, data)


def put_away(
    storage: Storage, columns: Sequence[array[Any]], places: Sequence[array[int]]
) -> tuple[array[Any], ...]:
    """Write all whole blocks from the beginning of the columns and return what is left of them.

    Args:
        storage: where to.
        columns: of one length; they are left as they are.
        places: for each column where its blocks stand; the new ones are added.

    Raises:
        MachineError: E1005; the file cannot be written.
    """
    size = storage.block_rows
    count = len(columns[0]) // size * size
    for low in range(0, count, size):
        data = [one[low : low + size].tobytes() for one in columns]
        start = storage.append(b"".join(data))
        for one, written in zip(places, data, strict=True):
            one.append(start)
            start += len(written)
    return tuple(one[count:] for one in columns)
