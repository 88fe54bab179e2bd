"""From an order as a strategy words it to a request on the desk: sizes and prices made exact.

Numbers that make no order (zero, negative, not finite, no price to size by) come back as a
rejection, because they depend on data; a call that could never work (no size, two sizes) raises.
"""

from __future__ import annotations

from decimal import Context, Decimal
from threading import get_ident

import msgspec

from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderType, RejectReason, Side, TimeInForce, TrailingType
from runner.strategy.desk import NOBODY, Desk
from runner.strategy.order import Order
from runner.strategy.sizing import Number, exact_quantity, quantity_step, worth

ARITHMETIC = Context()
"""In which orders are made exact, whatever a strategy has set for its own numbers."""


class Wish(msgspec.Struct, gc=False):
    """An order in the strategy's own words; the fields are the arguments of `Strategy.buy`."""

    side: Side
    symbol: str
    quantity: Number | None = None
    notional: Number | None = None
    equity: Number | None = None
    limit: Number | None = None
    stop: Number | None = None
    trail: Number | None = None
    trail_percent: Number | None = None
    stop_loss: Number | None = None
    take_profit: Number | None = None
    time_in_force: str = "GTC"
    reduce_only: bool = False
    post_only: bool = False
    oco_group: str | None = None
    reason: str = ""
    position_id: str | None = None


def place(desk: Desk, wish: Wish) -> Order:
    """Put a wish on the desk and return its ticket, rejected already where it makes no order.

    Raises:
        ValueError: none or several of quantity, notional and equity are given, both distances of
            a trailing stop are, or the time in force does not exist.
    """
    exactly_one(quantity=wish.quantity, notional=wish.notional, equity=wish.equity)
    if desk.thread is not None and desk.thread != get_ident():
        return _denied(desk, wish)
    trailing_type = _trailing_type(wish)
    time_in_force = _time_in_force(wish.time_in_force)
    try:
        limit, stop = _price(wish.limit), _price(wish.stop)
        trail = _price(wish.trail if wish.trail_percent is None else wish.trail_percent)
        stop_loss, take_profit = _price(wish.stop_loss), _price(wish.take_profit)
    except ValueError as error:
        return reject(desk, wish, RejectReason.INVALID_PRICE, str(error))
    try:
        size = _size(desk, wish, limit or stop)
    except (ValueError, ArithmeticError) as error:
        return reject(desk, wish, RejectReason.INVALID_QUANTITY, str(error))
    request = SubmitOrder(
        symbol=wish.symbol,
        side=wish.side,
        quantity=size,
        order_type=_order_type(limit, stop, trail),
        client_order_id=desk.next_order_id(),
        limit_price=limit,
        stop_price=stop,
        trailing_distance=trail,
        trailing_type=trailing_type,
        stop_loss=stop_loss,
        take_profit=take_profit,
        time_in_force=time_in_force,
        reduce_only=wish.reduce_only or wish.position_id is not None,
        post_only=wish.post_only,
        position_id=wish.position_id,
        oco_group_id=wish.oco_group,
    )
    return desk.submit(request, wish.reason)


def _denied(desk: Desk, wish: Wish) -> Order:
    # The desk is the run's alone: not even a rejection may be filed there from beside it.
    order = Order("", wish.symbol, wish.side, Decimal(0), OrderType.MARKET, reason=wish.reason)
    where = "after the run" if desk.thread == NOBODY else "from a thread of the strategy's own"
    order.reject("DENIED_THREAD", f"orders are placed in a handler, this one was {where}")
    return order


