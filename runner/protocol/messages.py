"""Every message of the Trading API, in the one form in which the program handles it.

Both wire dialects are read into these types and written from them (`codec`); inside one process
the same objects are passed along without being serialised, and then carry no event id.

Rules: structs are frozen, so that no handler can change what the next one sees. Prices of candles
and quotes are floats (indicator input); money, order prices and quantities are `Decimal`. Candles
and quotes hold integer milliseconds and give a `datetime` on demand, because making one costs more
than the rest of the struct. Structs that hold nothing but values are not tracked by the garbage
collector (`gc=False`): they cannot be part of a cycle, and a run keeps many. Only msgspec and the
standard library may be imported here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from runner.protocol.enums import (
    TIMEFRAME_MS,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    TrailingType,
)
from runner.protocol.times import from_ms


class Candle(msgspec.Struct, frozen=True, gc=False):
    """One open-high-low-close candle, delivered when it closes.

    Source: Trading API, `bar` object.
    """

    symbol: str
    timeframe: str
    """One of `TIMEFRAME_MS`."""
    time: int
    """Start of the candle, Unix milliseconds, UTC."""
    open: float
    high: float
    low: float
    close: float
    volume: float
    provider: str = "embedded"

    @property
    def timestamp(self) -> datetime:
        """Start of the candle, aware, UTC."""
        return from_ms(self.time)

    @property
    def close_time(self) -> int:
        """End of the candle and the moment of its delivery, Unix milliseconds, UTC."""
        return self.time + TIMEFRAME_MS[self.timeframe]


class Stretch:
    """Candles that one process hands over without asking in between; they never cross a wire.

    The reader takes candles until it orders something, then leaves the rest in the iterator: an
    order may change what comes next. Handing over the iterator instead of each candle spares
    several calls a candle.
    """

    __slots__ = ("candles", "latest", "one_stream")

    def __init__(self, candles: Iterator[Candle], *, one_stream: bool) -> None:
        self.candles = candles
        self.latest: Candle | None = None
        """The last candle taken; the reader sets it before it asks for anything."""
        self.one_stream = one_stream
        """Whether all candles are of one symbol and timeframe."""


class Quote(msgspec.Struct, frozen=True, gc=False):
    """The best bid and ask. Source: Trading API."""

    symbol: str
    time: int
    """Unix milliseconds, UTC."""
    bid: float
    ask: float
    last: float
    bid_size: float | None = None
    ask_size: float | None = None
    volume: float | None = None
    provider: str = "embedded"

    @property
    def timestamp(self) -> datetime:
        return from_ms(self.time)

    @property
    def mid(self) -> float:
        return (self.bid + self.ask) / 2


class OrderSnapshot(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An order as its peer sees it at one moment. Source: Trading API."""

    id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    filled_quantity: Decimal
    remaining_quantity: Decimal
    status: OrderStatus
    time_in_force: TimeInForce
    created_at: datetime
    updated_at: datetime
    client_order_id: str | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_distance: Decimal | None = None
    trailing_type: TrailingType | None = None
    average_fill_price: Decimal | None = None
    reject_reason: str | None = None
    position_id: str | None = None
    parent_order_id: str | None = None
    reduce_only: bool | None = None
    post_only: bool | None = None
    hidden: bool | None = None
    display_quantity: Decimal | None = None
    oco_group_id: str | None = None
    correlation_id: str | None = None


