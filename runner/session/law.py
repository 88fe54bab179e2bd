"""The law, and nothing else:

    An event is acknowledged only after the strategy's handler has returned and every order it
    placed has been answered. A handler that raises acknowledges nothing. An event that comes a
    second time is not handled again, only acknowledged.

`converse` is a generator without I/O. It yields what it needs (a command to execute, an ack to
send, or `NEXT`) and is sent the answer. A driver runs it: over the embedded exchange, where
resuming the exchange is the ack and messages carry no id, or over a socket, where every frame
arrives as an `Arrival`. The rule stands only here, so it cannot differ between runtimes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from decimal import getcontext, setcontext
from itertools import chain
from threading import get_ident
from typing import Any

from runner.errors import ProtocolError, RiskHalt, StrategyFailed
from runner.protocol.commands import ReadState, State
from runner.protocol.messages import (
    BacktestComplete,
    Candle,
    Connection,
    ErrorNotice,
    Stretch,
    Trade,
)
from runner.session.asks import NEXT, Ack, Arrival, Ask, Closed, Ending, Missed, Regained
from runner.session.calling import call, fail, notify
from runner.session.executing import flush
from runner.session.folding import folds_of
from runner.session.handled import Handled
from runner.session.state import Session
from runner.strategy.desk import NOBODY
from runner.strategy.order import Order

ACK_LIMIT = 256
"""Most ids that one ack names: a long burst is acknowledged in portions."""

Talk = Generator[Ask, Any, Ending]


def converse(session: Session) -> Talk:
    """Hold the conversation from the first state to the end and return how it ended.

    Raises:
        StrategyFailed: E501, a handler raised and `on_exception` is `halt`.
        ProtocolError: the peer broke the protocol, or a backtest broke off.
        RiskHalt: E910, one event caused more than `MAX_REQUESTS_PER_EVENT` requests.
    """
    desk = session.desk
    desk.thread = get_ident()
    outbox = desk.outbox
    on_candle = session.handler("on_candle")
    folds = folds_of(session)
    state: State = yield ReadState(capabilities=not session.backtest)
    missed = desk.load(state)
    if session.guard is not None:
        session.guard.capabilities = state.capabilities
    call(session, session.strategy.on_start)
    _tell(session, missed)
    if outbox:
        yield from flush(session)
    pending: list[str] = []
    """Ids whose handling is over and which no ack has named yet."""
    handled = Handled()
    while True:
        arrival: Any = yield NEXT  # an `Answer`; its exact type decides
        kind = type(arrival)
        if kind is Stretch:
            yield from _take(session, arrival, on_candle)
            continue
        fold = folds.get(kind)
        if fold is not None:
            # In process a message comes bare: it has no id, and nothing is acknowledged.
            fold(arrival)
            if outbox:
                yield from flush(session)
            continue
        if kind is Arrival:
            message, event_id, more = arrival.message, arrival.event_id, arrival.more
            if type(message) is not BacktestComplete:
                if event_id is None or event_id not in handled:
                    try:
                        folds[type(message)](message)
                        if outbox:
                            yield from flush(session)
                    except (StrategyFailed, RiskHalt):
                        # The failed event stays unacknowledged; those before it are done.
                        if pending:
                            yield Ack(tuple(pending))
                        raise
                if event_id is not None:
                    handled.add(event_id)
                    pending.append(event_id)
                if pending and (not more or len(pending) >= ACK_LIMIT):
                    yield Ack(tuple(pending))
                    pending.clear()
                    desk.catch_up()
                continue
            yield from _finish(session, pending, event_id)
            return _confirm(session, Ending("complete", confirmed=event_id is not None))
        if kind is Regained:
            handled.clear()
            state = yield ReadState()
            _tell(session, desk.load(state))
            folds[Connection](Connection("RECONNECTED", gap_duration_ms=arrival.gap_ms))
            if outbox:
                yield from flush(session)
            continue
        if kind is Missed:
            yield from _make_up(session, arrival)
            continue
        if kind is Closed:
            return (yield from _closed(session, arrival, pending))
        yield from _finish(session, pending)
        if kind is BacktestComplete:
            return Ending("complete", confirmed=True)
        return Ending(arrival.why, confirmed=False)


def _make_up(session: Session, missed: Missed) -> Generator[Ask, Any, None]:
    """Take over what the peer holds, and tell the strategy what it has not heard."""
    state: State = yield ReadState()
    _tell(session, session.desk.load(state))
    if missed.halts and session.guard is not None:
        session.guard.halt(missed.code.lower(), missed.what)
    notify(session, ErrorNotice(missed.code, missed.what))
    if session.desk.outbox:
        yield from flush(session)


def _tell(session: Session, missed: Sequence[Order | Trade]) -> None:
    """Tell the strategy what has become of its orders while nobody was listening."""
    for one in missed:
        if isinstance(one, Trade):
            call(session, session.handler("on_trade"), one)
        elif one.is_news():
            if one.is_rejected:
                session.rejections.append(one)
            call(session, session.handler("on_order"), one)


def _take(
    session: Session, stretch: Stretch, on_candle: Callable[[Candle], None] | None
) -> Generator[Ask, Any, None]:
    """Handle the candles of a stretch until one of them causes a request.

    This is the hot path of an embedded run: no id, no ack, nothing to look up.
    """
    desk = session.desk
    outbox = desk.outbox
    first = candle = next(stretch.candles, None)
    if first is None:
        return
    takers = desk.takers(first)
    guard = session.guard
    if guard is not None and guard.watches_equity:
        watch = guard.watch
        takers = [*takers, lambda _: watch(desk.equity(), desk.now_ms)]
    ours = getcontext()
    setcontext(session.arithmetic)
    try:
        try:
            for candle in chain((first,), stretch.candles):
                for take in takers:
                    take(candle)
                if on_candle is not None:
                    on_candle(candle)
                if outbox:
                    break
        finally:
            session.arithmetic = getcontext()
            setcontext(ours)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the strategy's
        fail(session, "on_candle", error)
    stretch.latest = candle
    if outbox:
        yield from flush(session)
    if desk.tape:
        desk.catch_up()


def _finish(
    session: Session, pending: list[str], end_id: str | None = None
) -> Generator[Ask, Any, None]:
    """Let the strategy stop, execute what it still asks for, then acknowledge what is handled."""
    try:
        call(session, session.strategy.on_stop)
        if session.desk.outbox:
            yield from flush(session)
    except (StrategyFailed, RiskHalt):
        # The end is not acknowledged, as no event is whose handler raised; those before it are.
        if pending:
            yield Ack(tuple(pending))
        raise
    session.desk.thread = NOBODY
    if end_id is not None:
        pending.append(end_id)
    if pending:
        yield Ack(tuple(pending))
        pending.clear()


def _closed(session: Session, closed: Closed, pending: list[str]) -> Generator[Ask, Any, Ending]:
    if closed.code == 1000 and not pending:
        yield from _finish(session, pending)
        return _confirm(session, Ending("closed", confirmed=not session.backtest))
    said = f"{closed.code} {closed.reason}".strip()
    raise ProtocolError(
        f"the connection ended before the backtest did: close code {said}",
        where=_reached(session),
        why="only an end that the peer announces, or a normal close, ends a backtest well",
        fix="look at the engine's log, then run again",
        id="E730",
    )


def _confirm(session: Session, ending: Ending) -> Ending:
    if session.require_complete and session.backtest and not ending.confirmed:
        raise ProtocolError(
            "the peer closed without confirming that the backtest is complete",
            where=_reached(session),
            why="connection.require_complete is set",
            fix="use an engine that sends backtest_complete, or unset connection.require_complete",
            id="E731",
        )
    return ending


def _reached(session: Session) -> str:
    desk = session.desk
    return f"after {desk.market_events} market events, at {desk.now.isoformat()}"
