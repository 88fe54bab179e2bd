"""Write messages in the normalised dialect: the frames of a server and of a client.

Amounts leave as text without an exponent, times as RFC 3339 in UTC, and absent fields are left
out. May import the protocol's own modules only. Received oddities (`Unknown`, `Malformed`) are
never sent on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from runner.protocol.decimals import plain, plain_float
from runner.protocol.messages import (
    AccountUpdate,
    BacktestComplete,
    Candle,
    Connection,
    DataStaleness,
    ErrorNotice,
    EventAck,
    Financing,
    Message,
    OrderUpdate,
    Ping,
    Pong,
    PositionUpdate,
    Quote,
    RateLimit,
    TradeUpdate,
)
from runner.protocol.times import iso, iso_ms

_JSON = msgspec.json.Encoder()
_TYPES: dict[type, str] = {
    Quote: "quote",
    OrderUpdate: "order",
    TradeUpdate: "trade",
    PositionUpdate: "position",
    AccountUpdate: "account",
    Connection: "connection",
    RateLimit: "rate_limit",
    ErrorNotice: "error",
    DataStaleness: "data_staleness",
    Financing: "financing",
    BacktestComplete: "backtest_complete",
    Ping: "ping",
}

# One batch bears one moment and one candle start, and symbols come back with every step.
_moment = lru_cache(maxsize=16)(iso)
_start = lru_cache(maxsize=16)(iso_ms)


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    return _JSON.encode(text).decode()


def encode(
    message: Message, *, event_id: str | None = None, timestamp: datetime | None = None
) -> bytes:
    """Write `message` as one frame of the normalised dialect.

    `timestamp` is the sender's clock, aware; every frame of a server needs one, except that a
    `Ping` may bring its own. A client's `Pong` and `EventAck` take neither id nor timestamp.

    Raises:
        ValueError: the message cannot be sent, or lacks its timestamp.
    """
    if type(message) is Candle:
        return _candle_frame(message, event_id, timestamp)
    if type(message) is EventAck:
        return _ack_frame(message)
    if type(message) is Pong:
        return b'{"type":"pong"}'
    kind = _TYPES.get(type(message))
    if kind is None:
        raise ValueError(f"{type(message).__name__} is received, never sent")
    frame: dict[str, object] = {"type": kind}
    if event_id is not None:
        frame["event_id"] = event_id
    if type(message) is Ping and message.timestamp is not None:
        timestamp = message.timestamp
    frame["timestamp"] = _sent(timestamp, kind)
    if type(message) is Quote:
        frame["quote"] = plain_quote(message)
    elif type(message) is not Ping:
        frame.update(plain_object(message))
    return _JSON.encode(frame)


def _sent(timestamp: datetime | None, kind: str) -> str:
    if timestamp is None:
        raise ValueError(f"a {kind} frame needs a timestamp")
    return _moment(timestamp)


def _candle_frame(candle: Candle, event_id: str | None, timestamp: datetime | None) -> bytes:
    # Hot: a server writes one per symbol and step. Ids are new every time, so not worth caching.
    name = "" if event_id is None else f'"event_id":{_JSON.encode(event_id).decode()},'
    sent = _sent(timestamp, "candle")
    return f'{{"type":"candle",{name}"timestamp":"{sent}","bar":{_bar(candle)}}}'.encode()


def _bar(candle: Candle) -> str:
    numbers = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    text = _JSON.encode(numbers).decode()
    if "e" in text:  # an exponent
        texts = [plain_float(number) for number in numbers]
    else:
        texts = (text[1:-1] + ",").replace(".0,", ",").split(",")
    return (
        f'{{"symbol":{_quoted(candle.symbol)},"provider":{_quoted(candle.provider)},'
        f'"timeframe":{_quoted(candle.timeframe)},"timestamp":"{_start(candle.time)}",'
        f'"open":"{texts[0]}","high":"{texts[1]}","low":"{texts[2]}",'
        f'"close":"{texts[3]}","volume":"{texts[4]}"}}'
    )


def _ack_frame(ack: EventAck) -> bytes:
    if ack.timestamp is None:
        raise ValueError("an event_ack frame needs a timestamp")
    return b'{"type":"event_ack","correlation_id":%b,"events_processed":%b,"timestamp":%d}' % (
        _JSON.encode(ack.correlation_id),
        _JSON.encode(ack.events_processed),
        ack.timestamp,
    )


def plain_candle(candle: Candle) -> msgspec.Raw:
    """Return a candle as a `bar` object ready to be embedded in JSON."""
    return msgspec.Raw(_bar(candle))


def plain_quote(quote: Quote) -> dict[str, object]:
    """Return a quote as a `quote` object of plain values."""
    fields = {
        "symbol": quote.symbol,
        "provider": quote.provider,
        "bid": plain_float(quote.bid),
        "bid_size": None if quote.bid_size is None else plain_float(quote.bid_size),
        "ask": plain_float(quote.ask),
        "ask_size": None if quote.ask_size is None else plain_float(quote.ask_size),
        "last": plain_float(quote.last),
        "volume": None if quote.volume is None else plain_float(quote.volume),
        "timestamp": iso_ms(quote.time),
    }
    return {name: value for name, value in fields.items() if value is not None}


def plain_object(struct: msgspec.Struct) -> dict[str, object]:
    """Return a struct as a dictionary of plain values, without the fields that are None."""
    fields: dict[str, object] = {}
    for name in struct.__struct_fields__:
        value: Any = getattr(struct, name)
        if value is not None:
            fields[name] = _plain_value(value)
    return fields


def _plain_value(value: Any) -> object:
    # Most fields are text or a number: to know their type is to be done with them.
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    return plain_object(value) if isinstance(value, msgspec.Struct) else value


_WRITERS: dict[type, Callable[[Any], object]] = {
    Decimal: plain,
    datetime: lambda value: _moment(value),
    **dict.fromkeys((str, bool, int, float), lambda value: value),
}