class Trade(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One execution. Source: Trading API."""

    id: str
    order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    commission: Decimal
    commission_currency: str
    timestamp: datetime
    is_maker: bool | None = None
    liquidation: bool | None = None
    """True for a position closed by force, to meet a margin call."""
    synthesised: bool | None = None
    """True for one that nobody told of: a live run has concluded it from how its order stands, at
    the price that the order's average implies, without the commission that it may have cost."""


class Position(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A position as its peer sees it; `quantity` is unsigned. Source: Trading API."""

    id: str
    symbol: str
    side: PositionSide
    quantity: Decimal
    average_entry_price: Decimal
    current_price: Decimal
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    opened_at: datetime
    updated_at: datetime
    margin_mode: str | None = None
    leverage: Decimal | None = None
    liquidation_price: Decimal | None = None

    @property
    def signed_quantity(self) -> Decimal:
        """Positive when long, negative when short."""
        return self.quantity if self.side is PositionSide.LONG else -self.quantity


class Account(msgspec.Struct, frozen=True, gc=False):
    """The account's money. Source: Trading API."""

    balance: Decimal
    """Starting money plus realized profit and financing, minus commission."""
    equity: Decimal
    """`balance` plus unrealized profit."""
    margin_used: Decimal
    margin_available: Decimal
    unrealized_pnl: Decimal
    currency: str = "USD"


class OrderUpdate(msgspec.Struct, frozen=True, gc=False):
    """An order changed. Source: Trading API."""

    event: str
    order: OrderSnapshot
    parent_order_id: str | None = None


class TradeUpdate(msgspec.Struct, frozen=True, gc=False):
    """An order was executed, wholly or in part. Source: Trading API."""

    trade: Trade
    event: str = "TRADE_FILLED"


class PositionUpdate(msgspec.Struct, frozen=True, gc=False):
    """A position changed; quantity zero means closed. Source: Trading API."""

    event: str
    position: Position


class AccountUpdate(msgspec.Struct, frozen=True, gc=False):
    """The account changed. Source: Trading API."""

    event: str
    account: Account


class Connection(msgspec.Struct, frozen=True, gc=False):
    """The state of a connection changed. Source: Trading API."""

    event: str
    broker: str | None = None
    error: str | None = None
    gap_duration_ms: int | None = None
    run_id: str | None = None
    """What a client comes back to a backtest with after a loss; only our own engine names one."""


class RateLimit(msgspec.Struct, frozen=True, gc=False):
    """Requests are running out. Source: Trading API."""

    event: str
    requests_remaining: int
    reset_at: datetime


class ErrorNotice(msgspec.Struct, frozen=True):
    """The peer reports a problem; the connection stays. Source: Trading API."""

    code: str
    message: str
    details: Any = None


class DataStaleness(msgspec.Struct, frozen=True):
    """Market data of some symbols went stale or came back. Source: Trading API."""

    event: str
    symbols: tuple[str, ...]
    stale_since: datetime | None = None
    broker: str | None = None


class Financing(msgspec.Struct, frozen=True, gc=False):
    """Interest was booked; negative is a charge. Source: Trading API."""

    symbol: str
    amount: Decimal


class BacktestComplete(msgspec.Struct, frozen=True, gc=False):
    """The backtest is over; acknowledged after the strategy's `on_stop`. Source: Trading API."""

    broker: str | None = None


class Ping(msgspec.Struct, frozen=True, gc=False):
    """A heartbeat, answered with `Pong`. Source: Trading API."""

    timestamp: datetime | None = None


class Pong(msgspec.Struct, frozen=True, gc=False):
    """The answer to a `Ping`."""


class EventAck(msgspec.Struct, frozen=True):
    """The ids of events whose handling is over. Source: Trading API."""

    correlation_id: str
    events_processed: tuple[str, ...]
    timestamp: int | None
    """Wall clock, Unix milliseconds; the raw dialect has none."""


class Unknown(msgspec.Struct, frozen=True):
    """A well-formed frame of a type we do not know: reported, acknowledged, otherwise ignored."""

    type: str
    raw: bytes


class Malformed(msgspec.Struct, frozen=True):
    """A frame that could not be read, with the reason and its bytes (cut to `MALFORMED_BYTES`)."""

    reason: str
    raw: bytes


MALFORMED_BYTES = 400
"""How much of an unreadable frame is kept: enough to recognise it, too little to flood a log."""

Message = (
    Candle
    | Quote
    | OrderUpdate
    | TradeUpdate
    | PositionUpdate
    | AccountUpdate
    | Connection
    | RateLimit
    | ErrorNotice
    | DataStaleness
    | Financing
    | BacktestComplete
    | Ping
    | Pong
    | EventAck
    | Unknown
    | Malformed
)


class Frame(msgspec.Struct, frozen=True):
    """A message as it came over a wire: with its event id, and the moment its peer sent it."""

    message: Message
    event_id: str | None = None
    timestamp: datetime | None = None
    """Wall clock of the sender, where it said so; never simulated time."""
