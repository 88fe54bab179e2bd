"""What a run leaves behind at a gateway when it ends, however it ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from runner.config.models import OnExit
from runner.errors import RiskHalt, RunnerError
from runner.journal import Journal, Kept
from runner.protocol.commands import OrderHandle, Rejection, Reply, SubmitOrder
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import OrderSnapshot, OrderUpdate
from runner.session import Session
from runner.strategy.desk import Desk
from runner.transports.enquiry import Enquiry
from runner.transports.executions import Executions
from runner.transports.leaving import Left
from runner.transports.stop import GONE_S, StopRequest

REASON = "on_exit: flatten"


def depart(
    session: Session,
    enquiry: Enquiry,
    on_exit: OnExit,
    stop: StopRequest,
    *,
    journal: Path,
) -> RunnerError | None:
    """Do what `on_exit` says, or what a halt does where that is more; return what went wrong.

    What earlier runs of the strategy have left at work is cancelled, too. Positions are closed only
    by a run that has taken over what the gateway held, and that can write its orders down.

    Args:
        session: the strategy's side, after its last event.
        enquiry: of the gateway.
        on_exit: what the configuration says.
        stop: whether somebody waits for the run to be gone.
        journal: the file that the run's orders are written down in.
    """
    guard, desk = session.guard, session.desk
    wanted = on_exit
    if guard is not None:
        guard.heed()
        if guard.breach is not None:
            flattens = guard.limits.on_breach == "flatten" or on_exit is OnExit.FLATTEN
            wanted = OnExit.FLATTEN if flattens else OnExit.CANCEL
    desk.outbox.clear()
    if wanted is OnExit.LEAVE or desk.portfolio.account is None:
        return None  # who has not begun has nothing to leave
    told = _Told(desk)
    try:
        kept = Journal(journal)
    except RunnerError as error:
        departure = enquiry.departure(
            {desk.order_prefix},
            desk.next_order_id,
            witness=told,
            left_s=lambda: stop.left_s(GONE_S),
        )
        trouble = trouble_of(departure.cancel(), where=enquiry.base_url)
        return trouble or (error if wanted is OnExit.FLATTEN else None)
    with closing(kept):
        ours = {desk.order_prefix, *kept.past.runs}
        departure = enquiry.departure(
            ours,
            desk.next_order_id,
            witness=told,
            journal=kept,
            reason=REASON,
            # Closing positions takes the time that it takes.
            left_s=lambda: math.inf if wanted is OnExit.FLATTEN else stop.left_s(GONE_S),
        )
        if wanted is OnExit.CANCEL:
            left = departure.cancel()
        else:
            _ask_for(kept.past.open(), enquiry, told)
            mine = {*desk.subscribed, *(one.symbol for one in desk.tickets.values())}
            left = departure.flatten(mine)
        if wanted is OnExit.FLATTEN or stop.left_s(GONE_S) > 0:
            _take_in(desk, enquiry, kept, told)
    return trouble_of(left, where=enquiry.base_url)


def _ask_for(orders: Sequence[Kept], enquiry: Enquiry, told: _Told) -> None:
    """Take in how orders stand: what is closed is what they have opened, told of or not."""
    with suppress(RunnerError):
        for one in orders:
            order = enquiry.order(one.client_order_id, one.symbol, one.order_id)
            if order is not None:
                told.heard(order)


def _take_in(desk: Desk, enquiry: Enquiry, journal: Journal, told: _Told) -> None:
    """Take in what has executed meanwhile: no stream tells of it now."""
    account = desk.portfolio.account
    currency = account.currency if account is not None else ""
    executions = Executions(enquiry, journal, currency=lambda: currency)
    with suppress(RunnerError):
        for trade in executions.missed(told.orders.values()):
            desk.take_trade(trade)
        if told.orders:
            desk.portfolio.load(enquiry.state())


def trouble_of(left: Left, *, where: str) -> RiskHalt | None:
    """Return what a person must look at, None if nothing is left."""
    if left.unknown:
        return RiskHalt(
            "nobody knows whether orders of this run still work",
            where=where,
            why=left.unknown,
            fix="look at the account, or when the gateway answers again: runner flatten",
            id="E926",
        )
    if left.positions:
        held = ", ".join(f"{one.signed_quantity:f} {one.symbol}" for one in left.positions)
        return RiskHalt(
            f"positions open: {held}",
            where=where,
            why="they were to be closed, and the gateway has not done so",
            fix="look at the account: is the market closed? Then: runner flatten",
            id="E925",
        )
    if left.orders:
        named = ", ".join(one.client_order_id or one.id for one in left.orders[:5])
        return RiskHalt(
            f"{len(left.orders)} entry orders still work: {named}",
            where=where,
            why="they were to be cancelled, and the gateway has not done so",
            fix="look at the account, and cancel them there",
            id="E924",
        )
    return None


class _Told:
    """Keeps the run's own books up to date while it leaves: no stream tells of anything now."""

    def __init__(self, desk: Desk) -> None:
        self.orders: dict[str, OrderSnapshot] = {}
        """How orders stood last, by the gateway's id."""
        self._desk = desk

    def heard(self, order: OrderSnapshot) -> None:
        self.orders[order.id] = order
        self._desk.take_order(OrderUpdate(f"ORDER_{order.status}", order))

    def sent(self, request: SubmitOrder, reply: Reply) -> None:
        desk = self._desk
        ticket = desk.submit(request, REASON)
        desk.outbox.clear()
        if isinstance(reply, OrderHandle):
            ticket.id = reply.id
        elif isinstance(reply, Rejection):
            ticket.reject(reply.reason, reply.message)
        else:
            ticket.status = OrderStatus.UNKNOWN
        desk.settle(ticket)
