"""What an execution does: to its order, to the ledger, to legs and group, and what is told of it.

The price is given, whoever found it. May import the book, the legs and the protocol.
"""

from __future__ import annotations

from decimal import Decimal

from runner.engine.book import Book
from runner.engine.legs import after_execution
from runner.engine.margin import liquidated
from runner.engine.orders import WorkingOrder
from runner.protocol.decimals import canonical
from runner.protocol.enums import OrderStatus, RejectReason, TimeInForce
from runner.protocol.messages import AccountUpdate, PositionUpdate, Trade, TradeUpdate

_ZERO = Decimal(0)


def wanted(book: Book, order: WorkingOrder) -> Decimal:
    """Return how much an order can still execute; one with nothing left to reduce is cancelled."""
    remaining = order.remaining if order.filled else order.quantity
    if not order.reduce_only:
        return remaining
    holding = book.ledger.concerned(order.symbol, order.side, order.position_id, reduces=True)
    if holding is None:
        book.cancel(order, RejectReason.REDUCE_ONLY_VIOLATED)
        return _ZERO
    return min(remaining, abs(holding.quantity))


def execute(
    book: Book,
    order: WorkingOrder,
    quantity: Decimal,
    price: Decimal,
    *,
    wanted: Decimal,
    maker: bool = False,
) -> bool:
    """Execute `quantity` of an order at `price`, or refuse it when the account cannot carry that.

    `wanted` is what the order could still execute: `quantity` or more. Both are positive, and the
    price is canonical. Returns whether the order has executed.
    """
    ledger, moment, reduces = book.ledger, book.moment, order.reduce_only
    concerned = ledger.concerned(order.symbol, order.side, order.position_id, reduces=reduces)
    before = _ZERO if concerned is None else concerned.quantity
    commission = canonical(book.terms.commission.of(quantity, price, maker=maker))
    if not (reduces or ledger.can_carry(order.symbol, order.side, quantity, price, commission)):
        book.refuse(order)
        return False
    if ledger.hedges:
        # From here on the order keeps to this position, and tells of it.
        order.position_id = ledger.next_id if concerned is None else concerned.id
    if order.take(quantity, price, wanted=wanted):
        book.end(order, "ORDER_FILLED")
    else:
        order.updated_at = moment
        book.report(order, "ORDER_PARTIALLY_FILLED")
    holding = ledger.apply(
        order.symbol, order.side, quantity, price, commission, moment, order.position_id
    )
    trade = Trade(
        id=f"t-{len(book.trades) + 1}",
        order_id=order.id,
        symbol=order.symbol,
        side=order.side,
        quantity=quantity,
        price=price,
        commission=commission,
        commission_currency=ledger.currency,
        timestamp=moment,
        is_maker=maker,
        liquidation=order.liquidation or None,
    )
    book.trades.append(trade)
    event = (
        "POSITION_OPENED"
        if not before
        else "POSITION_MODIFIED"
        if holding.quantity
        else "POSITION_CLOSED"
    )
    book.queue += (
        TradeUpdate(trade),
        PositionUpdate(event, ledger.position(holding, was=before)),
        AccountUpdate("BALANCE_UPDATED", ledger.account()),
    )
    if order.liquidation:
        book.queue.append(liquidated(trade, holding.id))
    after_execution(book, order, quantity, before, holding.quantity)
    if order.status is not OrderStatus.FILLED:
        if order.time_in_force is TimeInForce.IOC:
            book.end(order, "ORDER_CANCELLED")
    elif order.oco_group_id is not None:
        book.cancel_group(order.oco_group_id)
    return True
