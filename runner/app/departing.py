"""What a run leaves behind at a gateway when it ends, however it ends."""

from __future__ import annotations

from contextlib import suppress

from runner.config.models import OnExit
from runner.errors import RiskHalt, RunnerError
from runner.protocol.commands import OrderHandle, Rejection, Reply, SubmitOrder
from runner.protocol.messages import OrderSnapshot, OrderUpdate
from runner.session import Session
from runner.strategy.desk import Desk
from runner.transports.enquiry import Enquiry
from runner.transports.leaving import Left

REASON = "on_exit: flatten"


def depart(session: Session, enquiry: Enquiry, on_exit: OnExit) -> RunnerError | None:
    """Do what `on_exit` says, or what a halt does where that is more; return what went wrong.

    Args:
        session: the strategy's side, after its last event.
        enquiry: of the gateway.
        on_exit: what the configuration says.
    """
    guard, desk = session.guard, session.desk
    wanted = on_exit
    if guard is not None:
        guard.heed()
        if guard.breach is not None:
            flattens = guard.limits.on_breach == "flatten" or on_exit is OnExit.FLATTEN
            wanted = OnExit.FLATTEN if flattens else OnExit.CANCEL
    desk.outbox.clear()
    if wanted is OnExit.LEAVE:
        return None
    told = _Told(desk, enquiry)
    departure = enquiry.departure({desk.order_prefix}, desk.next_order_id, witness=told)
    if wanted is OnExit.CANCEL:
        return trouble_of(departure.cancel(), where=enquiry.base_url)
    mine = {*desk.subscribed, *(one.symbol for one in desk.tickets.values())}
    left = departure.flatten(mine)
    told.look_up()
    return trouble_of(left, where=enquiry.base_url)


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

    def __init__(self, desk: Desk, enquiry: Enquiry) -> None:
        self._desk = desk
        self._enquiry = enquiry
        self._closing: list[str] = []

    def heard(self, order: OrderSnapshot) -> None:
        self._desk.take_order(OrderUpdate(f"ORDER_{order.status}", order))

    def sent(self, request: SubmitOrder, reply: Reply) -> None:
        desk = self._desk
        ticket = desk.submit(request, REASON)
        desk.outbox.clear()
        if isinstance(reply, OrderHandle):
            ticket.id = reply.id
            self._closing.append(reply.id)
        elif isinstance(reply, Rejection):
            ticket.reject(reply.reason, reply.message)
        desk.settle(ticket)

    def look_up(self) -> None:
        """Take in what has become of the orders that close."""
        for order_id in self._closing:
            order = self._enquiry.order(order_id)
            if order is not None:
                self.heard(order)
            for trade in self._enquiry.trades(order_id):
                self._desk.take_trade(trade)
        with suppress(RunnerError):
            self._desk.portfolio.load(self._enquiry.state())
