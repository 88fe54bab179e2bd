"""The equity curve of a record: which points of it are kept, how, and how they are read back.

Every point is kept, 16 bytes each, as long as the curve takes at most half of what all records may;
of a longer one every second, every fourth and so on, and whoever shows it says so. The file is a
row of blocks: how many points, every how many-th one, the number of the first; then their times
(Unix milliseconds) and after those their equities, all of it little-endian. A file that was cut
anywhere has all whole points before the cut. May import the storage only.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from runner.storage import Column

POINT_BYTES = 16
BLOCK = 1 << 12
"""Most points of a block: 64 KiB, few enough that the memory of one is used again for the next."""
_HEAD = struct.Struct("<IIq")
_OLD_POINT = msgspec.json.Decoder(tuple[int, int, float])


class Points(NamedTuple):
    """Points of a curve, evenly spread."""

    first: int
    """The number of the first one in the whole curve."""
    every: int
    """How far apart their numbers are."""
    times: array[int]
    """Unix milliseconds."""
    equities: array[float]


@dataclass(frozen=True, slots=True)
class KeptCurve:
    """The points that a record has of its curve; evenly spread but for the last."""

    times: Sequence[int]
    """Unix milliseconds."""
    equities: Sequence[float]
    every: int = 1
    """1 where none is left out; else every how many-th point there is."""

    def __len__(self) -> int:
        return len(self.times)

    @property
    def notice(self) -> str:
        """What to say of points that were left out, nothing if none were."""
        if self.every == 1:
            return ""
        return f"the equity curve has every {self.every:,}th point only: records.max_bytes"


class Thinning:
    """Chooses which points are kept: every one, and beyond `most` every second, and so on.

    The choice depends on the numbers of the points alone, never on when somebody looks.
    """

    def __init__(self, total: int | None, *, most: int) -> None:
        self._most = most
        self._next = 0
        self._kept = 0
        self.every = 1
        while total is not None and total > most * self.every:
            self.every *= 2

    def new(
        self, times: Sequence[int], equities: Sequence[float], *, finished: bool
    ) -> Iterator[Points]:
        """Yield the points that are due.

        The last point of a curve may still change, so it is due only when the run has `finished`.
        """
        # Times are extended before equities are.
        end = min(len(times), len(equities)) - (not finished)
        last = -1
        while self._next < end:
            first, every = self._next, self.every
            stop = min(end, first + min(BLOCK, max(1, self._most - self._kept)) * every)
            last = first + (stop - 1 - first) // every * every
            taken = slice(first, stop, every)
            yield Points(first, every, _array("q", times[taken]), _array("d", equities[taken]))
            self._next = last + every
            self._kept += (last - first) // every + 1
            if self._kept >= self._most:
                self.every *= 2
                self._kept //= 2
                self._next = -(-self._next // self.every) * self.every
        if finished and end and last != end - 1:
            yield Points(end - 1, 1, array("q", [times[end - 1]]), array("d", [equities[end - 1]]))


def encode_points(points: Points) -> bytes:
    """Return points as a block of the file."""
    head = _HEAD.pack(len(points.times), points.every, points.first)
    return b"".join((head, _bytes(points.times), _bytes(points.equities)))


def decode_curve(data: bytes) -> KeptCurve:
    """Return the points of a file, as far as it goes."""
    blocks = list(_blocks(data))
    every = max((one.every for one in blocks), default=1)
    times, equities = array("q"), array("d")
    for one in blocks:
        # The blocks written before fewer points were kept have some that are too many by now.
        step = every // one.every
        begin = -(one.first // one.every) % step
        times.extend(one.times[begin::step])
        equities.extend(one.equities[begin::step])
    if blocks:
        last = blocks[-1]
        if not times or times[-1] != last.times[-1]:
            times.append(last.times[-1])
            equities.append(last.equities[-1])
    return KeptCurve(times, equities, every)


def decode_old_curve(data: bytes) -> KeptCurve:
    """Return the points of a record made by a program that wrote a line of JSON for each."""
    points = []
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        try:
            points.append(_OLD_POINT.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    every = max((after[0] - before[0] for before, after in pairwise(points[:-1])), default=1)
    last = len(points) - 1
    kept = [one for place, one in enumerate(points) if place == last or not one[0] % every]
    return KeptCurve(
        array("q", [one[1] for one in kept]), array("d", [one[2] for one in kept]), every
    )


def _blocks(data: bytes) -> Iterator[Points]:
    at = 0
    while len(data) >= at + _HEAD.size:
        count, every, first = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        # Of a block that was cut, the points whose equities are there.
        whole = min(count, max(0, len(data) - at - 8 * count) // 8)
        if not whole or not every or first % every:
            return
        times, equities = (
            _read(code, data[at + place : at + place + 8 * whole])
            for code, place in (("q", 0), ("d", 8 * count))
        )
        yield Points(first, every, times, equities)
        at += POINT_BYTES * count


def _array(code: str, values: Sequence[Any]) -> array[Any]:
    if isinstance(values, array):
        return values
    if not isinstance(values, Column):
        return array(code, values)
    whole = array(code)
    for block in values.blocks():
        whole.extend(block)
    return whole


def _bytes(values: array[Any]) -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def _read(code: str, data: bytes) -> array[Any]:
    values = array(code)
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values
