"""A whole run over real sockets that break comes to the same as one that nothing disturbs.

`pytest tests/simulation --sim-seed N` plays one seed, `--sim-seeds COUNT` so many. Without either
it is left out: over real sockets the machine decides on the schedule, and a suite must not
depend on that.
"""

from __future__ import annotations

import pytest

from tests.simulation.wire import examine_wire

PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_no_seed_changes_a_run_over_sockets(request: pytest.FixtureRequest, part: int) -> None:
    only = request.config.getoption("--sim-seed")
    count = request.config.getoption("--sim-seeds") or 0
    if only is None and not count:
        pytest.skip("played with --sim-seed or --sim-seeds, or python -m tests.simulation --wire")
    seeds = range(part, count, PARTS) if only is None else [only] if part == 0 else []

    for seed in seeds:
        wrong = examine_wire(seed)
        assert wrong is None, f"\n{wrong}"
