"""Made-up candles: valid, without gaps, the same for the same seed."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest

from runner.engine.data_sample import HIGHEST, LOWEST, START_MS, sample_series
from runner.protocol.enums import TIMEFRAME_MS


def test_the_same_seed_gives_the_same_candles_on_every_machine() -> None:
    series = sample_series(1000, seed=7, timeframe="1m")

    digest = hashlib.sha256(repr(list(series.candles())).encode()).hexdigest()

    assert digest == "29ea09416d9ee64fe4496aee06e4e32c913b759d764f789a02760efdfc8893b6"


def test_another_seed_gives_other_candles() -> None:
    first, second = (sample_series(50, seed=seed, timeframe="1m") for seed in (1, 2))

    assert list(first.closes) != list(second.closes)


def test_fewer_candles_are_the_beginning_of_more() -> None:
    few, many = (sample_series(count, seed=1, timeframe="1m") for count in (10, 20))

    assert list(few.candles()) == list(many.candles())[:10]


@pytest.mark.parametrize("timeframe", TIMEFRAME_MS)
def test_candles_follow_each_other_without_a_gap(timeframe: str) -> None:
    times = sample_series(20, seed=1, timeframe=timeframe).times

    assert times[0] == START_MS
    assert {later - earlier for earlier, later in pairwise(times)} == {TIMEFRAME_MS[timeframe]}


@pytest.mark.parametrize("seed", range(5))
def test_every_candle_is_valid_and_opens_at_the_close_before(seed: int) -> None:
    candles = list(sample_series(5000, seed=seed, timeframe="1m").candles())

    for one in candles:
        assert 0 < one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high
        assert LOWEST <= one.close <= HIGHEST
        assert one.volume >= 1
    assert all(after.open == before.close for before, after in pairwise(candles))


def test_prices_neither_fade_nor_grow_without_end() -> None:
    # This seed has the strongest fall of the first few.
    series = sample_series(150_000, seed=13, timeframe="1m")

    late = list(series.closes)[-50_000:]
    assert min(late) > 20
    assert max(late) < 500
    assert sum(one == other for one, other in pairwise(late)) < 0.05 * len(late)
