"""Turn wire objects of either dialect into the program's objects, and refuse what makes no sense.

The dialect of an object shows in the case of its words: `filled` is the raw engine's, `FILLED` the
normalised one's. Nothing here reads a clock: what a dialect cannot say (a raw position has no
times) becomes the epoch, so that reading the same bytes twice gives the same object.

May import message, wire and value modules only. Every refusal is a `WireError`.
"""

from __future__ import annotations

from decimal import Context, Decimal

from runner.protocol import wire
from runner.protocol.enums import OrderStatus, OrderType, RejectReason
from runner.protocol.messages import Account, OrderSnapshot, Position, Trade
from runner.protocol.times import EPOCH
from runner.protocol.values import (
    ORDER_STATUSES,
    ORDER_TYPES,
    POSITION_SIDES,
    SIDES,
    TIMES_IN_FORCE,
    TRAILING_TYPES,
    WireError,
    amount,
    moment_of,
    optional_amount,
    positive,
    required,
    word,
)

RAW_CURRENCY = "USD"
"""The raw dialect names no currency; its money is in this one."""
_WIDE = Context(prec=64)
"""Wide enough to subtract any two amounts of the wire without rounding."""

RAW_REJECT_REASONS = {
    "insufficient_margin": RejectReason.INSUFFICIENT_MARGIN.value,
    "invalid_symbol": RejectReason.SYMBOL_NOT_TRADEABLE.value,
    "invalid_quantity": RejectReason.INVALID_QUANTITY.value,
    "price_out_of_bounds": RejectReason.INVALID_PRICE.value,
    "position_not_found": RejectReason.UNKNOWN.value,
    "reduce_only_violated": RejectReason.REDUCE_ONLY_VIOLATED.value,
    "position_size_limit_exceeded": RejectReason.INVALID_QUANTITY.value,
}
RAW_ORDER_EVENTS = {
    "created": "ORDER_CREATED",
    "partial_fill": "ORDER_PARTIALLY_FILLED",
    "filled": "ORDER_FILLED",
    "cancelled": "ORDER_CANCELLED",
    "rejected": "ORDER_REJECTED",
}


def read_order(order: wire.OrderObject) -> OrderSnapshot:
    """Return an order of either dialect."""
    return _raw_order(order) if order.status.islower() else _normalised_order(order)


def _normalised_order(order: wire.OrderObject) -> OrderSnapshot:
    if order.time_in_force is None or order.updated_at is None:
        raise WireError("an order must have time_in_force and updated_at")
    return OrderSnapshot(
        id=order.id,
        symbol=order.symbol,
        side=word(SIDES, order.side, "side"),
        order_type=word(ORDER_TYPES, order.order_type, "order_type"),
        quantity=positive(order.quantity, "quantity"),
        filled_quantity=amount(order.filled_quantity, "filled_quantity"),
        remaining_quantity=required(order.remaining_quantity, "remaining_quantity"),
        status=word(ORDER_STATUSES, order.status, "status"),
        time_in_force=word(TIMES_IN_FORCE, order.time_in_force, "time_in_force"),
        created_at=moment_of(order.created_at),
        updated_at=moment_of(order.updated_at),
        client_order_id=order.client_order_id,
        limit_price=optional_amount(order.limit_price, "limit_price"),
        stop_price=optional_amount(order.stop_price, "stop_price"),
        stop_loss=optional_amount(order.stop_loss, "stop_loss"),
        take_profit=optional_amount(order.take_profit, "take_profit"),
        trailing_distance=optional_amount(order.trailing_distance, "trailing_distance"),
        trailing_type=(
            None
            if order.trailing_type is None
            else word(TRAILING_TYPES, order.trailing_type, "trailing_type")
        ),
        average_fill_price=optional_amount(order.average_fill_price, "average_fill_price"),
        reject_reason=order.reject_reason,
        position_id=order.position_id,
        parent_order_id=order.parent_order_id,
        reduce_only=order.reduce_only,
        post_only=order.post_only,
        hidden=order.hidden,
        display_quantity=optional_amount(order.display_quantity, "display_quantity"),
        oco_group_id=order.oco_group_id,
        correlation_id=order.correlation_id,
    )


