"""Which candles can concern the working orders of one symbol, told by two comparisons of floats.

Most candles touch no order. An order is looked at, and decimals are made, only where a candle
reaches the price of one. The comparison errs on neither side: rounding to a float keeps order, so
`low <= limit` in exact decimals implies `low <= float(limit)`; what it lets through in vain, the
exact comparison finds out.
"""

from __future__ import annotations

from math import inf

from runner.engine.orders import WorkingOrder
from runner.protocol.enums import OrderType, Side, TimeInForce
from runner.protocol.messages import Candle


class Resting:
    """The working orders of one symbol, in order of acceptance."""

    __slots__ = ("above", "below", "daily", "is_stale", "orders")

    def __init__(self) -> None:
        self.orders: dict[str, WorkingOrder] = {}
        self.daily: dict[str, WorkingOrder] = {}
        """Those of them that end with their day."""
        self.is_stale = False
        """Whether an order has gone or changed since the bounds were made."""
        self.below = -inf
        """A candle with a low at or below this may concern one of the orders."""
        self.above = inf
        """A candle with a high at or above this may concern one of the orders."""

    def add(self, order: WorkingOrder) -> None:
        """Take in a new order, which every candle concerns until it has met one."""
        self.orders[order.id] = order
        if order.time_in_force is TimeInForce.DAY:
            self.daily[order.id] = order
        self.below = inf

    def remove(self, order: WorkingOrder) -> None:
        """Forget an order that works no more."""
        del self.orders[order.id]
        self.daily.pop(order.id, None)
        self.is_stale = True

    def refresh(self) -> None:
        """Make the bounds anew of those of the orders."""
        orders = self.orders.values()
        self.below = max([one.below for one in orders], default=-inf)
        self.above = min([one.above for one in orders], default=inf)
        self.is_stale = False

    @property
    def day(self) -> int | None:
        """The first day on which one of `daily` has met a candle; None when none has."""
        return min([one.day for one in self.daily.values() if one.day is not None], default=None)

    def concerned(self, candle: Candle) -> list[WorkingOrder]:
        """Return the orders that the prices of a candle may concern."""
        low, high = candle.low, candle.high
        return [one for one in self.orders.values() if low <= one.below or high >= one.above]


def watch(order: WorkingOrder) -> None:
    """Set the prices from which a candle concerns an order that has met one.

    Every candle concerns an order that waits for the next open.
    """
    if (
        order.order_type is OrderType.MARKET
        or not order.rested
        or (order.triggered and order.order_type is not OrderType.STOP_LIMIT)
    ):
        order.below, order.above = inf, -inf
        return
    is_limit = order.order_type is OrderType.LIMIT or order.triggered
    price = order.limit_price if is_limit else order.stop_price
    assert price is not None, "an order that has met a candle has the price it waits for"
    if is_limit == (order.side is Side.BUY):
        order.below, order.above = float(price), inf
    else:
        order.below, order.above = -inf, float(price)
    if order.trailing_distance is not None and order.best is not None:
        # A price better than the best one moves the stop.
        if order.side is Side.BUY:
            order.below = float(order.best)
        else:
            order.above = float(order.best)
