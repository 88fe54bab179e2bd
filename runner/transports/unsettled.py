"""Cancellations and changes that got no answer: settled by the stream, or by looking for a while.

A cancellation may be repeated while its order works: it can only happen once. A change never is:
some gateways make it by cancelling the order and placing another one, and may fail half-way. How
the order stands at the gateway decides; until it does, its symbol takes no larger position.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from runner.protocol.commands import CancelOrder, CancelResult, ModifyOrder
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import ErrorNotice, OrderSnapshot
from runner.session import Session
from runner.transports.backoff import TemporaryFailure
from runner.transports.doubts import Doubts, Gateway
from runner.transports.lookups import PAUSES_S
from runner.transports.rest import is_as_wanted
from runner.transports.written import Written

UNSETTLED_CHANGE = "UNSETTLED_CHANGE"
"""The restriction of a symbol one of whose orders may have been changed."""
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Request:
    """One of them."""

    command: CancelOrder | ModifyOrder
    symbol: str
    due: float
    looks: int = 0


class Unsettled:
    """What was asked for in one live run and not answered."""

    def __init__(
        self,
        session: Session,
        gateway: Gateway,
        written: Written,
        doubts: Doubts,
        *,
        pauses_s: Sequence[float] = PAUSES_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            session: whose orders these are.
            gateway: is asked how they stand.
            written: repeats cancellations.
            doubts: take what is found.
            pauses_s: before each look, seconds; after the last the request has failed.
            clock: monotonic seconds.
        """
        self._session = session
        self._gateway = gateway
        self._written = written
        self._doubts = doubts
        self._pauses_s = tuple(pauses_s)
        self._clock = clock
        self._requests: dict[tuple[type, str], _Request] = {}

    def add(self, command: CancelOrder | ModifyOrder) -> None:
        """Begin to look for what became of a request."""
        key = (type(command), command.order_id)
        symbol = self._symbol_of(command)
        due = self._clock() + self._pauses_s[0]
        self._requests.setdefault(key, _Request(command, symbol, due)).command = command
        guard = self._session.guard
        if isinstance(command, ModifyOrder) and guard is not None:
            said = f"nobody knows whether order {command.client_order_id} was changed"
            guard.restrict(UNSETTLED_CHANGE, said, symbol=symbol)

    def refused(self, command: CancelOrder | ModifyOrder) -> None:
        """Look at once how an order stands of which the gateway has refused a request.

        It may have executed or ended meanwhile, or, of a change, have been cancelled half-way.
        """
        with suppress(TemporaryFailure):
            order = self._trace(command)
            ended = isinstance(command, ModifyOrder) and order is not None and _is_gone(order)
            order = (self._successor(command) or order) if ended else order
            ticket = self._session.desk.tickets.get(command.client_order_id or command.order_id)
            if order is not None and (
                ticket is None
                or (ticket.id, ticket.status, ticket.filled_quantity)
                != (order.id, order.status, order.filled_quantity)
            ):
                self._doubts.found(order)

    def heard(self, order: OrderSnapshot) -> None:
        """Take in how an order stands, whoever tells: its request may be settled by that."""
        for request in list(self._requests.values()):
            command = request.command
            if order.id == command.order_id or (
                command.client_order_id is not None
                and order.client_order_id == command.client_order_id
            ):
                if isinstance(command, CancelOrder):
                    is_settled = order.status.is_terminal
                else:
                    is_settled = order.status is OrderStatus.FILLED or (
                        not order.status.is_terminal and is_as_wanted(order, command)
                    )
                if is_settled:
                    self._drop(request)

    def wait_s(self) -> float | None:
        """Return how long nothing has to be done, seconds; None for ever."""
        if not self._requests:
            return None
        return max(0.0, min(one.due for one in self._requests.values()) - self._clock())

    def look(self) -> None:
        """Look for what is due; what is found is news of the doubts."""
        moment = self._clock()
        for request in [one for one in self._requests.values() if one.due <= moment]:
            try:
                order, is_settled = self._look(request)
            except TemporaryFailure as failure:
                _LOG.warning("cannot look for an order: %s", failure.what)
                request.due = self._clock() + self._pauses_s[request.looks]
                continue
            request.looks += 1
            if is_settled:
                self._drop(request)
            elif request.looks >= len(self._pauses_s):
                self._drop(request)
                self._give_up(request, order)
            else:
                request.due = self._clock() + self._pauses_s[request.looks]

    def last_look(self) -> None:
        """Look once more for everything, without asking for anything again."""
        for request in list(self._requests.values()):
            with suppress(TemporaryFailure):
                order = self._trace(request.command)
                if isinstance(request.command, ModifyOrder) and (order is None or _is_gone(order)):
                    order = self._successor(request.command) or order
                if order is not None:
                    self._doubts.found(order)
            self._drop(request)

    def _look(self, request: _Request) -> tuple[OrderSnapshot | None, bool]:
        """Return how the order stands, and whether that settles the request."""
        command = request.command
        order = self._trace(command)
        if isinstance(command, CancelOrder):
            if order is not None and not order.status.is_terminal:
                reply = self._written.ask(command)
                if isinstance(reply, CancelResult):
                    self._doubts.answered(reply.order)
                    return reply.order, reply.order.status.is_terminal
            is_settled = order is not None and order.status.is_terminal
        else:
            if order is None or _is_gone(order):
                successor = self._successor(command)
                order, is_settled = successor or order, successor is not None
            else:
                is_settled = order.status.is_terminal or is_as_wanted(order, command)
        if order is not None and is_settled:
            self._doubts.found(order)
        return order, is_settled

    def _give_up(self, request: _Request, order: OrderSnapshot | None) -> None:
        command = request.command
        what = "cancel" if isinstance(command, CancelOrder) else "modify"
        name = command.client_order_id or command.order_id
        stands = "is not shown any more" if order is None else f"is {order.status}"
        said = (
            f"{what} of order {name} got no answer and has not happened, as far as the gateway "
            f"shows after {request.looks} looks: it {stands}"
        )
        _LOG.warning("%s", said)
        if order is not None:
            self._doubts.found(order)
        notice = ErrorNotice("REQUEST_FAILED", said, {"client_order_id": name})
        self._doubts.news.append(notice)

    def _trace(self, command: CancelOrder | ModifyOrder) -> OrderSnapshot | None:
        return self._gateway.trace(
            command.client_order_id, self._symbol_of(command), command.order_id
        )

    def _successor(self, command: CancelOrder | ModifyOrder) -> OrderSnapshot | None:
        """Return the order that took the place of another one, under the same id of ours."""
        return self._gateway.trace(
            command.client_order_id, self._symbol_of(command), besides=command.order_id
        )

    def _symbol_of(self, command: CancelOrder | ModifyOrder) -> str:
        kept = self._written.journal.past.named(command.order_id)
        return kept.symbol if kept is not None else ""

    def _drop(self, request: _Request) -> None:
        self._requests.pop((type(request.command), request.command.order_id), None)
        guard = self._session.guard
        others = (one for one in self._requests.values() if isinstance(one.command, ModifyOrder))
        if guard is not None and all(one.symbol != request.symbol for one in others):
            guard.lift(UNSETTLED_CHANGE, symbol=request.symbol)


def _is_gone(order: OrderSnapshot) -> bool:
    return order.status.is_terminal and order.status is not OrderStatus.FILLED
