"""The whole program live, on a network in memory: nothing twice, nothing unwritten, books agree.

`pytest tests/simulation/test_live.py --sim-seed N` plays one seed, `--sim-seeds COUNT` so many.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulation import weather as w
from tests.simulation.live import live_scenario_of, play_live
from tests.simulation.live_checking import examine, examine_seed
from tests.simulation.planted import Bug, planted
from tests.simulation.planted_live import BUGS
from tests.simulation.wire_checking import quiet

SEEDS = 100
"""Seeds of the ordinary suite; some seconds for each part."""
PARTS = 4
KEPT = (4, 68, 2530, 3688, 5914)
"""Seeds that once showed a fault of the product, or of the simulator, and are played always."""
WITHIN = 500
"""Seeds within which a planted bug must be found; most take a few."""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_seed_breaks_a_live_run(request: pytest.FixtureRequest, part: int) -> None:
    only = request.config.getoption("--sim-seed")
    count = request.config.getoption("--sim-seeds") or SEEDS
    seeds = range(part, count, PARTS) if only is None else [only] if part == 0 else []

    for seed in seeds:
        finding = examine_seed(seed)
        assert finding is None, f"\n{finding}"


@pytest.mark.parametrize("seed", KEPT)
def test_a_seed_that_once_failed_does_not_fail_again(seed: int) -> None:
    finding = examine_seed(seed)

    assert finding is None, f"\n{finding}"


def test_a_live_seed_is_always_the_same_run(tmp_path: Path) -> None:
    for seed in range(6):
        scenario = replace(live_scenario_of(seed), faults=w.faults_of(seed, is_live=True))
        with quiet():
            one = play_live(scenario, tmp_path / f"{seed} one").digest
            other = play_live(scenario, tmp_path / f"{seed} other").digest

        assert one == other


def test_a_live_run_is_killed_as_well() -> None:
    drawn = {fault.kind for seed in range(400) for fault in w.faults_of(seed, is_live=True)}

    assert drawn == {
        *w.ON_DOWN, *w.ON_UP, *w.ON_CONNECT, *w.ON_REQUESTS, *w.ON_LIVES, w.STOP,
    }  # fmt: skip


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    with quiet(), planted(bug):
        found = next((seed for seed in range(WITHIN) if _shows(seed)), None)

    assert found is not None


def _shows(seed: int) -> bool:
    return (
        examine(replace(live_scenario_of(seed), faults=w.faults_of(seed, is_live=True))) is not None
    )
