"""The checker itself: every bug that is planted is found, and within a bounded number of seeds."""

from __future__ import annotations

import pytest

from tests.simulation.checking import examine
from tests.simulation.planted import BUGS, Bug, planted
from tests.simulation.scenario import draw

WITHIN = 500
"""Seeds within which a bug must be found; most take a few."""


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    with planted(bug):
        found = next((seed for seed in range(WITHIN) if examine(draw(seed)) is not None), None)

    assert found is not None


def test_there_are_enough_of_them_each_with_a_name() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 30


def test_a_piece_of_source_that_is_no_longer_there_is_told() -> None:
    bug = BUGS[0]._replace(right="no such text")

    with pytest.raises(LookupError, match="found 0 times"), planted(bug):
        pass


def test_without_a_planted_bug_the_same_seeds_show_nothing() -> None:
    assert [seed for seed in range(50) if examine(draw(seed)) is not None] == []
