"""Time that a run has not lived through, with both clocks by hand."""

from __future__ import annotations

import threading

import pytest

from runner.transports.clocks import Clocks


class Hands:
    """Two clocks that are moved by hand."""

    def __init__(self) -> None:
        self.lived = 50.0
        self.shown = 1_700_000_000.0
        self.clocks = Clocks(10.0, clock=lambda: self.lived, wall=lambda: self.shown)

    def after(self, lived: float, passed: float) -> str:
        self.lived += lived
        self.shown += passed
        return self.clocks.gap()


@pytest.mark.parametrize(
    ("lived", "passed", "said"),
    [
        (1, 1, ""),
        (1, 5, ""),
        (9.9, 9.9, ""),
        (1, 3601, "the clock went 3600 s forward: it was set, or the machine slept"),
        (1, -3599, "the clock went 3600 s back: it was set, or the machine slept"),
        (600, 600, "this process stood still for 600 s"),
        (600, 4200, "this process stood still for 600 s"),
    ],
    ids=["time", "a slow clock", "late", "asleep", "back", "stopped", "both"],
)
def test_L7_only_time_that_was_missed_counts(lived: float, passed: float, said: str) -> None:
    assert Hands().after(lived, passed) == said


def test_L7_a_gap_is_told_once() -> None:
    hands = Hands()

    assert [bool(hands.after(600, 600)), bool(hands.after(1, 1))] == [True, False]


def test_L7_a_gap_that_another_thread_has_found_is_not_lost() -> None:
    hands = Hands()
    hands.lived += 600
    hands.clocks.compare()
    hands.clocks.compare()

    assert hands.clocks.gap() == "this process stood still for 600 s"


def test_a_thread_compares_while_nobody_asks() -> None:
    compared = threading.Semaphore(0)

    def wall() -> float:
        compared.release()
        return 0.0

    clocks = Clocks(0.01, clock=lambda: 0.0, wall=wall)
    clocks.start()
    try:
        looked = [compared.acquire(timeout=10.0) for _ in range(4)]
    finally:
        clocks.stop()

    assert all(looked)
    assert clocks.gap() == ""
