"""The book of one account: its working orders, their matching, fills and exit legs.

It changes the ledger and queues the messages that tell of it. It knows nothing of commands, and it
does not decide when time moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from runner.engine.costs import Commission, Slippage
from runner.engine.ledger import Ledger
from runner.engine.matching import (
    Fill,
    Prices,
    fill_at_open,
    fill_inside,
    leg_fill_after_entry,
    triggers,
)
from runner.engine.orders import WorkingOrder
from runner.protocol.commands import SubmitOrder
from runner.protocol.decimals import canonical
from runner.protocol.enums import OrderStatus, OrderType, RejectReason, TimeInForce
from runner.protocol.messages import (
    AccountUpdate,
    Candle,
    Message,
    OrderUpdate,
    PositionUpdate,
    Trade,
    TradeUpdate,
)
from runner.protocol.times import EPOCH, from_ms

_DAY_MS = 86_400_000
_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)


class Book:
    """Working orders over one ledger."""

    def __init__(
        self, ledger: Ledger, commission: Commission, slippage: Slippage, *, start_ms: int
    ) -> None:
        self.ledger = ledger
        self.commission = commission
        self.slippage = slippage
        self.working: dict[str, WorkingOrder] = {}
        self.orders: dict[str, WorkingOrder] = {}
        """Every accepted order by id, in order of acceptance."""
        self.by_client_id: dict[str, WorkingOrder] = {}
        self.trades: list[Trade] = []
        self.queue: list[Message] = []
        """What has happened and was not delivered yet."""
        self.latest: Candle | None = None
        """A candle of the step that time has reached; None before the first."""
        self._start_ms = start_ms
        self._moment: datetime = EPOCH

    @property
    def now_ms(self) -> int:
        """Simulated time, Unix milliseconds: the moment at which the step's candles closed."""
        return self._start_ms if self.latest is None else self.latest.close_time

    def accept(
        self, request: SubmitOrder, moment: datetime, *, parent_order_id: str | None = None
    ) -> WorkingOrder:
        """Take in an order that was found acceptable, and report it."""
        order = WorkingOrder(f"o-{len(self.orders) + 1}", request, moment)
        order.parent_order_id = parent_order_id
        self.orders[order.id] = order
        self.working[order.id] = order
        if order.client_order_id is not None:
            self.by_client_id[order.client_order_id] = order
        self.report(order, "ORDER_CREATED")
        return order

    def match(self, candles: Sequence[Candle]) -> None:
        """Let every working order meet the new candle of its symbol, in the order of `candles`."""
        for candle in candles:
            orders = [one for one in self.working.values() if one.symbol == candle.symbol]
            if orders:
                self._match_symbol(orders, candle)

    def _match_symbol(self, orders: list[WorkingOrder], candle: Candle) -> None:
        self._moment = from_ms(candle.time)
        day = candle.time // _DAY_MS
        prices = Prices.of(candle)
        for order in orders:
            if order.day is None:
                order.day = day
            elif order.time_in_force is TimeInForce.DAY and day > order.day:
                self.end(order, OrderStatus.EXPIRED, "ORDER_EXPIRED")
                continue
            self._try(order, fill_at_open(order, prices), prices, at_open=True)
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
            if triggers(order, prices):
                order.triggered = True
            if order.time_in_force is TimeInForce.IOC:
                self.end(order, OrderStatus.CANCELLED, "ORDER_CANCELLED")

    def _try(
        self, order: WorkingOrder, fill: Fill | None, prices: Prices, *, at_open: bool
    ) -> None:
        if fill is None or order.status.is_terminal:
            return
        price = self.slippage.worsen(fill.price, order.side) if fill.slips else fill.price
        price = canonical(price)
        if not self._fill(order, price):
            return
        legs = self._place_legs(order)
        for leg in legs:
            if leg.status.is_terminal:
                continue
            if at_open:
                leg_fill = fill_at_open(leg, prices) or fill_inside(leg, prices)
            else:
                leg_fill = leg_fill_after_entry(
                    leg, prices, entry_type=order.order_type, entry=price
                )
            self._try(leg, leg_fill, prices, at_open=at_open)

    def _fill(self, order: WorkingOrder, price: Decimal) -> bool:
        ledger = self.ledger
        before = ledger.quantity(order.symbol)
        quantity = order.quantity
        if order.reduce_only:
            if before * order.side.sign >= 0:
                order.reject_reason = RejectReason.REDUCE_ONLY_VIOLATED.value
                self.end(order, OrderStatus.CANCELLED, "ORDER_CANCELLED")
                return False
            quantity = min(quantity, abs(before))
        commission = canonical(self.commission.of(quantity, price))
        if not ledger.can_carry(order.symbol, order.side, quantity, price, commission):
            order.reject_reason = RejectReason.INSUFFICIENT_MARGIN.value
            self.end(order, OrderStatus.REJECTED, "ORDER_REJECTED")
            return False
        order.quantity = quantity
        order.filled = quantity
        order.average_fill_price = price
        self.end(order, OrderStatus.FILLED, "ORDER_FILLED")
        holding = ledger.apply(order.symbol, order.side, quantity, price, commission, self._moment)
        trade = Trade(
            id=f"t-{len(self.trades) + 1}",
            order_id=order.id,
            symbol=order.symbol,
            side=order.side,
            quantity=quantity,
            price=price,
            commission=commission,
            commission_currency=ledger.currency,
            timestamp=self._moment,
        )
        self.trades.append(trade)
        event = (
            "POSITION_OPENED"
            if not before
            else "POSITION_MODIFIED"
            if holding.quantity
            else "POSITION_CLOSED"
        )
        self.queue += (
            TradeUpdate(trade),
            PositionUpdate(event, ledger.position(holding, was=before)),
            AccountUpdate("BALANCE_UPDATED", ledger.account()),
        )
        if before * holding.quantity <= 0:
            self._drop_legs(order.symbol, keep_of=order.id)
        elif order.parent_order_id is not None:
            self._drop_sibling(order)
        return True

    # Exit legs

    def _place_legs(self, entry: WorkingOrder) -> list[WorkingOrder]:
        legs = []
        for suffix, order_type, price in (
            ("sl", OrderType.STOP, entry.stop_loss),
            ("tp", OrderType.LIMIT, entry.take_profit),
        ):
            if price is None or not self.ledger.quantity(entry.symbol):
                continue
            request = SubmitOrder(
                symbol=entry.symbol,
                side=entry.side.opposite,
                quantity=entry.filled,
                order_type=order_type,
                client_order_id=f"{entry.client_order_id or entry.id}-{suffix}",
                stop_price=price if order_type is OrderType.STOP else None,
                limit_price=price if order_type is OrderType.LIMIT else None,
                reduce_only=True,
            )
            legs.append(self.accept(request, self._moment, parent_order_id=entry.id))
        return legs

    def _drop_legs(self, symbol: str, *, keep_of: str) -> None:
        # The position that the legs protected is gone, or has turned to the other side.
        for leg in list(self.working.values()):
            if leg.symbol == symbol and leg.parent_order_id not in (None, keep_of):
                self.end(leg, OrderStatus.CANCELLED, "ORDER_CANCELLED")

    def _drop_sibling(self, leg: WorkingOrder) -> None:
        # One of a pair is done, though others still hold a part of the position.
        for other in list(self.working.values()):
            if other.parent_order_id == leg.parent_order_id:
                self.end(other, OrderStatus.CANCELLED, "ORDER_CANCELLED")

    def end(self, order: WorkingOrder, status: OrderStatus, event: str) -> None:
        """Take an order out of the book for good, and report it."""
        order.status = status
        order.updated_at = self._moment if status is OrderStatus.FILLED else from_ms(self.now_ms)
        del self.working[order.id]
        self.report(order, event)

    def report(self, order: WorkingOrder, event: str) -> None:
        """Queue what has become of an order."""
        self.queue.append(OrderUpdate(event, order.snapshot(), order.parent_order_id))
