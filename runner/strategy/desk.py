"""The desk: all that stands between a strategy's methods and the session.

It knows which event is being handled, keeps the tickets, the indicators and the history, and
collects in its outbox what the strategy asks for. It executes nothing itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from math import nan
from typing import TYPE_CHECKING

from runner.protocol.commands import State, SubmitOrder
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import (
    Account,
    Candle,
    Financing,
    OrderSnapshot,
    OrderUpdate,
    Position,
    Quote,
    Trade,
)
from runner.protocol.times import from_ms, to_ms
from runner.strategy.indicators import Indicator
from runner.strategy.order import (
    Attention,
    CancelRequest,
    Former,
    LocalRejection,
    ModifyRequest,
    Order,
)
from runner.strategy.portfolio import Portfolio
from runner.strategy.stream import Stream

if TYPE_CHECKING:
    from random import Random

Request = SubmitOrder | CancelRequest | ModifyRequest | LocalRejection | Attention
"""What a strategy may leave in the outbox."""

_ZERO = Decimal(0)
_LIQUIDATED = "margin call"
"""The reason of an execution that nobody ordered."""
_PRICE_STEP = Decimal("1E-9")
"""Peers round the average price of an order; below this, a difference of two is that rounding."""


NOBODY = 0
"""No thread's number."""


