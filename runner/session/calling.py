"""Calling the strategy: whatever its code raises is contained here, and named as its own."""

from __future__ import annotations

from collections.abc import Callable

from runner.errors import StrategyFailed
from runner.protocol.commands import SubmitOrder
from runner.protocol.messages import ErrorNotice
from runner.session.state import Session
from runner.strategy.order import LocalRejection


def call(session: Session, handler: Callable[..., None] | None, *args: object) -> None:
    if handler is None:
        return
    try:
        handler(*args)
    except BaseException as error:  # noqa: BLE001 - SystemExit and the like are the strategy's too
        fail(session, handler.__name__, error)


def fail(session: Session, handler: str, error: BaseException) -> None:
    strategy = type(session.strategy).__name__
    moment = session.desk.now.isoformat() if session.desk.now_ms else "the start"
    where = f"{strategy}.{handler} at {moment}"
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    _drop_requests(session, f"{handler} raised before the order was sent")
    if session.on_exception == "skip":
        session.failures.append(f"{where}: {said}")
        return
    raise StrategyFailed(
        f"{handler} raised {said}",
        where=where,
        why="the event is not acknowledged: its handling did not finish",
        fix="mend the handler, or go on past errors with `on_exception: skip`",
        id="E501",
    ) from error


def _drop_requests(session: Session, why: str) -> None:
    # A decision that was not finished is not executed: what the handler had asked for is dropped.
    # What a halt of the guard is to cancel and to close is no decision of the strategy, and stays.
    desk, halting = session.desk, session.guard.requests if session.guard else ()
    dropped, desk.outbox[:] = desk.outbox[:], [one for one in desk.outbox if one in halting]
    for request in dropped:
        if request in halting:
            continue
        if isinstance(request, SubmitOrder):
            order = desk.tickets[request.client_order_id or ""]
            order.reject("UNKNOWN", why)
            desk.settle(order)
        elif isinstance(request, LocalRejection):
            request.order.reject(request.reason, request.message)
            desk.settle(request.order)


def notify(session: Session, notice: ErrorNotice) -> None:
    session.notices.append(notice)
    call(session, session.strategy.on_error, notice)
