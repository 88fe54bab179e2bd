"""The law, and nothing else:

    An event is acknowledged only after the strategy's handler has returned and every order it
    placed has been answered. A handler that raises acknowledges nothing.

`converse` is a generator without I/O. It yields what it needs (a command to execute, an ack to
send, or `NEXT`) and is sent the answer. A driver runs it: over the embedded exchange, where
resuming the exchange is the ack and messages carry no id, or over a socket, where every frame
arrives as an `Arrival`. The rule stands only here, so it cannot differ between runtimes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain
from typing import Any, Literal

import msgspec

from runner.errors import ProtocolError, RiskHalt, StrategyFailed
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    Command,
    ModifyResult,
    OrderHandle,
    ReadState,
    Rejection,
    Reply,
    State,
    SubmitOrder,
    Unanswered,
)
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import (
    AccountUpdate,
    BacktestComplete,
    Candle,
    Connection,
    DataStaleness,
    ErrorNotice,
    EventAck,
    Financing,
    Malformed,
    Message,
    OrderUpdate,
    Ping,
    Pong,
    PositionUpdate,
    Quote,
    RateLimit,
    Stretch,
    TradeUpdate,
    Unknown,
)
from runner.strategy.base import Strategy
from runner.strategy.desk import Desk, Request
from runner.strategy.order import Attention, CancelRequest, LocalRejection, ModifyRequest, Order

HANDLERS = (
    "on_candle",
    "on_quote",
    "on_order",
    "on_trade",
    "on_position",
    "on_account",
    "on_connection",
    "on_rate_limit",
    "on_error",
)
"""The handlers that a message leads to; `on_start` and `on_stop` frame them."""
ACK_LIMIT = 256
"""Most ids that one ack names: a long burst is acknowledged in portions."""
MAX_REQUESTS_PER_EVENT = 1000
"""Most requests one event may cause. More is a loop (an order per rejection, say), not a plan."""


class Next(Enum):
    """The one value that asks the driver for the next event."""

    NEXT = "next"


NEXT = Next.NEXT


class Ack(msgspec.Struct, frozen=True):
    """Ask the driver to acknowledge these ids."""

    ids: tuple[str, ...]


class Arrival(msgspec.Struct, frozen=True):
    """A message from a wire, with its event id and whether more has arrived behind it."""

    message: Message
    event_id: str | None
    more: bool


class Closed(msgspec.Struct, frozen=True):
    """The peer closed the connection for good."""

    code: int
    """WebSocket close code; 1006 when the connection just broke."""
    reason: str = ""


class Regained(msgspec.Struct, frozen=True):
    """A lost connection stands again: state must be read anew before the next event."""

    gap_ms: int


class Stop(msgspec.Struct, frozen=True):
    """The run is to end now, in good order."""

    why: Literal["interrupted", "terminated", "timeout", "max_events"]


Ask = Next | Ack | Command
Answer = Reply | Message | Stretch | Arrival | Closed | Regained | Stop | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a conversation ended, when it ended well."""

    why: Literal["complete", "closed", "interrupted", "terminated", "timeout", "max_events"]
    confirmed: bool
    """Whether the peer said that the backtest is complete."""


@dataclass(slots=True)
class Session:
    """One strategy's conversation with one peer: the rules it runs under, and what it counted."""

    strategy: Strategy
    desk: Desk
    backtest: bool = True
    on_exception: Literal["halt", "skip"] = "halt"
    require_complete: bool = False
    admits: Callable[[Message], bool] | None = None
    """Which candles and quotes are subscribed; the others are acknowledged unseen. None: all."""
    not_subscribed: int = 0
    """Candles and quotes that the peer sent and nobody had subscribed to."""
    rejections: list[Order] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """What handlers raised, one line each, when `on_exception` is `skip`."""
    unknown_types: dict[str, int] = field(default_factory=dict)
    malformed: int = 0
    notices: list[ErrorNotice] = field(default_factory=list)

    def handler(self, name: str) -> Callable[..., None] | None:
        """Return the strategy's own handler, None where it has not written one."""
        if getattr(type(self.strategy), name) is getattr(Strategy, name):
            return None
        handler: Callable[..., None] = getattr(self.strategy, name)
        return handler


Talk = Generator[Ask, Any, Ending]


