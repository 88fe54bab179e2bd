"""Write messages in the raw engine dialect, as far as it has them.

Candles are flat, times are Unix milliseconds, words are lower case. May import the protocol's own
modules only. What the dialect cannot say is refused rather than bent, with two exceptions that
follow from its shapes: positions lose their times and event, accounts and trades their currency.
"""

from __future__ import annotations

from typing import Any

import msgspec

from runner.protocol.decimals import plain, plain_float
from runner.protocol.enums import OrderStatus, OrderType, TimeInForce
from runner.protocol.messages import (
    Account,
    AccountUpdate,
    BacktestComplete,
    Candle,
    ErrorNotice,
    EventAck,
    Message,
    OrderSnapshot,
    OrderUpdate,
    Ping,
    Pong,
    Position,
    PositionUpdate,
    Quote,
    Trade,
    TradeUpdate,
)
from runner.protocol.objects import RAW_CURRENCY, RAW_ORDER_EVENTS, RAW_REJECT_REASONS
from runner.protocol.times import to_ms

_JSON = msgspec.json.Encoder()
_ORDER_EVENTS = {event: raw for raw, event in RAW_ORDER_EVENTS.items()}
# Two raw words mean INVALID_QUANTITY; the first one of the table is written.
_REJECT_REASONS = {reason: raw for raw, reason in reversed(RAW_REJECT_REASONS.items())}
_ACCOUNT_EVENTS = ("BALANCE_UPDATED", "MARGIN_WARNING", "MARGIN_CALL")
_STATUSES = (
    OrderStatus.OPEN,
    OrderStatus.PARTIALLY_FILLED,
    OrderStatus.FILLED,
    OrderStatus.CANCELLED,
    OrderStatus.REJECTED,
)
_ORDER_TYPES = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT)
_TIMES_IN_FORCE = (TimeInForce.GTC, TimeInForce.IOC)


def encode_raw(message: Message, *, event_id: str | None = None) -> bytes:
    """Write `message` as one frame of the raw engine dialect.

    Every frame of a server needs `event_id`, except `Pong`; a client's frames have none.

    Raises:
        ValueError: the dialect has no such frame, event, status or word, or the id is missing.
    """
    if isinstance(message, Pong):
        return b'{"type":"pong"}'
    if isinstance(message, Ping):
        if message.timestamp is None:
            raise ValueError("a ping frame needs a timestamp")
        return _JSON.encode({"type": "ping", "timestamp": to_ms(message.timestamp)})
    if isinstance(message, EventAck):
        return _JSON.encode(
            {
                "type": "event_ack",
                "correlation_id": message.correlation_id,
                "events_processed": message.events_processed,
            }
        )
    fields = _fields(message)
    if event_id is None:
        raise ValueError(f"a raw {fields['type']} frame needs an event id")
    return _JSON.encode({"type": fields.pop("type"), "event_id": event_id, **_present(fields)})


def raw_object(item: OrderSnapshot | Trade | Position | Account | Quote | Candle) -> dict[str, Any]:
    """Return an object as the raw engine's REST has it, of plain values; a candle as a bar.

    Raises:
        ValueError: the dialect has no such status, word or currency.
    """
    match item:
        case OrderSnapshot():
            return _order(item)
        case Trade():
            return _trade(item)
        case Position():
            return _position(item)
        case Account():
            return _account(item)
        case Quote():
            return {
                "symbol": item.symbol,
                "bid": plain_float(item.bid),
                "ask": plain_float(item.ask),
                "timestamp": item.time,
            }
        case Candle():
            bar = _candle(item)
            return {name: bar[name] for name in bar if name not in ("type", "symbol", "timeframe")}


def raw_reason(reason: str) -> str:
    """Return a reason for a rejection in the raw engine's word."""
    return _REJECT_REASONS.get(reason, reason.lower())


