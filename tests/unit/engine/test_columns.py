"""Columns that are too long for memory behave as those in memory do."""

from __future__ import annotations

import errno
import gc
import os
from array import array
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runner import storage as storage_module
from runner.engine.columns import ColumnWriter, blocks, forget
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.errors import MachineError
from runner.storage import Column, Storage
from tests.helpers import DAY_MS, MSFT, START_MS, series
from tests.unit.engine import stored as stored_module

BLOCK = 4
ROWS = 11  # two groups and the beginning of a third


def stored(series: Series) -> Series:
    return stored_module.stored(series, block_rows=BLOCK)


def prices(count: int = ROWS) -> Series:
    return series(*((10.0 + at, 12.0 + at, 9.0 + at, 11.0 + at) for at in range(count)))


def storage_of(held_rows: int, *counts: int) -> tuple[Storage, list[bool]]:
    storage = Storage(held_rows, block_rows=BLOCK)
    kept = []
    for count in counts:
        writer = ColumnWriter(storage)
        writer.extend(*prices(count).columns)
        kept.append(isinstance(writer.columns()[0], array))
    return storage, kept


@pytest.mark.parametrize("count", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, ROWS])
def test_a_stored_series_gives_the_candles_of_one_in_memory(count: int) -> None:
    held = prices(count)
    found = stored(held)

    assert isinstance(found.times, Column)
    assert list(found.candles()) == list(found.candles()) == list(held.candles())
    assert [list(one) for one in found.columns] == [list(one) for one in held.columns]
    assert len(found) == count


@pytest.mark.parametrize("low", range(-1, ROWS + 2))
def test_any_range_of_a_stored_series_is_that_of_one_in_memory(low: int) -> None:
    held, found = prices(), stored(prices())
    for high in range(low, ROWS + 2):
        bounds = (START_MS + low * DAY_MS, START_MS + high * DAY_MS)

        part = found.between(*bounds)

        assert list(part.candles()) == list(held.between(*bounds).candles())
        # A part of a part is counted from the part.
        assert list(part.between(bounds[0] + DAY_MS, None).times) == list(
            held.between(bounds[0] + DAY_MS, bounds[1]).times
        )
        assert found.closed_before(bounds[1], 3) == held.closed_before(bounds[1], 3)


def test_single_rows_are_found_from_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    held, found = prices().closes, stored(prices()).closes

    assert [found[at] for at in range(-ROWS, ROWS)] == [held[at] for at in range(-ROWS, ROWS)]
    assert (min(found), max(found), bisect_left(found, 15.0)) == (11.0, 21.0, 4)
    part = found[3:7]
    assert (part[0], part[-1], len(part), len(found[7:3])) == (14.0, 17.0, 4, 0)
    for at in (ROWS, -ROWS - 1):
        with pytest.raises(IndexError):
            found[at]
    for at in (4, -5):
        with pytest.raises(IndexError):
            part[at]
    assert [list(found[at:10:step]) for at, step in ((0, 2), (1, 3))] == [
        list(held[at:10:step]) for at, step in ((0, 2), (1, 3))
    ]
    monkeypatch.setattr(storage_module, "_FAR_APART", 3)
    assert list(found[1:11:3]) == list(held[1:11:3])
    with pytest.raises(ValueError, match="forwards"):
        found[::-1]


def test_a_feed_merges_series_wherever_they_rest() -> None:
    one, other = prices(), series(*map(float, range(1, 20)), symbol=MSFT)

    feed = Feed([stored(one), stored(other)])

    assert list(feed.steps()) == list(Feed([one, other]).steps())
    assert (feed.span_ms, len(feed)) == (Feed([one, other]).span_ms, len(one) + len(other))


def test_only_what_is_too_much_for_memory_goes_to_the_file() -> None:
    assert storage_of(20, 11, 9, 1, 0)[1] == [True, True, False, True]
    assert storage_of(20, 21, 11)[1] == [False, True]


def test_columns_that_are_replaced_make_room_for_others() -> None:
    storage = Storage(held_rows=10)
    writer = ColumnWriter(storage)
    writer.extend(*prices(8).columns)

    forget(writer.columns(), storage)

    assert storage.rows_left == 10
    forget(stored(prices()).columns, storage)
    assert storage.rows_left == 10


@pytest.mark.parametrize("size", [1, 3, BLOCK, 5])
def test_rows_may_come_in_any_portions(size: int) -> None:
    writer = ColumnWriter(Storage(held_rows=2, block_rows=BLOCK))
    held = prices()
    for at in range(0, ROWS, size):
        writer.extend(*(one[at : at + size] for one in held.columns))
        assert len(writer) == min(at + size, ROWS)

    assert [list(one) for one in writer.columns()] == [list(one) for one in held.columns]


def test_a_series_in_memory_is_one_block_and_others_are_one_for_each_group() -> None:
    assert [len(one[0]) for one in blocks(prices().columns)] == [ROWS]
    assert [len(one[0]) for one in blocks(stored(prices()).columns)] == [4, 4, 3]
    part = stored(prices()).between(START_MS + 2 * DAY_MS, START_MS + 9 * DAY_MS)
    assert [len(one[0]) for one in blocks(part.columns)] == [2, 4, 1]


def test_many_readers_at_once_do_not_disturb_each_other() -> None:
    found = stored(prices(200))
    expected = list(prices(200).closes)

    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda _: list(found.closes), range(64)))

    assert read == [expected] * 64


def test_nothing_is_left_behind_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0

    found = stored(prices())

    assert next(iter(found.times)) == START_MS
    assert list(tmp_path.iterdir()) == []
    del found
    gc.collect()
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    "fail",
    [
        lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EACCES, "Permission denied")),
        lambda *_, **__: open("/dev/full", "wb", buffering=0),  # noqa: SIM115
    ],
    ids=["cannot be made", "disk full"],
)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_O5_without_room_on_the_disk_the_machine_is_at_fault(
    monkeypatch: pytest.MonkeyPatch, fail: Callable[..., object]
) -> None:
    monkeypatch.setattr("runner.storage.tempfile.TemporaryFile", fail)

    with pytest.raises(MachineError) as caught:
        stored(prices())

    assert (caught.value.id, caught.value.exit_code) == ("E1005", 10)
    assert "TMPDIR" in caught.value.fix


def test_the_file_is_made_where_large_files_belong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", None)
    asked: list[str] = []
    make = storage_module.tempfile.TemporaryFile
    monkeypatch.setattr(
        storage_module.tempfile,
        "TemporaryFile",
        lambda **options: asked.append(options["dir"]) or make(**options),
    )

    stored(prices())

    assert asked == [
        "/var/tmp" if os.access("/var/tmp", os.W_OK) else storage_module.tempfile.gettempdir()
    ]
