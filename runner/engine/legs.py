"""Exit legs: a stop-loss and a take-profit for each fill of an entry, never more than is open.

Each fill of an entry gets a pair of its own, so an entry that executes in parts has several. The
two legs of a pair are siblings: when one executes wholly the other is cancelled, when it executes
in part the other is cut by as much. When something else makes the position smaller, the oldest
legs are cut to what is left. In an account that hedges, legs belong to the position that their
entry has opened. May import the engine's orders and the protocol.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from runner.engine.orders import WorkingOrder
from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderType

if TYPE_CHECKING:
    from runner.engine.book import Book

_ZERO = Decimal(0)


def place_legs(
    book: Book, entry: WorkingOrder, executed: Decimal, moment: datetime
) -> list[WorkingOrder]:
    """Protect what `entry` has just opened by executing `executed` units."""
    ledger = book.ledger
    holding = ledger.concerned(entry.symbol, entry.side, entry.position_id, reduces=False)
    held = _ZERO if holding is None else holding.quantity
    if held * entry.side.sign <= 0:
        return []
    legs = []
    for suffix, order_type, price in (
        ("sl", OrderType.STOP, entry.stop_loss),
        ("tp", OrderType.LIMIT, entry.take_profit),
    ):
        if price is None:
            continue
        request = SubmitOrder(
            symbol=entry.symbol,
            side=entry.side.opposite,
            quantity=min(executed, abs(held)),
            order_type=order_type,
            client_order_id=free_name(book, f"{entry.client_order_id or entry.id}-{suffix}"),
            stop_price=price if order_type is OrderType.STOP else None,
            limit_price=price if order_type is OrderType.LIMIT else None,
            reduce_only=True,
            position_id=entry.position_id if ledger.hedges else None,
        )
        legs.append(book.accept(request, moment, parent_order_id=entry.id))
    return legs


def pair(book: Book, leg: WorkingOrder) -> None:
    """Make a new leg the sibling of the newest leg of its entry that has none."""
    for other in reversed(book.working_of(leg.symbol)):
        if (
            other.parent_order_id == leg.parent_order_id
            and other.order_type is not leg.order_type
            and (other.sibling is None or other.sibling.status.is_terminal)
        ):
            leg.sibling, other.sibling = other, leg
            return


def after_execution(
    book: Book, order: WorkingOrder, executed: Decimal, before: Decimal, after: Decimal
) -> None:
    """Keep the legs of a position true to it, which went from `before` to `after`."""
    if before * after <= 0:
        _drop_legs(book, order)
        return
    if order.sibling is not None and not order.sibling.status.is_terminal:
        done = order.status.is_terminal
        book.cut(order.sibling, order.sibling.remaining if done else executed)
    if abs(after) < abs(before):
        _cut_legs(book, order, abs(after))


def legs_of(book: Book, symbol: str, position_id: str | None) -> list[WorkingOrder]:
    """Return the working legs of a position, in order of acceptance.

    An account that does not hedge has one position in a symbol, to which all legs belong.
    """
    return [
        one
        for one in book.working_of(symbol)
        if one.parent_order_id is not None
        and (not book.ledger.hedges or one.position_id == position_id)
    ]


def _drop_legs(book: Book, order: WorkingOrder) -> None:
    # The position that the legs protected is gone, or has turned to the other side.
    for leg in legs_of(book, order.symbol, order.position_id):
        if leg.parent_order_id != order.id:
            book.end(leg, "ORDER_CANCELLED")


def _cut_legs(book: Book, order: WorkingOrder, left: Decimal) -> None:
    for kind in (OrderType.STOP, OrderType.LIMIT):
        legs = [
            one for one in legs_of(book, order.symbol, order.position_id) if one.order_type is kind
        ]
        excess = sum((one.remaining for one in legs), _ZERO) - left
        for leg in legs:
            if excess <= 0:
                break
            part = min(excess, leg.remaining)
            excess -= part
            book.cut(leg, part)


def free_name(book: Book, name: str) -> str:
    """Return `name`, numbered where an earlier order has it."""
    number, free = 0, name
    while free in book.by_client_id:
        number += 1
        free = f"{name}-{number}"
    return free
