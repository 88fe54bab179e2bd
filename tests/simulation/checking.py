"""Play a seed and say what is wrong with it: invariants, the ending, and the undisturbed run."""

from __future__ import annotations

import gc
import logging
from dataclasses import replace
from typing import NamedTuple

from tests.simulation import scenario as s
from tests.simulation.history import Over
from tests.simulation.invariants import ABOUT, INVARIANTS
from tests.simulation.scenario import Fault, Scenario, draw
from tests.simulation.shrinking import smallest
from tests.simulation.world import Played, play

_MEANT_BY = {
    "E710": {s.GARBAGE},
    "E720": {s.UNANSWERED, s.LOST, s.LATE},
    "E721": {s.UNSENT},
    "E730": {s.CLOSE_NORMAL, s.CLOSE_AWAY},
    "closed": {s.CLOSE_NORMAL},
    "interrupted": {s.STOP},
}
"""Which faults may lead to an ending; those that are not here need none, or are never right."""


class Finding(NamedTuple):
    """A run that is not as it must be."""

    scenario: Scenario
    rule: str
    what: str

    def __str__(self) -> str:
        kinds = "a backtest" if self.scenario.is_backtest else "a live run"
        faults = "\n".join(f"    {fault.kind}, at {fault.at}" for fault in self.scenario.faults)
        return (
            f"seed {self.scenario.seed}, {kinds}: {self.rule}: {self.what}\n"
            f"  faults that are needed for it:\n{faults or '    none'}\n"
            f"  again: pytest tests/simulation --sim-seed {self.scenario.seed}"
        )


def examine(scenario: Scenario) -> Finding | None:
    """Play a scenario and return the first thing that is wrong with it."""
    played = play(scenario)
    kinds = {type(entry) for entry in played.entries}
    for invariant in INVARIANTS:
        if ABOUT.get(invariant, Over) not in kinds:
            continue
        for what in invariant(played.entries, scenario):
            return Finding(scenario, invariant.__name__, what)
    wrong = _wrong_ending(played)
    if wrong is None and scenario.is_harmless and scenario.faults:
        undisturbed = play(scenario.without_faults(), watched=False)
        if undisturbed.result != played.result:
            wrong = _difference(undisturbed, played)
    return None if wrong is None else Finding(scenario, "the ending", wrong)


def _wrong_ending(played: Played) -> str | None:
    scenario, over = played.scenario, played.entries[-1]
    assert type(over) is Over
    kinds = {fault.kind for fault in scenario.faults}
    why = over.why
    if why == "E501" and scenario.on_exception == "halt" and scenario.raising:
        return None
    if why == "terminated" and not scenario.is_backtest:
        return None
    if why == "complete" and scenario.is_backtest:
        if over.confirmed and over.is_complete:
            return None
        return f"complete, confirmed {over.confirmed}, by the peer {over.is_complete}"
    if not scenario.is_backtest and why in ("E710", "E720", "E721"):
        return f"a live run ended with {why}"
    if _MEANT_BY.get(why, set()) & kinds:
        return None
    return f"it ended with {why!r}"


def _difference(undisturbed: Played, played: Played) -> str:
    names = ("ending", "executions", "fills", "balance", "own balance", "curve", "rejections")
    for name, one, other in zip(names, undisturbed.result, played.result, strict=True):
        if one != other:
            return f"{name}: {other!r}, without faults {one!r}"
    return "it differs from the run without faults"


def examine_seed(seed: int) -> Finding | None:
    """Play a seed and return what is wrong with it, with as few faults as still show it."""
    finding = examine(draw(seed))
    if finding is None:
        return None

    def fails(faults: list[Fault]) -> bool:
        again = examine(replace(finding.scenario, faults=tuple(faults)))
        return again is not None and again.rule == finding.rule

    few = smallest(list(finding.scenario.faults), fails)
    return examine(replace(finding.scenario, faults=tuple(few))) or finding


def told(seed: int) -> str | None:
    """Play a seed and return what is wrong with it, in words."""
    finding = examine_seed(seed)
    return None if finding is None else str(finding)


def prepare() -> None:
    """Make a process ready to play many seeds: quiet, and seldom in search of garbage."""
    logging.disable()
    # A seed leaves little garbage that goes in circles; to look for it often costs a tenth.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
