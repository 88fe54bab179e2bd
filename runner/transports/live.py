"""What stands between a live run and its gateway: nothing is sent that is not written down first.

Every order is in the journal before it leaves and has one of three outcomes there: accepted,
rejected, unknown. What is unknown is looked for, or told by the stream, and never sent again. Lives
on the strategy's thread, like everything that trades.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from runner.errors import ConnectError, RunnerError
from runner.journal import Journal, Kept, Memory
from runner.journal.lines import Begun
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
from runner.protocol.enums import RejectReason
from runner.protocol.messages import Message, OrderUpdate, PositionUpdate, TradeUpdate
from runner.session import Missed, Session
from runner.strategy.order import Order
from runner.transports.accounting import Accounting
from runner.transports.doubts import Doubts, Gateway
from runner.transports.executions import PAUSES_S, Executions
from runner.transports.foreign import rule_of
from runner.transports.lookups import Lookups
from runner.transports.settings import IGNORE
from runner.transports.unsettled import Unsettled
from runner.transports.written import Written, now

NEVER_LEFT = "the run before ended before the order was sent"


class Live:
    """One live run's journal, its orders in doubt, and the memory of its strategy."""

    def __init__(
        self,
        session: Session,
        gateway: Gateway,
        journal: Journal,
        memory: Memory,
        *,
        run: str,
        peer: str,
        lookups: Lookups | None = None,
        foreign: Mapping[str, str] | None = None,
        executions_after_s: Sequence[float] = PAUSES_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is written or asked yet.

        Args:
            session: whose orders these are.
            gateway: carries them out.
            journal: what was done before, and where it is written what is done.
            memory: keeps the strategy's `state`.
            run: what the ids of this run's orders begin with.
            peer: the gateway's address, for the journal.
            lookups: when to look for orders in doubt.
            foreign: what to do with orders and positions that are not ours, by symbol: `stop`,
                `adopt` or `ignore`; `*` stands for all other symbols.
            executions_after_s: when to ask for executions that an order tells of and nobody else.
            clock: monotonic seconds, for when that is.
        """
        self.sleep: Callable[[float], None] = time.sleep
        """How to pause while nothing else can be done; the driver's can be interrupted."""
        self._session = session
        self._desk = session.desk
        self._gateway = gateway
        self._journal = journal
        self._memory = memory
        self._run = run
        self._peer = peer
        self._written = Written(gateway, journal)
        lookups = lookups or Lookups()
        self._executions = Executions(
            gateway,
            journal,
            currency=self._currency,
            pauses_s=executions_after_s,
            clock=clock,
        )
        self._doubts = Doubts(session, gateway, self._written, lookups, self._executions)
        self._rules = foreign or {}
        self._ignores = IGNORE in self._rules.values()
        self._accounting = Accounting(
            gateway,
            journal,
            self._desk,
            self._doubts,
            self._executions,
            rules=self._rules,
            peer=peer,
        )
        self._unsettled = Unsettled(
            session, gateway, self._written, self._doubts, pauses_s=lookups.pauses_s
        )
        self._missed: Missed | None = None
        self._is_opened = False
        self._has_begun = False
        self._never_left: list[Kept] = []

    # For the driver

    def execute(self, command: Command) -> Reply:
        """Carry out a command; it is written down first.

        Raises:
            MachineError: E1040, it cannot be written down, and was not sent.
            TemporaryFailure, ConnectError, ProtocolError, RiskHalt: as the gateway's.
        """
        match command:
            case SubmitOrder():
                return self._submit(command)
            case ReadState():
                return self._read()
            case CancelOrder() | ModifyOrder():
                return self._ask(command)

    def hear(self, message: Message) -> bool:
        """Note what the stream tells, and return whether the strategy is to be told.

        It is not told of what is to be ignored.

        Raises:
            RiskHalt: E935, what it tells of an order of ours cannot be.
        """
        match message:
            case OrderUpdate():
                return self._hear_order(message)
            case TradeUpdate():
                return self._hear_trade(message)
            case PositionUpdate():
                # Our share of such a position is told by our own executions.
                return not self.ignores(message.position.symbol)
        return True

    def _hear_order(self, update: OrderUpdate) -> bool:
        order, parent = update.order, update.parent_order_id
        past = self._journal.past
        if order.client_order_id is None and not past.owns(order):
            self._doubts.look_now()  # the one that is looked for, perhaps
        if past.owns(order) or (parent is not None and past.owns_id(parent)):
            self._doubts.see(order)
            self._unsettled.heard(order)
            return True
        if self.ignores(order.symbol):
            return False
        ticket = self._desk.tickets.get(order.client_order_id or order.id)
        if order.filled_quantity > (ticket.filled_quantity if ticket else 0):
            self._executions.note(order)
            self._external(f"order {order.id}", order.symbol)
        return True

    def _hear_trade(self, update: TradeUpdate) -> bool:
        trade = update.trade
        is_ours = self._journal.past.owns_id(trade.order_id)
        if not is_ours:
            self._doubts.look_now(trade.order_id, trade.symbol)
            is_ours = self._journal.past.owns_id(trade.order_id)
        if not is_ours and self.ignores(trade.symbol):
            return False
        told = self._executions.hear(trade)
        if told is None:
            return False
        if not is_ours:
            self._external(f"execution {trade.id} of order {trade.order_id}", trade.symbol)
        # Its order may have been found just now, and is told first; a part of it may be known.
        if (is_ours and self._doubts.news) or told is not trade:
            self._doubts.news.append(TradeUpdate(told))
            return False
        return True

    def _external(self, what: str, symbol: str) -> None:
        said = f"{what} in {symbol} is none of ours: what the gateway holds is read again"
        self._missed = Missed("EXTERNAL_FILL", said)

    def ignores(self, symbol: str) -> bool:
        """Tell whether what the gateway holds of a symbol is none of the run's."""
        return self._ignores and rule_of(self._rules, symbol) == IGNORE

    def wait_s(self) -> float | None:
        """Return how long nothing has to be done, seconds; None for ever."""
        if self._missed is not None:
            return 0.0
        times = (self._doubts.wait_s(), self._executions.wait_s(), self._unsettled.wait_s())
        return min((one for one in times if one is not None), default=None)

    def news(self) -> Message | Missed | None:
        """Return what was found out without the stream, oldest first; None if nothing was."""
        # Not before the strategy was told: it may rely on the order that its state speaks of.
        while self._never_left:
            name = self._never_left.pop().client_order_id or ""
            self._written.decide(name, "rejected", NEVER_LEFT)
        doubts = self._doubts
        if not doubts.news:
            doubts.look()
            self._unsettled.look()
        if not doubts.news:
            doubts.news.extend(TradeUpdate(one) for one in self._executions.due())
        if doubts.news:
            return doubts.news.popleft()
        missed, self._missed = self._missed, None
        return missed

    def keep(self) -> None:
        """Write the strategy's state down, if it has changed.

        Raises:
            StrategyFailed: E510, it is not made of what JSON knows.
            MachineError: E1040, it cannot be written.
        """
        if self._has_begun:
            self._memory.keep(self._session.strategy.state)

    def finish(self) -> None:
        """Look once more for what is in doubt or owed; the strategy is not told any more."""
        with suppress(RunnerError):
            self._unsettled.last_look()
        self._doubts.last_look()
        with suppress(ConnectError):
            for trade in self._executions.missed(()):
                self._desk.take_trade(trade)

    def _currency(self) -> str:
        account = self._desk.portfolio.account
        return "" if account is None else account.currency

    # Orders

    def _submit(self, order: SubmitOrder) -> Reply:
        name = order.client_order_id or ""
        reply = self._written.submit(order, self._desk.tickets[name].reason)
        if not isinstance(reply, OrderHandle | Rejection):
            self._doubts.doubt(name, order.symbol)
        return reply

    def _ask(self, command: CancelOrder | ModifyOrder) -> Reply:
        reply = self._written.ask(command)
        if isinstance(reply, CancelResult | ModifyResult):
            self._doubts.settle(reply.order)
        elif not isinstance(reply, Rejection):
            self._unsettled.add(command)
        elif reply.status:  # the gateway has refused, and knows why better than we do
            self._unsettled.refused(command)
        return reply

    # State

    def _read(self) -> State:
        is_start = not self._has_begun
        if not self._is_opened:  # once, however often the state cannot be read
            self._begin()
            self._is_opened = True
        state = self._accounting.read(self._doubts.news, sleep=self.sleep, is_start=is_start)
        self._has_begun = True
        return state

    def _begin(self) -> None:
        past = self._journal.past
        self._journal.write(
            Begun(now(), self._run, type(self._session.strategy).__name__, self._peer, os.getpid())
        )
        self._session.strategy.state = self._memory.recall()
        self._never_left = past.never_left()
        for one in self._never_left:
            assert one.request is not None
            order = Order.requested(one.request, one.reason)
            self._desk.reject(order, RejectReason.UNKNOWN.value, NEVER_LEFT)
        for one in past.open():
            name = one.client_order_id
            if one.request is not None and name is not None and name not in self._desk.tickets:
                self._desk.restore(one.request, one.reason)
