"""Which points of an equity curve a record keeps, and that all of them are read back."""

from __future__ import annotations

from array import array

import pytest

from runner.records.points import (
    POINT_BYTES,
    KeptCurve,
    Thinning,
    decode_curve,
    encode_points,
)
from runner.storage import Storage
from runner.strategy.curve import Curve
from tests.helpers import DAY_MS, START_MS


def points(count: int) -> tuple[array[int], array[float]]:
    times = array("q", [START_MS + place * DAY_MS for place in range(count)])
    return times, array("d", [float(place) for place in range(count)])


def written(count: int, most: int, *, looks: int = 1, total: int | None = None) -> bytes:
    """Return the file of a curve that somebody looks at so often while it grows."""
    thinning = Thinning(total, most=most)
    data = b""
    for look in range(1, looks + 1):
        columns = points(count * look // looks)
        data += b"".join(map(encode_points, thinning.new(*columns, finished=look == looks)))
    return data


def numbers(curve: KeptCurve) -> list[int]:
    """Return which points a curve has; in these tests a point's equity is its number."""
    assert list(curve.times) == [START_MS + int(one) * DAY_MS for one in curve.equities]
    return [int(one) for one in curve.equities]


@pytest.mark.parametrize("total", [None, 10, 100], ids=["unknown", "as-told", "fewer-than-told"])
@pytest.mark.parametrize("count", [0, 1, 2, 9, 10])
@pytest.mark.parametrize("looks", [1, 3])
def test_every_point_is_kept_of_a_curve_that_fits(
    count: int, total: int | None, looks: int
) -> None:
    curve = decode_curve(written(count, 100, looks=looks, total=total))

    assert numbers(curve) == list(range(count))
    assert (curve.every, curve.notice) == (1, "")


@pytest.mark.parametrize("count", [11, 20, 21, 999, 1000, 1001])
@pytest.mark.parametrize("looks", [1, 3, 100])
def test_which_points_are_kept_does_not_depend_on_who_looks_when(count: int, looks: int) -> None:
    curve = decode_curve(written(count, 10, looks=looks))

    evenly = list(range(0, count, curve.every))
    assert numbers(curve) == evenly + ([count - 1] if evenly[-1] != count - 1 else [])
    assert len(curve) <= 12
    assert f"every {curve.every:,}th point" in curve.notice
    assert numbers(curve) == numbers(decode_curve(written(count, 10)))


def test_the_last_point_waits_for_the_end_of_the_run() -> None:
    thinning = Thinning(None, most=100)

    kept = [
        [int(number) for one in thinning.new(*points(3), finished=over) for number in one.equities]
        for over in (False, True)
    ]

    assert kept == [[0, 1], [2]]


def test_a_long_curve_of_known_length_is_thinned_from_the_start() -> None:
    curve = decode_curve(written(1000, 10, total=1000))

    assert numbers(curve) == [*range(0, 1000, 128), 999]


def test_points_of_a_curve_that_rests_in_a_file_are_kept_like_all_others() -> None:
    curve = Curve(held=8, storage=Storage(0, block_rows=4))
    thinning = Thinning(None, most=100)
    data = b""
    for place in range(50):
        curve.new_times.append(START_MS + place * DAY_MS)
        curve.new_equities.append(float(place))
        if len(curve.new_times) >= curve.room:
            curve.put_away()
        if place % 7 == 0:
            found = thinning.new(curve.times, curve.equities, finished=False)
            data += b"".join(map(encode_points, found))
    found = thinning.new(curve.times, curve.equities, finished=True)
    data += b"".join(map(encode_points, found))

    assert numbers(decode_curve(data)) == list(range(50))


def test_a_file_cut_at_any_byte_has_all_whole_points_before_it() -> None:
    data = written(10, 100, looks=3)

    before = 0
    for cut in range(len(data) + 1):
        kept = numbers(decode_curve(data[:cut]))
        assert kept == list(range(len(kept)))
        assert before <= len(kept) <= cut // POINT_BYTES
        before = len(kept)
    assert before == 10


def test_what_is_no_block_ends_a_curve() -> None:
    data = written(3, 100)

    for odd in (b"\0" * 16, b"\1\0\0\0\0\0\0\0" + b"\0" * 24, b"\xff" * 64):
        assert numbers(decode_curve(data + odd)) == [0, 1, 2]
