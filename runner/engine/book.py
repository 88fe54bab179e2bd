"""The book of one account: its orders from acceptance to their end, its trades and its messages.

It queues the messages that tell of every change. It knows nothing of commands, and it does not
decide when time moves. How orders meet a candle is `candle_matching`, what an execution does is
`execution`, what protects a position is `legs`, what an order may go through is `states`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from runner.engine.calendar import UTC_CALENDAR, Calendar
from runner.engine.ledger import Ledger
from runner.engine.legs import pair
from runner.engine.orders import WorkingOrder
from runner.engine.resting import Resting, watch
from runner.engine.states import next_state
from runner.engine.terms import Terms
from runner.protocol.commands import SubmitOrder
from runner.protocol.decimals import canonical
from runner.protocol.enums import RejectReason
from runner.protocol.messages import Message, OrderUpdate, Trade
from runner.protocol.times import EPOCH, from_ms


class Book:
    """Working orders over one ledger."""

    def __init__(
        self,
        ledger: Ledger,
        terms: Terms,
        *,
        start_ms: int,
        calendar: Calendar = UTC_CALENDAR,
    ) -> None:
        self.calendar = calendar
        """Whose days DAY orders last for."""
        self.ledger = ledger
        self.terms = terms
        self.working: dict[str, WorkingOrder] = {}
        self.resting: dict[str, Resting] = {}
        """The working orders by symbol."""
        self.orders: dict[str, WorkingOrder] = {}
        """Every accepted order by id, in order of acceptance."""
        self.by_client_id: dict[str, WorkingOrder] = {}
        self.trades: list[Trade] = []
        self.queue: list[Message] = []
        """What has happened and was not delivered yet."""
        self.now_ms = start_ms
        """Simulated time, Unix milliseconds: the moment at which the step's candles closed."""
        self.moment: datetime = EPOCH
        """When what executes now executes: the start of the candle that orders meet."""

    def accept(
        self, request: SubmitOrder, moment: datetime, *, parent_order_id: str | None = None
    ) -> WorkingOrder:
        """Take in an order that was found acceptable, and report it."""
        order = WorkingOrder(f"o-{len(self.orders) + 1}", request, moment)
        order.parent_order_id = parent_order_id
        self.orders[order.id] = order
        self.working[order.id] = order
        resting = self.resting.get(order.symbol)
        if resting is None:
            resting = self.resting[order.symbol] = Resting()
        resting.add(order)
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

    def working_of(self, symbol: str) -> list[WorkingOrder]:
        """Return the working orders of a symbol, in order of acceptance."""
        resting = self.resting.get(symbol)
        return list(resting.orders.values()) if resting else []

    # The end of an order, and other changes

    def refuse(self, order: WorkingOrder) -> None:
        """End an order whose execution the account cannot carry."""
        order.reject_reason = RejectReason.INSUFFICIENT_MARGIN.value
        if order.filled:
            self.end(order, "ORDER_CANCELLED")
            return
        self.end(order, "ORDER_REJECTED")
        if order.oco_group_id is not None:
            self.cancel_group(order.oco_group_id)

    def cancel(self, order: WorkingOrder, reason: RejectReason) -> None:
        """End an order by the exchange's own will."""
        order.reject_reason = reason.value
        self.end(order, "ORDER_CANCELLED")

    def cancel_group(self, group: str) -> None:
        """End what still works of a group, one of whose members is done."""
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
        watch(order)
        self.resting[order.symbol].is_stale = True
        order.updated_at = from_ms(self.now_ms)
        self.report(order, "ORDER_MODIFIED")

    def end(self, order: WorkingOrder, event: str) -> None:
        """Take an order out of the book for good, and report it."""
        filled = event == "ORDER_FILLED"
        order.updated_at = self.moment if filled else from_ms(self.now_ms)
        del self.working[order.id]
        self.resting[order.symbol].remove(order)
        self.report(order, event)

    def report(self, order: WorkingOrder, event: str) -> None:
        """Bring an order to the state to which `event` leads, and queue what has become of it."""
        order.status = next_state(order.status, event)
        self.queue.append(OrderUpdate(event, order.snapshot(), order.parent_order_id))
