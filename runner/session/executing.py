"""From what a strategy asked for to commands, and from their answers to its tickets."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import msgspec

from runner.errors import ProtocolError, RiskHalt
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    ModifyResult,
    OrderHandle,
    Rejection,
    Reply,
    SubmitOrder,
    Unanswered,
)
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import ErrorNotice
from runner.safety.guard import DENIED
from runner.session.asks import Ask
from runner.session.calling import call, notify
from runner.session.state import Session
from runner.strategy.desk import Request
from runner.strategy.order import Attention, CancelRequest, LocalRejection, ModifyRequest, Order

MAX_REQUESTS_PER_EVENT = 1000
"""Most requests one event may cause. More is a loop (an order per rejection, say), not a plan."""


def flush(session: Session) -> Generator[Ask, Any, None]:
    """Execute what the strategy asked for, in order, until nothing is left."""
    desk = session.desk
    done = 0
    while desk.outbox:
        requests, desk.outbox[:] = desk.outbox[:], []
        for request in requests:
            done += 1
            if done > MAX_REQUESTS_PER_EVENT:
                raise RiskHalt(
                    f"one event caused more than {MAX_REQUESTS_PER_EVENT} requests",
                    where=f"{type(session.strategy).__name__} at {desk.now.isoformat()}",
                    why="that is a loop, not a plan: an order for every rejection, for example",
                    fix="look at on_order and on_error, which run once for each answer",
                    id="E910",
                )
            yield from _execute(session, request)


def _execute(session: Session, request: Request) -> Generator[Ask, Any, None]:
    desk = session.desk
    match request:
        case Attention():
            if session.guard:
                session.guard.heed()
        case LocalRejection():
            _reject(session, request.order, request.reason, request.message)
        case SubmitOrder():
            order = desk.tickets[request.client_order_id or ""]
            denial = session.guard.check(request, order.reason) if session.guard else None
            if denial is not None:
                _reject(session, order, f"{DENIED}_{denial.limit.upper()}", denial.message)
                return
            reply = yield request
            _submitted(session, order, reply)
        case CancelRequest(order=order) | ModifyRequest(order=order) if order.is_done:
            return
        case CancelRequest(order=order) | ModifyRequest(order=order) if order.id is None:
            what = "cancel" if isinstance(request, CancelRequest) else "modify"
            said = f"cannot {what} {order!r}: nobody knows whether the peer has it"
            notify(session, ErrorNotice("ORDER_UNKNOWN", said))
        case CancelRequest(order=order):
            reply = yield CancelOrder(order.id, order.client_order_id)
            if isinstance(reply, CancelResult):
                order.update(reply.order)
                desk.settle(order)
                if order.is_news():
                    call(session, session.strategy.on_order, order)
            else:
                _refused(session, "cancel", order, reply)
        case ModifyRequest(order=order, changes=changes):
            denial = session.guard.check_change(order, changes) if session.guard else None
            if denial is not None:
                said = f"modify of {order!r}: {denial.message}"
                notify(session, ErrorNotice(DENIED, said))
                return
            reply = yield msgspec.structs.replace(
                changes, order_id=order.id, client_order_id=order.client_order_id
            )
            if isinstance(reply, ModifyResult):
                order.update(reply.order)
                desk.settle(order)
                if order.is_news():
                    call(session, session.strategy.on_order, order)
            else:
                _refused(session, "modify", order, reply)


def _submitted(session: Session, order: Order, reply: Reply) -> None:
    match reply:
        case OrderHandle():
            if session.guard:
                session.guard.accepted()
            order.id = reply.id
            if not order.is_done and order.status is not OrderStatus.PARTIALLY_FILLED:
                order.status = reply.status
            session.desk.settle(order)
        case Rejection():
            _refuse_unsent(session, f"order {order.client_order_id}", reply)
            _reject(session, order, reply.reason, reply.message)
            if session.guard:
                session.guard.refused()
        case _:
            _unanswered(session, f"order {order.client_order_id}", reply)
            order.status = OrderStatus.UNKNOWN
            if order.is_news():
                call(session, session.strategy.on_order, order)


def _reject(session: Session, order: Order, reason: str, message: str) -> None:
    order.reject(reason, message)
    session.desk.settle(order)
    session.rejections.append(order)
    if order.is_news():
        call(session, session.strategy.on_order, order)


def _refused(session: Session, what: str, order: Order, reply: Reply) -> None:
    if isinstance(reply, Rejection):
        _refuse_unsent(session, f"{what} of order {order.client_order_id}", reply)
        notify(session, ErrorNotice(reply.code, f"{what} of {order!r}: {reply.message}"))
    else:
        _unanswered(session, f"{what} of order {order.client_order_id}", reply)


def _refuse_unsent(session: Session, what: str, reply: Rejection) -> None:
    # A peer that cannot be reached has decided nothing. Counting that as a rejection would let a
    # backtest go on, and end well, without the orders it was to test.
    if session.backtest and reply.status == 0:
        raise ProtocolError(
            f"{what} could not be sent: {reply.message}",
            where=f"{session.desk.now.isoformat()}",
            why="the engine's REST side is gone, and a backtest without its orders is none",
            fix="look at the engine's log, then run again",
            id="E721",
        )


def _unanswered(session: Session, what: str, reply: Reply) -> None:
    why = reply.why if isinstance(reply, Unanswered) else f"unexpected answer {reply!r}"
    if session.backtest:
        raise ProtocolError(
            f"nobody knows whether {what} was carried out: {why}",
            where=f"{session.desk.now.isoformat()}",
            why="the event cannot be acknowledged, and a guess would make the result wrong",
            fix="look at the engine's log; raise connection.request_timeout if it is only slow",
            id="E720",
        )
    notify(session, ErrorNotice("REQUEST_UNANSWERED", f"{what}: {why}"))
