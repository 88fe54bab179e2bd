"""The matching core: time steps in, orders in; fills, positions, account and candles out.

Time moves only when `advance` is called. What a step delivers, in order:
1. interest for the days that have ended since the step before: by position, then the account;
2. for each symbol of the step, in feed order, the fills of its new candle, or of its new quote
   where files have quotes of it: order, trade, position, account, for every execution;
3. what the new closes and quotes do to the account: a margin warning, or a margin call with what
   it cancels and orders;
4. the step's candles, finer ones before coarser ones;
5. the step's quotes, where they are asked for: those made of the finest candles, at their close,
   then those of files.
Orders meet the finest candles of their symbol, or its quotes, so a step may deliver nothing at all
where nobody asked for those. All symbols are matched before the first candle is delivered, so an
order that is placed on anything in a step meets the next candle or quote of its symbol at the
earliest. What a command causes (created, cancelled, modified) is delivered by `drain`, before time
moves again.

No sockets, no clock, no randomness: the same feed and the same commands give the same messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from runner.engine.acceptance import (
    not_found,
    objection_to,
    objection_to_change,
    problem_with,
    refused,
)
from runner.engine.book import Book
from runner.engine.candle_matching import CandleMatching
from runner.engine.choices import FillAt, PositionMode
from runner.engine.exits import set_exits
from runner.engine.feed import Feed, Step
from runner.engine.ledger import Ledger
from runner.engine.orders import WorkingOrder
from runner.engine.quote_matching import QuoteMatching
from runner.engine.quotes import Quotes
from runner.engine.series import Series
from runner.engine.terms import Terms
from runner.engine.upkeep import Upkeep
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    Command,
    ExitsResult,
    ModifyExits,
    ModifyOrder,
    ModifyResult,
    OrderHandle,
    ReadState,
    Rejection,
    Reply,
    State,
    SubmitOrder,
)
from runner.protocol.enums import RejectReason
from runner.protocol.messages import BacktestComplete, Candle, Message, Quote, Stretch
from runner.protocol.times import from_ms

STRETCH = 1024
"""Most candles handed over at once: bounds what the reader collects before it tidies up."""
MODIFIABLE = (
    "quantity", "limit_price", "stop_price", "stop_loss", "take_profit", "trailing_distance",
)  # fmt: skip


class Exchange:
    """One account trading one feed."""

    def __init__(self, feed: Feed, terms: Terms | None = None) -> None:
        self.feed = feed
        self.terms = terms = terms or Terms()
        self.ledger = Ledger(
            terms.cash,
            leverage=terms.leverage,
            margin=terms.margin,
            currency=terms.currency,
            hedges=terms.position_mode is PositionMode.HEDGING,
        )
        self._book = Book(
            self.ledger,
            terms,
            start_ms=feed.span_ms[0] if feed.span_ms else 0,
            calendar=feed.calendar,
        )
        lengths = {one.length_ms for one in (*feed.series, *feed.unseen)}
        self._matching = CandleMatching(self._book, several_lengths=len(lengths) > 1)
        self._quote_matching = QuoteMatching(self._book, self._matching)
        self._upkeep = Upkeep(self._book)
        self.working = self._book.working
        self.orders = self._book.orders
        """Every accepted order by id, in order of acceptance."""
        self.trades = self._book.trades
        self.quotes = Quotes(feed, terms.spread)
        self.finished = False
        self._steps = feed.steps()
        self._stretch: Stretch | None = None
        self._closed: Sequence[Candle] = ()
        # The candles that orders meet in the step that time has reached.

    # Time

    @property
    def now_ms(self) -> int:
        """Simulated time, Unix milliseconds: the moment at which the step's candles closed."""
        return self._book.now_ms

    def advance(self) -> list[Message]:
        """Move to the next time step and return all it delivers.

        The last step is followed by one that cancels what still works and ends with
        `BacktestComplete`.
        """
        step = next(self._steps, None)
        if step is None:
            return self._finish()
        self._reach(step)
        self._book.queue.extend(step.candles)
        self._book.queue.extend(self.quotes.of(step))
        return self.drain()

    def messages(self, *, stretches: bool = True) -> Iterator[Message | Stretch]:
        """Yield the messages of the run; resuming is what moves time.

        The in-process form of `advance` and `drain`: the same messages in the same order. With
        `stretches`, candles between which nothing can happen are handed over together, and marked
        only as far as the reader took them.
        """
        only = self.feed.only
        if stretches and only is not None:
            yield from self._one_series(only)
        else:
            yield from self._step_by_step()
        yield from self._finish()

    def _one_series(self, series: Series) -> Iterator[Message | Stretch]:
        candles = series.candles()
        queue, matching, upkeep = self._book.queue, self._matching, self._upkeep
        while True:
            held = matching.held or upkeep.held
            if held is not None or matching.is_due(series.symbol):
                candle = held or next(candles, None)
                if candle is None:
                    return
                matching.held = upkeep.held = None
                moment = series.close_of(candle.time)
                upkeep.begin(moment)
                self._book.now_ms, self._closed = moment, (candle,)
                matching.match((candle,))
                # What handles the fills judges by the candle that has closed, as over a wire.
                self._stretch = None
                self.ledger.marks[candle.symbol] = candle.close
                upkeep.close()
                yield from self.drain()
                stretch = Stretch(iter((candle,)), one_stream=True)
            else:
                rest = matching.undisturbed(candles, series.symbol) if self.working else candles
                if upkeep.is_due:
                    rest = upkeep.undisturbed(rest, series.length_ms)
                stretch = Stretch(islice(rest, STRETCH), one_stream=True)
            self._stretch = stretch
            yield stretch
            if stretch.latest is None and matching.held is None and upkeep.held is None:
                return
            self._catch_up()
            while queue:
                yield from self.drain()

    def _step_by_step(self) -> Iterator[Message]:
        queue = self._book.queue
        for step in self._steps:
            self._reach(step)
            yield from self.drain()
            yield from step.candles
            yield from self.quotes.of(step)
            while queue:
                yield from self.drain()

    def _reach(self, step: Step) -> None:
        self._upkeep.begin(step.moment)
        self._book.now_ms, self._closed = step.moment, step.met
        if self.working:
            self._matching.match(step.met)
            if step.quotes:
                self._quote_matching.match(step.quotes)
        marks = self.ledger.marks
        for candle in step.met:
            marks[candle.symbol] = candle.close
        if self.feed.quotes:
            self.quotes.mark(marks, step)
        self._upkeep.close()

    def _catch_up(self) -> None:
        # Clock and mark follow the reader of a stretch only when somebody asks for them.
        if self._stretch is not None and self._stretch.latest is not None:
            latest = self._stretch.latest
            self._book.now_ms = self.feed.series[0].close_of(latest.time)
            self._closed = (latest,)
            self.ledger.marks[latest.symbol] = latest.close

    def meet(self, price: Candle | Quote, moment: int) -> list[Message]:
        """Let orders meet a price that no feed has, and return what comes of it.

        For prices of the real world, which nobody knows beforehand. The price itself is not among
        what is returned.

        Args:
            price: a new candle or quote.
            moment: when it is known, Unix milliseconds; time does not go back to it.
        """
        moment = max(moment, self.now_ms)
        if isinstance(price, Quote):
            self.ledger.marks[price.symbol] = price.last
            self._reach(Step(moment, (), (), (price,)))
        else:
            self._reach(Step(moment, (), (price,)))
        return self.drain()

    def drain(self) -> list[Message]:
        """Return the messages that commands have caused since the last call."""
        queued, self._book.queue[:] = self._book.queue[:], []
        return queued

    def _finish(self) -> list[Message]:
        if self.finished:
            return []
        self.finished = True
        for order in list(self.working.values()):
            self._book.end(order, "ORDER_CANCELLED")
        self._book.queue.append(BacktestComplete(broker="embedded"))
        return self.drain()

    # Commands

    def set_exits(self, position_id: str, exits: ModifyExits) -> ExitsResult | Rejection:
        """Move the exit legs of a position to `exits`, and place those that it lacks."""
        self._catch_up()
        for holding in self.ledger.holdings.values():
            if holding.id != position_id:
                continue
            if self.finished:
                return refused(RejectReason.MARKET_CLOSED, "the data is over")
            return set_exits(self._book, holding, exits, from_ms(self.now_ms))
        return not_found(position_id, "position")

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
            known = self._book.by_client_id.get(request.client_order_id)
            if known is not None:
                return OrderHandle(known.id, known.status, known.client_order_id)
        problem = problem_with(request)
        if problem is None and self.finished:
            problem = refused(RejectReason.MARKET_CLOSED, "the data is over")
        problem = problem or objection_to(
            request, symbols=self.feed.symbols, ledger=self.ledger, commission=self.terms.commission
        )
        if problem is not None:
            return problem
        order = self._book.accept(request, from_ms(self.now_ms))
        handle = OrderHandle(order.id, order.status, order.client_order_id)
        if self.terms.fill_at is FillAt.CLOSE:
            self._fill_at_close(order)
        return handle

    def _fill_at_close(self, order: WorkingOrder) -> None:
        # The reply tells of the acceptance; what executes here is told in messages, as ever.
        for candle in self._closed:
            if candle.symbol == order.symbol:
                self._stretch = None  # its mark is taken in; an execution's own follows it
                self._matching.match_at_close(order, candle)
                return

    def _cancel(self, command: CancelOrder) -> CancelResult | Rejection:
        order = self.orders.get(command.order_id)
        if order is None:
            return not_found(command.order_id)
        if order.status.is_terminal or order.liquidation:
            return CancelResult(success=False, order=order.snapshot())
        self._book.end(order, "ORDER_CANCELLED")
        return CancelResult(success=True, order=order.snapshot())

    def _modify(self, command: ModifyOrder) -> ModifyResult | Rejection:
        order = self.orders.get(command.order_id)
        if order is None:
            return not_found(command.order_id)
        if order.status.is_terminal or order.liquidation:
            state = "meets a margin call" if order.liquidation else f"is {order.status}"
            return Rejection(
                409,
                "ORDER_NOT_MODIFIABLE",
                f"order {order.id} {state} and cannot be modified",
                details={"order_id": order.id},
            )
        changes = {
            name: value for name in MODIFIABLE if (value := getattr(command, name)) is not None
        }
        for name, value in changes.items():
            problem = objection_to_change(order, name, value)
            if problem is not None:
                return problem
        self._book.change(order, changes)
        return ModifyResult(order.snapshot())
