"""From a message to the strategy: each type is folded into the desk, then handed to its handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runner.errors import ProtocolError
from runner.protocol.messages import (
    AccountUpdate,
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
    TradeUpdate,
    Unknown,
)
from runner.protocol.times import iso_ms
from runner.session.calling import call, notify
from runner.session.state import Session

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


def folds_of(session: Session) -> dict[type, Callable[[Any], None]]:
    """Return what to do with each type of message: fold it into the desk, then call its handler.

    A handler that the strategy has not written costs nothing.
    """
    desk = session.desk
    on = {name: session.handler(name) for name in HANDLERS}

    admits = session.admits

    guard = session.guard
    watches = guard is not None and guard.watches_equity

    def watch() -> None:
        if watches and guard is not None:
            guard.watch(desk.equity(), desk.now_ms)

    is_backtest = session.backtest
    opened: dict[tuple[str, str], int] = {}

    def candle(message: Candle) -> None:
        if is_backtest:
            key = (message.symbol, message.timeframe)
            if message.time < opened.get(key, 0):
                raise _back_in_time(message, opened[key])
            opened[key] = message.time
        if admits is not None and not admits(message):
            session.not_subscribed += 1
            return
        desk.take_candle(message)
        watch()
        call(session, on["on_candle"], message)

    def quote(message: Quote) -> None:
        if admits is not None and not admits(message):
            session.not_subscribed += 1
            return
        desk.take_quote(message)
        watch()
        call(session, on["on_quote"], message)

    def order(message: OrderUpdate) -> None:
        ticket = desk.take_order(message)
        if ticket.is_news():
            if ticket.is_rejected:
                session.rejections.append(ticket)
            call(session, on["on_order"], ticket)

    def trade(message: TradeUpdate) -> None:
        desk.take_trade(message.trade)
        watch()
        call(session, on["on_trade"], message.trade)

    def position(message: PositionUpdate) -> None:
        desk.take_position(message.position)
        call(session, on["on_position"], message.position)

    def account(message: AccountUpdate) -> None:
        desk.take_account(message.account)
        watch()
        call(session, on["on_account"], message.account)
        if message.event != "BALANCE_UPDATED":
            notify(session, _shortfall(message))

    def connection(message: Connection) -> None:
        call(session, on["on_connection"], message)

    def rate_limit(message: RateLimit) -> None:
        call(session, on["on_rate_limit"], message)

    def error(message: ErrorNotice) -> None:
        notify(session, message)

    def unknown(message: Unknown) -> None:
        session.unknown_types[message.type] = session.unknown_types.get(message.type, 0) + 1

    def malformed(message: Malformed) -> None:
        _malformed(session, message)

    def financing(message: Financing) -> None:
        desk.take_financing(message)

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
        Financing: financing,
        Ping: nothing,
        Pong: nothing,
        EventAck: nothing,
    }


def _shortfall(message: AccountUpdate) -> ErrorNotice:
    equity = f"equity {message.account.equity:.2f} {message.account.currency}"
    said = {
        "MARGIN_WARNING": f"{equity} comes close to what the positions require",
        "MARGIN_CALL": f"{equity} is less than the positions require: they are closed by force",
    }
    return ErrorNotice(message.event, said.get(message.event, "the account's margin is short"))


def _back_in_time(message: Candle, before_ms: int) -> ProtocolError:
    return ProtocolError(
        f"time went back: a candle of {message.symbol} came after a later one",
        where=f"the candle of {iso_ms(message.time)}, after that of {iso_ms(before_ms)}",
        why="decisions that knew of later prices give wrong numbers, so the backtest ends here",
        fix="check that the peer plays one run, and its data from the earliest candle on",
        id="E711",
    )


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
