"""The matching core: time steps in, orders in; fills, positions, account and candles out.

Time moves only when `advance` is called. What a step delivers, in order:
1. for each symbol of the step, in feed order, the fills of its new candle: order, trade, position,
   account, for every execution;
2. the step's candles.
All symbols are matched before the first candle is delivered, so an order that is placed on any
candle of a step meets the next candle of its symbol at the earliest. What a command causes
(created, cancelled, modified) is delivered by `drain`, before time moves again.

No sockets, no clock, no randomness: the same feed and the same commands give the same messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice

from runner.engine.costs import Commission, Slippage
from runner.engine.feed import Feed
from runner.engine.ledger import Ledger
from runner.engine.matching import (
    Fill,
    Prices,
    fill_at_open,
    fill_inside,
    leg_fill_after_entry,
    triggers,
)
from runner.engine.orders import WorkingOrder, problem_with
from runner.engine.series import Series
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    Command,
    ModifyOrder,
    ModifyResult,
    OrderHandle,
    ReadState,
    Rejection,
    Reply,
    State,
    SubmitOrder,
)
from runner.protocol.decimals import canonical, exact, plain
from runner.protocol.enums import OrderStatus, OrderType, RejectReason, TimeInForce
from runner.protocol.messages import (
    AccountUpdate,
    BacktestComplete,
    Candle,
    Message,
    OrderUpdate,
    PositionUpdate,
    Stretch,
    Trade,
    TradeUpdate,
)
from runner.protocol.times import EPOCH, from_ms

STRETCH = 1024
"""Most candles handed over at once: bounds what the reader collects before it tidies up."""
MODIFIABLE = ("quantity", "limit_price", "stop_price", "stop_loss", "take_profit")
_DAY_MS = 86_400_000
_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)


class Exchange:
    """One account trading one feed."""

    def __init__(
        self,
        feed: Feed,
        *,
        cash: Decimal = Decimal(100_000),
        leverage: Decimal = Decimal(1),
        commission: Commission | None = None,
        slippage: Slippage | None = None,
        currency: str = "USD",
    ) -> None:
        self.feed = feed
        self.ledger = Ledger(cash, leverage=leverage, currency=currency)
        self.commission = commission or Commission()
        self.slippage = slippage or Slippage()
        self.working: dict[str, WorkingOrder] = {}
        self.orders: dict[str, WorkingOrder] = {}
        """Every accepted order by id, in order of acceptance."""
        self.trades: list[Trade] = []
        self.finished = False
        self._by_client_id: dict[str, WorkingOrder] = {}
        self._queue: list[Message] = []
        self._steps: Iterator[Sequence[Candle]] = feed.steps()
        self._latest: Candle | None = None
        self._stretch: Stretch | None = None
        self._start_ms = feed.span_ms[0] if feed.span_ms else 0
        self._moment: datetime = EPOCH

    # Time

    @property
    def now_ms(self) -> int:
        """Simulated time, Unix milliseconds: the moment at which the step's candles closed."""
        return self._start_ms if self._latest is None else self._latest.close_time

    def advance(self) -> list[Message]:
        """Move to the next time step and return all it delivers; empty when the data is over.

        The last step is followed by one that cancels what still works and ends with
        `BacktestComplete`.
        """
        candles = next(self._steps, None)
        if candles is None:
            return self._finish()
        self._latest = candles[0]
        if self.working:
            self._match(candles)
        self._queue.extend(candles)
        for candle in candles:
            self.ledger.marks[candle.symbol] = candle.close
        return self.drain()

    def messages(self, *, stretches: bool = True) -> Iterator[Message | Stretch]:
        """Yield the messages of the run; resuming is what moves time.

        The in-process form of `advance` and `drain`: the same messages in the same order. With
        `stretches`, candles between which nothing can happen are handed over together, and marked
        only as far as the reader took them.
        """
        if stretches and len(self.feed.series) == 1:
            yield from self._one_series(self.feed.series[0])
        else:
            yield from self._step_by_step()
        yield from self._finish()

    def _one_series(self, series: Series) -> Iterator[Message | Stretch]:
        candles = series.candles()
        queue = self._queue
        while True:
            if self.working:
                candle = next(candles, None)
                if candle is None:
                    return
                self._match((candle,))
                # What handles the fills judges by the candle that has closed, as over a wire.
                self._stretch = None
                self.ledger.marks[candle.symbol] = candle.close
                yield from self.drain()
                stretch = Stretch(iter((candle,)), one_stream=True)
            else:
                stretch = Stretch(islice(candles, STRETCH), one_stream=True)
            self._stretch = stretch
            yield stretch
            if stretch.latest is None:
                return
            self._catch_up()
            while queue:
                yield from self.drain()

    def _step_by_step(self) -> Iterator[Message]:
        marks = self.ledger.marks
        queue = self._queue
        for candles in self._steps:
            self._latest = candles[0]
            if self.working:
                self._match(candles)
            for candle in candles:
                marks[candle.symbol] = candle.close
            yield from self.drain()
            yield from candles
            while queue:
                yield from self.drain()

    def _catch_up(self) -> None:
        # Clock and mark follow the reader of a stretch only when somebody asks for them.
        if self._stretch is not None and self._stretch.latest is not None:
            self._latest = self._stretch.latest
            self.ledger.marks[self._latest.symbol] = self._latest.close

    def drain(self) -> list[Message]:
        """Return the messages that commands have caused since the last call."""
        queued, self._queue[:] = self._queue[:], []
        return queued

    def _finish(self) -> list[Message]:
        if self.finished:
            return []
        self.finished = True
        for order in list(self.working.values()):
            self._end(order, OrderStatus.CANCELLED, "ORDER_CANCELLED")
        self._queue.append(BacktestComplete(broker="embedded"))
        return self.drain()

    # Commands

    def execute(self, command: Command) -> Reply:
        """Carry out a command now and return its outcome."""
        self._catch_up()
        match command:
            case SubmitOrder():
                return self._submit(command)
            case CancelOrder():
                return self._cancel(command)
            case ModifyOrder():
                return self._modify(command)
            case ReadState():
                return State(
                    self.ledger.account(),
                    self.ledger.positions(),
                    tuple(one.snapshot() for one in self.working.values()),
                )

    def _submit(self, request: SubmitOrder) -> OrderHandle | Rejection:
        if request.client_order_id is not None:
            known = self._by_client_id.get(request.client_order_id)
            if known is not None:
                return OrderHandle(known.id, known.status, known.client_order_id)
        problem = problem_with(request) or self._unacceptable(request)
        if problem is not None:
            return problem
        order = WorkingOrder(f"o-{len(self.orders) + 1}", request, from_ms(self.now_ms))
        self._accept(order)
        return OrderHandle(order.id, order.status, order.client_order_id)

    def _unacceptable(self, request: SubmitOrder) -> Rejection | None:
        if self.finished:
            return _refused(RejectReason.MARKET_CLOSED, "the data is over")
        if request.symbol not in self.feed.symbols:
            known = ", ".join(self.feed.symbols)
            return _refused(
                RejectReason.SYMBOL_NOT_TRADEABLE,
                f"no data for symbol {request.symbol}; this run has {known}",
            )
        held = self.ledger.quantity(request.symbol)
        if request.reduce_only and held * request.side.sign >= 0:
            return _refused(
                RejectReason.REDUCE_ONLY_VIOLATED,
                f"reduce_only {request.side} order, but the position is {plain(held)}",
            )
        price = request.limit_price or request.stop_price or self.ledger.mark(request.symbol)
        if not price or request.reduce_only:
            return None  # before the first candle there is no price to judge by; the fill judges
        commission = self.commission.of(request.quantity, price)
        if self.ledger.can_carry(request.symbol, request.side, request.quantity, price, commission):
            return None
        available = self.ledger.account().margin_available
        return _refused(
            RejectReason.INSUFFICIENT_MARGIN,
            f"{plain(request.quantity)} {request.symbol} at {plain(price)} needs more margin "
            f"than the {available:.2f} available",
        )

    def _accept(self, order: WorkingOrder) -> None:
        self.orders[order.id] = order
        self.working[order.id] = order
        if order.client_order_id is not None:
            self._by_client_id[order.client_order_id] = order
        self._report(order, "ORDER_CREATED")

    def _cancel(self, command: CancelOrder) -> CancelResult | Rejection:
        order = self.orders.get(command.order_id)
        if order is None:
            return _not_found(command.order_id)
        if order.status.is_terminal:
            return CancelResult(success=False, order=order.snapshot())
        self._end(order, OrderStatus.CANCELLED, "ORDER_CANCELLED")
        return CancelResult(success=True, order=order.snapshot())

    def _modify(self, command: ModifyOrder) -> ModifyResult | Rejection:
        order = self.orders.get(command.order_id)
        if order is None:
            return _not_found(command.order_id)
        if order.status.is_terminal:
            return Rejection(
                409,
                "ORDER_NOT_MODIFIABLE",
                f"order {order.id} is {order.status} and cannot be modified",
                details={"order_id": order.id},
            )
        changes = {
            name: value
            for name in (*MODIFIABLE, "trailing_distance")
            if (value := getattr(command, name)) is not None
        }
        for name, value in changes.items():
            problem = _unmodifiable(order, name, value)
            if problem is not None:
                return problem
        for name, value in changes.items():
            setattr(order, name, value)
        order.updated_at = from_ms(self.now_ms)
        self._report(order, "ORDER_MODIFIED")
        return ModifyResult(order.snapshot())

    # Matching

    def _match(self, candles: Sequence[Candle]) -> None:
        self._latest = candles[0]
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
                self._end(order, OrderStatus.EXPIRED, "ORDER_EXPIRED")
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
                self._end(order, OrderStatus.CANCELLED, "ORDER_CANCELLED")

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
                self._end(order, OrderStatus.CANCELLED, "ORDER_CANCELLED")
                return False
            quantity = min(quantity, abs(before))
        commission = canonical(self.commission.of(quantity, price))
        if not ledger.can_carry(order.symbol, order.side, quantity, price, commission):
            order.reject_reason = RejectReason.INSUFFICIENT_MARGIN.value
            self._end(order, OrderStatus.REJECTED, "ORDER_REJECTED")
            return False
        order.quantity = quantity
        order.filled = quantity
        order.average_fill_price = price
        self._end(order, OrderStatus.FILLED, "ORDER_FILLED")
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
        self._queue += (
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
            leg = WorkingOrder(f"o-{len(self.orders) + 1}", request, self._moment)
            leg.parent_order_id = entry.id
            self._accept(leg)
            legs.append(leg)
        return legs

    def _drop_legs(self, symbol: str, *, keep_of: str) -> None:
        # The position that the legs protected is gone, or has turned to the other side.
        for leg in list(self.working.values()):
            if leg.symbol == symbol and leg.parent_order_id not in (None, keep_of):
                self._end(leg, OrderStatus.CANCELLED, "ORDER_CANCELLED")

    def _drop_sibling(self, leg: WorkingOrder) -> None:
        # One of a pair is done, though others still hold a part of the position.
        for other in list(self.working.values()):
            if other.parent_order_id == leg.parent_order_id:
                self._end(other, OrderStatus.CANCELLED, "ORDER_CANCELLED")

    def _end(self, order: WorkingOrder, status: OrderStatus, event: str) -> None:
        order.status = status
        order.updated_at = self._moment if status is OrderStatus.FILLED else from_ms(self.now_ms)
        del self.working[order.id]
        self._report(order, event)

    def _report(self, order: WorkingOrder, event: str) -> None:
        self._queue.append(OrderUpdate(event, order.snapshot(), order.parent_order_id))


def _unmodifiable(order: WorkingOrder, name: str, value: Decimal) -> Rejection | None:
    try:
        fits = exact(value) > 0
    except ValueError:
        fits = False
    if not fits or (name == "quantity" and value < order.filled):
        return Rejection(
            400,
            "INVALID_VALUE",
            f"{name} must be a positive number, was {value}",
            details={"field": name, "provided": str(value)},
        )
    if name == "trailing_distance" or (
        name in ("limit_price", "stop_price") and getattr(order, name) is None
    ):
        return Rejection(
            400,
            "INVALID_VALUE",
            f"{name} does not belong to a {order.order_type} order",
            details={"field": name, "provided": str(value)},
        )
    return None


def _refused(reason: RejectReason, message: str) -> Rejection:
    return Rejection(
        422, "ORDER_REJECTED", message, reason.value, {"reject_code": _REJECT_CODE[reason]}
    )


_REJECT_CODE = {
    RejectReason.INSUFFICIENT_MARGIN: "INSUFFICIENT_FUNDS",
    RejectReason.MARKET_CLOSED: "MARKET_CLOSED",
    RejectReason.INVALID_QUANTITY: "INVALID_QUANTITY",
    RejectReason.SYMBOL_NOT_TRADEABLE: "INVALID_SYMBOL",
    RejectReason.REDUCE_ONLY_VIOLATED: "REDUCE_ONLY_VIOLATED",
}


def _not_found(order_id: str) -> Rejection:
    return Rejection(
        404,
        "ORDER_NOT_FOUND",
        f"Order not found: {order_id}",
        details={"resource": "order", "id": order_id},
    )
