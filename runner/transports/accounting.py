"""Holding what a gateway has against the journal: at the start of a live run, and after every gap.

Orders of ours that work no longer are asked for, executions that nobody told of are asked for or
concluded, and what is not ours is judged by the rules that were set. Never: an order, or a state
that was read in part only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from runner.errors import RiskHalt
from runner.journal import Journal
from runner.journal.lines import Adopted
from runner.protocol.commands import Held, ReadState, State
from runner.protocol.messages import ErrorNotice, Message, OrderSnapshot
from runner.strategy.desk import Desk
from runner.transports.doubts import Doubts, Gateway
from runner.transports.executions import Executions
from runner.transports.foreign import Foreign, chosen, foreign_in, without
from runner.transports.settings import ADOPT, IGNORE, STOP
from runner.transports.written import now

READ_AGAIN_AFTER_S = (0.2, 1.0)
"""Pauses before the state is read again that holds what is not ours; later only the first."""
_SHOWN = 5


class Accounting:
    """Reads the state of one gateway as the journal of one live run accounts for it."""

    def __init__(
        self,
        gateway: Gateway,
        journal: Journal,
        desk: Desk,
        doubts: Doubts,
        executions: Executions,
        *,
        rules: Mapping[str, str],
        peer: str,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            gateway: whose state is read.
            journal: what we have done.
            desk: has the tickets of the run's orders.
            doubts: look for orders that the gateway shows no longer.
            executions: know what was told.
            rules: what to do with what is not ours, see `Live`.
            peer: the gateway's address.
        """
        self._gateway = gateway
        self._journal = journal
        self._desk = desk
        self._doubts = doubts
        self._executions = executions
        self._rules = rules
        self._peer = peer
        self._ended: dict[str, OrderSnapshot] = {}
        """Orders that were found to have ended, until a state was read to the end."""

    def read(
        self, news: deque[Message], *, sleep: Callable[[float], None], is_start: bool
    ) -> State:
        """Return the state, with what has ended and executed and was not told.

        Args:
            news: takes what the strategy is to be told besides.
            sleep: how to pause.
            is_start: whether the strategy has not begun yet: then there is time.

        Raises:
            RiskHalt: E931, at the start, what is not ours and no rule is for; E935, what cannot be.
            TemporaryFailure, ConnectError, ProtocolError: something could not be read.
        """
        past = self._journal.past
        state = self._accounted_for(sleep if is_start else None)
        foreign = foreign_in(state, past)
        for pause in READ_AGAIN_AFTER_S if is_start else READ_AGAIN_AFTER_S[:1]:
            if not any(chosen(foreign, self._rules, STOP)):
                break
            # An order of ours may have executed between two requests.
            sleep(pause)
            state = self._accounted_for(sleep if is_start else None)
            foreign = foreign_in(state, past)
        stopped = _said(chosen(foreign, self._rules, STOP))
        if stopped and is_start:
            raise self._refused(stopped)
        if stopped:
            # What a run has begun it goes on with, as the gateway tells it; the next one will ask.
            news.append(ErrorNotice("FOREIGN_STATE", stopped))
        ours = [one for one in (*state.orders, *self._ended.values()) if past.owns(one)]
        if is_start:
            ours += self._told_in_part()
        before = dict(past.executed.positions)
        executed = self._executions.missed(ours)
        symbols = {one.symbol for one in executed} if is_start else set()
        state = msgspec.structs.replace(
            state,
            ended=tuple(self._ended.values()),
            executed=tuple(executed),
            held=tuple(Held(one, *held) for one, held in before.items() if one in symbols),
        )
        self._adopt(chosen(foreign, self._rules, ADOPT), state)
        self._ended.clear()
        return without(state, chosen(foreign, self._rules, IGNORE))

    def _accounted_for(self, patiently: Callable[[float], None] | None) -> State:
        """Read the state, and find out what became of orders of ours that work no longer."""
        state = self._gateway.execute(ReadState(capabilities=patiently is not None))
        assert isinstance(state, State)
        past = self._journal.past
        for order in state.orders:
            if past.owns(order):
                self._doubts.see(order)
        ids = {order.id for order in state.orders}
        names = {order.client_order_id for order in state.orders}
        for kept in past.open():
            if kept.order_id in ids or (kept.client_order_id or kept.order_id) in names:
                continue
            found = self._doubts.trace(kept, patiently=patiently)
            if found is not None:
                self._ended[found.id] = found
                self._doubts.see(found)
        return state

    def _told_in_part(self) -> list[OrderSnapshot]:
        """Return orders that an earlier run knew to have executed, and not how."""
        found = []
        for kept in self._journal.past.untold():
            if kept.order_id in self._ended or kept.is_open:
                continue
            order = self._gateway.trace(kept.client_order_id, kept.symbol, kept.order_id)
            if order is None:
                continue
            found.append(order)
            if kept.request is not None:
                ticket = self._desk.restore(kept.request, kept.reason)
                ticket.update(order)
                ticket.is_news()  # the run before has told its strategy
                self._desk.settle(ticket)
        return found

    def _refused(self, what: str) -> RiskHalt:
        return RiskHalt(
            what,
            where=self._peer,
            why="the strategy would trade on a state that it has not brought about",
            fix="settle it at the gateway, or take it over: --set gateway.foreign=adopt "
            "(or ignore; by symbol: S:AAPL=adopt)",
            id="E931",
        )

    def _adopt(self, foreign: Foreign, state: State) -> None:
        for order in foreign.orders:
            self._doubts.see(order)
        ours = self._journal.past.positions()
        prices = {one.symbol: one.average_entry_price for one in state.positions}
        for one in foreign.positions:
            more = one.held - ours.get(one.symbol, Decimal(0))
            line = Adopted(now(), one.symbol, more, prices.get(one.symbol))
            self._journal.write(line, synced=True)


def _said(foreign: Foreign) -> str:
    said = foreign.said()
    if not said:
        return ""
    more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return f"the gateway holds what is not ours: {'; '.join(said[:_SHOWN])}{more}"