def _raw_order(order: wire.OrderObject) -> OrderSnapshot:
    order_type = word(ORDER_TYPES, order.order_type, "order_type")
    limit_price = stop_price = None
    if order_type is OrderType.LIMIT:
        limit_price = required(order.price, "price")
    elif order_type in (OrderType.STOP, OrderType.STOP_LIMIT):
        stop_price = required(order.price, "price")
        if order_type is OrderType.STOP_LIMIT:
            limit_price = required(order.limit_price, "limit_price")
    quantity = positive(order.quantity, "quantity")
    filled = amount(order.filled_quantity, "filled_quantity")
    status = word(ORDER_STATUSES, order.status, "status")
    if status is OrderStatus.OPEN and 0 < filled < quantity:
        status = OrderStatus.PARTIALLY_FILLED
    reason = order.reject_reason
    last_change = order.executed_at
    if last_change is None:
        last_change = order.cancelled_at
    if last_change is None:
        last_change = order.created_at
    return OrderSnapshot(
        id=order.id,
        symbol=order.symbol,
        side=word(SIDES, order.side, "side"),
        order_type=order_type,
        quantity=quantity,
        filled_quantity=filled,
        remaining_quantity=_WIDE.subtract(quantity, filled),
        status=status,
        time_in_force=word(TIMES_IN_FORCE, order.time_in_force or "gtc", "time_in_force"),
        created_at=moment_of(order.created_at),
        updated_at=moment_of(last_change),
        client_order_id=order.client_order_id,
        limit_price=limit_price,
        stop_price=stop_price,
        average_fill_price=optional_amount(order.average_fill_price, "average_fill_price"),
        reject_reason=None if reason is None else RAW_REJECT_REASONS.get(reason, reason.upper()),
        position_id=order.position_id,
    )


def read_trade(trade: wire.TradeObject) -> Trade:
    """Return a trade of either dialect; price and quantity must be above zero."""
    currency = trade.commission_currency
    if currency is None:
        if not trade.side.islower():
            raise WireError("commission_currency is missing")
        currency = RAW_CURRENCY
    return Trade(
        id=trade.id,
        order_id=trade.order_id,
        symbol=trade.symbol,
        side=word(SIDES, trade.side, "side"),
        quantity=positive(trade.quantity, "quantity"),
        price=positive(trade.price, "price"),
        commission=amount(trade.commission, "commission"),
        commission_currency=currency,
        timestamp=moment_of(trade.timestamp),
        is_maker=trade.is_maker,
        liquidation=trade.liquidation or None,
        synthesised=trade.synthesised or None,
    )


def read_position(position: wire.PositionObject) -> Position:
    """Return a position of either dialect; a raw one has epoch times and no realized profit."""
    if position.side.islower():
        price, realized = position.avg_entry_price, Decimal(0)
        opened = updated = EPOCH
    else:
        price = position.average_entry_price
        realized = required(position.realized_pnl, "realized_pnl")
        if position.opened_at is None or position.updated_at is None:
            raise WireError("a position must have opened_at and updated_at")
        opened, updated = moment_of(position.opened_at), moment_of(position.updated_at)
    return Position(
        id=position.id,
        symbol=position.symbol,
        side=word(POSITION_SIDES, position.side, "side"),
        quantity=amount(position.quantity, "quantity"),
        average_entry_price=required(price, "average_entry_price"),
        current_price=amount(position.current_price, "current_price"),
        unrealized_pnl=amount(position.unrealized_pnl, "unrealized_pnl"),
        realized_pnl=realized,
        opened_at=opened,
        updated_at=updated,
        margin_mode=position.margin_mode,
        leverage=optional_amount(position.leverage, "leverage"),
        liquidation_price=optional_amount(position.liquidation_price, "liquidation_price"),
    )


def read_account(account: wire.AccountObject, *, raw: bool = False) -> Account:
    """Return an account; only a raw one may leave out its currency."""
    currency = RAW_CURRENCY if raw else account.currency
    if currency is None:
        raise WireError("currency is missing")
    return Account(
        balance=amount(account.balance, "balance"),
        equity=amount(account.equity, "equity"),
        margin_used=amount(account.margin_used, "margin_used"),
        margin_available=amount(account.margin_available, "margin_available"),
        unrealized_pnl=amount(account.unrealized_pnl, "unrealized_pnl"),
        currency=currency,
    )