def _fields(message: Message) -> dict[str, Any]:
    match message:
        case Candle():
            return _candle(message)
        case OrderUpdate():
            event = _listed(message.event, _ORDER_EVENTS, "order event")
            return {"type": "order", "event": _ORDER_EVENTS[event], "order": _order(message.order)}
        case TradeUpdate():
            return {"type": "trade", "trade": _trade(message.trade)}
        case PositionUpdate():
            return {"type": "position", "position": _position(message.position)}
        case AccountUpdate():
            event = _listed(message.event, _ACCOUNT_EVENTS, "account event")
            return {"type": "account", "event": event.lower(), "account": _account(message.account)}
        case ErrorNotice():
            return {"type": "error", "code": message.code, "message": message.message}
        case BacktestComplete():
            return {"type": "backtest_complete"}
        case _:
            raise ValueError(f"the raw dialect has no frame for {type(message).__name__}")


def _listed(word: str, known: Any, what: str) -> str:
    if word not in known:
        raise ValueError(f"the raw dialect has no such {what}, was {word}")
    return word


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _candle(candle: Candle) -> dict[str, Any]:
    return {
        "type": "candle",
        "symbol": candle.symbol,
        "timeframe": candle.timeframe,
        "timestamp": candle.time,
        "open": plain_float(candle.open),
        "high": plain_float(candle.high),
        "low": plain_float(candle.low),
        "close": plain_float(candle.close),
        "volume": candle.volume,
    }


def _order(order: OrderSnapshot) -> dict[str, Any]:
    _listed(order.status, _STATUSES, "order status")
    _listed(order.order_type, _ORDER_TYPES, "order type")
    _listed(order.time_in_force, _TIMES_IN_FORCE, "time in force")
    is_stop = order.order_type in (OrderType.STOP, OrderType.STOP_LIMIT)
    price = order.stop_price if is_stop else order.limit_price
    is_stop_limit = order.order_type is OrderType.STOP_LIMIT
    changed = to_ms(order.updated_at)
    is_cancelled = order.status is OrderStatus.CANCELLED
    is_rejected = order.status is OrderStatus.REJECTED
    is_executed = order.filled_quantity > 0 and not is_cancelled
    reason = order.reject_reason
    average, limit = order.average_fill_price, order.limit_price
    return _present(
        {
            "id": order.id,
            "client_order_id": order.client_order_id,
            "symbol": order.symbol,
            "side": order.side.lower(),
            "order_type": order.order_type.lower(),
            "quantity": plain(order.quantity),
            "filled_quantity": plain(order.filled_quantity),
            "average_fill_price": None if average is None else plain(average),
            "price": "0" if price is None else plain(price),
            "limit_price": plain(limit) if is_stop_limit and limit is not None else None,
            "status": order.status.lower(),
            "time_in_force": order.time_in_force.lower(),
            "position_id": order.position_id,
            "created_at": to_ms(order.created_at),
            "executed_at": changed if is_executed else None,
            "cancelled_at": changed if is_cancelled else None,
            "reject_reason": None if reason is None else raw_reason(reason),
            "rejected_at": changed if is_rejected else None,
        }
    )


def _trade(trade: Trade) -> dict[str, Any]:
    _listed(trade.commission_currency, (RAW_CURRENCY,), "currency")
    return _present(
        {
            "id": trade.id,
            "order_id": trade.order_id,
            "symbol": trade.symbol,
            "side": trade.side.lower(),
            "quantity": plain(trade.quantity),
            "price": plain(trade.price),
            "commission": plain(trade.commission),
            "timestamp": to_ms(trade.timestamp),
            "liquidation": trade.liquidation,
        }
    )


def _position(position: Position) -> dict[str, Any]:
    return {
        "id": position.id,
        "symbol": position.symbol,
        "side": position.side.lower(),
        "quantity": plain(position.quantity),
        "avg_entry_price": plain(position.average_entry_price),
        "current_price": plain(position.current_price),
        "unrealized_pnl": plain(position.unrealized_pnl),
    }


def _account(account: Account) -> dict[str, Any]:
    _listed(account.currency, (RAW_CURRENCY,), "currency")
    return {
        "balance": plain(account.balance),
        "equity": plain(account.equity),
        "unrealized_pnl": plain(account.unrealized_pnl),
        # The dialect requires these two, and our accounts do not hold them.
        "realized_pnl": "0",
        "total_commission": "0",
        "margin_used": plain(account.margin_used),
        "margin_available": plain(account.margin_available),
    }