def converse(session: Session) -> Talk:
    """Hold the conversation from the first state to the end and return how it ended.

    Raises:
        StrategyFailed: E501, a handler raised and `on_exception` is `halt`.
        ProtocolError: the peer broke the protocol, or a backtest broke off.
        RiskHalt: E910, one event caused more than `MAX_REQUESTS_PER_EVENT` requests.
    """
    desk = session.desk
    outbox = desk.outbox
    on_candle = session.handler("on_candle")
    folds = _folds(session)
    state: State = yield ReadState()
    desk.load(state)
    _call(session, session.strategy.on_start)
    if outbox:
        yield from _flush(session)
    pending: list[str] = []
    """Ids whose handling is over and which no ack has named yet."""
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
                yield from _flush(session)
            continue
        if kind is Arrival:
            message, event_id, more = arrival.message, arrival.event_id, arrival.more
            if type(message) is not BacktestComplete:
                folds[type(message)](message)
                if outbox:
                    yield from _flush(session)
                if event_id is not None:
                    pending.append(event_id)
                if pending and (not more or len(pending) >= ACK_LIMIT):
                    yield Ack(tuple(pending))
                    pending.clear()
                    desk.catch_up()
                continue
            if event_id is not None:
                pending.append(event_id)
            yield from _finish(session, pending)
            return _confirm(session, Ending("complete", confirmed=event_id is not None))
        if kind is Regained:
            state = yield ReadState()
            desk.load(state)
            folds[Connection](Connection("RECONNECTED", gap_duration_ms=arrival.gap_ms))
            if outbox:
                yield from _flush(session)
            continue
        if kind is Closed:
            return (yield from _closed(session, arrival, pending))
        yield from _finish(session, pending)
        if kind is BacktestComplete:
            return Ending("complete", confirmed=True)
        return Ending(arrival.why, confirmed=False)


def _take(
    session: Session, stretch: Stretch, on_candle: Callable[[Candle], None] | None
) -> Generator[Ask, Any, None]:
    """Handle the candles of a stretch until one of them causes a request.

    This is the hot path of an embedded run: no id, no ack, nothing to look up.
    """
    desk = session.desk
    outbox = desk.outbox
    candle = next(stretch.candles, None)
    if candle is None:
        return
    takers = desk.takers(candle)
    try:
        for candle in chain((candle,), stretch.candles):
            for take in takers:
                take(candle)
            if on_candle is not None:
                on_candle(candle)
            if outbox:
                break
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the strategy's
        _fail(session, "on_candle", error)
    stretch.latest = candle
    if outbox:
        yield from _flush(session)
    desk.catch_up()


def _folds(session: Session) -> dict[type, Callable[[Any], None]]:
    """Return what to do with each type of message: fold it into the desk, then call its handler.

    A handler that the strategy has not written costs nothing.
    """
    desk = session.desk
    on = {name: session.handler(name) for name in HANDLERS}

    admits = session.admits

    def candle(message: Candle) -> None:
        if admits is not None and not admits(message):
            session.not_subscribed += 1
            return
        desk.take_candle(message)
        _call(session, on["on_candle"], message)

    def quote(message: Quote) -> None:
        if admits is not None and not admits(message):
            session.not_subscribed += 1
            return
        desk.take_quote(message)
        _call(session, on["on_quote"], message)

    def order(message: OrderUpdate) -> None:
        ticket = desk.take_order(message)
        if ticket.is_news():
            if ticket.is_rejected:
                session.rejections.append(ticket)
            _call(session, on["on_order"], ticket)

    def trade(message: TradeUpdate) -> None:
        desk.take_trade(message.trade)
        _call(session, on["on_trade"], message.trade)

    def position(message: PositionUpdate) -> None:
        desk.take_position(message.position)
        _call(session, on["on_position"], message.position)

    def account(message: AccountUpdate) -> None:
        desk.take_account(message.account)
        _call(session, on["on_account"], message.account)
        if message.event != "BALANCE_UPDATED":
            _notice(session, ErrorNotice(message.event, "the account's margin is short"))

    def connection(message: Connection) -> None:
        _call(session, on["on_connection"], message)

    def rate_limit(message: RateLimit) -> None:
        _call(session, on["on_rate_limit"], message)

    def error(message: ErrorNotice) -> None:
        _notice(session, message)

    def unknown(message: Unknown) -> None:
        session.unknown_types[message.type] = session.unknown_types.get(message.type, 0) + 1

    def malformed(message: Malformed) -> None:
        _malformed(session, message)

    def nothing(message: Message) -> None:
        # Nothing a strategy can act on; acknowledged like everything else.
        pass

    return {
        Candle: candle,
        Quote: quote,
        OrderUpdate: order,
        TradeUpdate: trade,
        PositionUpdate: position,
        AccountUpdate: account,
        Connection: connection,
        RateLimit: rate_limit,
        ErrorNotice: error,
        Unknown: unknown,
        Malformed: malformed,
        DataStaleness: nothing,
        Financing: nothing,
        Ping: nothing,
        Pong: nothing,
        EventAck: nothing,
    }


