"""What may be repaired in a data file, and what was: nothing unasked, and all of it counted.

Plain values; only columns of a series are touched here.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import eq, gt

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


Columns = tuple[
    "array[int]", "array[float]", "array[float]", "array[float]", "array[float]", "array[float]"
]
"""Times, opens, highs, lows, closes, volumes."""


def in_order(columns: Columns, repairs: Repairs) -> Columns:
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
    return _chosen(columns, sorted(range(len(times)), key=times.__getitem__))


def without_repeats(columns: Columns, repairs: Repairs) -> Columns:
    """Return the ascending columns with the last row of each time."""
    times = columns[0]
    if not any(map(eq, times, islice(times, 1, None))):
        return columns
    last = len(times) - 1
    kept = [at for at, time in enumerate(times) if at == last or times[at + 1] != time]
    repairs.repeated += len(times) - len(kept)
    before = -1
    for at in kept:
        values = [column[at] for column in columns[1:]]
        repairs.conflicting += sum(
            [column[other] for column in columns[1:]] != values for other in range(before + 1, at)
        )
        before = at
    return _chosen(columns, kept)


def _chosen(columns: Columns, places: Sequence[int]) -> Columns:
    times, opens, highs, lows, closes, volumes = columns
    return (
        array("q", map(times.__getitem__, places)),
        array("d", map(opens.__getitem__, places)),
        array("d", map(highs.__getitem__, places)),
        array("d", map(lows.__getitem__, places)),
        array("d", map(closes.__getitem__, places)),
        array("d", map(volumes.__getitem__, places)),
    )
