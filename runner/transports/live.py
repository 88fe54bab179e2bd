"""What stands between a live run and its gateway: nothing is sent that is not written down first.

Every order is in the journal before it leaves and has one of three outcomes there: accepted,
rejected, unknown. What is unknown is looked for, or told by the stream, and never sent again. Lives
on the strategy's thread, like everything that trades.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from runner.errors import RiskHalt
from runner.journal import Journal, Kept, Memory
from runner.journal.lines import Adopted, Begun
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
from runner.protocol.messages import (
    ErrorNotice,
    Message,
    OrderUpdate,
    PositionUpdate,
    TradeUpdate,
)
from runner.session import Session
from runner.session.handled import Handled
from runner.strategy.order import Order
from runner.transports.doubts import Doubts, Gateway
from runner.transports.foreign import (
    Foreign,
    chosen,
    foreign_in,
    rule_of,
    without,
)
from runner.transports.lookups import Lookups
from runner.transports.settings import ADOPT, IGNORE, STOP
from runner.transports.written import Written, now

READ_AGAIN_AFTER_S = (0.2, 1.0)
"""Pauses before the state is read again, at a start that finds what is not ours."""
NEVER_LEFT = "the run before ended before the order was sent"
_SHOWN = 5


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
        self._doubts = Doubts(session, gateway, self._written, lookups or Lookups())
        self._rules = foreign or {}
        self._ignores = IGNORE in self._rules.values()
        self._trades = Handled()
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
        past = self._journal.past
        kind = type(message)
        if kind is OrderUpdate:
            order, parent = message.order, message.parent_order_id  # type: ignore[union-attr]
            if past.owns(order) or (parent is not None and past.owns_id(parent)):
                self._doubts.see(order)
                return True
            return not self.ignores(order.symbol)
        if kind is TradeUpdate:
            trade = message.trade  # type: ignore[union-attr]
            if trade.id in self._trades:
                return False  # told once more, after a gap perhaps
            self._trades.add(trade.id)
            return past.owns_id(trade.order_id) or not self.ignores(trade.symbol)
        # Our share of such a position is told by our own executions.
        return kind is not PositionUpdate or not self.ignores(message.position.symbol)  # type: ignore[union-attr]

    def ignores(self, symbol: str) -> bool:
        """Tell whether what the gateway holds of a symbol is none of the run's."""
        return self._ignores and rule_of(self._rules, symbol) == IGNORE

    def wait_s(self) -> float | None:
        """Return how long nothing has to be done, seconds; None for ever."""
        return self._doubts.wait_s()

    def news(self) -> Message | None:
        """Return what was found out without the stream, oldest first; None if nothing was."""
        # Not before the strategy was told: it may rely on the order that its state speaks of.
        while self._never_left:
            name = self._never_left.pop().client_order_id or ""
            self._written.decide(name, "rejected", NEVER_LEFT)
        doubts = self._doubts
        if not doubts.news:
            doubts.look()
        return doubts.news.popleft() if doubts.news else None

    def keep(self) -> None:
        """Write the strategy's state down, if it has changed.

        Raises:
            StrategyFailed: E510, it is not made of what JSON knows.
            MachineError: E1040, it cannot be written.
        """
        if self._has_begun:
            self._memory.keep(self._session.strategy.state)

    def finish(self) -> None:
        """Look once more for what is in doubt; the strategy is not told any more."""
        self._doubts.last_look()

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
        return reply

    # State

    def _read(self) -> State:
        is_start = not self._has_begun
        if is_start:
            self._begin()
        state = self._accounted_for(is_start=is_start)
        foreign = foreign_in(state, self._journal.past)
        for pause in READ_AGAIN_AFTER_S if is_start else ():
            if not any(chosen(foreign, self._rules, STOP)):
                break
            # An order of ours may have executed between two requests.
            self.sleep(pause)
            again = self._accounted_for(is_start=is_start)
            state = msgspec.structs.replace(again, ended=(*state.ended, *again.ended))
            foreign = foreign_in(state, self._journal.past)
        self._judge(chosen(foreign, self._rules, STOP), is_start=is_start)
        self._adopt(chosen(foreign, self._rules, ADOPT))
        self._has_begun = True
        return without(state, chosen(foreign, self._rules, IGNORE))

    def _accounted_for(self, *, is_start: bool) -> State:
        """Read the state, and find out what became of orders of ours that work no longer."""
        reply = self._gateway.execute(ReadState())
        assert isinstance(reply, State)
        past = self._journal.past
        for order in reply.orders:
            if past.owns(order):
                self._doubts.see(order)
        ids = {order.id for order in reply.orders}
        names = {order.client_order_id for order in reply.orders}
        gone = [
            one
            for one in past.open()
            if one.order_id not in ids and (one.client_order_id or one.order_id) not in names
        ]
        # At the start there is time: a strategy that does not know what it has placed cannot begin.
        patiently = self.sleep if is_start else None
        ended = [one for kept in gone if (one := self._doubts.trace(kept, patiently=patiently))]
        for order in ended:
            self._doubts.see(order)
        return msgspec.structs.replace(reply, ended=tuple(ended))

    def _judge(self, foreign: Foreign, *, is_start: bool) -> None:
        said = foreign.said()
        if not said:
            return
        more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
        what = f"the gateway holds what is not ours: {'; '.join(said[:_SHOWN])}{more}"
        if is_start:
            raise RiskHalt(
                what,
                where=self._peer,
                why="the strategy would trade on a state that it has not brought about",
                fix="settle it at the gateway, or take it over: --set gateway.foreign=adopt "
                "(or ignore; by symbol: S:AAPL=adopt)",
                id="E931",
            )
        # What a run has begun it goes on with, as the gateway tells it; the next one will ask.
        self._doubts.news.append(ErrorNotice("FOREIGN_STATE", what))

    def _adopt(self, foreign: Foreign) -> None:
        for order in foreign.orders:
            self._doubts.see(order)
        ours = self._journal.past.positions()
        for one in foreign.positions:
            more = one.held - ours.get(one.symbol, Decimal(0))
            self._journal.write(Adopted(now(), one.symbol, more), synced=True)

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