def _call(session: Session, handler: Callable[..., None] | None, *args: object) -> None:
    if handler is None:
        return
    try:
        handler(*args)
    except BaseException as error:  # noqa: BLE001 - SystemExit and the like are the strategy's too
        _fail(session, handler.__name__, error)


def _fail(session: Session, handler: str, error: BaseException) -> None:
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


def _notice(session: Session, notice: ErrorNotice) -> None:
    session.notices.append(notice)
    _call(session, session.strategy.on_error, notice)


def _malformed(session: Session, message: Malformed) -> None:
    if session.backtest:
        raise ProtocolError(
            f"the peer sent a frame that cannot be read: {message.reason}",
            where=f"bytes {message.raw!r}",
            why="a backtest with a missing event gives wrong numbers, so it ends here",
            fix="check that the URL is that of a Backtest Engine, and its version",
            id="E710",
        )
    session.malformed += 1


def _flush(session: Session) -> Generator[Ask, Any, None]:
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
            return
        case LocalRejection():
            _reject(session, request.order, request.reason, request.message)
        case SubmitOrder():
            order = desk.tickets[request.client_order_id or ""]
            reply = yield request
            _submitted(session, order, reply)
        case CancelRequest(order=order):
            if order.id is None or order.is_done:
                return
            reply = yield CancelOrder(order.id, order.client_order_id)
            if isinstance(reply, CancelResult):
                order.update(reply.order)
                desk.settle(order)
                if order.is_news():
                    _call(session, session.strategy.on_order, order)
            else:
                _refused(session, "cancel", order, reply)
        case ModifyRequest(order=order, changes=changes):
            if order.id is None or order.is_done:
                return
            reply = yield msgspec.structs.replace(
                changes, order_id=order.id, client_order_id=order.client_order_id
            )
            if isinstance(reply, ModifyResult):
                order.update(reply.order)
                desk.settle(order)
                if order.is_news():
                    _call(session, session.strategy.on_order, order)
            else:
                _refused(session, "modify", order, reply)


def _submitted(session: Session, order: Order, reply: Reply) -> None:
    match reply:
        case OrderHandle():
            order.id = reply.id
            if not order.is_done and order.status is not OrderStatus.PARTIALLY_FILLED:
                order.status = reply.status
            session.desk.settle(order)
        case Rejection():
            _reject(session, order, reply.reason, reply.message)
        case _:
            _unanswered(session, f"order {order.client_order_id}", reply)
            order.status = OrderStatus.UNKNOWN
            if order.is_news():
                _call(session, session.strategy.on_order, order)


def _reject(session: Session, order: Order, reason: str, message: str) -> None:
    order.reject(reason, message)
    session.desk.settle(order)
    session.rejections.append(order)
    if order.is_news():
        _call(session, session.strategy.on_order, order)


def _refused(session: Session, what: str, order: Order, reply: Reply) -> None:
    if isinstance(reply, Rejection):
        _notice(session, ErrorNotice(reply.code, f"{what} of {order!r}: {reply.message}"))
    else:
        _unanswered(session, f"{what} of order {order.client_order_id}", reply)


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
    _notice(session, ErrorNotice("REQUEST_UNANSWERED", f"{what}: {why}"))


def _finish(session: Session, pending: list[str]) -> Generator[Ask, Any, None]:
    """Let the strategy stop, execute what it still asks for, then acknowledge what is handled."""
    _call(session, session.strategy.on_stop)
    if session.desk.outbox:
        yield from _flush(session)
    if pending:
        yield Ack(tuple(pending))
        pending.clear()


def _closed(
    session: Session, closed: Closed, pending: list[str]
) -> Generator[Ask, Any, Ending]:
    if closed.code == 1000 and not pending:
        yield from _finish(session, pending)
        return _confirm(session, Ending("closed", confirmed=not session.backtest))
    said = f"{closed.code} {closed.reason}".strip()
    raise ProtocolError(
        f"the connection ended before the backtest did: close code {said}",
        where=f"after {session.desk.market_events} market events, at {session.desk.now.isoformat()}",
        why="only an end that the peer announces, or a normal close, ends a backtest well",
        fix="look at the engine's log, then run again",
        id="E730",
    )


def _confirm(session: Session, ending: Ending) -> Ending:
    if session.require_complete and session.backtest and not ending.confirmed:
        raise ProtocolError(
            "the peer closed without confirming that the backtest is complete",
            where=f"after {session.desk.market_events} market events, at {session.desk.now.isoformat()}",
            why="connection.require_complete is set",
            fix="use an engine that sends backtest_complete, or unset connection.require_complete",
            id="E731",
        )
    return ending
