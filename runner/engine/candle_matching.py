"""How working orders meet a candle: in which order, how much of them, and at what price.

What a candle does to one order alone is told by `matching`; what follows from an execution is
`execution`. Nothing here decides when time moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, Decimal
from math import inf

from runner.engine.book import Book
from runner.engine.choices import PricePath
from runner.engine.costs import Spread
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
from runner.engine.price_path import corners, fill_on_path, meeting
from runner.engine.resting import watch
from runner.protocol.decimals import canonical
from runner.protocol.enums import OrderStatus, OrderType, RejectReason, Side, TimeInForce
from runner.protocol.messages import Candle
from runner.protocol.times import from_ms

_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)
_ZERO = Decimal(0)
_NO_SPREAD = Spread()


class CandleMatching:
    """The meeting of one book's orders with candles."""

    def __init__(self, book: Book, *, several_lengths: bool = False) -> None:
        """Prepare the meeting.

        Args:
            book: whose orders.
            several_lengths: whether candles of several lengths run side by side, so that a candle
                may have opened before an order came.
        """
        self.book = book
        self._several_lengths = several_lengths
        self._terms = book.terms
        self._capacity: Decimal | None = None
        self._executed: set[str] = set()
        # Orders that took their share of the candle's volume; used only where there is a share.
        self.held: Candle | None = None
        """The candle that `undisturbed` has kept back."""
        self._prices = Prices(_ZERO, _ZERO, _ZERO, _ZERO)
        self._volume = 0.0
        self._spread = self._terms.spread
        self._legs: list[WorkingOrder] = []
        # Legs placed at the open of the candle, which go along its path.

    def match(self, candles: Sequence[Candle]) -> None:
        """Let every working order meet the new candle of its symbol, in the order of `candles`."""
        all_resting = self.book.resting
        for candle in candles:
            resting = all_resting.get(candle.symbol)
            if resting is None:
                continue
            if resting.is_stale:
                resting.refresh()
            if candle.low > resting.below and candle.high < resting.above and not resting.daily:
                continue
            day = self.book.calendar.day(candle.time)
            if resting.daily and day > (resting.day or day):
                orders = list(resting.orders.values())
            else:
                orders = resting.concerned(candle)
            if orders:
                self._begin(candle, candle.time)
                if self._several_lengths:
                    # What a candle began with was past when such an order was placed.
                    orders = [one for one in orders if one.created_at <= self.book.moment]
                self._match_symbol(orders, day)
                for order in orders:
                    watch(order)
                resting.is_stale = True

    def is_due(self, symbol: str) -> bool:
        """Tell whether the next candle of a symbol concerns an order, whatever its prices."""
        resting = self.book.resting.get(symbol)
        if resting is None:
            return False
        if resting.is_stale:
            resting.refresh()
        return resting.below == inf or bool(resting.daily)

    def undisturbed(self, candles: Iterator[Candle], symbol: str) -> Iterator[Candle]:
        """Yield the candles of a feed of one series as long as they concern no order.

        The first one that does is in `held` afterwards. Ask `is_due` before, and ask anew after
        anything has happened to an order.
        """
        resting = self.book.resting[symbol]
        below, above = resting.below, resting.above
        for candle in candles:
            if candle.low > below and candle.high < above:
                yield candle
            else:
                self.held = candle
                return

    def match_at_close(self, order: WorkingOrder, candle: Candle) -> None:
        """Let a new order meet the close of the candle on which it was placed.

        A market order executes there, and a limit order that the close meets or beats. What does
        not execute, and what does so only in part, meets the next candle like any other order.
        """
        close = Decimal(repr(candle.close))
        match order.order_type:
            case OrderType.MARKET:
                fill = Fill(close, slips=True)
            case OrderType.LIMIT if meeting(order, close, close) is not None:
                fill = Fill(close, slips=False)
            case _:
                return
        if order.post_only:
            self.book.cancel(order, RejectReason.POST_ONLY_VIOLATED)
            return
        self._begin(candle, self.book.now_ms)
        self._try(order, fill)

    def execute_at(
        self, order: WorkingOrder, fill: Fill, *, size: float, moment_ms: int
    ) -> list[WorkingOrder]:
        """Let an order execute where it met a quote, and return the legs that were placed.

        `size` is that of the quote's side, infinite where it is not known. A quote has its spread
        in it, and no range.
        """
        self.book.moment = from_ms(moment_ms)
        self._prices = Prices(fill.price, fill.price, fill.price, fill.price)
        self._volume, self._spread = size, _NO_SPREAD
        if self._terms.volume_share is not None:
            self._capacity = Decimal(repr(size)) * self._terms.volume_share
            self._executed.clear()
        return self._try(order, fill)

    def _begin(self, candle: Candle, moment_ms: int) -> None:
        self.book.moment = from_ms(moment_ms)
        self._spread = self._terms.spread
        self._prices = Prices.of(candle)
        self._volume = candle.volume
        self._legs.clear()
        if self._terms.volume_share is not None:
            self._capacity = Decimal(repr(candle.volume)) * self._terms.volume_share
            self._executed.clear()

    def _match_symbol(self, orders: list[WorkingOrder], day: int) -> None:
        prices = self._prices
        along = self._terms.price_path is not PricePath.WORST
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
            for leg in self._try(order, fill):
                if along:
                    self._try_at(leg, prices.open)
                    self._legs.append(leg)
                else:
                    self._try(leg, fill_at_open(leg, prices) or fill_inside(leg, prices))
            order.rested = True
        if along:
            self._along_the_path(orders, prices)
        else:
            self._worst_first(orders, prices)

    def _worst_first(self, orders: list[WorkingOrder], prices: Prices) -> None:
        waiting = [one for one in orders if not one.status.is_terminal]
        if len(waiting) > 1:
            # The worse outcome first: stops before limits, each in order of acceptance.
            waiting.sort(key=_limits_last)
        for order in waiting:
            if order.status.is_terminal:
                continue
            legs = self._try(order, fill_inside(order, prices))
            entry = self.book.trades[-1].price if legs else _ZERO
            for leg in legs:
                self._try(
                    leg,
                    leg_fill_after_entry(leg, prices, entry_type=order.order_type, entry=entry),
                )
            if order.status.is_terminal:
                continue
            if order.trailing_distance is not None:
                order.follow(prices.high if order.side is Side.SELL else prices.low)
            elif triggers(order, prices):
                order.triggered = True
            if order.time_in_force in _AT_ONCE:
                self.book.end(order, "ORDER_CANCELLED")

    def _along_the_path(self, orders: list[WorkingOrder], prices: Prices) -> None:
        waiting = [one for one in (*orders, *self._legs) if not one.status.is_terminal]
        tried: set[str] = set()
        at = prices.open
        for to in corners(prices, self._terms.price_path):
            while (met := _nearest(waiting, at, to, tried)) is not None:
                order, at = met
                fill = fill_on_path(order, at)
                if fill is None:
                    continue
                tried.add(order.id)
                for leg in self._try(order, fill):
                    self._try_at(leg, at)
                    waiting.append(leg)
            at = to
            for order in waiting:
                if order.trailing_distance is not None and not order.status.is_terminal:
                    order.follow(to)
        for order in waiting:
            if order.time_in_force in _AT_ONCE and not order.status.is_terminal:
                self.book.end(order, "ORDER_CANCELLED")

    def _try_at(self, leg: WorkingOrder, at: Decimal) -> None:
        # A new leg that the price has passed already executes at once; others wait from here on.
        if meeting(leg, at, at) is None:
            leg.rested = True
        else:
            self._try(leg, Fill(at, slips=leg.order_type is OrderType.STOP))

    def _try(self, order: WorkingOrder, fill: Fill | None) -> list[WorkingOrder]:
        # Returns the legs that the execution has placed.
        if fill is None or order.status.is_terminal:
            return []
        if self._executed and (
            order.id in self._executed
            or (order.sibling is not None and order.sibling.id in self._executed)
        ):
            return []
        most = wanted(self.book, order)
        quantity = most if self._capacity is None else self._allowed(order, most)
        if not quantity:
            return []
        price = canonical(
            self._worsened(fill.price, order.side, quantity) if fill.slips else fill.price
        )
        if not execute(self.book, order, quantity, price, wanted=most, maker=fill.maker):
            return []
        if order.status is not OrderStatus.FILLED:
            self._executed.add(order.id)
        if order.stop_loss is None and order.take_profit is None:
            return []
        return place_legs(self.book, order, quantity, self.book.moment)

    def _worsened(self, price: Decimal, side: Side, quantity: Decimal) -> Decimal:
        return self._terms.slippage.worsen(
            self._spread.cross(price, side),
            side,
            low=self._prices.low,
            high=self._prices.high,
            quantity=quantity,
            volume=self._volume,
        )

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


def _limits_last(order: WorkingOrder) -> bool:
    return order.order_type not in _STOPS


def _nearest(
    orders: list[WorkingOrder], at: Decimal, to: Decimal, tried: set[str]
) -> tuple[WorkingOrder, Decimal] | None:
    # What the price meets next on its way; at one price stops first, each in order of acceptance.
    found = None
    nearest: tuple[Decimal, bool] | None = None
    for order in orders:
        if order.status.is_terminal or order.id in tried:
            continue
        price = meeting(order, at, to)
        if price is None:
            continue
        key = (abs(price - at), _limits_last(order))
        if nearest is None or key < nearest:
            found, nearest = (order, price), key
    return found
