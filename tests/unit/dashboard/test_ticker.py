"""A thread that ticks while a run goes on, and can do it no harm."""

from __future__ import annotations

import threading

import pytest

from runner.dashboard.ticker import Ticker

WAIT_S = 10.0


class Told:
    """Notes what it was told."""

    def __init__(self, fails: type[Exception] | None = None) -> None:
        self.ticks = threading.Semaphore(0)
        self.closed: list[BaseException | None] = []
        self.failed = threading.Event()
        self.fails = fails

    def tick(self) -> None:
        self.ticks.release()
        if self.fails is not None:
            raise self.fails("mine")

    def ticker(self, quiet: float = 0.0, *, is_complete: bool = False) -> Ticker:
        return Ticker(
            self.tick, self.closed.append, self.failed.set,
            quiet=quiet, every=0.001, is_complete=is_complete,
        )  # fmt: skip


def test_it_ticks_until_the_end_and_closes_once() -> None:
    told = Told()

    with told.ticker():
        for _ in range(3):
            assert told.ticks.acquire(timeout=WAIT_S)

    assert told.closed == [None]


@pytest.mark.parametrize(("is_complete", "expected"), [(False, []), (True, [None])])
def test_what_is_over_at_once_is_told_of_only_in_a_complete_account(
    is_complete: bool, expected: list[None]
) -> None:
    told = Told()

    with told.ticker(quiet=3600, is_complete=is_complete):
        pass

    assert told.closed == expected


def test_what_ends_the_block_is_told_and_passes_through() -> None:
    told, error = Told(), ValueError("mine")

    with pytest.raises(ValueError, match="mine"), told.ticker(is_complete=True):
        raise error

    assert told.closed == [error]


def test_a_look_at_a_moving_run_is_repeated_and_any_other_fault_ends_the_ticks() -> None:
    moving, broken = Told(RuntimeError), Told(BrokenPipeError)

    with moving.ticker(), broken.ticker():
        for _ in range(3):
            assert moving.ticks.acquire(timeout=WAIT_S)
        assert broken.failed.wait(WAIT_S)

    assert moving.closed == [None]
    assert broken.closed == []