def place_difference(desk: Desk, wish: Wish) -> Order | None:
    """Order what is missing to the position that `wish` gives, None when nothing is.

    The sizes of the wish are those of the position, negative for short.

    Raises:
        ValueError: as for `place`.
    """
    exactly_one(quantity=wish.quantity, notional=wish.notional, equity=wish.equity)
    try:
        if wish.quantity is not None:
            wanted = exact_quantity(wish.quantity)
        else:
            value = _value(desk, wish)
            wanted = _worth(wish.symbol, abs(value), desk.price(wish.symbol))
            wanted = wanted if value >= 0 else -wanted
    except (ValueError, ArithmeticError) as error:
        return reject(desk, wish, RejectReason.INVALID_QUANTITY, str(error))
    missing = wanted - desk.portfolio.quantity(wish.symbol)
    if not missing:
        return None
    side = Side.BUY if missing > 0 else Side.SELL
    left, order = abs(missing), None
    for one in desk.portfolio.open_positions(wish.symbol) if desk.portfolio.hedges else ():
        if left and one.quantity * side.sign < 0:
            part = min(left, abs(one.quantity))
            left -= part
            order = place(
                desk, Wish(side, wish.symbol, part, reason=wish.reason, position_id=one.id)
            )
    return place(desk, Wish(side, wish.symbol, left, reason=wish.reason)) if left else order


def place_closing(
    desk: Desk,
    symbol: str,
    *,
    position_id: str | None = None,
    limit: Number | None = None,
    reason: str = "",
) -> Order | None:
    """Order to close the open positions of a symbol, or the one that is named.

    Returns the ticket of the last order, None when there is no such position.
    """
    portfolio = desk.portfolio
    order = None
    for one in portfolio.open_positions(symbol):
        if position_id is not None and one.id != position_id:
            continue
        wish = Wish(
            Side.SELL if one.quantity > 0 else Side.BUY,
            symbol,
            abs(one.quantity),
            limit=limit,
            reduce_only=True,
            reason=reason,
            position_id=one.id if portfolio.hedges else position_id,
        )
        order = place(desk, wish)
    return order


def reject(desk: Desk, wish: Wish, reason: RejectReason, message: str) -> Order:
    """Refuse a wish here and now; the strategy hears of it like of any rejection."""
    order = Order(
        desk.next_order_id(),
        wish.symbol,
        wish.side,
        Decimal(0),
        OrderType.MARKET,
        reason=wish.reason,
    )
    return desk.reject(order, reason.value, message)


def exactly_one(**sizes: Number | None) -> None:
    """Refuse a call that gives no size, or more than one.

    Raises:
        ValueError: naming what was given.
    """
    given = [name for name, value in sizes.items() if value is not None]
    if len(given) != 1:
        raise ValueError(
            f"give exactly one of {', '.join(sizes)}, was {', '.join(given) or 'none'}"
        )


def _size(desk: Desk, wish: Wish, at: Decimal | None) -> Decimal:
    if wish.quantity is not None:
        size = exact_quantity(wish.quantity)
    else:
        price = float(at) if at else desk.price(wish.symbol)
        size = _worth(wish.symbol, _value(desk, wish), price)
    if size <= 0:
        raise ValueError(f"quantity must be positive, was {size}")
    return size


def _value(desk: Desk, wish: Wish) -> float:
    if wish.notional is not None:
        return float(wish.notional)
    if wish.equity is None:  # `exactly_one` has checked it
        raise ValueError("no size given")
    return float(wish.equity) * desk.equity()


def _worth(symbol: str, value: float, price: float | None) -> Decimal:
    if price is None:
        raise ValueError(f"no price of {symbol} is known yet: give a quantity or a limit")
    return worth(value, price, quantity_step(symbol))


def _price(number: Number | None) -> Decimal | None:
    if number is None:
        return None
    value = exact_quantity(number)
    if value <= 0:
        raise ValueError(f"a price must be positive, was {value}")
    return value


def _order_type(limit: Number | None, stop: Number | None, trail: Number | None) -> OrderType:
    if trail is not None:
        return OrderType.TRAILING_STOP
    if stop is not None:
        return OrderType.STOP if limit is None else OrderType.STOP_LIMIT
    return OrderType.MARKET if limit is None else OrderType.LIMIT


def _trailing_type(wish: Wish) -> TrailingType | None:
    if wish.trail_percent is None:
        return None if wish.trail is None else TrailingType.ABSOLUTE
    if wish.trail is not None:
        raise ValueError("give trail (in quote currency) or trail_percent, was both")
    return TrailingType.PERCENT


def _time_in_force(text: str) -> TimeInForce:
    try:
        return TimeInForce(text)
    except ValueError:
        raise ValueError(
            f"time_in_force must be one of {', '.join(TimeInForce)}, was {text!r}"
        ) from None
