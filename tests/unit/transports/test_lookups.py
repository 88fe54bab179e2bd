from __future__ import annotations

from runner.transports.lookups import Lookups


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_order_is_looked_for_five_times_in_thirty_seconds_then_given_up() -> None:
    clock = Clock()
    lookups = Lookups(clock=clock)
    lookups.add("r-1", "S:AAPL")
    looks = []

    while (wait := lookups.wait_s()) is not None:
        clock.now += wait
        for one in lookups.due():
            looks.append(clock.now - 100.0)
            is_last = lookups.not_found(one)

    assert looks == [1, 3, 7, 15, 30]
    assert is_last
    assert "r-1" not in lookups


def test_nothing_is_due_before_its_time() -> None:
    clock = Clock()
    lookups = Lookups(clock=clock)
    lookups.add("r-1", "S:AAPL")

    clock.now += 0.9

    assert lookups.due() == []
    assert 0 < (lookups.wait_s() or 0) < 0.2


def test_an_order_that_was_heard_of_is_looked_for_no_longer() -> None:
    lookups = Lookups(clock=Clock())
    lookups.add("r-1", "S:AAPL")

    assert lookups.found("r-1")
    assert not lookups.found("r-1")
    assert lookups.wait_s() is None


def test_a_look_that_failed_is_repeated_and_does_not_count() -> None:
    clock = Clock()
    lookups = Lookups((1.0, 2.0), clock=clock)
    lookups.add("r-1", "S:AAPL")

    for _ in range(10):
        clock.now += 1.0
        (one,) = lookups.due()
        lookups.could_not_look(one)

    assert one.looks == 0
    assert "r-1" in lookups


def test_an_order_in_doubt_twice_keeps_its_schedule() -> None:
    clock = Clock()
    lookups = Lookups(clock=clock)
    lookups.add("r-1", "S:AAPL")
    clock.now += 0.5

    lookups.add("r-1", "S:AAPL")

    assert lookups.wait_s() == 0.5
