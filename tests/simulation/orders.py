"""Invariants of orders: sent once, held against limits, and never believed without evidence."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from runner.protocol.commands import (
    CancelOrder,
    OrderHandle,
    Rejection,
    SubmitOrder,
    Unanswered,
)
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import Candle, OrderUpdate, Quote
from runner.safety.guard import HALT
from tests.simulation.history import (
    Answered,
    Asked,
    Delivered,
    Entry,
    Idle,
    Regaining,
)
from tests.simulation.scenario import Scenario

History = list[Entry]
_DAY_MS = 86_400_000
_WINDOW_MS = 2000
_TERMINAL = {one.value for one in OrderStatus if one.is_terminal}


def no_double_order(history: History, scenario: Scenario) -> Iterator[str]:
    """I5: an order is sent once, under an id of its own."""
    sent: set[str | None] = set()
    for entry in history:
        if type(entry) is Asked and isinstance(entry.command, SubmitOrder):
            name = entry.command.client_order_id
            if name is None or name in sent:
                yield f"order {name} was sent a second time"
            sent.add(name)


def three_outcomes(history: History, scenario: Scenario) -> Iterator[str]:
    """I7: a ticket says what there is evidence for: refused, accepted, or that nobody knows."""
    refused: set[str] = set()
    unknown: set[str] = set()
    over: dict[str, str] = {}
    statuses: dict[str, str] = {}
    venues: dict[str, str] = {}
    touched: set[str] = set()
    for entry in history:
        match entry:
            case Answered(command=SubmitOrder(client_order_id=str() as name), reply=reply):
                touched.add(name)
                if isinstance(reply, Rejection):
                    refused.add(name)
                elif isinstance(reply, Unanswered):
                    unknown.add(name)
                elif not isinstance(reply, OrderHandle):
                    yield f"{name} was answered {reply}"
            case Delivered(message=OrderUpdate(order=order)):
                touched.add(order.client_order_id or "")
                unknown.discard(order.client_order_id or "")
                refused.discard(order.client_order_id or "")
            case Regaining():
                unknown.clear()  # the state that follows is evidence, too
            case Idle():
                # What neither changed nor was spoken of is as it was when it was looked at.
                statuses.update(entry.statuses)
                venues.update(entry.venue_statuses)
                touched.update(entry.statuses, entry.venue_statuses)
                for name in touched:
                    status = statuses.get(name)
                    if status is None:
                        continue  # the venue has it, and nobody here
                    if status == "PENDING":
                        yield f"{name} was neither sent nor refused"
                    if name in refused and status != "REJECTED":
                        yield f"{name} was refused, and is {status}"
                    if name in unknown and status != "UNKNOWN":
                        yield f"nobody knows of {name}, and it is {status}"
                    if name in over and status != over[name]:
                        yield f"{name} was {over[name]} for good, and is {status}"
                    if status in _TERMINAL:
                        over[name] = status
                    venue = venues.get(name)
                    differs = status in _TERMINAL and venue not in (None, status)
                    if differs and name not in refused:
                        yield f"{name} is {status} here and {venue} there"
                touched.clear()
            case _:
                pass


def halted_is_final(history: History, scenario: Scenario) -> Iterator[str]:
    """I11: when the equity has fallen too far, or too much was refused, trading halts; after that
    nothing is sent but cancellations and what closes a position."""
    limits = scenario.limits
    if limits is None:
        return
    refusals, halted = 0, False
    for entry in history:
        match entry:
            case Asked(command=SubmitOrder() as order, trading=trading):
                may = order.reduce_only and entry.reason.startswith(HALT)
                if (trading == "HALTED" or halted) and not may:
                    yield f"{order.client_order_id} was sent although trading is halted"
            case Answered(command=SubmitOrder(), reply=Rejection(status=status)) if status:
                refusals += 1
                most = limits.max_rejections_in_a_row
                halted = halted or (most is not None and refusals > most)
            case Answered(command=SubmitOrder(), reply=OrderHandle()):
                refusals = 0
            case Idle():
                if entry.equity_fell and entry.trading != "HALTED":
                    yield "the equity fell beyond its limit, and trading goes on"
                if halted and entry.trading != "HALTED":
                    yield "too many orders in a row were refused, and trading goes on"
                if entry.trading == "HALTED":
                    halted = True
                elif halted:
                    yield "trading was halted, and goes on"
            case _:
                pass


def a_halt_is_carried_out(history: History, scenario: Scenario) -> Iterator[str]:
    """I11: a halt cancels what could open a position and, where that was chosen, closes all; each
    is at least asked for before anything else happens."""
    if scenario.limits is None:
        return
    closing: set[str] = set()
    is_answered, was_halted = True, False
    for entry in history:
        match entry:
            case Asked(command=SubmitOrder(symbol=symbol), reason=reason):
                if reason.startswith(HALT):
                    closing.add(symbol)
            case Answered(command=CancelOrder(), reply=Rejection()) | Answered(reply=Unanswered()):
                is_answered = False  # the peer may still have what it did not cancel
            case Regaining():
                is_answered = False
            case Idle(trading="HALTED"):
                if entry.is_quiet and entry.could_open and is_answered:
                    yield f"{entry.could_open} orders that could open a position work on"
                left = entry.mirror.positions.keys() - closing
                if scenario.limits.on_breach == "flatten" and not was_halted and left:
                    yield f"nobody was asked to close {sorted(left)}"
                was_halted = True
            case _:
                pass


def limits_hold(history: History, scenario: Scenario) -> Iterator[str]:
    """No order that leaves is beyond a limit; what a halt closes is under none."""
    limits = scenario.limits
    if limits is None:
        return
    of_event = 0
    of_day: dict[int, int] = {}
    recent: list[tuple[int, tuple[object, ...]]] = []
    for entry in history:
        match entry:
            case Delivered(message=Candle() | Quote()):
                of_event = 0
            case Asked(command=SubmitOrder() as order) if not entry.reason.startswith(HALT):
                of_event += 1
                day = entry.now_ms // _DAY_MS
                of_day[day] = of_day.get(day, 0) + 1
                price = order.limit_price or order.stop_price
                likeness = (order.symbol, order.side, order.quantity, price)
                recent = [one for one in recent if one[0] > entry.now_ms - _WINDOW_MS]
                recent.append((entry.now_ms, likeness))
                alike = sum(one == likeness for _, one in recent)
                for name, value in (
                    ("max_orders_per_event", of_event),
                    ("max_orders_per_day", of_day[day]),
                    ("max_repeats", alike),
                    ("max_order_quantity", order.quantity),
                    *_values(entry, order),
                ):
                    most = getattr(limits, name)
                    if most is not None and not value <= most:
                        yield f"{order.client_order_id}: {name} is {most}, was {value}"
                most_open = limits.max_open_orders
                if scenario.is_backtest and most_open is not None and entry.working >= most_open:
                    yield f"{order.client_order_id}: {entry.working} orders work already"
            case _:
                pass


def _values(entry: Asked, order: SubmitOrder) -> Iterator[tuple[str, Decimal]]:
    last = None if entry.last is None else Decimal(repr(entry.last))
    named = order.limit_price or order.stop_price
    if last is None and named is None:
        return
    price = max(one for one in (last, named) if one is not None)
    yield "max_order_notional", order.quantity * price
    after = abs(entry.held + order.quantity * order.side.sign)
    if after > abs(entry.held) and not order.reduce_only:
        yield "max_position_notional", after * price
        yield "max_gross_notional", after * price
    if last:
        for one in (order.limit_price, order.stop_price):
            if one is not None:
                yield "price_collar", abs(one / last - 1)
