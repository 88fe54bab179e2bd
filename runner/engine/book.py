"""The book of one account: its working orders, their matching, fills and groups.

It changes the ledger and queues the messages that tell of it. It knows nothing of commands, and it
does not decide when time moves. What protects a position is `legs`, what an order may go through
is `states`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from runner.engine.ledger import Ledger
from runner.engine.legs import after_execution, pair, place_legs
from runner.engine.matching import (
    Fill,
    Prices,
    fill_at_open,
    fill_inside,
    leg_fill_after_entry,
    triggers,
)
from runner.engine.orders import WorkingOrder
from runner.engine.states import next_state
from runner.engine.terms import Terms
from runner.protocol.commands import SubmitOrder
from runner.protocol.decimals import canonical
from runner.protocol.enums import OrderStatus, OrderType, RejectReason, Side, TimeInForce
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
_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)
_ZERO = Decimal(0)


class Book:
    """Working orders over one ledger."""

    def __init__(self, ledger: Ledger, terms: Terms, *, start_ms: int) -> None:
        self.ledger = ledger
        self.terms = terms
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
        self._capacity: Decimal | None = None
        self._executed: set[str] = set()
        # Orders that took their share of the candle's volume; used only where there is a share.

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
        if parent_order_id is not None:
            pair(self, order)
        if order.trailing_distance is not None:
            mark = self.ledger.mark(order.symbol)
            if mark:
                order.follow(mark)
        self.queue.append(OrderUpdate("ORDER_CREATED", order.snapshot(), parent_order_id))
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
        if self.terms.volume_share is not None:
            self._capacity = Decimal(repr(candle.volume)) * self.terms.volume_share
            self._executed.clear()
        for order in orders:
            if order.status.is_terminal:
                continue
            if order.day is None:
                order.day = day
            elif order.time_in_force is TimeInForce.DAY and day > order.day:
                self.end(order, "ORDER_EXPIRED")
                continue
            if order.trailing_distance is not None:
                order.follow(prices.open)
            fill = fill_at_open(order, prices)
            if order.post_only and fill is not None and not fill.maker:
                self._cancel(order, RejectReason.POST_ONLY_VIOLATED)
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
                self.end(order, "ORDER_CANCELLED")

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
            price = self.terms.slippage.worsen(
                self.terms.spread.cross(price, order.side),
                order.side,
                low=prices.low,
                high=prices.high,
            )
        price = canonical(price)
        executed = self._fill(order, price, maker=fill.maker)
        if not executed or (order.stop_loss is None and order.take_profit is None):
            return
        for leg in place_legs(self, order, executed, self._moment):
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
        ledger = self.ledger
        before = ledger.quantity(order.symbol)
        remaining = order.remaining if order.filled else order.quantity
        if order.reduce_only:
            if before * order.side.sign >= 0:
                self._cancel(order, RejectReason.REDUCE_ONLY_VIOLATED)
                return _ZERO
            remaining = min(remaining, abs(before))
        quantity = remaining if self._capacity is None else self._allowed(order, remaining)
        if not quantity:
            return _ZERO
        commission = canonical(self.terms.commission.of(quantity, price, maker=maker))
        if not ledger.can_carry(order.symbol, order.side, quantity, price, commission):
            self._refuse(order)
            return _ZERO
        if order.take(quantity, price, wanted=remaining):
            self.end(order, "ORDER_FILLED")
        else:
            self._executed.add(order.id)
            order.updated_at = self._moment
            self.report(order, "ORDER_PARTIALLY_FILLED")
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
            is_maker=maker,
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
        after_execution(self, order, quantity, before, holding.quantity)
        if order.status is not OrderStatus.FILLED:
            if order.time_in_force is TimeInForce.IOC:
                self.end(order, "ORDER_CANCELLED")
        elif order.oco_group_id is not None:
            self._cancel_group(order.oco_group_id)
        return quantity

    def _allowed(self, order: WorkingOrder, wanted: Decimal) -> Decimal:
        # The share of the candle's volume, in units no finer than those of the order.
        capacity = self._capacity
        if capacity is None or wanted <= capacity:
            return wanted
        if order.order_type in _STOPS:
            order.triggered = True  # what is left of a stop order executes at the market
        if order.time_in_force is TimeInForce.FOK:
            return _ZERO
        exponent = wanted.as_tuple().exponent
        step = Decimal(1).scaleb(min(int(exponent), 0))
        return canonical(capacity.quantize(step, ROUND_DOWN))

    # The end of an order, and other changes

    def _refuse(self, order: WorkingOrder) -> None:
        order.reject_reason = RejectReason.INSUFFICIENT_MARGIN.value
        if order.filled:
            self.end(order, "ORDER_CANCELLED")
            return
        self.end(order, "ORDER_REJECTED")
        if order.oco_group_id is not None:
            self._cancel_group(order.oco_group_id)

    def _cancel(self, order: WorkingOrder, reason: RejectReason) -> None:
        order.reject_reason = reason.value
        self.end(order, "ORDER_CANCELLED")

    def _cancel_group(self, group: str) -> None:
        for other in list(self.working.values()):
            if other.oco_group_id == group:
                self.end(other, "ORDER_CANCELLED")

    def cut(self, order: WorkingOrder, by: Decimal) -> None:
        """Make an order smaller; one of which nothing is left is cancelled."""
        if by >= order.remaining:
            self.end(order, "ORDER_CANCELLED")
            return
        order.quantity = canonical(order.quantity - by)
        order.updated_at = from_ms(self.now_ms)
        self.report(order, "ORDER_MODIFIED")

    def change(self, order: WorkingOrder, changes: Mapping[str, Decimal]) -> None:
        """Give an order new values that were found acceptable, and report it."""
        for name, value in changes.items():
            setattr(order, name, value)
        if "limit_price" in changes:
            order.rested = False
        if "trailing_distance" in changes and order.best is not None:
            order.follow(order.best)
        order.updated_at = from_ms(self.now_ms)
        self.report(order, "ORDER_MODIFIED")

    def end(self, order: WorkingOrder, event: str) -> None:
        """Take an order out of the book for good, and report it."""
        filled = event == "ORDER_FILLED"
        order.updated_at = self._moment if filled else from_ms(self.now_ms)
        del self.working[order.id]
        self.report(order, event)

    def report(self, order: WorkingOrder, event: str) -> None:
        """Bring an order to the state to which `event` leads, and queue what has become of it."""
        order.status = next_state(order.status, event)
        self.queue.append(OrderUpdate(event, order.snapshot(), order.parent_order_id))
