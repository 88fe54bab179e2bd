"""A trader without a strategy: commands in, short descriptions of messages out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.engine.terms import Terms
from runner.protocol.commands import (
    CancelOrder,
    ModifyOrder,
    OrderHandle,
    ReadState,
    Rejection,
    Reply,
    State,
    SubmitOrder,
)
from runner.protocol.decimals import plain
from runner.protocol.enums import OrderType, Side
from runner.protocol.messages import (
    AccountUpdate,
    BacktestComplete,
    Candle,
    Message,
    OrderUpdate,
    PositionUpdate,
    Quote,
    TradeUpdate,
)
from tests.helpers import AAPL


def open_exchange(*series: Series, **options: Any) -> Exchange:
    """Return an exchange at the beginning of these series."""
    return Exchange(Feed(series), Terms(**options))


def request(
    side: Side = Side.BUY,
    quantity: object = 10,
    *,
    symbol: str = AAPL,
    limit: object = None,
    stop: object = None,
    stop_loss: object = None,
    take_profit: object = None,
    **fields: Any,
) -> SubmitOrder:
    """Return a request; its order type follows from the prices that are given."""
    kinds = {
        (False, False): OrderType.MARKET,
        (True, False): OrderType.LIMIT,
        (False, True): OrderType.STOP,
        (True, True): OrderType.STOP_LIMIT,
    }
    kind = fields.pop("order_type", kinds[limit is not None, stop is not None])
    return SubmitOrder(
        symbol=symbol,
        side=side,
        quantity=Decimal(str(quantity)),
        order_type=kind,
        limit_price=_price(limit),
        stop_price=_price(stop),
        stop_loss=_price(stop_loss),
        take_profit=_price(take_profit),
        **fields,
    )


def _price(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def accepted(reply: Reply) -> str:
    """Return the id of an accepted order."""
    assert isinstance(reply, OrderHandle), reply
    return reply.id


def refused(reply: Reply) -> Rejection:
    """Return a rejection."""
    assert isinstance(reply, Rejection), reply
    return reply


def place(exchange: Exchange, *args: Any, **fields: Any) -> str:
    """Place an order, drop its report, and return its id."""
    order_id = accepted(exchange.execute(request(*args, **fields)))
    exchange.drain()
    return order_id


def cancel(exchange: Exchange, order_id: str) -> Reply:
    """Cancel an order."""
    return exchange.execute(CancelOrder(order_id))


def modify(exchange: Exchange, order_id: str, **changes: object) -> Reply:
    """Change an order."""
    exact: dict[str, Any] = {name: Decimal(str(value)) for name, value in changes.items()}
    return exchange.execute(ModifyOrder(order_id, **exact))


def state_of(exchange: Exchange) -> State:
    """Return what the exchange holds."""
    state = exchange.execute(ReadState())
    assert isinstance(state, State)
    return state


def said(messages: list[Message]) -> list[str]:
    """Return one line per message: what a person would note of it."""
    return [_line(one) for one in messages]


def orders_in(messages: list[Message]) -> list[str]:
    """Return only what was said of orders."""
    return [_line(one) for one in messages if isinstance(one, OrderUpdate)]


def _line(message: Message) -> str:
    match message:
        case OrderUpdate(event, order):
            at = f" at {plain(order.average_fill_price)}" if order.average_fill_price else ""
            why = f" {order.reject_reason}" if order.reject_reason else ""
            return f"{order.id} {event.removeprefix('ORDER_').lower()}{at}{why}"
        case TradeUpdate(trade):
            return (
                f"{trade.id} {trade.side.lower()} {plain(trade.quantity)} at {plain(trade.price)}"
            )
        case PositionUpdate(event, position):
            what = event.removeprefix("POSITION_").lower()
            return f"position {what} {plain(position.signed_quantity)}"
        case AccountUpdate(_, account):
            return f"balance {plain(account.balance)}"
        case Candle():
            return f"candle {message.symbol} {message.close:g}"
        case Quote():
            return f"quote {message.symbol} {message.bid:g} {message.ask:g}"
        case BacktestComplete():
            return "complete"
        case _:
            raise AssertionError(message)
