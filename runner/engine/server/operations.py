"""What each endpoint takes and answers, as data: the half of its description that a reader needs.

Method, path and status of success stand in the protocol's route table; the names here are its
names, and a test holds the two together. Pure data over types; nothing here is asked by a handler.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec

from runner.engine.server import shapes
from runner.engine.server.queries import MAX_LIMIT
from runner.protocol.commands import CancelResult, ExitsResult, ModifyResult, OrderHandle
from runner.protocol.enums import Side
from runner.protocol.messages import Account, OrderSnapshot, Position, Trade

TEXT, HTML, DOCUMENT, UPGRADE = "text/plain", "text/html", "document", "upgrade"
NOTHING = "nothing"
"""Answers that are no object of the protocol."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field of the query string."""

    name: str
    type: Any
    help: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint, for a reader."""

    group: str
    summary: str
    answer: Any
    """The type of a successful answer, or one of the constants above."""
    query: tuple[Parameter, ...] = ()
    body: type | None = None
    body_required: bool = True
    example: Any = None
    """A body that works."""
    errors: tuple[str, ...] = ()
    """Codes of the error envelope, beside those that every endpoint may answer with."""
    failure: Any = None
    """The type of a 503 that is no error envelope."""


Text = str
Moment = datetime
Limit = Annotated[int, msgspec.Meta(ge=1, le=999_999_999)]

SYMBOL = Parameter("symbol", Text, "Only this symbol, such as S:AAPL.")
ORDER_QUERY = (
    SYMBOL,
    Parameter("status", Text, "Only these statuses: a comma list such as OPEN,FILLED."),
    Parameter("side", Side, "Only this side."),
    Parameter("client_order_id", Text, "Only the order of this id of yours."),
    Parameter("oco_group_id", Text, "Only orders of this group."),
    Parameter("since", Moment, "Created at this moment or later."),
    Parameter("until", Moment, "Created before this moment."),
    Parameter("limit", Limit, "Only the newest so many."),
)
_ORDER = {"symbol": "S:AAPL", "side": "BUY", "quantity": "10", "order_type": "MARKET"}
_QUERY, _BODY = ("INVALID_REQUEST",), ("INVALID_REQUEST", "INVALID_VALUE", "UNSUPPORTED_MEDIA_TYPE")

OPERATIONS: dict[str, Operation] = {
    "livez": Operation("Engine", "Tell that the process answers", shapes.LiveStatus),
    "readyz": Operation(
        "Engine",
        "Tell whether orders are taken",
        shapes.ReadyStatus,
        failure=shapes.ReadyStatus,
    ),
    "health": Operation("Engine", "Read version and health", shapes.DetailedHealthStatus),
    "metrics": Operation("Engine", "Read metrics as Prometheus reads them", TEXT),
    "openapi": Operation("Engine", "Read this description", DOCUMENT),
    "docs": Operation("Engine", "Browse this description", HTML),
    "websocket": Operation(
        "Engine",
        "Open the event stream of a backtest; one strategy at a time",
        UPGRADE,
        query=(
            Parameter("run_id", Text, "The run to come back to, after a connection was lost."),
            Parameter("observe", Text, "1 to receive everything without taking part."),
        ),
        errors=(
            "NOT_FOUND",
            "STRATEGY_CONNECTED",
            "RUN_HELD",
            "UPGRADE_REQUIRED",
            "SHUTTING_DOWN",
            "TOO_MANY_OBSERVERS",
        ),
    ),
    "read_account": Operation("Account", "Read balance, equity and margin", Account),
    "submit_order": Operation(
        "Orders",
        "Place an order; a known client_order_id answers with the order that has it",
        OrderHandle,
        body=shapes.OrderRequest,
        example=_ORDER,
        errors=(*_BODY, "VALIDATION_ERROR", "ORDER_REJECTED", "RUN_DIVERGED", "SHUTTING_DOWN"),
    ),
    "list_orders": Operation(
        "Orders",
        "List working orders, or those of the statuses asked for",
        list[OrderSnapshot],
        query=ORDER_QUERY,
        errors=_QUERY,
    ),
    "cancel_all_orders": Operation(
        "Orders",
        "Cancel all working orders",
        shapes.CancelAllResult,
        query=(SYMBOL,),
        errors=(*_QUERY, "RUN_DIVERGED"),
    ),
    "list_order_history": Operation(
        "Orders",
        "List orders that are done, or those of the statuses asked for",
        list[OrderSnapshot],
        query=ORDER_QUERY,
        errors=_QUERY,
    ),
    "read_order": Operation("Orders", "Read one order", OrderSnapshot, errors=("ORDER_NOT_FOUND",)),
    "modify_order": Operation(
        "Orders",
        "Change a working order",
        ModifyResult,
        body=shapes.ModifyOrderRequest,
        example={"limit_price": "99.5"},
        errors=(*_BODY, "ORDER_NOT_FOUND", "ORDER_NOT_MODIFIABLE", "RUN_DIVERGED"),
    ),
    "cancel_order": Operation(
        "Orders",
        "Cancel one order; success is false when it was done already",
        CancelResult,
        errors=("ORDER_NOT_FOUND", "RUN_DIVERGED"),
    ),
    "list_positions": Operation(
        "Positions", "List open positions", list[Position], query=(SYMBOL,), errors=_QUERY
    ),
    "close_all_positions": Operation(
        "Positions",
        "Place a market order against every open position; the first refusal ends it",
        list[OrderHandle],
        query=(SYMBOL,),
        errors=(*_QUERY, "ORDER_REJECTED", "RUN_DIVERGED"),
    ),
    "read_position": Operation(
        "Positions", "Read one position", Position, errors=("POSITION_NOT_FOUND",)
    ),
    "modify_position": Operation(
        "Positions",
        "Move the exit legs of a position, and place those that it lacks",
        ExitsResult,
        body=shapes.ModifyPositionExitsRequest,
        example={"stop_loss": "90", "take_profit": "120"},
        errors=(*_BODY, "POSITION_NOT_FOUND", "ORDER_REJECTED", "RUN_DIVERGED"),
    ),
    "close_position": Operation(
        "Positions",
        "Place a reduce_only order against a position: all of it, or a part",
        OrderHandle,
        body=shapes.ClosePositionRequest,
        body_required=False,
        example={"quantity": "5"},
        errors=(
            *_BODY,
            "VALIDATION_ERROR",
            "POSITION_NOT_FOUND",
            "ORDER_REJECTED",
            "RUN_DIVERGED",
        ),
    ),
    "list_trades": Operation(
        "Trades",
        "List executions",
        list[Trade],
        query=(
            SYMBOL,
            Parameter("order_id", Text, "Only executions of this order."),
            Parameter("since", Moment, "Executed at this moment or later."),
            Parameter("until", Moment, "Executed before this moment."),
            Parameter("limit", Limit, "Only the newest so many."),
        ),
        errors=_QUERY,
    ),
    "read_quote": Operation(
        "Market data",
        "Read the last known prices of a symbol",
        shapes.Quote,
        errors=("SYMBOL_NOT_FOUND",),
    ),
    "list_bars": Operation(
        "Market data",
        "List closed candles, oldest first; nothing that has not happened yet",
        list[shapes.Bar],
        query=(
            Parameter("timeframe", shapes.Timeframe, "Length of a candle.", required=True),
            Parameter("start", Moment, "Starting at this moment or later."),
            Parameter("end", Moment, "Starting at this moment or before."),
            Parameter(
                "limit",
                Limit,
                f"At most so many, {MAX_LIMIT} at most; counted from start, else back from the "
                "end, where 100 is the default.",
            ),
        ),
        errors=(*_QUERY, "INVALID_VALUE", "SYMBOL_NOT_FOUND"),
    ),
    "read_capabilities": Operation(
        "Engine", "Read which orders and features there are", shapes.Capabilities
    ),
    "read_status": Operation(
        "Engine", "Read the link to what executes orders", shapes.ConnectionStatus
    ),
    "read_circuit_breakers": Operation(
        "Engine", "Read the circuit breakers", shapes.CircuitBreakerStatus
    ),
    "rewind_run": Operation(
        "Engine",
        "Play a run again from its beginning, for a strategy that was killed: it has to do again "
        "what it had done, and then goes on",
        shapes.RewindResult,
        errors=("NOT_FOUND", "SHUTTING_DOWN"),
    ),
    "reset_circuit_breakers": Operation(
        "Engine",
        "Reset the circuit breakers, once a minute at most",
        shapes.CircuitBreakerStatus,
        errors=("RESET_COOLDOWN",),
    ),
}
