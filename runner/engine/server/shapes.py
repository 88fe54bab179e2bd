"""What travels in REST bodies and has no type of its own in the protocol, or another one there.

The answers about the engine itself are made of these types. Those of requests and of market data
only describe: bodies are read by the protocol's codec, and a candle, whose prices are floats in the
program, is text on the wire. Only the protocol and msgspec may be imported here.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import msgspec

from runner.protocol.enums import TIMEFRAME_MS, OrderType, Side, TimeInForce, TrailingType

Label = Annotated[str, msgspec.Meta(max_length=64)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Timeframe = StrEnum("Timeframe", {f"LENGTH_{name}": name for name in TIMEFRAME_MS})  # type: ignore[misc]


# Requests


class OrderRequest(msgspec.Struct, kw_only=True):
    """An order to place. Which prices it needs and forbids follows from its type."""

    symbol: Annotated[str, msgspec.Meta(min_length=1, max_length=20, examples=["S:AAPL"])]
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trailing_distance: Decimal | None = None
    trailing_type: TrailingType | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    post_only: bool = False
    position_id: str | None = None
    client_order_id: Label | None = None
    oco_group_id: Label | None = None


class ModifyOrderRequest(msgspec.Struct, kw_only=True):
    """What to change about a working order; `quantity` is the new total."""

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_distance: Decimal | None = None


class ClosePositionRequest(msgspec.Struct, kw_only=True):
    """How to close a position: all of it, at the market, unless told otherwise."""

    order_type: OrderType | None = None
    limit_price: Decimal | None = None
    quantity: Decimal | None = None


class ModifyPositionExitsRequest(msgspec.Struct, kw_only=True):
    """Trigger prices of the position's exit legs; at least one of them."""

    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


# Market data


class Bar(msgspec.Struct, kw_only=True):
    """One candle; `timestamp` is its start."""

    symbol: str
    provider: str
    timeframe: Timeframe
    timestamp: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class Quote(msgspec.Struct, kw_only=True):
    """The last known prices of a symbol."""

    symbol: str
    provider: str
    bid: Decimal
    ask: Decimal
    last: Decimal
    timestamp: datetime
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None
    volume: Decimal | None = None


# The engine itself


class CancelAllResult(msgspec.Struct, omit_defaults=True):
    """How many orders were cancelled, and which could not be."""

    cancelled_count: Count
    failed_count: Count
    failed_order_ids: tuple[str, ...] | None = None


class LiveStatus(msgspec.Struct):
    """The process answers."""

    status: str = "ok"


class ReadyStatus(msgspec.Struct, omit_defaults=True):
    """Whether the engine takes orders."""

    ready: bool
    providers: tuple[str, ...]
    provider_count: Count
    message: str | None = None


class ProviderHealth(msgspec.Struct):
    platform: str
    connected: bool


class DetailedHealthStatus(msgspec.Struct):
    """Version and health; answered 200 even where the health is bad."""

    status: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["connected", "degraded"]})]
    version: str
    git_sha: str
    providers: tuple[ProviderHealth, ...]


class ConnectionStatus(msgspec.Struct):
    """The link to what executes the orders; the engine itself does, so it is never down."""

    connected: bool
    latency_ms: Count
    last_heartbeat: datetime


class PositionMode(StrEnum):
    NETTING = "NETTING"
    HEDGING = "HEDGING"


class RewindResult(msgspec.Struct):
    """A run that begins anew; `events` is how many it had come to."""

    run_id: str
    events: Count


class Capabilities(msgspec.Struct):
    """What this engine can do; `features` is an open set."""

    supported_asset_classes: tuple[str, ...]
    supported_order_types: tuple[OrderType, ...]
    position_mode: PositionMode
    features: tuple[str, ...]
    max_leverage: Decimal


class CircuitBreaker(msgspec.Struct):
    state: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["open", "closed"]})]
    failure_count: Count


class CircuitBreakerStatus(msgspec.Struct):
    """Breakers against a provider that keeps failing; nothing here can open them."""

    adapter: CircuitBreaker
    exit_order: CircuitBreaker
