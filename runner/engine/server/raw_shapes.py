"""What travels in REST bodies of the raw dialect: flat, lower case, times in Unix milliseconds.

These types only describe; the encoder writes what they say. May import the protocol's enumerations
and msgspec only.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from runner.engine.server.shapes import Label

Milliseconds = Annotated[int, msgspec.Meta(description="Unix milliseconds, UTC.")]


class RawSide(StrEnum):
    BUY = "buy"
    SELL = "sell"


class RawOrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"


class RawTimeInForce(StrEnum):
    GTC = "gtc"
    IOC = "ioc"


class RawOrderStatus(StrEnum):
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class RawPositionSide(StrEnum):
    LONG = "long"
    SHORT = "short"


class SubmitOrder(msgspec.Struct, kw_only=True):
    """An order to place; what it does without may be left out or null."""

    symbol: Annotated[str, msgspec.Meta(min_length=1, max_length=20, examples=["S:AAPL"])]
    side: RawSide
    order_type: RawOrderType
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    client_order_id: Label | None = None
    position_id: str | None = None
    reduce_only: bool = False
    time_in_force: RawTimeInForce = RawTimeInForce.GTC


class RawOrderHandle(msgspec.Struct, kw_only=True):
    """An order that was accepted."""

    id: str
    status: RawOrderStatus
    client_order_id: str | None = None


class RawOrder(msgspec.Struct, kw_only=True):
    """An order; `price` is the limit, of a stop order the trigger, of a market order zero."""

    id: str
    symbol: str
    side: RawSide
    order_type: RawOrderType
    quantity: Decimal
    filled_quantity: Decimal
    price: Decimal
    status: RawOrderStatus
    time_in_force: RawTimeInForce
    created_at: Milliseconds
    client_order_id: str | None = None
    average_fill_price: Decimal | None = None
    limit_price: Decimal | None = None
    position_id: str | None = None
    executed_at: Milliseconds | None = None
    cancelled_at: Milliseconds | None = None
    reject_reason: str | None = None
    rejected_at: Milliseconds | None = None


class RawTrade(msgspec.Struct, kw_only=True):
    """One execution."""

    id: str
    order_id: str
    symbol: str
    side: RawSide
    quantity: Decimal
    price: Decimal
    commission: Decimal
    timestamp: Milliseconds


class RawPosition(msgspec.Struct, kw_only=True):
    """What is held of a symbol."""

    id: str
    symbol: str
    side: RawPositionSide
    quantity: Decimal
    avg_entry_price: Decimal
    current_price: Decimal
    unrealized_pnl: Decimal


class RawAccount(msgspec.Struct, kw_only=True):
    """The account, in US dollars."""

    balance: Decimal
    equity: Decimal
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    total_commission: Decimal
    margin_used: Decimal
    margin_available: Decimal


class RawQuote(msgspec.Struct, kw_only=True):
    """The last known prices of a symbol."""

    symbol: str
    bid: Decimal
    ask: Decimal
    timestamp: Milliseconds


class RawBar(msgspec.Struct, kw_only=True):
    """One candle; `timestamp` is its start."""

    timestamp: Milliseconds
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: float


class RawOrders(msgspec.Struct):
    orders: tuple[RawOrder, ...]


class RawTrades(msgspec.Struct):
    trades: tuple[RawTrade, ...]


class RawPositions(msgspec.Struct):
    positions: tuple[RawPosition, ...]


class RawBars(msgspec.Struct):
    bars: tuple[RawBar, ...]


class RawError(msgspec.Struct):
    """Why a request was refused."""

    code: str
    message: str
    details: Any = None


class RawErrorEnvelope(msgspec.Struct):
    """The body of every error answer."""

    error: RawError
