"""What must hold whenever the whole program is played, as far as it can be seen from outside.

Each looks at what passed the network and at what the strategy was called for, in the order in which
it happened. The numbers are those of the catalogue of invariants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from math import isclose
from typing import Any

from runner.protocol.commands import OrderHandle, Rejection, SubmitOrder
from runner.protocol.enums import OrderStatus
from tests.simulation.history import Answered, Asked, Raised, Returned, Started
from tests.simulation.judges import Audit
from tests.simulation.tap import Passed, Posted
from tests.simulation.weather import ON_MOMENTS
from tests.simulation.wire import Outcome

_CALLED = {"Candle": "on_candle", "TradeUpdate": "on_trade"}
"""Frames of which each leads to one call of a handler, and names what it is told."""


def acks_follow_outcomes(outcome: Outcome) -> Iterator[str]:
    """I1: an event is acknowledged once its handler is over and all that it ordered is answered."""
    told: dict[str, tuple[str, str]] = {}
    over: set[tuple[str, str]] = set()
    running: list[tuple[str, str]] = []
    open_orders = 0
    for entry in outcome.entries:
        match entry:
            case Passed(where="delivered", kind=kind, ids=(event_id,), key=key) if kind in _CALLED:
                told[event_id] = (_CALLED[kind], key)
            case Started(handler=handler, key=key):
                running.append((handler, key))
            case Returned() | Raised():
                over.add(running.pop())
            case Asked():
                open_orders += 1
            case Answered():
                open_orders -= 1
            case Passed(where="said", kind="EventAck", ids=ids):
                if running:
                    yield f"{ids} acknowledged while {running[-1]} runs"
                if open_orders:
                    yield f"{ids} acknowledged while an order is not answered"
                for one in ids:
                    if one in told and told[one] not in over:
                        yield f"{one} acknowledged, and never handled"


def handled_once(outcome: Outcome) -> Iterator[str]:
    """I2: what is told of one event is told once, however often it comes."""
    calls = Counter(
        (one.handler, one.key)
        for one in outcome.entries
        if type(one) is Started and one.handler in _CALLED.values()
    )
    for call, times in calls.items():
        if times > 1:
            yield f"{call} was called {times} times"


def acks_name_what_was_delivered(outcome: Outcome) -> Iterator[str]:
    """I3: only what has arrived is acknowledged, and not oftener than it has on one connection."""
    seen: set[str] = set()
    arrived: Counter[tuple[int, str]] = Counter()
    acked: Counter[tuple[int, str]] = Counter()
    for entry in outcome.entries:
        match entry:
            case Passed(where="delivered", ids=ids, link=link):
                seen.update(ids)
                arrived.update((link, one) for one in ids)
            case Passed(where="said", kind="EventAck", ids=ids, link=link):
                acked.update((link, one) for one in ids)
                for one in ids:
                    if one not in seen:
                        yield f"{one} acknowledged, and never delivered"
                    # What was said last on a connection that broke is said again on the next one.
                    if arrived[link, one] and acked[link, one] > arrived[link, one] + 1:
                        yield f"{one} acknowledged {acked[link, one]} times on one connection"
            case _:
                pass


def time_waits_for_acks(outcome: Outcome) -> Iterator[str]:
    """I4: a candle is sent only when the peer has heard the acknowledgment of all before it."""
    if not outcome.is_one_peer:
        return  # another one begins its ids anew
    waiting: dict[str, int] = {}
    heard: set[str] = set()
    moment_ms = 0
    for entry in outcome.entries:
        match entry:
            case Passed(where="heard", kind="EventAck", ids=ids):
                heard.update(ids)
                for one in ids:
                    waiting.pop(one, None)
            case Passed(where="written", ids=ids, batch=batch):
                if entry.kind == "Candle" and entry.moment_ms > moment_ms:
                    moment_ms = entry.moment_ms
                    # What a step causes is sent in one piece with its candles, and before them.
                    early = [one for one, sent in waiting.items() if sent < batch]
                    if early:
                        yield f"{ids} came before {early} were acknowledged"
                waiting.update((one, batch) for one in ids if one not in heard)
            case _:
                pass


def the_clock_never_goes_back(outcome: Outcome) -> Iterator[str]:
    """I4: the strategy's clock only goes forward."""
    before = 0
    for entry in outcome.entries:
        if type(entry) is Started and entry.now_ms is not None:
            if entry.now_ms < before:
                yield f"{entry.handler} {entry.key} at {entry.now_ms}, after {before}"
            before = entry.now_ms


