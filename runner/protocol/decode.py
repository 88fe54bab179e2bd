"""Read one frame of either wire dialect: bytes in, `Frame` out, never an exception.

May import the protocol's own modules only. A frame that cannot be read is data (`Malformed`), and
so is one of a type we do not know (`Unknown`): what to do about them is the session's decision. An
event id is never guessed: it is kept only if the bytes are JSON and the id is where it belongs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from runner.protocol import wire
from runner.protocol.market import read_bar, read_flat_candle, read_quote
from runner.protocol.messages import (
    MALFORMED_BYTES,
    AccountUpdate,
    BacktestComplete,
    Connection,
    DataStaleness,
    ErrorNotice,
    EventAck,
    Financing,
    Frame,
    Malformed,
    Message,
    OrderUpdate,
    Ping,
    Pong,
    PositionUpdate,
    RateLimit,
    TradeUpdate,
    Unknown,
)
from runner.protocol.objects import (
    RAW_ORDER_EVENTS,
    read_account,
    read_order,
    read_position,
    read_trade,
)
from runner.protocol.values import WireError, amount, moment_of, sent_at, shown

MAX_ID = 256
"""The longest event id, in characters: ids are kept until they are acknowledged."""
_MAX_REASON = 200
_LAST_ACK_TIME = 2**64
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Not strict: prices come as text as well as numbers, and are wanted as floats in the same pass.
_FRAMES = msgspec.json.Decoder(wire.TypedFrame, strict=False)
_ENVELOPE = msgspec.json.Decoder(wire.Envelope)
_UNREADABLE = (ValueError, ArithmeticError, RecursionError)
"""All that untrusted bytes can raise: msgspec's and Unicode errors are ValueErrors."""


def decode(raw: bytes | str) -> Frame:
    """Read one frame of either dialect.

    Candle frames are the hot path: one typed pass and no intermediate dictionary. The event id is
    `event_id`, else the top-level `id` of an early edition: text of 1 to `MAX_ID` characters
    without control characters. `Frame.timestamp` is the sender's clock, None where it named none.
    Never raises: what cannot be read comes back as `Malformed`.
    """
    try:
        if not raw.isascii() and isinstance(raw, bytes):
            raw.decode()  # unknown fields are skipped unread, but must be text all the same
        frame: wire.TypedFrame = _FRAMES.decode(raw)
        event_id = frame.event_id
        if event_id is None:
            if frame.id is not None:
                event_id = _checked_id(frame.id)
        elif not 0 < len(event_id) <= MAX_ID or not event_id.isprintable():
            _checked_id(event_id)
        if type(frame) is wire.CandleFrame:
            sent = frame.timestamp
            if frame.bar is None:
                return Frame(read_flat_candle(frame), event_id)
            return Frame(read_bar(frame.bar), event_id, None if sent is None else sent_at(sent))
        if type(frame) is wire.AckFrame:
            return Frame(_ack(frame), event_id)
        moment = None if frame.timestamp is None else sent_at(frame.timestamp)
        return Frame(_READERS[type(frame)](frame), event_id, moment)
    except _UNREADABLE as problem:
        return _salvage(raw, problem)


def _checked_id(value: Any) -> str:
    if not isinstance(value, str):
        raise WireError(f"an event id must be text, was {shown(value)}")
    if not value:
        raise WireError("an event id must not be empty")
    if len(value) > MAX_ID:
        raise WireError(f"an event id must have at most {MAX_ID} characters, was {len(value)}")
    if _CONTROL.search(value):
        raise WireError(f"an event id must not hold control characters, was {shown(value)}")
    return value


def _salvage(raw: bytes | str, problem: BaseException) -> Frame:
    # The slow road: see whether the frame is a well-formed object after all, and of what type.
    event_id = None
    try:
        if isinstance(raw, bytes):
            raw.decode()
        envelope = _ENVELOPE.decode(raw)
        named = envelope.id if envelope.event_id is None else envelope.event_id
        if named is not None:
            event_id = _checked_id(named)
        kind = envelope.type
        if isinstance(kind, str) and kind not in KNOWN_TYPES:
            if len(kind) > MAX_ID or _CONTROL.search(kind):
                raise WireError(f"a type must be a short word, was {shown(kind)}")
            return Frame(Unknown(kind, raw if isinstance(raw, bytes) else raw.encode()), event_id)
    except _UNREADABLE as deeper:
        problem = deeper
    return Frame(Malformed(_reason(problem), _head(raw)), event_id)


