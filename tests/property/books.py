"""A second set of books, kept from what is told alone, that objects to what cannot be.

It knows the requests, the candles and the messages, and none of the exchange's own state.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from runner.protocol.enums import OrderType, TimeInForce
from runner.protocol.messages import (
    AccountUpdate,
    Candle,
    Message,
    OrderSnapshot,
    OrderUpdate,
    PositionUpdate,
    Trade,
    TradeUpdate,
)
from runner.protocol.times import to_ms
from tests.helpers import DAY_MS

ZERO = Decimal(0)
LEG = {OrderType.STOP: "stop-loss", OrderType.LIMIT: "take-profit"}


def exact(price: float) -> Decimal:
    """Return a price as the exchange compares it."""
    return Decimal(repr(price))


class Books:
    """Cash, positions and orders of one account, from its messages."""

    def __init__(
        self, cash: Decimal, share: Decimal | None, *, slips: bool, hedges: bool = False
    ) -> None:
        self.cash = cash
        """Money after all that was paid and received: what is left if positions are worth 0."""
        self.share = share
        self.slips = slips
        """Whether market and stop orders execute at worse prices than their own, in the candle."""
        self.hedges = hedges
        """Whether a symbol may have several positions: each order says which one it changes."""
        self.held: dict[str, Decimal] = defaultdict(Decimal)
        """Quantities, by symbol or, where positions are hedged, by position in order of opening."""
        self.symbols: dict[str, str] = {}
        """The symbol of each key of `held`."""
        self.named: dict[str, str | None] = {}
        """The position that each order named when it was placed."""
        self.openers: dict[str, str] = {}
        """Which order has opened a position."""
        self.orders: dict[str, OrderSnapshot] = {}
        self.executed: dict[str, Decimal] = defaultdict(Decimal)
        self.day: dict[str, int] = {}
        """Day number of the first candle that an order has met."""
        self.newest: dict[str, Candle] = {}
        self._owed: str | None = None
        # An order that was told to have executed and whose trade was not told yet.
        self._in_candle: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
        self._grouped: set[str] = set()

    def working(self) -> list[OrderSnapshot]:
        """Return the orders that have not ended."""
        return [one for one in self.orders.values() if not one.status.is_terminal]

    def net(self, symbol: str) -> Decimal:
        """Return what is held of a symbol."""
        return sum((one for key, one in self.held.items() if self.symbols.get(key) == symbol), ZERO)

    # What time brings

    def step(self, candles: list[Candle], messages: list[Message]) -> None:
        """Take in a time step: its candles, and what they have done."""
        for candle in candles:
            day = candle.time // DAY_MS
            self.newest[candle.symbol] = candle
            for order in self.working():
                if order.symbol == candle.symbol:
                    self.day.setdefault(order.id, day)
        met = {one.id for one in self.working() if one.id in self.day}
        self.tell(messages)
        for order in self.working():
            if order.id not in met:
                continue
            if order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
                raise AssertionError(f"{order.id} is {order.time_in_force} and outlives a candle")
        for candle in candles:
            for order in self.working():
                if order.time_in_force is TimeInForce.DAY and order.symbol == candle.symbol:
                    first = self.day.get(order.id, candle.time // DAY_MS)
                    assert candle.time // DAY_MS == first, f"{order.id} outlives its day"

    # What is told

    def tell(self, messages: list[Message]) -> None:
        """Take in messages, in their order."""
        for message in messages:
            match message:
                case OrderUpdate(event, order):
                    self._order(event, order)
                case TradeUpdate(trade):
                    self._trade(trade)
                case PositionUpdate(_, position):
                    key = position.id if self.hedges else position.symbol
                    assert position.signed_quantity == self.held[key]
                case AccountUpdate(_, account):
                    assert account.equity == account.balance + account.unrealized_pnl
        assert self._owed is None, f"{self._owed} has executed, but no trade tells of it"
        self._legs()
        working = {one.oco_group_id for one in self.working()}
        assert not self._grouped & working, "the others of a group outlive the fill of one"
        self._grouped.clear()

    def _order(self, event: str, order: OrderSnapshot) -> None:
        before = self.orders.get(order.id)
        assert self._owed is None, f"{self._owed} has executed, but no trade tells of it"
        assert before is None or not before.status.is_terminal, (
            f"{order.id} is touched after its end"
        )
        assert (before is None) == (event == "ORDER_CREATED")
        if before is None:
            self.named[order.id] = order.position_id
        assert order.filled_quantity + order.remaining_quantity == order.quantity
        assert order.remaining_quantity >= 0
        executes = event in ("ORDER_FILLED", "ORDER_PARTIALLY_FILLED")
        filled_before = before.filled_quantity if before else ZERO
        assert (order.filled_quantity > filled_before) == executes
        if executes:
            self._owed = order.id
        if event == "ORDER_FILLED" and order.oco_group_id is not None:
            self._grouped.add(order.oco_group_id)
        self.orders[order.id] = order

    def _trade(self, trade: Trade) -> None:
        order = self.orders[trade.order_id]
        assert self._owed == order.id, "a trade without its order's report"
        self._owed = None
        signed = trade.quantity * trade.side.sign
        key = self._position_of(order) if self.hedges else trade.symbol
        held = self.held[key]
        self.symbols[key] = trade.symbol
        if order.reduce_only:
            assert held * signed < 0, "a reduce-only order opens a position"
            assert abs(signed) <= abs(held), "a reduce-only order turns a position"
        self.executed[order.id] += trade.quantity
        assert self.executed[order.id] == order.filled_quantity <= order.quantity
        assert trade.is_maker or not order.post_only
        self._price(trade, order)
        self.held[key] += signed
        self.cash -= signed * trade.price + trade.commission

    def _position_of(self, order: OrderSnapshot) -> str:
        key = order.position_id
        assert key is not None, "an execution without its position"
        if not order.reduce_only:
            assert self.openers.setdefault(key, order.id) == order.id, "a position of two orders"
            assert self.held[key] * order.side.sign >= 0, "an order that opens makes smaller"
            return key
        named = self.named[order.id]
        if named is None and not self.executed[order.id]:
            self.named[order.id] = named = next(
                one
                for one, quantity in self.held.items()
                if self.symbols[one] == order.symbol and quantity * order.side.sign < 0
            )
        assert key == named, "an order that reduces another position than it should"
        return key

    def _price(self, trade: Trade, order: OrderSnapshot) -> None:
        candle = self.newest[trade.symbol]
        first, low, high = exact(candle.open), exact(candle.low), exact(candle.high)
        moment = to_ms(trade.timestamp)
        sign = order.side.sign
        assert low <= trade.price <= high, "an execution outside its candle"
        if moment == candle.close_time and order.id not in self.day:
            price = exact(candle.close)
            assert self.slips or trade.price == price, "placed at a close and not executed at it"
        else:
            assert moment == candle.time, "an execution at another time than its candle's"
            if order.order_type is OrderType.MARKET:
                assert (trade.price - first) * sign >= 0
                assert self.slips or trade.price == first
        if order.limit_price is not None:
            assert trade.price * sign <= order.limit_price * sign, "worse than the limit"
        if (
            order.order_type is OrderType.LIMIT
            and order.parent_order_id is None
            and moment == candle.time
        ):
            better = (first - order.limit_price) * sign <= 0
            assert trade.price == (first if better else order.limit_price)
        if order.order_type is OrderType.STOP and trade.quantity == order.filled_quantity:
            # First at its stop, or at an open beyond it. A leg that the price has passed when its
            # entry fills executes where that did.
            assert order.stop_price is not None
            if order.parent_order_id is None and not self.slips:
                worse = (first - order.stop_price) * sign > 0
                assert trade.price == (first if worse else order.stop_price)
        if order.time_in_force is TimeInForce.FOK:
            assert order.filled_quantity == order.quantity, "a part of all or nothing"
        if self.share is not None:
            self._in_candle[order.id, candle.time] += trade.quantity
            most = self.share * exact(candle.volume)
            assert self._in_candle[order.id, candle.time] <= most, "more than its share"

    def _legs(self) -> None:
        legs: dict[tuple[str, OrderType], Decimal] = defaultdict(Decimal)
        for one in self.working():
            if one.parent_order_id is not None:
                key = str(one.position_id) if self.hedges else one.symbol
                assert one.side.sign * self.held[key] < 0, "a leg that protects nothing"
                legs[key, one.order_type] += one.remaining_quantity
        for (key, kind), quantity in legs.items():
            assert quantity <= abs(self.held[key]), f"{LEG[kind]} legs of more than is held"
