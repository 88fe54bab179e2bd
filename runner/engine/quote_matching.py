"""How working orders meet a quote: a buyer the ask, a seller the bid, and never the other side.

Nothing is known of what lies between two quotes, so an order executes at a quote or not at all.
What an order does at a price is told by `matching`; spread and range of the account's terms have
no part here, for a quote has its own. Nothing here decides when time moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import inf

from runner.engine.book import Book
from runner.engine.candle_matching import CandleMatching
from runner.engine.matching import Fill, Prices, fill_at_open, triggers
from runner.engine.orders import WorkingOrder
from runner.engine.resting import watch
from runner.protocol.enums import RejectReason, Side, TimeInForce
from runner.protocol.messages import Quote

_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)


class QuoteMatching:
    """The meeting of one book's orders with quotes."""

    def __init__(self, book: Book, matching: CandleMatching) -> None:
        self._book = book
        self._matching = matching

    def match(self, quotes: Sequence[Quote]) -> None:
        """Let every working order meet the quote of its symbol, in the order of `quotes`."""
        for quote in quotes:
            resting = self._book.resting.get(quote.symbol)
            if resting is None:
                continue
            if resting.is_stale:
                resting.refresh()
            bid, ask = quote.bid, quote.ask
            # As with a candle from bid to ask: the exact comparison finds out the rest.
            if bid > resting.below and ask < resting.above and not resting.daily:
                continue
            day = self._book.calendar.day(quote.time)
            every = bool(resting.daily) and day > (resting.day or day)
            orders = [
                one
                for one in resting.orders.values()
                if every or bid <= one.below or ask >= one.above
            ]
            for order in orders:
                self._meet(order, quote, day)
                watch(order)
            resting.is_stale = True

    def _meet(self, order: WorkingOrder, quote: Quote, day: int) -> None:
        if order.status.is_terminal:
            return
        if order.day is None:
            order.day = day
        elif order.time_in_force is TimeInForce.DAY and day > order.day:
            self._book.end(order, "ORDER_EXPIRED")
            return
        prices = _side(quote, order.side)
        if order.trailing_distance is not None:
            order.follow(prices.open)
        fill = fill_at_open(order, prices)
        if order.post_only and fill is not None and not fill.maker:
            self._book.cancel(order, RejectReason.POST_ONLY_VIOLATED)
            return
        if fill is not None:
            self._execute(order, fill, quote)
        order.rested = True
        if order.status.is_terminal:
            return
        if triggers(order, prices):
            order.triggered = True
        if order.time_in_force in _AT_ONCE:
            self._book.end(order, "ORDER_CANCELLED")

    def _execute(self, order: WorkingOrder, fill: Fill, quote: Quote) -> None:
        if fill.maker and order.limit_price is not None:
            # It stood in the market at its limit when the price came through it.
            fill = Fill(order.limit_price, slips=False, maker=True)
        size = quote.ask_size if order.side is Side.BUY else quote.bid_size
        legs = self._matching.execute_at(
            order, fill, size=inf if size is None else size, moment_ms=quote.time
        )
        for leg in legs:
            # They meet the next quote; what this one does not reach waits from here on.
            leg.rested = fill_at_open(leg, _side(quote, leg.side)) is None


def _side(quote: Quote, side: Side) -> Prices:
    price = Decimal(repr(quote.ask if side is Side.BUY else quote.bid))
    return Prices(price, price, price, price)
