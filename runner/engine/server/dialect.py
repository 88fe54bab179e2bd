"""The two ways a server's frames are written: the documented one, and that of the raw engine.

A raw engine says nothing about its connection and knows fewer words. What it cannot say is left
out, so that it needs no acknowledgment either. May import the protocol only; nothing waits here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec

from runner.protocol.codec import encode, encode_raw
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import (
    AccountUpdate,
    BacktestComplete,
    Candle,
    Connection,
    Message,
    OrderSnapshot,
    OrderUpdate,
    Ping,
    Pong,
    PositionUpdate,
    TradeUpdate,
)
from runner.protocol.objects import RAW_CURRENCY

_RAW_FRAMES = (Candle, OrderUpdate, TradeUpdate, PositionUpdate, AccountUpdate, BacktestComplete)
_PONG = encode(Pong())


class Writer(Protocol):
    """Writes one event as a frame."""

    def __call__(
        self, message: Message, *, event_id: str, timestamp: datetime | None
    ) -> bytes | None:
        """Return the frame, or None if the dialect has none for this event."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the frames of a server are written. Every moment is the server's clock, aware, UTC."""

    name: str
    paths: tuple[str, ...]
    """Where the WebSocket port takes upgrades."""
    write: Writer
    greet: Callable[[datetime, str | None], list[bytes]]
    """The frames before the first event; the text names a run that can be come back to."""
    part: Callable[[datetime], list[bytes]]
    """The frames that say that the server is stopping."""
    ping: Callable[[datetime], list[bytes]]
    """The frames of a heartbeat."""
    pong: Callable[[], list[bytes]]
    """The frames that answer a client's heartbeat."""
    currency: str | None = None
    """The one currency of accounts that it knows; None if it can name any."""


def _greeting(moment: datetime, run_id: str | None) -> list[bytes]:
    return [encode(Connection("CONNECTED", run_id=run_id), timestamp=moment)]


def _parting(moment: datetime) -> list[bytes]:
    return [encode(Connection("DISCONNECTING"), timestamp=moment)]


def raw_order(order: OrderSnapshot) -> OrderSnapshot:
    """Return an order without what the raw dialect cannot say about its status.

    It has one word for every order that ended before it was executed in full.
    """
    if order.status is not OrderStatus.EXPIRED:
        return order
    return msgspec.structs.replace(order, status=OrderStatus.CANCELLED)


def _raw_event(
    message: Message,
    *,
    event_id: str,
    timestamp: datetime | None,  # noqa: ARG001 - no frame of the dialect names its sender's clock
) -> bytes | None:
    if not isinstance(message, _RAW_FRAMES):
        return None
    if isinstance(message, OrderUpdate):
        if message.event == "ORDER_MODIFIED":
            return None
        if message.order.status is OrderStatus.EXPIRED:
            message = OrderUpdate("ORDER_CANCELLED", raw_order(message.order))
    return encode_raw(message, event_id=event_id)


def _nothing(*_: object) -> list[bytes]:
    return []


NORMALISED = Dialect(
    name="normalised",
    paths=("/", "/ws", "/v1/ws"),
    write=encode,
    greet=_greeting,
    part=_parting,
    ping=lambda moment: [encode(Ping(moment))],
    pong=_nothing,
)
RAW = Dialect(
    name="raw",
    paths=("/", "/ws"),
    write=_raw_event,
    greet=_nothing,
    part=_nothing,
    ping=_nothing,
    pong=lambda: [_PONG],
    currency=RAW_CURRENCY,
)
DIALECTS = {one.name: one for one in (NORMALISED, RAW)}
