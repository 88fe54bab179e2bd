"""The exit legs of an open position, moved and placed after its entry.

A position may have grown in several entries, each with legs of its own, with one of them, or with
none. Whoever sets an exit of the position means all of it: legs that work are moved, and what they
do not cover gets new ones. A new leg belongs to the same entry as the leg of the other kind that it
stands beside, so that a fill of the one takes away the other, as with legs placed by the entry.

Changes the book only. May import the engine's own modules and the protocol.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from runner.engine.book import Book
from runner.engine.holding import Holding
from runner.engine.legs import free_name, legs_of
from runner.engine.orders import WorkingOrder
from runner.protocol.commands import ExitLegs, ExitsResult, ModifyExits, SubmitOrder
from runner.protocol.enums import OrderType

_SUFFIX = {OrderType.STOP: "sl", OrderType.LIMIT: "tp"}
_PRICE = {OrderType.STOP: "stop_price", OrderType.LIMIT: "limit_price"}
_OTHER = {OrderType.STOP: OrderType.LIMIT, OrderType.LIMIT: OrderType.STOP}
_ZERO = Decimal(0)


def set_exits(book: Book, holding: Holding, exits: ModifyExits, moment: datetime) -> ExitsResult:
    """Have the whole of an open position protected at the prices of `exits`.

    The prices are above zero; what is changed and placed is reported by the book.
    """
    placed = [
        None if price is None else _set(book, holding, kind, price, moment)
        for kind, price in (
            (OrderType.STOP, exits.stop_loss),
            (OrderType.LIMIT, exits.take_profit),
        )
    ]
    return ExitsResult(holding.id, *placed)


def _set(
    book: Book, holding: Holding, kind: OrderType, price: Decimal, moment: datetime
) -> ExitLegs:
    legs = _legs(book, holding, kind)
    for leg in legs:
        book.change(leg, {_PRICE[kind]: price})
    entries = {one.parent_order_id for one in legs}
    missing = abs(holding.quantity) - sum((one.remaining for one in legs), _ZERO)
    # Newest first, the order in which the book pairs a new leg with one that has no sibling.
    for other in reversed(_legs(book, holding, _OTHER[kind])):
        part = min(other.remaining, missing)
        if part > 0 and (other.sibling is None or other.sibling.status.is_terminal):
            entry = book.orders[str(other.parent_order_id)]
            legs.append(_place(book, holding, entry, kind, part, price, moment))
            entries.add(entry.id)
            missing -= part
    if missing > 0:
        entry = _newest_entry(book, holding, entries)
        legs.append(_place(book, holding, entry, kind, missing, price, moment))
    return ExitLegs(tuple(one.id for one in legs), price)


def _legs(book: Book, holding: Holding, kind: OrderType) -> list[WorkingOrder]:
    legs = legs_of(book, holding.symbol, holding.id)
    return [one for one in legs if one.order_type is kind]


def _newest_entry(book: Book, holding: Holding, taken: set[str | None]) -> WorkingOrder:
    found: WorkingOrder | None = None
    for trade in reversed(book.trades):
        if trade.symbol == holding.symbol and trade.side.sign * holding.quantity > 0:
            order = book.orders[trade.order_id]
            if book.ledger.hedges and order.position_id != holding.id:
                continue
            if order.id not in taken:
                return order
            found = found or order
    if found is None:
        raise RuntimeError(f"position {holding.id} was opened by no trade")
    return found


def _place(
    book: Book,
    holding: Holding,
    entry: WorkingOrder,
    kind: OrderType,
    quantity: Decimal,
    price: Decimal,
    moment: datetime,
) -> WorkingOrder:
    request = SubmitOrder(
        symbol=entry.symbol,
        side=entry.side.opposite,
        quantity=quantity,
        order_type=kind,
        client_order_id=free_name(book, f"{entry.client_order_id or entry.id}-{_SUFFIX[kind]}"),
        stop_price=price if kind is OrderType.STOP else None,
        limit_price=price if kind is OrderType.LIMIT else None,
        reduce_only=True,
        position_id=holding.id if book.ledger.hedges else None,
    )
    return book.accept(request, moment, parent_order_id=entry.id)
