"""The whole program on a network in memory: whatever breaks, it comes to what it must.

`pytest tests/simulation/test_wire.py --sim-seed N` plays one seed, `--sim-seeds COUNT` so many.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.simulation import weather as w
from tests.simulation.planted import Bug, planted
from tests.simulation.planted_wire import BUGS
from tests.simulation.scenario import Fault
from tests.simulation.wire import play_wire, scenario_of
from tests.simulation.wire_checking import examine, examine_seed, quiet

SEEDS = 320
"""Seeds of the ordinary suite; some seconds for each part."""
PARTS = 8
KEPT = (2, 3, 14, 24, 77, 81, 97, 98, 187, 287, 1854, 2680, 3175)
"""Seeds that once showed a fault of the product, or of the simulator, and are played always."""
WITHIN = 500
"""Seeds within which a planted bug must be found; most take a few."""
SLOW = (
    ("down cut behind", 1),
    ("up cut inside", 15),
    ("up cut inside", 27),
    ("down cut before", 37),
    ("down held up", 39),
)
_DIGEST = """
from dataclasses import replace
from tests.simulation.weather import faults_of
from tests.simulation.wire import play_wire, scenario_of
for seed in range(6):
    print(play_wire(replace(scenario_of(seed), faults=faults_of(seed))).digest)
"""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_seed_breaks_the_whole_program(request: pytest.FixtureRequest, part: int) -> None:
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


@pytest.mark.parametrize(
    ("seed", "faults"),
    [
        pytest.param(81, (("up cut behind", 5), ("up cut behind", 6)), id="left while it was read"),
        pytest.param(14, (("down cut behind", 1),), id="the greeting was lost"),
        pytest.param(3, (("down held up", 1),), id="the upgrade was answered too late"),
        pytest.param(98, (("down held up", 37),), id="the last frames came too late"),
        pytest.param(287, (("down cut before", 25),), id="the closing frame was lost"),
        pytest.param(
            1329, (("down held up", 3),), id="the first event came long after the greeting"
        ),
        pytest.param(187, SLOW, id="it came back, and nothing came in time"),
    ],
)
def test_a_client_that_comes_back_finds_its_run(
    seed: int, faults: tuple[tuple[str, int], ...]
) -> None:
    given = tuple(Fault(*one) for one in faults)
    with quiet():
        scenario = replace(scenario_of(seed), faults=given)
        finding, outcome = examine(scenario), play_wire(scenario)

    assert finding is None, f"\n{finding}"
    assert outcome.met == list(given)


def test_a_seed_is_always_the_same_run_whatever_the_seed_of_hashes() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _DIGEST],
            env={**os.environ, "PYTHONHASHSEED": number},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for number in ("0", "99")
    }

    assert len(said) == 1
    assert len(set(said.pop().split())) == 6


def test_every_kind_of_fault_is_drawn() -> None:
    drawn = {fault.kind for seed in range(600) for fault in w.faults_of(seed)}

    assert drawn == {*w.ON_DOWN, *w.ON_UP, *w.ON_CONNECT, *w.ON_REQUESTS, *w.ON_MOMENTS}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    with quiet(), planted(bug):
        found = next((seed for seed in range(WITHIN) if _shows(seed)), None)

    assert found is not None


def _shows(seed: int) -> bool:
    return examine(replace(scenario_of(seed), faults=w.faults_of(seed))) is not None
