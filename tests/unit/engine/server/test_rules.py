"""How missed acknowledgments are counted."""

from __future__ import annotations

from runner.engine.server.rules import Patience


def misses_until_over(patience: Patience) -> int:
    count = 0
    while not patience.is_over:
        patience.miss()
        count += 1
    return count


def test_before_the_first_acknowledgment_the_grace_counts() -> None:
    assert misses_until_over(Patience(24, 5)) == 24


def test_after_the_first_acknowledgment_the_limit_counts() -> None:
    patience = Patience(24, 5)
    patience.matched()

    assert misses_until_over(patience) == 5


def test_an_acknowledgment_starts_the_count_again() -> None:
    patience = Patience(24, 5)
    for _ in range(4):
        patience.matched()
        for _ in range(4):
            patience.miss()

    assert not patience.is_over
    patience.matched()
    assert misses_until_over(patience) == 5
