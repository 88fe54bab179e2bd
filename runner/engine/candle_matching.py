"""How working orders meet a candle: in which order, how much of them, and at what price.

What a candle does to one order alone is told by `matching`; what follows from an execution is
`execution`. Nothing here decides when time moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

from runner.engine.book import Book
from runner.engine.execution import execute, wanted
from runner.engine.legs import place_legs
from runner.engine.matching import (
    Fill,
    Prices,
    fill_at_open,
    fill_inside,
    leg_fill_after_entry,
    triggers,
)
from runner.engine.orders import WorkingOrder
from runner.protocol.decimals import canonical
from runner.protocol.enums import OrderStatus, OrderType, RejectReason, Side, TimeInForce
from runner.protocol.messages import Candle
from runner.protocol.times import from_ms

_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)
_ZERO = Decimal(0)


class CandleMatching:
    """The meeting of one book's orders with candles."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._terms = book.terms
        self._capacity: Decimal | None = None
        self._executed: set[str] = set()
        # Orders that took their share of the candle's volume; used only where there is a share.

    def match(self, candles: Sequence[Candle]) -> None:
        """Let every working order meet the new candle of its symbol, in the order of `candles`."""
        for candle in candles:
            orders = [one for one in self.book.working.values() if one.symbol == candle.symbol]
            if orders:
                self._match_symbol(orders, candle)

    def _match_symbol(self, orders: list[WorkingOrder], candle: Candle) -> None:
        self.book.moment = from_ms(candle.time)
        day = self.book.calendar.day(candle.time)
        prices = Prices.of(candle)
        if self._terms.volume_share is not None:
            self._capacity = Decimal(repr(candle.volume)) * self._terms.volume_share
            self._executed.clear()
        for order in orders:
            if order.status.is_terminal:
                continue
            if order.day is None:
                order.day = day
            elif order.time_in_force is TimeInForce.DAY and day > order.day:
                self.book.end(order, "ORDER_EXPIRED")
                continue
            if order.trailing_distance is not None:
                order.follow(prices.open)
            fill = fill_at_open(order, prices)
            if order.post_only and fill is not None and not fill.maker:
                self.book.cancel(order, RejectReason.POST_ONLY_VIOLATED)
                continue
            self._try(order, fill, prices, at_open=True)
            order.rested = True
        waiting = [one for one in orders if not one.status.is_terminal]
        if len(waiting) > 1:
            # The worse outcome first: stops before limits, each in order of acceptance.
            waiting.sort(key=lambda one: one.order_type not in _STOPS)
        for order in waiting:
            if order.status.is_terminal:
                continue
            self._try(order, fill_inside(order, prices), prices, at_open=False)
            if order.status.is_terminal:
                continue
            if order.trailing_distance is not None:
                order.follow(prices.high if order.side is Side.SELL else prices.low)
            elif triggers(order, prices):
                order.triggered = True
            if order.time_in_force in _AT_ONCE:
                self.book.end(order, "ORDER_CANCELLED")

    def _try(
        self, order: WorkingOrder, fill: Fill | None, prices: Prices, *, at_open: bool
    ) -> None:
        if fill is None or order.status.is_terminal:
            return
        if self._executed and (
            order.id in self._executed
            or (order.sibling is not None and order.sibling.id in self._executed)
        ):
            return
        price = fill.price
        if fill.slips:
            price = self._terms.slippage.worsen(
                self._terms.spread.cross(price, order.side),
                order.side,
                low=prices.low,
                high=prices.high,
            )
        price = canonical(price)
        executed = self._fill(order, price, maker=fill.maker)
        if not executed or (order.stop_loss is None and order.take_profit is None):
            return
        for leg in place_legs(self.book, order, executed, self.book.moment):
            if leg.status.is_terminal:
                continue
            if at_open:
                leg_fill = fill_at_open(leg, prices) or fill_inside(leg, prices)
            else:
                leg_fill = leg_fill_after_entry(
                    leg, prices, entry_type=order.order_type, entry=price
                )
            self._try(leg, leg_fill, prices, at_open=at_open)

    def _fill(self, order: WorkingOrder, price: Decimal, *, maker: bool) -> Decimal:
        # Returns how much has executed, zero if nothing has.
        most = wanted(self.book, order)
        quantity = most if self._capacity is None else self._allowed(order, most)
        if not quantity:
            return _ZERO
        if not execute(self.book, order, quantity, price, wanted=most, maker=maker):
            return _ZERO
        if order.status is not OrderStatus.FILLED:
            self._executed.add(order.id)
        return quantity

    def _allowed(self, order: WorkingOrder, most: Decimal) -> Decimal:
        # The share of the candle's volume, in units no finer than those of the order.
        capacity = self._capacity
        if capacity is None or most <= capacity:
            return most
        if order.order_type in _STOPS:
            order.triggered = True  # what is left of a stop order executes at the market
        if order.time_in_force is TimeInForce.FOK:
            return _ZERO
        exponent = most.as_tuple().exponent
        step = Decimal(1).scaleb(min(int(exponent), 0))
        return canonical(capacity.quantize(step, ROUND_DOWN))
