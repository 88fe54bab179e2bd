"""Calling the strategy: whatever its code raises is contained here, and named as its own."""

from __future__ import annotations

from collections.abc import Callable
from decimal import getcontext, setcontext

from runner.errors import StrategyFailed
from runner.protocol.commands import SubmitOrder
from runner.protocol.messages import ErrorNotice
from runner.session.state import Session
from runner.strategy.order import LocalRejection


class Overdue(BaseException):
    """Ends a handler that does not come back; raised inside it, by whoever watches.

    No `Exception`: code that goes on past every error of its own must not go on past this one.
    """

    __module__ = "runner"  # a person reads its name below the frames of the handler

    def __init__(self, after_s: float, *, is_leaving: bool) -> None:
        """Note how long the handler had, in seconds, and whether the run was asked to end."""
        super().__init__(f"it had {after_s:g} s")
        self.after_s = after_s
        self.is_leaving = is_leaving


def call(session: Session, handler: Callable[..., None] | None, *args: object) -> None:
    if handler is None:
        return
    ours = getcontext()
    setcontext(session.arithmetic)
    try:
        try:
            handler(*args)
        finally:
            session.arithmetic = getcontext()
            setcontext(ours)
    except BaseException as error:  # noqa: BLE001 - SystemExit and the like are the strategy's too
        fail(session, handler.__name__, error)


def fail(session: Session, handler: str, error: BaseException) -> None:
    strategy = type(session.strategy).__name__
    moment = session.desk.now.isoformat() if session.desk.now_ms else "the start"
    where = f"{strategy}.{handler} at {moment}"
    if isinstance(error, Overdue):
        _drop_requests(session, f"{handler} was ended before the order was sent")
        if error.is_leaving:
            raise error
        raise overdue(handler, where, error.after_s) from error
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


def overdue(handler: str, where: str, after_s: float) -> StrategyFailed:
    """Return what a run ends with whose handler has not returned after so many seconds."""
    return StrategyFailed(
        f"{handler} has not returned after {after_s:g} s",
        where=where,
        why="the event is not acknowledged: its handling did not finish",
        fix="see above what it was doing; if it needs that long: --set handler_timeout=5m",
        id="E502",
    )


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
