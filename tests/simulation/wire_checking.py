"""Whether a run of the whole program was as it must be, and with how few faults it is not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from tests.simulation import weather as w
from tests.simulation.history import Entry, Started
from tests.simulation.scenario import Fault, Scenario
from tests.simulation.shrinking import smallest
from tests.simulation.wire import SETTINGS, Outcome, play_wire, scenario_of
from tests.simulation.wire_invariants import INVARIANTS
from tests.simulation.world import play

_SILENCE = {f"down {w.DEAD}", f"up {w.DEAD}"}
NO_ANSWER = {f"request {kind}" for kind in (
    w.LOST, w.MUTE, w.CUT_ANSWER, w.SWAPPED, w.TURNED_AWAY, w.DELAYED, w.SLOW_ANSWER, w.DEAD,
    w.REFUSED, w.SWALLOWED,
)}  # fmt: skip
_PEER_GONE = {w.RESTART, w.SHUTDOWN}
MEANT_BY = {
    "E720": NO_ANSWER | _PEER_GONE,
    "E721": {f"request {w.REFUSED}", f"request {w.SWALLOWED}"} | _PEER_GONE,
    "E730": _PEER_GONE,
    "E743": _SILENCE,
    "E601": _PEER_GONE,
    "E605": _SILENCE,
    "interrupted": {w.STOP},
}
"""Which faults may lead to an ending that the undisturbed run does not come to."""
TRACELESS = {
    *w.ON_DOWN, *w.ON_UP, *w.ON_CONNECT,
    *(f"request {kind}" for kind in (
        w.MUTE, w.CUT_ANSWER, w.SPLIT, w.SWAPPED, w.DELAYED, w.SLOW_ANSWER, w.DEAD,
    )),
}  # fmt: skip
"""Faults after which a run that comes to its end comes to the same as undisturbed."""


class Finding(NamedTuple):
    """A run that is not as it must be."""

    seed: int
    faults: tuple[Fault, ...]
    rule: str
    what: str
    is_live: bool = False

    def __str__(self) -> str:
        how = "live" if self.is_live else "wire"
        faults = "\n".join(f"    {fault.kind}, at {fault.at}" for fault in self.faults)
        return (
            f"seed {self.seed}, the whole program ({how}): {self.rule}: {self.what}\n"
            f"  faults that are needed for it:\n{faults or '    none'}\n"
            f"  again: pytest tests/simulation/test_{how}.py --sim-seed {self.seed}"
        )


def examine(scenario: Scenario) -> Finding | None:
    """Play a scenario by the whole program and return the first thing that is wrong with it."""
    outcome = play_wire(scenario)
    for invariant in INVARIANTS:
        for what in invariant(outcome):
            return Finding(scenario.seed, scenario.faults, invariant.__name__, what)
    wrong = _wrong_ending(scenario, outcome)
    return None if wrong is None else Finding(scenario.seed, scenario.faults, "the ending", wrong)


def _wrong_ending(scenario: Scenario, outcome: Outcome) -> str | None:
    met = {fault.kind for fault in outcome.met}
    expected = play(scenario.without_faults(), watched=False)
    why = expected.result[0]
    if outcome.why != why:
        if MEANT_BY.get(outcome.why, set()) & met:
            return None
        refused = [fault for fault in outcome.met if fault.kind in w.ON_CONNECT]
        if outcome.why == "E730" and len(refused) >= SETTINGS.max_attempts - 1:
            return None  # it came back as often as it is allowed to
        if not met <= TRACELESS and outcome.why in ("complete", "E501"):
            return None  # it was told otherwise, and decided otherwise
        return f"it ended with {outcome.why}, undisturbed with {why}"
    if why == "complete" and outcome.runs["complete"] != 1 and not met & _PEER_GONE:
        return "complete here, and not at the engine"
    if not met <= TRACELESS:
        return None
    names = ("ending", "executions", "fills", "balance", "own balance", "curve", "rejections")
    for name, one, other in zip(names, expected.result, outcome.result, strict=True):
        if one != other:
            return f"{name}: {other!r}, undisturbed {one!r}"
    if _calls(outcome.entries) != _calls(expected.entries):
        return "its handlers were called otherwise than undisturbed"
    return None


def _calls(entries: list[Entry]) -> list[tuple[str, str, int | None]]:
    return [(one.handler, one.key, one.now_ms) for one in entries if type(one) is Started]


@contextmanager
def quiet() -> Iterator[None]:
    """Log nothing inside: every fault is worth a line, and nobody reads them here."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


def examine_seed(seed: int) -> Finding | None:
    """Play a seed and return what is wrong with it, with as few faults as still show it."""
    with quiet():
        scenario = replace(scenario_of(seed), faults=w.faults_of(seed))
        finding = examine(scenario)
        if finding is None:
            return None
        rule = finding.rule

        def fails(faults: list[Fault]) -> bool:
            again = examine(replace(scenario, faults=tuple(faults)))
            return again is not None and again.rule == rule

        few = smallest(list(scenario.faults), fails)
        return examine(replace(scenario, faults=tuple(few))) or finding


def told(seed: int) -> str | None:
    """Play a seed and return what is wrong with it, in words."""
    finding = examine_seed(seed)
    return None if finding is None else str(finding)
