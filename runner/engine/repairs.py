"""What may be repaired in a data file, and what was: nothing unasked, and all of it counted.

Works on columns of any length in little memory. May import columns and their storage only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby, islice
from operator import eq, gt, itemgetter

from runner.engine.columns import Columns, ColumnWriter, Row, forget, in_memory, rows
from runner.storage import Storage

SORTED_ROWS = 500_000
"""Rows that are sorted at once: what is in memory while they are, some 100 MiB."""
_START = itemgetter(0)
KEPT_EXAMPLES = 5
"""Rows that are remembered word for word; the others are counted only."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which repairs were asked for; none by default."""

    sort: bool = False
    """Put candles into the order of their starts."""
    dedupe: bool = False
    """Of several candles with one start keep the last in the file."""
    skip_bad: int = 0
    """Most rows to leave out because they cannot be used."""


NOTHING = Allowed()


@dataclass(slots=True)
class Repairs:
    """What was repaired in one file."""

    moved: int = 0
    """Candles that stood after a later one."""
    repeated: int = 0
    """Candles dropped because another of the same start came after them."""
    conflicting: int = 0
    """Those of them whose prices or volume differed from the one that was kept."""
    skipped: int = 0
    """Rows left out."""
    examples: list[str] = field(default_factory=list)
    """Where the first rows left out stand, and what was wrong with them."""

    def skip(self, where: str, what: str) -> None:
        """Count one row that is left out."""
        self.skipped += 1
        if len(self.examples) < KEPT_EXAMPLES:
            self.examples.append(f"{where}: {what}")

    def sentences(self, origin: str) -> tuple[str, ...]:
        """Return what was done to the file `origin`, one sentence each, without a full stop."""
        said = []
        if self.skipped:
            said.append(
                f"{_rows(self.skipped)} of {origin} {_was(self.skipped)} left out, "
                f"first {self.examples[0]}"
            )
        if self.moved:
            said.append(f"{_rows(self.moved)} of {origin} {_was(self.moved)} sorted into place")
        if self.repeated:
            differed = f", {self.conflicting:,} with other values" if self.conflicting else ""
            said.append(
                f"{_rows(self.repeated)} of {origin} {_was(self.repeated)} dropped as repeated"
                f"{differed}; the last of each moment was kept"
            )
        return tuple(said)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def in_order(columns: Columns, repairs: Repairs, storage: Storage) -> Columns:
    """Return the columns ascending by time, rows of one time in the order they had."""
    times = columns[0]
    if not any(map(gt, times, islice(times, 1, None))):
        return columns
    latest = times[0]
    for time in times:
        if time < latest:
            repairs.moved += 1
        else:
            latest = time
    # Each part is sorted in memory; the parts, at rest again, are then merged row by row.
    forget(columns, storage)
    parts = []
    for low in range(0, len(times), SORTED_ROWS):
        some = in_memory(columns, low, low + SORTED_ROWS)
        places = sorted(range(len(some[0])), key=some[0].__getitem__)
        part = ColumnWriter(storage)
        part.extend(*(map(one.__getitem__, places) for one in some))
        parts.append(part.columns())
    return parts[0] if len(parts) == 1 else merged(parts, storage)


def merged(parts: Sequence[Columns], storage: Storage) -> Columns:
    """Return the rows of ascending parts in one, ascending; of one time, the earlier part first."""
    for one in parts:
        forget(one, storage)
    whole = ColumnWriter(storage)
    whole.extend_rows(merge(*map(rows, parts), key=_START))
    return whole.columns()


def without_repeats(columns: Columns, repairs: Repairs, storage: Storage) -> Columns:
    """Return the ascending columns with the last row of each time."""
    times = columns[0]
    if not any(map(eq, times, islice(times, 1, None))):
        return columns

    def kept() -> Iterator[Row]:
        for _, alike in groupby(rows(columns), key=_START):
            *dropped, last = alike
            repairs.repeated += len(dropped)
            repairs.conflicting += sum(one != last for one in dropped)
            yield last

    forget(columns, storage)
    whole = ColumnWriter(storage)
    whole.extend_rows(kept())
    return whole.columns()
