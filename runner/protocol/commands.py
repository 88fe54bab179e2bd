"""What a session asks of its peer, and what it is answered.

A command goes out over REST, or as a plain call in process. Every order command has one of three
outcomes: accepted, `Rejection` (certainly not done), or `Unanswered` (nobody knows).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from runner.protocol.enums import (
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    TrailingType,
)
from runner.protocol.messages import Account, OrderSnapshot, Position, Trade


class SubmitOrder(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Place an order. Source: Trading API."""

    symbol: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    client_order_id: str | None = None
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
    oco_group_id: str | None = None


class CancelOrder(msgspec.Struct, frozen=True):
    """Cancel a working order."""

    order_id: str
    client_order_id: str | None = None


class ModifyOrder(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Change a working order; `quantity` is the new total. Source: Trading API."""

    order_id: str
    client_order_id: str | None = None
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_distance: Decimal | None = None


class ReadState(msgspec.Struct, frozen=True, omit_defaults=True):
    """Read account, positions and working orders, all at once."""

    capabilities: bool = False
    """Whether to read what the peer can do, too."""


class ClosePosition(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """How to close the position that a request names. Source: Trading API."""

    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    quantity: Decimal | None = None
    """None for all of it."""


class ModifyExits(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Where the exit legs of the position that a request names shall stand.

    At least one of the prices is given; a leg whose price is not given stays as it is.
    Source: Trading API.
    """

    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


class OrderHandle(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The order was accepted; a fill is reported later. Source: Trading API."""

    id: str
    status: OrderStatus
    client_order_id: str | None = None
    correlation_id: str | None = None


class ModifyResult(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The order as changed; some peers replace it, then its id changed too."""

    order: OrderSnapshot
    previous_order_id: str | None = None


class CancelResult(msgspec.Struct, frozen=True):
    """Whether the order was cancelled, and how it stands now."""

    success: bool
    order: OrderSnapshot


class ExitLegs(msgspec.Struct, frozen=True, gc=False):
    """The working legs of one kind, and the one price they stand at."""

    order_ids: tuple[str, ...]
    trigger_price: Decimal


class ExitsResult(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The exit legs that were asked for, as they stand now. Source: Trading API."""

    position_id: str
    stop_loss: ExitLegs | None = None
    take_profit: ExitLegs | None = None


class Rejection(msgspec.Struct, frozen=True):
    """The command was certainly not carried out."""

    status: int
    """The HTTP status that says so; 0 when the request never left."""
    code: str
    """The error envelope's code, e.g. ORDER_REJECTED. Source: Trading API."""
    message: str
    reason: str = "UNKNOWN"
    """A `RejectReason`, or the peer's own word."""
    details: Any = None


class Unanswered(msgspec.Struct, frozen=True):
    """Nobody knows whether the command was carried out."""

    why: str


class Held(msgspec.Struct, frozen=True):
    """What was held of a symbol before executions that were missed."""

    symbol: str
    quantity: Decimal
    """Negative when short."""
    average_entry_price: Decimal


class Capabilities(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a peer can do. Source: Trading API."""

    supported_order_types: tuple[str, ...] = ()
    """Empty where it does not say."""
    features: tuple[str, ...] = ()
    """An open set, such as `post_only`; empty where it does not say."""
    position_mode: str = ""


class State(msgspec.Struct, frozen=True):
    """What the peer holds of ours at one moment."""

    account: Account
    positions: tuple[Position, ...]
    orders: tuple[OrderSnapshot, ...]
    """Those that work."""
    ended: tuple[OrderSnapshot, ...] = ()
    """Those that we took to be working, and that have ended: only a live run asks about them."""
    executed: tuple[Trade, ...] = ()
    """What was executed while nobody listened, the oldest first: only a live run asks about it."""
    held: tuple[Held, ...] = ()
    """At the start of a live run, what was held before that."""
    capabilities: Capabilities | None = None
    """What the peer can do, where that was asked for and it tells."""


Command = SubmitOrder | CancelOrder | ModifyOrder | ReadState
Reply = OrderHandle | ModifyResult | CancelResult | Rejection | Unanswered | State
