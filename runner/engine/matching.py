"""At what price an order executes within one candle: the fill conventions, as pure functions.

A candle tells four prices and nothing of the path between them, except that it begins at the open
and ends at the close. Where the path matters, the outcome that is worse for the trader is taken.
Prices are compared as decimals made from the candle's shortest repr, so a limit of 0.1 meets a low
of 0.1.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from runner.engine.orders import WorkingOrder
from runner.protocol.enums import OrderType, Side
from runner.protocol.messages import Candle


class Prices(msgspec.Struct, frozen=True, gc=False):
    """The four prices of a candle, exact."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    @classmethod
    def of(cls, candle: Candle) -> Prices:
        """Return the candle's prices as decimals."""
        return cls(
            Decimal(repr(candle.open)),
            Decimal(repr(candle.high)),
            Decimal(repr(candle.low)),
            Decimal(repr(candle.close)),
        )


class Fill(msgspec.Struct, frozen=True, gc=False):
    """Where an order executes."""

    price: Decimal
    """Quote currency per unit, before slippage."""
    slips: bool
    """Whether spread and slippage apply: market and stop fills, not limit fills."""
    maker: bool = False
    """Whether the order was waiting at its limit when the price came to it."""


def fill_at_open(order: WorkingOrder, prices: Prices) -> Fill | None:
    """Return the fill of an order that executes the moment the candle opens, or None.

    Market orders do, limit orders whose limit the open meets or beats, and stop orders the open
    has reached: a gap fills at the open, whichever way it went. A trailing stop must have followed
    the open already; one that the open itself moves is not reached by it.
    """
    match order.order_type:
        case OrderType.MARKET:
            return Fill(prices.open, slips=True)
        case OrderType.LIMIT:
            return _limit_at_open(order, prices)
        case OrderType.STOP | OrderType.TRAILING_STOP:
            reached = order.triggered or _beyond_stop(order, prices.open)
            return Fill(prices.open, slips=True) if reached else None
        case OrderType.STOP_LIMIT if order.triggered or _beyond_stop(order, prices.open):
            return _limit_at_open(order, prices)
        case _:
            return None


def fill_inside(order: WorkingOrder, prices: Prices) -> Fill | None:
    """Return the fill of an order that executes after the open, or None.

    Call it only for orders that did not execute at the open.
    """
    match order.order_type:
        case OrderType.LIMIT:
            return _limit_inside(order, prices)
        case OrderType.STOP if _touches_stop(order, prices):
            return Fill(_required(order.stop_price), slips=True)
        case OrderType.TRAILING_STOP:
            return _trailing_inside(order, prices)
        case OrderType.STOP_LIMIT if order.triggered or _beyond_stop(order, prices.open):
            return _limit_inside(order, prices)
        case OrderType.STOP_LIMIT if _touches_stop(order, prices):
            return _stop_limit_inside(order, prices)
        case _:
            return None


def triggers(order: WorkingOrder, prices: Prices) -> bool:
    """Tell whether a stop-limit order reaches its stop within the candle."""
    return order.order_type is OrderType.STOP_LIMIT and (
        _beyond_stop(order, prices.open) or _touches_stop(order, prices)
    )


def leg_fill_after_entry(
    leg: WorkingOrder, prices: Prices, *, entry_type: OrderType, entry: Decimal
) -> Fill | None:
    """Return the fill of an exit leg in the candle inside which its entry executed at `entry`.

    For entries after the open only; after an entry at the open the whole candle lies ahead, and
    the ordinary rules hold. A stop-loss that the candle touches is assumed hit. A take-profit is
    hit only when that certainly came later: when the entry was a stop on the way to it, or when
    the close lies beyond it. A leg on the wrong side of the entry executes at once, at `entry`.
    """
    selling = leg.side is Side.SELL
    if leg.order_type is OrderType.STOP:
        stop = _required(leg.stop_price)
        if stop >= entry if selling else stop <= entry:
            return Fill(entry, slips=True)
        return Fill(stop, slips=True) if _touches_stop(leg, prices) else None
    limit = _required(leg.limit_price)
    if limit <= entry if selling else limit >= entry:
        return Fill(entry, slips=False)
    if entry_type is OrderType.STOP:
        return _limit_inside(leg, prices)
    beyond = prices.close >= limit if selling else prices.close <= limit
    return Fill(limit, slips=False, maker=True) if beyond else None


def _limit_at_open(order: WorkingOrder, prices: Prices) -> Fill | None:
    limit = _required(order.limit_price)
    better = prices.open <= limit if order.side is Side.BUY else prices.open >= limit
    if not better:
        return None
    waited = order.rested if order.order_type is OrderType.LIMIT else order.triggered
    return Fill(prices.open, slips=False, maker=waited)


def _limit_inside(order: WorkingOrder, prices: Prices) -> Fill | None:
    if not _touches_limit(order, prices):
        return None
    return Fill(_required(order.limit_price), slips=False, maker=True)


def _trailing_inside(order: WorkingOrder, prices: Prices) -> Fill | None:
    # The stop as it stood after the open comes first, then the extreme that moves it, then the
    # close: a close beyond the moved stop proves that the price came back through it.
    if _touches_stop(order, prices):
        return Fill(_required(order.stop_price), slips=True)
    best = _required(order.best)
    if order.side is Side.SELL:
        moved = order.trailing_stop(max(best, prices.high))
        back = prices.close <= moved
    else:
        moved = order.trailing_stop(min(best, prices.low))
        back = prices.close >= moved
    return Fill(moved, slips=True) if back else None


def _stop_limit_inside(order: WorkingOrder, prices: Prices) -> Fill | None:
    # At the trigger the price is the stop. If the limit allows that price the order executes
    # there; otherwise the price must come back, which only the close proves.
    limit, stop = _required(order.limit_price), _required(order.stop_price)
    if order.side is Side.BUY:
        if stop <= limit:
            return Fill(stop, slips=False)
        return Fill(limit, slips=False) if prices.close <= limit else None
    if stop >= limit:
        return Fill(stop, slips=False)
    return Fill(limit, slips=False) if prices.close >= limit else None


def _touches_limit(order: WorkingOrder, prices: Prices) -> bool:
    limit = _required(order.limit_price)
    return prices.low <= limit if order.side is Side.BUY else prices.high >= limit


def _touches_stop(order: WorkingOrder, prices: Prices) -> bool:
    stop = _required(order.stop_price)
    return prices.high >= stop if order.side is Side.BUY else prices.low <= stop


def _beyond_stop(order: WorkingOrder, price: Decimal) -> bool:
    stop = _required(order.stop_price)
    return price >= stop if order.side is Side.BUY else price <= stop


def _required(price: Decimal | None) -> Decimal:
    if price is None:  # acceptance checked it
        raise AssertionError("an accepted order lacks a price its type requires")
    return price
