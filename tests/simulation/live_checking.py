"""Whether a live run of the whole program was as it must be, and with how few faults it is not."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from runner.journal import Journal
from runner.protocol.enums import OrderStatus
from tests.simulation import weather as w
from tests.simulation.live import LIVE, live_scenario_of, play_live
from tests.simulation.scenario import Fault, Scenario
from tests.simulation.shrinking import smallest
from tests.simulation.wire import Outcome
from tests.simulation.wire_checking import NO_ANSWER, Finding, quiet
from tests.simulation.wire_invariants import (
    handled_once,
    no_double_order,
    nothing_is_left_behind,
    three_outcomes,
)

MEANT_BY = {
    "interrupted": {w.STOP},
    "E931": set(w.ON_LIVES),  # orders of ours went on executing while the books were compared
}
"""Which faults may lead to an ending other than the one that every run is asked for."""


def both_sides_agree(outcome: Outcome) -> Iterator[str]:
    """I8: when all has long been quiet, the run takes its gateway to hold what it does hold."""
    if outcome.why != "terminated":
        return
    desk, exchange = outcome.session.desk, outcome.exchanges[0]
    if desk.portfolio.account is None:
        return  # it was asked to end while it still looked for what the life before had left
    held = {name: one.quantity for name, one in desk.portfolio.positions.items() if one.quantity}
    real = {name: one.quantity for name, one in exchange.ledger.holdings.items()}
    if held != real:
        yield f"the run holds {held}, the gateway {real}"
    unknown = {one.id for one in desk.tickets.values() if one.status is OrderStatus.UNKNOWN}
    working = {one.id for one in desk.working.values()} - unknown
    if working != set(exchange.working) - unknown:
        yield f"{sorted(map(str, working))} work for the run, {sorted(exchange.working)} do"


def what_is_unknown_has_a_reason(outcome: Outcome) -> Iterator[str]:
    """I7: nobody is in doubt about an order that was answered."""
    met = {fault.kind for fault in outcome.met}
    unknown = [
        one.client_order_id
        for one in outcome.session.desk.tickets.values()
        if one.status is OrderStatus.UNKNOWN
    ]
    if unknown and not met & (NO_ANSWER | {w.STOP}) and not met & set(w.ON_LIVES):
        yield f"{unknown} are in doubt, and every request was answered"


def the_journal_has_every_order(outcome: Outcome, journal: Path) -> Iterator[str]:
    """I6: the gateway has no order of ours that is not written down."""
    kept = Journal(journal, sync=lambda _: None)
    try:
        for order in outcome.exchanges[0].orders.values():
            name = order.client_order_id
            is_ours = name is not None and order.parent_order_id is None and not order.liquidation
            if is_ours and name not in kept.past.orders:
                yield f"the gateway has {name}, and the journal does not"
    finally:
        kept.close()


def _breaches(scenario: Scenario, outcome: Outcome, journal: Path) -> Iterator[tuple[str, str]]:
    met = {fault.kind for fault in outcome.met}
    rules = [no_double_order, three_outcomes, both_sides_agree, what_is_unknown_has_a_reason]
    if scenario.with_ids and not met & set(w.ON_LIVES):
        rules.append(handled_once)
    for rule in (*rules, nothing_is_left_behind):
        for what in rule(outcome):
            yield rule.__name__, what
    for what in the_journal_has_every_order(outcome, journal):
        yield "the_journal_has_every_order", what
    broken = [fault for fault in outcome.met if fault.kind.startswith("request ")]
    if outcome.why == "E610" and len(broken) >= LIVE.max_attempts:
        return  # it asked as often as it is allowed to
    if outcome.why != "terminated" and not MEANT_BY.get(outcome.why, set()) & met:
        yield "the ending", f"it ended with {outcome.why}"


def examine(scenario: Scenario) -> Finding | None:
    """Play a scenario live and return the first thing that is wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = play_live(scenario, Path(folder))
        for rule, what in _breaches(scenario, outcome, Path(folder) / "journal.jsonl"):
            return Finding(scenario.seed, scenario.faults, rule, what, is_live=True)
    return None


def examine_seed(seed: int) -> Finding | None:
    """Play a seed live and return what is wrong with it, with as few faults as still show it."""
    with quiet():
        scenario = replace(live_scenario_of(seed), faults=w.faults_of(seed, is_live=True))
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
    """Play a seed live and return what is wrong with it, in words."""
    finding = examine_seed(seed)
    return None if finding is None else str(finding)
