"""The shapes of both wire dialects, exactly as they travel, for one typed pass over the bytes.

The normalised dialect nests its objects, writes ISO times and upper-case words; the raw engine
dialect has flat candles, millisecond times and lower-case words. Each struct here is the union of
both shapes, so that the type of a frame alone selects it; `objects` tells the dialects apart.

Only msgspec and the standard library may be imported here. A field is optional here if either
dialect may leave it out; what a dialect requires is checked by `objects` and `market`. Nothing
here is ever handed to a session or a strategy.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec

Time = int | str
"""Unix milliseconds, or RFC 3339 text."""
Name = Annotated[str, msgspec.Meta(min_length=1)]


class BarObject(msgspec.Struct, gc=False):
    symbol: Name
    provider: str
    timeframe: str
    timestamp: Time
    open: float
    high: float
    low: float
    close: float
    volume: float


class QuoteObject(msgspec.Struct, gc=False, kw_only=True):
    symbol: Name
    provider: str
    timestamp: Time
    bid: float
    ask: float
    last: float
    bid_size: float | None = None
    ask_size: float | None = None
    volume: float | None = None


class OrderObject(msgspec.Struct, gc=False, kw_only=True):
    id: str
    symbol: Name
    side: str
    order_type: str
    quantity: Decimal
    filled_quantity: Decimal
    status: str
    created_at: Time
    remaining_quantity: Decimal | None = None
    time_in_force: str | None = None
    updated_at: Time | None = None
    client_order_id: str | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_distance: Decimal | None = None
    trailing_type: str | None = None
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
    price: Decimal | None = None
    """Raw dialect only: the limit of a limit order, the trigger of a stop or stop-limit order."""
    executed_at: Time | None = None
    cancelled_at: Time | None = None


class TradeObject(msgspec.Struct, gc=False, kw_only=True):
    id: str
    order_id: str
    symbol: Name
    side: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    timestamp: Time
    commission_currency: str | None = None
    is_maker: bool | None = None
    liquidation: bool | None = None
    synthesised: bool | None = None


class PositionObject(msgspec.Struct, gc=False, kw_only=True):
    id: str
    symbol: Name
    side: str
    quantity: Decimal
    current_price: Decimal
    unrealized_pnl: Decimal
    average_entry_price: Decimal | None = None
    avg_entry_price: Decimal | None = None
    """Raw dialect only."""
    realized_pnl: Decimal | None = None
    opened_at: Time | None = None
    updated_at: Time | None = None
    margin_mode: str | None = None
    leverage: Decimal | None = None
    liquidation_price: Decimal | None = None


class AccountObject(msgspec.Struct, gc=False, kw_only=True):
    balance: Decimal
    equity: Decimal
    margin_used: Decimal
    margin_available: Decimal
    unrealized_pnl: Decimal
    currency: str | None = None


class AnyFrame(msgspec.Struct, gc=False, kw_only=True, tag_field="type"):
    """What every frame may carry beside its own fields."""

    event_id: str | None = None
    id: Any = None
    """Where an early edition of the dialect puts the event id."""
    timestamp: Time | None = None


class CandleFrame(AnyFrame, tag="candle"):
    bar: BarObject | None = None
    symbol: Name | None = None
    timeframe: str | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    volume: float | None = None


class QuoteFrame(AnyFrame, tag="quote"):
    quote: QuoteObject


class OrderFrame(AnyFrame, tag="order"):
    event: str
    order: OrderObject
    parent_order_id: str | None = None


class TradeFrame(AnyFrame, tag="trade"):
    trade: TradeObject
    event: str | None = None


class PositionFrame(AnyFrame, tag="position"):
    position: PositionObject
    event: str | None = None


class AccountFrame(AnyFrame, tag="account"):
    event: str
    account: AccountObject


class ConnectionFrame(AnyFrame, tag="connection"):
    event: str
    broker: str | None = None
    error: str | None = None
    gap_duration_ms: int | None = None
    run_id: str | None = None


class RateLimitFrame(AnyFrame, tag="rate_limit"):
    event: str
    requests_remaining: int
    reset_at: Time


class ErrorFrame(AnyFrame, tag="error"):
    code: str
    message: str
    details: Any = None


class StalenessFrame(AnyFrame, tag="data_staleness"):
    event: str
    symbols: tuple[str, ...]
    stale_since: Time | None = None
    broker: str | None = None


class FinancingFrame(AnyFrame, tag="financing"):
    symbol: Name
    amount: Decimal


class CompleteFrame(AnyFrame, tag="backtest_complete"):
    broker: str | None = None


class PingFrame(AnyFrame, tag="ping"):
    pass


class PongFrame(AnyFrame, tag="pong"):
    pass


class AckFrame(msgspec.Struct, gc=False, kw_only=True, tag_field="type", tag="event_ack"):
    correlation_id: str
    events_processed: tuple[str, ...]
    timestamp: Any = None
    """Checked by hand: a number written as text or with a fraction must not pass for an integer."""
    event_id: str | None = None
    id: Any = None


TypedFrame = (
    CandleFrame
    | QuoteFrame
    | OrderFrame
    | TradeFrame
    | PositionFrame
    | AccountFrame
    | ConnectionFrame
    | RateLimitFrame
    | ErrorFrame
    | StalenessFrame
    | FinancingFrame
    | CompleteFrame
    | PingFrame
    | PongFrame
    | AckFrame
)


class Envelope(msgspec.Struct, gc=False):
    """What can still be read of a frame that is an object, but not one of ours."""

    type: Any = None
    event_id: Any = None
    id: Any = None


class SubmitBody(msgspec.Struct, gc=False, kw_only=True):
    symbol: Name
    side: str
    quantity: Decimal
    order_type: str
    client_order_id: str | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trailing_distance: Decimal | None = None
    trailing_type: str | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    time_in_force: str = "GTC"
    reduce_only: bool = False
    post_only: bool = False
    position_id: str | None = None
    oco_group_id: str | None = None
    hidden: bool = False
    display_quantity: Decimal | None = None
    margin_mode: str | None = None
    leverage: Decimal | None = None


class ModifyBody(msgspec.Struct, gc=False, kw_only=True):
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    quantity: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_distance: Decimal | None = None


class CloseBody(msgspec.Struct, gc=False, kw_only=True):
    order_type: str | None = None
    limit_price: Decimal | None = None
    quantity: Decimal | None = None


class ExitsBody(msgspec.Struct, gc=False, kw_only=True):
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


class HandleBody(msgspec.Struct, gc=False, kw_only=True):
    id: str
    status: str
    client_order_id: str | None = None
    correlation_id: str | None = None


class ModifyResultBody(msgspec.Struct, gc=False, kw_only=True):
    order: OrderObject
    previous_order_id: str | None = None


class CancelResultBody(msgspec.Struct, gc=False, kw_only=True):
    success: bool
    order: OrderObject
