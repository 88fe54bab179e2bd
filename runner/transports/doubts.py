"""Orders in doubt: looked for until something is known of them, and never sent again.

What is found out stands in `news`, for the strategy to be told like anything from the stream; until
then, the orders of that symbol may only make its position smaller.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from runner.errors import RunnerError
from runner.journal import Kept
from runner.protocol.commands import Command, Reply
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import ErrorNotice, Message, OrderSnapshot, OrderUpdate
from runner.session import Session
from runner.transports.backoff import TemporaryFailure
from runner.transports.executions import Executions, Source
from runner.transports.lookups import Lookups, Missing
from runner.transports.written import Written

_LOG = logging.getLogger(__name__)
UNKNOWN_ORDER = "UNKNOWN_ORDER"
"""The restriction of a symbol for which an order is looked for."""
_EVENTS = {
    OrderStatus.FILLED: "ORDER_FILLED",
    OrderStatus.PARTIALLY_FILLED: "ORDER_PARTIALLY_FILLED",
    OrderStatus.CANCELLED: "ORDER_CANCELLED",
    OrderStatus.REJECTED: "ORDER_REJECTED",
    OrderStatus.EXPIRED: "ORDER_EXPIRED",
}


class Gateway(Source, Protocol):
    """A gateway's REST side; `RestClient` is one."""

    def execute(self, command: Command) -> Reply:
        """Carry out a command, once."""
        ...

    def trace(
        self,
        client_order_id: str | None,
        symbol: str,
        order_id: str | None = None,
        *,
        besides: str | None = None,
    ) -> OrderSnapshot | None:
        """Return an order as the gateway holds it, None if it shows none besides that one."""
        ...


class Doubts:
    """The orders of one live run of which nobody knows whether, or how, the gateway has them."""

    def __init__(
        self,
        session: Session,
        gateway: Gateway,
        written: Written,
        lookups: Lookups,
        executions: Executions,
    ) -> None:
        self.news: deque[Message] = deque()
        """What was found out and the strategy was not told yet, oldest first."""
        self._session = session
        self._desk = session.desk
        self._gateway = gateway
        self._written = written
        self._lookups = lookups
        self._executions = executions

    def see(self, order: OrderSnapshot) -> None:
        """Write down how an order of ours stands: it is in doubt no longer.

        Raises:
            RiskHalt: E935, it cannot stand like that.
        """
        self._written.see(order)
        self.settle(order)

    def settle(self, order: OrderSnapshot) -> None:
        """Look for an order no longer: the gateway has told how it stands."""
        self._executions.note(order)
        name = order.client_order_id or order.id
        if self._lookups.found(name):
            self._lift(order.symbol)
        ticket = self._desk.tickets.get(name)
        if ticket is not None:
            ticket.is_orphaned = False

    def doubt(self, name: str, symbol: str, order_id: str | None = None) -> None:
        """Begin to look for an order."""
        self._lookups.add(name, symbol, order_id)
        if self._session.guard is not None:
            said = f"nobody knows whether the gateway has order {name}"
            self._session.guard.restrict(UNKNOWN_ORDER, said, symbol=symbol)

    def wait_s(self) -> float | None:
        """Return how long nothing has to be done, seconds; None for ever."""
        return 0.0 if self.news else self._lookups.wait_s()

    def look(self) -> None:
        """Look for what is due."""
        for one in self._lookups.due():
            self._look(one)

    def look_now(self, order_id: str | None = None, symbol: str = "") -> None:
        """Look for everything, and for the order that the gateway knows by an id.

        What is found is in `news`. A gateway that cannot be asked now tells nothing.
        """
        for one in self._lookups.all():
            try:
                found = self._gateway.trace(one.client_order_id, one.symbol, one.order_id)
            except RunnerError:
                break  # a gateway that does not answer will not for the next one either
            if found is not None:
                self.found(found)
        past = self._written.journal.past
        if order_id is None or past.owns_id(order_id):
            return
        with suppress(TemporaryFailure):
            found = self._gateway.trace(None, symbol, order_id)
            if found is not None and past.owns(found):
                self.found(found)

    def last_look(self) -> None:
        """Look once more for everything; the strategy is not told any more."""
        self.look_now()
        while self.news:
            message = self.news.popleft()
            if type(message) is OrderUpdate:
                self._desk.take_order(message)

    def _lift(self, symbol: str) -> None:
        if self._session.guard is not None and all(
            one.symbol != symbol for one in self._lookups.all()
        ):
            self._session.guard.lift(UNKNOWN_ORDER, symbol=symbol)

    def _look(self, one: Missing) -> None:
        try:
            found = self._gateway.trace(one.client_order_id, one.symbol, one.order_id)
        except TemporaryFailure as failure:
            _LOG.warning("cannot look for order %s: %s", one.client_order_id, failure.what)
            self._lookups.could_not_look(one)
            return
        if found is not None:
            self.found(found)
        elif self._lookups.not_found(one):
            self._orphan(one.client_order_id, one.symbol, one.looks)

    def found(self, order: OrderSnapshot) -> None:
        """Write down how an order of ours stands, and have the strategy told."""
        self.see(order)
        self._tell(order)

    def answered(self, order: OrderSnapshot) -> None:
        """Have the strategy told of an order as an answer has it, which is written down."""
        self.settle(order)
        self._tell(order)

    def _tell(self, order: OrderSnapshot) -> None:
        self.news.append(OrderUpdate(_EVENTS.get(order.status, "ORDER_CREATED"), order))

    def _orphan(self, name: str, symbol: str, looks: int) -> None:
        said = f"looked for {looks} times among working and past orders"
        self._written.decide(name, "orphaned", said)
        ticket = self._desk.tickets.get(name)
        if ticket is not None:
            ticket.is_orphaned = True
        self._lift(symbol)
        notice = f"order {name} got no answer and was not found, {said}: look at the gateway"
        _LOG.warning("%s", notice)
        self.news.append(ErrorNotice("ORDER_ORPHANED", notice, {"client_order_id": name}))

    def trace(
        self, one: Kept, *, patiently: Callable[[float], None] | None
    ) -> OrderSnapshot | None:
        """Return what became of an order that works no longer; in doubt, keep looking for it.

        Args:
            one: the order.
            patiently: how to sleep where there is time to look for it to the end; None if not.

        Raises:
            TemporaryFailure, ConnectError: the gateway could not be asked.
        """
        name = one.client_order_id or one.order_id or ""
        found = self._gateway.trace(one.client_order_id, one.symbol, one.order_id)
        if found is not None or patiently is None:
            if found is None:
                self.doubt(name, one.symbol, one.order_id)
            return found
        _LOG.warning("looking for order %s of the run before", name)
        looks = 0
        for pause in self._lookups.pauses_s:
            patiently(pause)
            looks += 1
            found = self._gateway.trace(one.client_order_id, one.symbol, one.order_id)
            if found is not None:
                return found
        self._orphan(name, one.symbol, looks)
        return None
