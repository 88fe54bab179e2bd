"""Where an order meets a price that moves straight from one known point to the next.

Pure functions. A path makes the order of events inside a candle certain: what lies nearer comes
first, and what happens at one price happens before the price goes on. A path is an assumption; the
exchange makes it only when it is asked to.
"""

from __future__ import annotations

from decimal import Decimal

from runner.engine.choices import PricePath
from runner.engine.matching import Fill, Prices
from runner.engine.orders import WorkingOrder
from runner.protocol.enums import OrderType, Side


def corners(prices: Prices, path: PricePath) -> tuple[Decimal, Decimal, Decimal]:
    """Return the points to which the price moves after the open, in their order."""
    if path is PricePath.OHLC:
        return prices.high, prices.low, prices.close
    return prices.low, prices.high, prices.close


def meeting(order: WorkingOrder, at: Decimal, to: Decimal) -> Decimal | None:
    """Return the first price at which an order does something on the way from `at` to `to`.

    It is `at` for an order that the price has reached already, and None for one that it does not
    reach, and for orders that wait for an open: market orders, and what is left of a stop order.
    A trailing stop counts as where it stands: it follows the price only away from itself.
    """
    if order.order_type is OrderType.MARKET:
        return None
    if order.order_type is OrderType.LIMIT or (
        order.order_type is OrderType.STOP_LIMIT and order.triggered
    ):
        price, comes_from_above = order.limit_price, order.side is Side.BUY
    elif order.triggered:
        return None
    else:
        price, comes_from_above = order.stop_price, order.side is Side.SELL
    assert price is not None, "an accepted order has the prices its type requires"
    if comes_from_above:
        return at if at <= price else price if to <= price else None
    return at if at >= price else price if to >= price else None


def fill_on_path(order: WorkingOrder, at: Decimal) -> Fill | None:
    """Return the fill of an order that `meeting` found at the price `at`.

    None for a stop-limit order that triggers where its limit does not allow it to execute: it
    rests as a limit order from here on. A limit order was waiting, which makes it a maker.
    """
    match order.order_type:
        case OrderType.STOP_LIMIT if not order.triggered:
            limit = order.limit_price
            assert limit is not None, "an accepted order has the prices its type requires"
            order.triggered = True
            allowed = at <= limit if order.side is Side.BUY else at >= limit
            return Fill(at, slips=False) if allowed else None
        case OrderType.LIMIT | OrderType.STOP_LIMIT:
            return Fill(at, slips=False, maker=True)
        case _:
            return Fill(at, slips=True)
