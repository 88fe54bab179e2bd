"""Turn wire objects of either dialect into the program's objects, and refuse what makes no sense.

The dialect of an object shows in the case of its words: `filled` is the raw engine's, `FILLED` the
normalised one's. Nothing here reads a clock: what a dialect cannot say (a raw position has no
times) becomes the epoch, so that reading the same bytes twice gives the same object.

May import message, wire and value modules only. Every refusal is a `WireError`.
"""

from __future__ import annotations

from decimal import Context, Decimal

from runner.protocol import wire
from runner.protocol.enums import TIMEFRAME_MS, OrderStatus, OrderType, RejectReason
from runner.protocol.messages import Account, Candle, OrderSnapshot, Position, Quote, Trade
from runner.protocol.times import EPOCH
from runner.protocol.values import (
    LEAST_FLOAT,
    LIMIT_FLOAT,
    ORDER_STATUSES,
    ORDER_TYPES,
    POSITION_SIDES,
    SIDES,
    TIMES_IN_FORCE,
    TRAILING_TYPES,
    WireError,
    amount,
    milliseconds,
    moment_of,
    optional_amount,
    positive,
    required,
    shown,
    word,
)

ENGINE_PROVIDER = "engine"
"""The provider of candles in the raw dialect, which names none."""
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


def read_bar(bar: wire.BarObject) -> Candle:
    """Return a normalised `bar` object as a candle."""
    return checked_candle(
        Candle(
            bar.symbol,
            bar.timeframe,
            milliseconds(bar.timestamp),
            bar.open,
            bar.high,
            bar.low,
            bar.close,
            bar.volume,
            bar.provider,
        )
    )


def read_flat_candle(frame: wire.CandleFrame) -> Candle:
    """Return a raw engine candle, whose `timestamp` is the start of the candle."""
    prices = (frame.open, frame.high, frame.low, frame.close, frame.volume)
    if prices == (None,) * len(prices) and frame.symbol is None:
        raise WireError("a candle must have a bar object, or prices of its own")
    if frame.symbol is None or frame.timeframe is None or frame.timestamp is None:
        raise WireError("a candle without a bar object must have symbol, timeframe and timestamp")
    if (
        frame.open is None
        or frame.high is None
        or frame.low is None
        or frame.close is None
        or frame.volume is None
    ):
        raise WireError("a candle must have open, high, low, close and volume")
    return checked_candle(
        Candle(
            frame.symbol,
            frame.timeframe,
            milliseconds(frame.timestamp),
            frame.open,
            frame.high,
            frame.low,
            frame.close,
            frame.volume,
            ENGINE_PROVIDER,
        )
    )


def checked_candle(candle: Candle) -> Candle:
    """Return the candle itself, if its prices and timeframe make sense."""
    low, high = candle.low, candle.high
    # Written so that a NaN anywhere makes a comparison false.
    if (
        LEAST_FLOAT <= low <= candle.open <= high < LIMIT_FLOAT
        and low <= candle.close <= high
        and 0.0 <= candle.volume < LIMIT_FLOAT
        and candle.timeframe in TIMEFRAME_MS
    ):
        return candle
    raise WireError(_candle_problem(candle))


def _candle_problem(candle: Candle) -> str:
    for field in ("open", "high", "low", "close"):
        price = getattr(candle, field)
        if not LEAST_FLOAT <= price < LIMIT_FLOAT:
            return f"{field} must be a price above zero, was {price}"
    if candle.high < candle.low:
        return f"high must not be below low, was {candle.high} and {candle.low}"
    for field in ("open", "close"):
        price = getattr(candle, field)
        if not candle.low <= price <= candle.high:
            return f"{field} must lie between low and high, was {price}"
    if not 0.0 <= candle.volume < LIMIT_FLOAT:
        return f"volume must be zero or more, was {candle.volume}"
    return f"timeframe must be one of {', '.join(TIMEFRAME_MS)}, was {shown(candle.timeframe)}"


def read_quote(quote: wire.QuoteObject) -> Quote:
    """Return a normalised `quote` object; bid, ask and last must be above zero."""
    for field in ("bid", "ask", "last"):
        price = getattr(quote, field)
        if not LEAST_FLOAT <= price < LIMIT_FLOAT:
            raise WireError(f"{field} must be a price above zero, was {price}")
    for field in ("bid_size", "ask_size", "volume"):
        size = getattr(quote, field)
        if size is not None and not 0.0 <= size < LIMIT_FLOAT:
            raise WireError(f"{field} must be zero or more, was {size}")
    return Quote(
        symbol=quote.symbol,
        time=milliseconds(quote.timestamp),
        bid=quote.bid,
        ask=quote.ask,
        last=quote.last,
        bid_size=quote.bid_size,
        ask_size=quote.ask_size,
        volume=quote.volume,
        provider=quote.provider,
    )


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
