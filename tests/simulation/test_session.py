"""The session under a seeded scheduler: whatever goes wrong, the invariants hold.

`pytest tests/simulation --sim-seed N` plays one seed and tells its story when it fails;
`--sim-seeds COUNT` plays more than the few of the ordinary suite.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation import scenario as s
from tests.simulation.checking import examine_seed
from tests.simulation.scenario import Fault, draw
from tests.simulation.shrinking import smallest
from tests.simulation.world import play

SEEDS = 400
"""Seeds of the ordinary suite; some seconds."""
PARTS = 8
"""Tests that share the seeds, for suites that run in several processes."""
_LINES = (Path(__file__).parent / "seeds.txt").read_text(encoding="utf-8").splitlines()
KEPT = [int(line.split()[0]) for line in _LINES if line and not line.startswith("#")]
"""Seeds that once showed a fault of the product, or of the simulator, and are played always."""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_seed_breaks_an_invariant(request: pytest.FixtureRequest, part: int) -> None:
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


def test_a_seed_is_always_the_same_run() -> None:
    for seed in range(20):
        one, other = play(draw(seed)), play(draw(seed))

        assert one.entries == other.entries
        assert one.result == other.result


def test_the_long_run_plays_seeds_in_processes_of_its_own_and_counts_them() -> None:
    command = [sys.executable, "-m", "tests.simulation", "3", "--from", "7", "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)

    assert done.stdout.startswith("3 seeds, 0 findings, ")
    assert (done.returncode, done.stderr) == (0, "")


def test_every_kind_of_fault_is_drawn() -> None:
    drawn = {fault.kind for seed in range(400) for fault in draw(seed).faults}

    assert drawn == {*s.ON_FRAMES, *s.ON_ACKS, *s.ON_COMMANDS, *s.ON_TICKS}


def test_the_shortest_list_of_faults_that_still_fails_is_found() -> None:
    faults = [Fault("repeat", at) for at in range(40)]
    needed = {Fault("repeat", 3), Fault("repeat", 31)}

    few = smallest(faults, lambda some: needed <= set(some))

    assert few == sorted(needed)
    assert smallest(faults, lambda _: True) == []
