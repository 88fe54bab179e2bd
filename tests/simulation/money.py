"""Invariants of money: what the strategy sees is what the peer has in its books."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import isclose

from runner.protocol.messages import AccountUpdate, PositionUpdate
from tests.simulation.history import Books, Delivered, Entry, Idle
from tests.simulation.scenario import Scenario

History = list[Entry]
_ZERO = Decimal(0)


def money_adds_up(history: History, scenario: Scenario) -> Iterator[str]:
    """I8: executions, commissions, positions and money of the venue agree to the last digit."""
    for entry in history:
        if type(entry) is Idle and not entry.exact:
            yield f"the venue's books do not add up: {entry.venue}"


def the_mirror_is_the_ledger(history: History, scenario: Scenario) -> Iterator[str]:
    """I8: what a message states holds at once; when nothing is under way, all is the same on both
    sides: positions, balance, equity and working orders."""
    stated: Delivered | None = None
    seen: set[tuple[int, str]] = set()
    for entry in history:
        if type(entry) is Delivered:
            stated = entry
            if entry.event_id is not None:
                key = (entry.epoch, entry.event_id)
                stated = None if key in seen else entry
                seen.add(key)
        elif type(entry) is Idle:
            if stated is not None:
                yield from _as_stated(stated, entry.mirror)
                stated = None
            if entry.is_quiet:
                yield from _the_same(entry, scenario)


def _as_stated(delivered: Delivered, mirror: Books) -> Iterator[str]:
    match delivered.message:
        case PositionUpdate(position=position):
            held = mirror.positions.get(position.symbol, _ZERO)
            if held != position.signed_quantity:
                yield f"holds {held} {position.symbol}, told {position.signed_quantity}"
        case AccountUpdate(account=account):
            if float(mirror.balance) != float(account.balance):
                yield f"has {mirror.balance}, told {account.balance}"
        case _:
            pass


def _the_same(entry: Idle, scenario: Scenario) -> Iterator[str]:
    mirror, venue = entry.mirror, entry.venue
    if mirror.positions != venue.positions:
        yield f"positions are {mirror.positions} here and {venue.positions} there"
    withheld = scenario.withheld
    if "order" not in withheld:
        if not venue.working <= mirror.working:
            yield f"{sorted(venue.working - mirror.working)} work, and nobody here knows"
        if mirror.working - entry.unknown - venue.working:
            gone = mirror.working - entry.unknown - venue.working
            yield f"{sorted(gone)} are taken for working, and do not"
    knows_money = not (withheld & {"account"} and withheld & {"trade"})
    if knows_money and not isclose(mirror.balance, venue.balance, abs_tol=1e-6):
        yield f"the balance is {mirror.balance} here and {venue.balance} there"
    if knows_money and entry.marks_known and not isclose(mirror.equity, venue.equity, abs_tol=1e-5):
        yield f"the equity is {mirror.equity} here and {venue.equity} there"
