"""Repairs of a data file: only on request, and counted."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from runner.engine import csv_reading
from runner.engine import repairs as repairs_module
from runner.engine.repairs import KEPT_EXAMPLES, Allowed, Repairs
from runner.storage import Storage
from tests.helpers import DAY_MS, START_MS
from tests.unit.engine.csv_files import HEADER, days, read, refused

SORT, DEDUPE = Allowed(sort=True), Allowed(dedupe=True)
BOTH = Allowed(sort=True, dedupe=True)


def numbers(folder: Path, text: str, allowed: Allowed) -> tuple[list[int], Repairs]:
    series = read(folder, text, allowed=allowed, timeframe="1d")
    return [(one - START_MS) // DAY_MS + 1 for one in series.times], series.repairs


@pytest.mark.parametrize("allowed", [SORT, DEDUPE, BOTH, Allowed(skip_bad=9)])
def test_a_good_file_is_left_as_it_is(tmp_path: Path, allowed: Allowed) -> None:
    assert read(tmp_path, days(1, 2, 3), allowed=allowed) == read(tmp_path, days(1, 2, 3))
    assert Repairs().sentences("prices.csv") == ()


@pytest.mark.parametrize("block", [1, 2, 3, 4096])
def test_D3_sorting_counts_the_rows_that_came_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csv_reading, "BLOCK_ROWS", block)

    found, repairs = numbers(tmp_path, days(1, 4, 2, 3, 5), SORT)

    assert (found, repairs.moved, repairs.repeated) == ([1, 2, 3, 4, 5], 2, 0)
    assert repairs.sentences("a.csv") == ("2 rows of a.csv were sorted into place",)


def test_D3_every_shuffle_sorts_to_the_same_candles(tmp_path: Path) -> None:
    rows = [f"2024-01-{day:02d},{day},{day},{day},{day},{day}\n" for day in range(1, 12)]
    straight = read(tmp_path, HEADER + "".join(rows))
    for seed in range(20):
        random.Random(seed).shuffle(rows)

        series = read(tmp_path, HEADER + "".join(rows), allowed=SORT)

        assert (series.times, series.closes) == (straight.times, straight.closes)
        assert (series.opens, series.volumes) == (straight.opens, straight.volumes)


@pytest.mark.parametrize("block", [1, 2, 4096])
def test_D3_of_repeated_candles_the_last_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csv_reading, "BLOCK_ROWS", block)
    text = days(1, 2, 2) + "2024-01-02T00:00:00Z,10,12,9,9.5,7\n" + days(3).partition("\n")[2]

    series = read(tmp_path, text, allowed=DEDUPE)

    assert (list(series.closes), list(series.volumes)) == ([11, 9.5, 11], [100, 7, 100])
    assert (series.repairs.repeated, series.repairs.conflicting) == (2, 2)
    assert series.repairs.sentences("a.csv") == (
        "2 rows of a.csv were dropped as repeated, 2 with other values; "
        "the last of each moment was kept",
    )


def test_D3_equal_repeats_are_no_conflict(tmp_path: Path) -> None:
    found, repairs = numbers(tmp_path, days(1, 1, 2), DEDUPE)

    assert (found, repairs.repeated, repairs.conflicting) == ([1, 2], 1, 0)


def test_D3_sorting_alone_still_refuses_repeats_and_the_other_way_round(tmp_path: Path) -> None:
    assert refused(tmp_path, days(2, 1, 2), allowed=SORT).id == "E357"
    assert refused(tmp_path, days(1, 2, 1), allowed=DEDUPE).id == "E357"
    assert numbers(tmp_path, days(2, 1, 2), BOTH)[0] == [1, 2]


@pytest.mark.parametrize("block", [1, 2, 4096])
def test_D1_bad_rows_are_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csv_reading, "BLOCK_ROWS", block)
    text = days(1, 2) + "ragged\n2024-01-03T00:00:00Z,1,1,1,nan,1\n" + days(4).partition("\n")[2]

    found, repairs = numbers(tmp_path, text, Allowed(skip_bad=2))

    assert (found, repairs.skipped) == ([1, 2, 4], 2)
    assert repairs.examples == [
        "prices.csv:4: the row has 1 columns, the header has 6: 'ragged'",
        "prices.csv:5: close must be a price above zero, was nan",
    ]


def test_D1_one_bad_row_more_than_allowed_is_an_error(tmp_path: Path) -> None:
    error = refused(tmp_path, days(1) + "x\ny\n", allowed=Allowed(skip_bad=1))

    assert (error.id, error.where) == ("E365", "prices.csv:4")
    assert error.what.startswith("more than 1 bad rows, the next one: the row has 1 columns")


def test_D1_the_place_of_a_row_out_of_order_counts_the_rows_left_out(tmp_path: Path) -> None:
    text = days(1) + "bad\n\n" + days(3, 2).partition("\n")[2]

    assert refused(tmp_path, text, allowed=Allowed(skip_bad=1)).where == "prices.csv:6"


def test_a_file_of_bad_rows_has_no_candles(tmp_path: Path) -> None:
    assert refused(tmp_path, HEADER + "x\n", allowed=Allowed(skip_bad=1)).id == "E358"


def test_only_the_first_bad_rows_are_remembered() -> None:
    repairs = Repairs()
    for line in range(100):
        repairs.skip(f"a.csv:{line}", "bad")

    assert (repairs.skipped, len(repairs.examples)) == (100, KEPT_EXAMPLES)
    assert repairs.sentences("a.csv") == ("100 rows of a.csv were left out, first a.csv:0: bad",)


def test_a_range_keeps_the_count_of_its_file(tmp_path: Path) -> None:
    series = read(tmp_path, days(2, 1, 3), allowed=SORT, start_ms=START_MS + DAY_MS)

    assert (len(series), series.repairs.moved) == (2, 1)


@pytest.mark.parametrize("part", [1, 2, 3, 500_000])
@pytest.mark.parametrize("held", [0, 10**6])
def test_D3_a_file_too_long_for_memory_is_repaired_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int, held: int
) -> None:
    monkeypatch.setattr(repairs_module, "SORTED_ROWS", part)
    text = days(1, 4, 2, 2, 3, 5) + "2024-01-04T00:00:00Z,10,12,9,9.5,7\n"

    series = read(tmp_path, text, allowed=BOTH, storage=Storage(held, block_rows=2))

    assert [(one - START_MS) // DAY_MS + 1 for one in series.times] == [1, 2, 3, 4, 5]
    assert list(series.closes) == [11, 11, 11, 9.5, 11]
    repairs = series.repairs
    assert (repairs.moved, repairs.repeated, repairs.conflicting) == (4, 2, 1)