def no_double_order(outcome: Outcome) -> Iterator[str]:
    """I5: an order is sent once, and the peer has it once at most."""
    posts = Counter(one.client_order_id for one in outcome.entries if type(one) is Posted)
    for name, times in posts.items():
        if times > 1:
            yield f"order {name} was sent {times} times"
    for exchange in outcome.exchanges:
        names = Counter(
            one.client_order_id
            for one in exchange.orders.values()
            if one.client_order_id is not None and one.parent_order_id is None
        )
        for name, times in names.items():
            if times > 1:
                yield f"the peer has order {name} {times} times"


def three_outcomes(outcome: Outcome) -> Iterator[str]:
    """I7: what counts as accepted the peer has; what counts as rejected works nowhere."""
    if not outcome.is_one_peer:
        return
    held = {one.client_order_id: one for one in outcome.exchanges[0].orders.values()}
    for entry in outcome.entries:
        if type(entry) is not Answered or not isinstance(entry.command, SubmitOrder):
            continue
        name = entry.command.client_order_id
        if isinstance(entry.reply, OrderHandle) and name not in held:
            yield f"{name} counts as accepted, and the peer does not have it"
        if isinstance(entry.reply, Rejection):
            found = held.get(name)
            if found is not None and found.status is not OrderStatus.REJECTED:
                yield f"{name} counts as rejected, and is {found.status} at the peer"


def money_adds_up(outcome: Outcome) -> Iterator[str]:
    """I8: the books of the peer agree to the last digit, and at the end with the mirror."""
    exchange = outcome.exchanges[0]
    if not Audit(exchange).is_exact(exchange.ledger.equity()):
        yield "the peer's books do not add up"
    if outcome.why != "complete" or not outcome.is_one_peer:
        return
    mirror, ledger = outcome.session.desk.portfolio, exchange.ledger
    held = {symbol: one.quantity for symbol, one in mirror.positions.items() if one.quantity}
    if held != {symbol: one.quantity for symbol, one in ledger.holdings.items()}:
        yield f"holds {held}, by the peer's books {ledger.holdings}"
    if not isclose(mirror.balance, float(ledger.balance), abs_tol=1e-6):
        yield f"has {mirror.balance}, by the peer's books {ledger.balance}"


def it_is_let_in(outcome: Outcome) -> Iterator[str]:
    """A client that comes back is let in for as long as there is something left to say to it."""
    if any(one.kind in ON_MOMENTS for one in outcome.met):
        return
    for entry in outcome.entries:
        if type(entry) is Passed and entry.kind in ("HTTP 404", "HTTP 503"):
            yield f"answered {entry.kind} instead of being let in"


def nothing_is_left_behind(outcome: Outcome) -> Iterator[str]:
    """I13: the engine does not fail, ends when its run does, and leaves no task behind."""
    yield from outcome.trouble


Invariant = Callable[[Any], Iterator[str]]
INVARIANTS: tuple[Invariant, ...] = (
    acks_follow_outcomes,
    handled_once,
    acks_name_what_was_delivered,
    time_waits_for_acks,
    the_clock_never_goes_back,
    no_double_order,
    three_outcomes,
    money_adds_up,
    it_is_let_in,
    nothing_is_left_behind,
)