class Desk:
    """The strategy's place of work: state, tickets, indicators and the outbox."""

    def __init__(self, *, order_prefix: str = "r", history: int = 1000, seed: int = 0) -> None:
        self.portfolio = Portfolio()
        self.outbox: list[Request] = []
        self.tickets: dict[str, Order] = {}
        """Every order of the run by client order id; orders of others by the peer's id."""
        self.working: dict[str, Order] = {}
        """The tickets that may still execute."""
        self.indicators: list[Indicator] = []
        self.streams: dict[tuple[str, str], Stream] = {}
        self.symbol: str | None = None
        """The symbol of the event being handled."""
        self.subscribed: tuple[str, ...] = ()
        self.tape: list[Candle] = []
        """Candles taken and not yet worked into prices, history and the equity curve. Everything
        that asks for one of those catches up first, so a candle costs one append until then."""
        self.quotes = 0
        """How many quotes have been taken in."""
        self.thread: int | None = None
        """The thread that the run is on, `NOBODY` once it is over; None before it has begun."""
        self._market_events = 0
        self._clock_ms = 0
        self._moment: datetime | None = None
        self._stream: Stream | None = None
        self._by_symbol: dict[str, list[Stream]] = {}
        self._by_id: dict[str, Order] = {}
        self.reason_of_others = ""
        """The reason of orders and executions that nobody here has asked for."""
        self.order_prefix = order_prefix
        """What the ids of this run's orders begin with."""
        self._orders_made = 0
        self._history = history
        self._seed = seed
        self._random: Random | None = None

    # Events in

    def load(self, state: State) -> list[Order | Trade]:
        """Take over what the peer holds, at the start and again after a gap.

        Returns the tickets that have changed: what happened to them in the meantime, as far as the
        peer tells; then the executions behind that. Tickets of which it says nothing any more ended
        during the gap, and nobody has told how. They become UNKNOWN.
        """
        earned = self._catch_up_with(state)
        self.portfolio.load(state, earned=earned)
        lost = dict(self.working)
        changed: list[Order | Trade] = []
        for snapshot in (*state.orders, *state.ended):
            order = self._ticket(snapshot)
            before = (order.status, order.filled_quantity)
            order.update(snapshot)
            if order.id != snapshot.id:
                continue  # it was replaced
            _held_already(order)
            self.settle(order)
            lost.pop(order.client_order_id or order.id or "", None)
            if before != (order.status, order.filled_quantity):
                changed.append(order)
        for order in self.tickets.values():
            # One that ended before the gap, and whose end, told by an answer, is still to come.
            if order.filled_quantity > order.folded:
                _held_already(order)
        for order in lost.values():
            if order.id is not None:
                order.status = OrderStatus.UNKNOWN
                changed.append(order)
        changed += state.executed
        return changed

    def _catch_up_with(self, state: State) -> Decimal:
        """Keep the executions that nobody has told of, and return what they have earned."""
        if not state.executed:
            return _ZERO
        self.portfolio.hold(state.held)
        for snapshot in (*state.orders, *state.ended):
            ticket = self._by_id[snapshot.id] = self._ticket(snapshot)
            ticket.turn_to(snapshot.id)
        for trade in state.executed:
            self._execute(trade)
        fills = self.portfolio.fills[-len(state.executed) :]
        return sum(((one.realized_pnl or _ZERO) - one.trade.commission for one in fills), _ZERO)

    def restore(self, request: SubmitOrder, reason: str) -> Order:
        """Return a ticket for an order of an earlier run, whose outcome is still to be told."""
        order = Order.requested(request, reason)
        order.status = OrderStatus.UNKNOWN
        self._keep(order)
        return order

    def take_candle(self, candle: Candle) -> None:
        """Take in a candle: clock, price, history and indicators, before any handler runs."""
        stream = self._stream
        if stream is None or stream.symbol != candle.symbol or stream.timeframe != candle.timeframe:
            stream = self._switch(candle)
        self.tape.append(candle)
        for update in stream.updates:
            update(candle)

    def takers(self, candle: Candle) -> list[Callable[[Candle], None]]:
        """Return what takes in each candle of a stretch of one stream that begins with `candle`.

        Together they do what `take_candle` does, without looking for the stream every time.
        """
        if self.tape:
            self.catch_up()
        stream = self._stream
        if stream is None or stream.symbol != candle.symbol or stream.timeframe != candle.timeframe:
            stream = self._switch(candle)
        if not stream.takers:
            stream.takers = [self.tape.append, *stream.updates]
        return stream.takers

    def catch_up(self) -> None:
        """Work the candles on the tape into prices, history and the equity curve."""
        tape = self.tape
        if not tape:
            return
        self._market_events += len(tape)
        self._clock_ms = max(self._clock_ms, tape[-1].close_time)
        one_stream = self._stream if len(self.streams) == 1 else None
        self.portfolio.mark(tape, one_symbol=one_stream is not None)
        if one_stream is not None:
            one_stream.history.extend(tape)
        else:
            for candle in tape:
                self.streams[candle.symbol, candle.timeframe].history.append(candle)
        tape.clear()

    def take_quote(self, quote: Quote) -> None:
        """Take in a quote: clock and price."""
        self.catch_up()
        self._market_events += 1
        self.quotes += 1
        self._clock_ms = max(self._clock_ms, quote.time)
        self.portfolio.mark_quote(quote, is_step=not self.streams)
        self.focus(quote.symbol)

    def take_order(self, update: OrderUpdate) -> Order:
        """Fold an order's new state into its ticket and the portfolio, and return the ticket."""
        snapshot = update.order
        self._set_clock(snapshot.updated_at)
        self.focus(snapshot.symbol)
        order = self._ticket(snapshot, update.parent_order_id)
        if update.parent_order_id is not None:
            order.parent_order_id = update.parent_order_id
        if order.id != snapshot.id and not order.turn_to(snapshot.id):
            self._fill_former(order, snapshot)
            return order
        # Not what the ticket says is filled: the answer to a cancellation may have said it before.
        if snapshot.filled_quantity > order.folded:
            order.position_id = snapshot.position_id or order.position_id
            self._fill(order, snapshot.filled_quantity, _price_of_news(order, snapshot))
        order.update(snapshot)
        self.settle(order)
        return order

    def take_trade(self, trade: Trade) -> Trade:
        """Keep an execution; fold it into the position unless its order has told of it already."""
        self._set_clock(trade.timestamp)
        self.focus(trade.symbol)
        self._execute(trade)
        return trade

    def _execute(self, trade: Trade) -> None:
        order = self._by_id.get(trade.order_id)
        if order is None:
            realized = self.portfolio.fill(trade.symbol, trade.side, trade.quantity, trade.price)
            reason = _LIQUIDATED if trade.liquidation else self.reason_of_others
            self.portfolio.record(trade, realized, reason)
            return
        if order.id != trade.order_id and not order.turn_to(trade.order_id):
            self._execute_former(order, trade)
            return
        price = trade.price
        if order.folded > order.traded:
            # The order told of a part of this; what is left of it may have had another price.
            price = _price_of_rest(order, trade)
        order.traded += trade.quantity
        order.traded_value += trade.quantity * trade.price
        self._fill(order, order.traded, price)
        if trade.liquidation:
            order.reason = _LIQUIDATED
        self.portfolio.record(trade, order.unreported_pnl, order.reason, order.position_id)
        order.unreported_pnl = None

    def take_position(self, position: Position) -> None:
        """Take over a position as the peer states it."""
        self.focus(position.symbol)
        self.portfolio.set_position(position)

    def take_account(self, account: Account) -> None:
        """Take over the account as the peer states it."""
        if self.tape:
            self.catch_up()
        self.portfolio.set_account(account)

    def take_financing(self, financing: Financing) -> None:
        """Note interest that was booked; the account that follows has it in its balance."""
        self.portfolio.financing += financing.amount

    def settle(self, order: Order) -> None:
        """File a ticket under working or done."""
        key = order.client_order_id or order.id or ""
        if order.is_working:
            self.working[key] = order
        else:
            self.working.pop(key, None)
        if order.id is not None:
            self._by_id[order.id] = order

    def focus(self, symbol: str) -> None:
        """Make `symbol` the one that helpers and indicators refer to."""
        if symbol == self.symbol:
            return
        self.symbol = symbol
        streams = self._by_symbol.get(symbol)
        if streams:
            self._show(streams[0])
        else:
            self._stream = None
            self._blank()

    # Requests out

    def submit(self, request: SubmitOrder, reason: str) -> Order:
        """Put an order into the outbox and return its ticket."""
        order = Order.requested(request, reason)
        self._keep(order)
        self.outbox.append(request)
        return order

    def reject(self, order: Order, reason: str, message: str) -> Order:
        """Refuse an order here and now; the strategy hears of it like of any rejection."""
        self._keep(order)
        self.outbox.append(LocalRejection(order, reason, message))
        return order

    def interrupt(self) -> None:
        """Make the session stop taking candles and look up; safe in a signal handler."""
        self.outbox.append(Attention())

    def next_order_id(self) -> str:
        """Return a client order id, unique in the run and the same in every repetition of it."""
        self._orders_made += 1
        return f"{self.order_prefix}-{self._orders_made}"

    # Questions

    @property
    def now_ms(self) -> int:
        """The moment of the event being handled, Unix milliseconds, UTC; 0 before the first."""
        if self.tape:
            self.catch_up()
        if self._moment is not None:
            # Clocks of fills and of candles may interleave; the strategy's never goes back.
            self._clock_ms = max(self._clock_ms, to_ms(self._moment))
            self._moment = None
        return self._clock_ms

    @property
    def market_events(self) -> int:
        """How many candles and quotes have been taken in."""
        return self._market_events + len(self.tape)

    @property
    def progress_ms(self) -> int:
        """About the simulated time, for a thread that only watches: it changes nothing."""
        latest = self.tape[-1:]  # a copy: the run may clear the tape at any moment
        return latest[0].time if latest else self._clock_ms

    def price(self, symbol: str) -> float | None:
        """Return the last known price of `symbol`; None before the first."""
        if self.tape:
            self.catch_up()
        return self.portfolio.last.get(symbol)

    def equity(self) -> float:
        """Return balance plus the profit of open positions at the last known prices."""
        if self.tape:
            self.catch_up()
        return self.portfolio.equity()

    @property
    def now(self) -> datetime:
        """The moment of the event being handled, UTC."""
        return from_ms(self.now_ms)

    def history(self, symbol: str) -> deque[Candle]:
        """Return the kept candles of `symbol`, of the current timeframe where that is known."""
        self.catch_up()
        stream = self._stream
        if stream is None or stream.symbol != symbol:
            streams = self._by_symbol.get(symbol)
            if not streams:
                return deque()
            stream = streams[0]
        return stream.history

    @property
    def random(self) -> Random:
        """The run's one source of random numbers."""
        if self._random is None:
            from random import Random  # few strategies draw

            self._random = Random(self._seed)  # noqa: S311 - to be repeated, not to be secret
        return self._random

    @property
    def history_limit(self) -> int:
        """How many candles are kept per symbol and timeframe."""
        return self._history

    # Inside

    def _keep(self, order: Order) -> None:
        key = order.client_order_id or ""
        self.tickets[key] = order
        self.working[key] = order

    def _ticket(self, snapshot: OrderSnapshot, parent: str | None = None) -> Order:
        order = self._by_id.get(snapshot.id)
        if order is None and snapshot.client_order_id is not None:
            order = self.tickets.get(snapshot.client_order_id)
        if order is None:
            order = Order.seen(snapshot)
            if parent is None and not order.is_exit_leg:
                order.reason = self.reason_of_others
            self.tickets[order.client_order_id or snapshot.id] = order
        return order

    def _fill(self, order: Order, filled: Decimal, price: Decimal) -> None:
        newly = filled - order.folded
        if newly <= 0:
            return
        order.folded = filled
        order.folded_value += newly * price
        realized = self.portfolio.fill(
            order.symbol,
            order.side,
            newly,
            price,
            position_id=order.position_id,
            reduces=order.reduce_only,
        )
        if realized is not None:
            order.unreported_pnl = (order.unreported_pnl or _ZERO) + realized

    def _fill_former(self, order: Order, snapshot: OrderSnapshot) -> None:
        """Fold in what an order had executed before it was replaced."""
        assert order.earlier is not None
        former = order.earlier[snapshot.id]
        if snapshot.filled_quantity > former.folded:
            price = _price_of_news(former, snapshot)
            self._fill_late(order, former, snapshot.filled_quantity, price)

    def _execute_former(self, order: Order, trade: Trade) -> None:
        assert order.earlier is not None
        former = order.earlier[trade.order_id]
        former.traded += trade.quantity
        former.traded_value += trade.quantity * trade.price
        if former.traded > former.folded:
            self._fill_late(order, former, former.traded, trade.price)
        self.portfolio.record(trade, order.unreported_pnl, order.reason, order.position_id)
        order.unreported_pnl = None

    def _fill_late(self, order: Order, former: Former, filled: Decimal, price: Decimal) -> None:
        newly = filled - former.folded
        former.folded = filled
        former.folded_value += newly * price
        realized = self.portfolio.fill(
            order.symbol, order.side, newly, price, reduces=order.reduce_only
        )
        if realized is not None:
            order.unreported_pnl = (order.unreported_pnl or _ZERO) + realized

    def _set_clock(self, moment: datetime) -> None:
        if self.tape:
            self.catch_up()
        # Of moments that nobody has asked for the latest counts: the clock must not depend on that.
        if self._moment is None or moment > self._moment:
            self._moment = moment

    def _switch(self, candle: Candle) -> Stream:
        key = (candle.symbol, candle.timeframe)
        stream = self.streams.get(key)
        if stream is None:
            if not self.streams:
                self.portfolio.begin_with_candles()
            stream = Stream(candle, self.indicators, self._history)
            self.streams[key] = stream
            self._by_symbol.setdefault(candle.symbol, []).append(stream)
        self.symbol = candle.symbol
        self._show(stream)
        return stream

    def _show(self, stream: Stream) -> None:
        self._stream = stream
        self._blank()
        for other in self._by_symbol[stream.symbol]:
            if other is not stream:
                other.show(only_fixed=True)
        stream.show()

    def _blank(self) -> None:
        for indicator in self.indicators:
            indicator.value = nan


def _held_already(order: Order) -> None:
    # Positions that were just taken over hold what is filled.
    order.folded = order.traded = order.filled_quantity
    order.folded_value = order.folded * (order.average_fill_price or _ZERO)
    order.traded_value = order.folded_value


def _price_of_rest(order: Order, trade: Trade) -> Decimal:
    newly = order.traded + trade.quantity - order.folded
    if newly <= 0:
        return trade.price
    value = order.traded_value + trade.quantity * trade.price - order.folded_value
    return (value / newly).quantize(_PRICE_STEP)


def _price_of_news(order: Order | Former, snapshot: OrderSnapshot) -> Decimal:
    # Of what is not folded into the position yet, from an average, which is rounded.
    average = snapshot.average_fill_price or _ZERO
    if not order.folded:
        return average
    newly = snapshot.filled_quantity - order.folded
    price = (snapshot.filled_quantity * average - order.folded_value) / newly
    return price.quantize(_PRICE_STEP)
