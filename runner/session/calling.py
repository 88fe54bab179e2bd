"""Calling the strategy: whatever its code raises is contained here, and named as its own."""

from __future__ import annotations

from collections.abc import Callable

from runner.errors import StrategyFailed
from runner.protocol.commands import SubmitOrder
from runner.protocol.messages import ErrorNotice
from runner.session.state import Session


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
    # A decision that was not finished is not executed: what the handler had asked for is dropped.
    for request in session.desk.outbox:
        if isinstance(request, SubmitOrder) and request.client_order_id is not None:
            order = session.desk.tickets[request.client_order_id]
            order.reject("UNKNOWN", f"{handler} raised before the order was sent")
            session.desk.settle(order)
    session.desk.outbox.clear()
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


def notify(session: Session, notice: ErrorNotice) -> None:
    session.notices.append(notice)
    call(session, session.strategy.on_error, notice)
