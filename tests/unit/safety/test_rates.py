"""Counting orders by the strategy's clock."""

from __future__ import annotations

from decimal import Decimal

from runner.safety.rates import Bucket, DayCount, Repeats

DAY = 86_400_000
ORDER = ("S:AAPL", "BUY", Decimal(1), None)


def test_a_bucket_gives_two_seconds_worth_at_once_and_refills_with_time() -> None:
    bucket = Bucket(Decimal(3))

    at_once = [bucket.take(1_000) for _ in range(8)]
    later = [bucket.take(2_000) for _ in range(5)]

    assert at_once == [True] * 6 + [False] * 2
    assert later == [True] * 3 + [False] * 2


def test_a_rate_below_one_lets_single_orders_through() -> None:
    bucket = Bucket(Decimal("0.1"))

    assert [bucket.take(at) for at in (0, 5_000, 10_000, 15_000, 20_000)] == [
        True, False, True, False, True,
    ]  # fmt: skip


def test_a_clock_that_goes_back_gives_no_tokens() -> None:
    bucket = Bucket(Decimal(1))
    bucket.take(10_000)
    bucket.take(10_000)

    assert not bucket.take(0)
    assert not bucket.take(10_000)


def test_each_utc_day_is_counted_anew() -> None:
    today = DayCount()

    assert [today.add(at) for at in (0, DAY - 1, DAY, DAY, 3 * DAY)] == [1, 2, 1, 2, 1]


def test_only_orders_alike_within_two_seconds_are_repeats() -> None:
    repeats = Repeats()
    other = ("S:AAPL", "BUY", Decimal(2), None)

    assert [repeats.add(at, ORDER) for at in (0, 1_000, 1_999)] == [1, 2, 3]
    assert repeats.add(1_999, other) == 1
    assert repeats.add(2_500, ORDER) == 3
    assert repeats.add(9_000, ORDER) == 1