def _reason(problem: BaseException) -> str:
    if isinstance(problem, RecursionError):
        return "JSON is nested too deeply"
    if isinstance(problem, UnicodeError):
        return "text is not valid UTF-8"
    text = str(problem)
    if isinstance(problem, msgspec.MsgspecError):
        text = text.replace(", got ", ", was ")
    return text[:_MAX_REASON]


def _head(raw: bytes | str) -> bytes:
    if isinstance(raw, str):
        return raw[:MALFORMED_BYTES].encode("utf-8", "backslashreplace")[:MALFORMED_BYTES]
    return bytes(raw[:MALFORMED_BYTES])


def _order(frame: wire.OrderFrame) -> Message:
    event = frame.event
    if event.islower():
        event = RAW_ORDER_EVENTS.get(event) or f"ORDER_{event.upper()}"
    return OrderUpdate(event, read_order(frame.order), frame.parent_order_id)


def _trade(frame: wire.TradeFrame) -> Message:
    return TradeUpdate(read_trade(frame.trade), frame.event or "TRADE_FILLED")


def _position(frame: wire.PositionFrame) -> Message:
    return PositionUpdate(frame.event or "POSITION_MODIFIED", read_position(frame.position))


def _account(frame: wire.AccountFrame) -> Message:
    raw = frame.event.islower()
    return AccountUpdate(
        frame.event.upper() if raw else frame.event, read_account(frame.account, raw=raw)
    )


def _connection(frame: wire.ConnectionFrame) -> Message:
    return Connection(frame.event, frame.broker, frame.error, frame.gap_duration_ms, frame.run_id)


def _rate_limit(frame: wire.RateLimitFrame) -> Message:
    return RateLimit(frame.event, frame.requests_remaining, moment_of(frame.reset_at))


def _error(frame: wire.ErrorFrame) -> Message:
    return ErrorNotice(frame.code, frame.message, frame.details)


def _staleness(frame: wire.StalenessFrame) -> Message:
    since = None if frame.stale_since is None else moment_of(frame.stale_since)
    return DataStaleness(frame.event, frame.symbols, since, frame.broker)


def _ping(frame: wire.PingFrame) -> Message:
    return Ping(None if frame.timestamp is None else sent_at(frame.timestamp))


def _ack(frame: wire.AckFrame) -> Message:
    moment = frame.timestamp
    if moment is not None and (type(moment) is not int or not 0 <= moment < _LAST_ACK_TIME):
        raise WireError(f"timestamp must be whole milliseconds, was {shown(moment)}")
    return EventAck(frame.correlation_id, frame.events_processed, moment)


_READERS: dict[type[msgspec.Struct], Callable[[Any], Message]] = {
    wire.QuoteFrame: lambda frame: read_quote(frame.quote),
    wire.OrderFrame: _order,
    wire.TradeFrame: _trade,
    wire.PositionFrame: _position,
    wire.AccountFrame: _account,
    wire.ConnectionFrame: _connection,
    wire.RateLimitFrame: _rate_limit,
    wire.ErrorFrame: _error,
    wire.StalenessFrame: _staleness,
    wire.FinancingFrame: lambda frame: Financing(frame.symbol, amount(frame.amount, "amount")),
    wire.CompleteFrame: lambda frame: BacktestComplete(frame.broker),
    wire.PingFrame: _ping,
    wire.PongFrame: lambda _: Pong(),
}
_SHAPES: tuple[type[msgspec.Struct], ...] = (wire.CandleFrame, wire.AckFrame, *_READERS)
KNOWN_TYPES = frozenset(shape.__struct_config__.tag for shape in _SHAPES)
