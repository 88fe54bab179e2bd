from __future__ import annotations

from runner.transports.patience import LONGEST_REST, MISSES, SHORTEST_REST, Patience, usable_cores


def vain_attempts(patience: Patience, waits: int) -> int:
    attempts = 0
    for _ in range(waits):
        if patience.is_worth_it():
            attempts += 1
            patience.missed()
    return attempts


def test_polling_is_tried_first() -> None:
    assert Patience(0.1).is_worth_it()


def test_polling_in_vain_is_given_up() -> None:
    assert vain_attempts(Patience(0.1), MISSES + SHORTEST_REST) == MISSES


def test_polling_in_vain_is_tried_ever_more_rarely() -> None:
    patience = Patience(0.1)
    vain_attempts(patience, 100_000)

    assert vain_attempts(patience, 10 * LONGEST_REST) <= 10


def test_polling_that_pays_off_goes_on() -> None:
    patience = Patience(0.1)
    for _ in range(1000):
        assert patience.is_worth_it()
        patience.missed()
        assert patience.is_worth_it()
        patience.paid_off()


def test_polling_comes_back_once_it_pays_off_again() -> None:
    patience = Patience(0.1)
    vain_attempts(patience, 10_000)
    while not patience.is_worth_it():
        pass
    patience.paid_off()

    assert all(patience.is_worth_it() for _ in range(100))


def test_there_is_at_least_one_core() -> None:
    assert usable_cores() >= 1
