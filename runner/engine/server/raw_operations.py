"""The REST interface of the raw dialect as data: its routes, and what each takes and answers.

Pure data over types. The endpoints take their routes from here, so the two cannot go out of step.
"""

from __future__ import annotations

from runner.engine.server import raw_shapes as raw
from runner.engine.server.operations import (
    NOTHING,
    OPERATIONS,
    UPGRADE,
    Limit,
    Operation,
    Parameter,
    Text,
)
from runner.engine.server.shapes import CancelAllResult, Timeframe
from runner.protocol.routes import ROUTES, Route

PREFIX = "/api/v1"
_SHARED = ("livez", "readyz", "health", "metrics", "openapi", "docs")
_SYMBOL = Parameter("symbol", Text, "Only this symbol, such as S:AAPL.")
_SYMBOL_NEEDED = Parameter("symbol", Text, "The symbol, such as S:AAPL.", required=True)
_QUERY = ("INVALID_REQUEST",)
_ORDER = {"symbol": "S:AAPL", "side": "buy", "quantity": "10", "order_type": "market"}

RAW_ROUTES: dict[str, Route] = {
    **{name: ROUTES[name] for name in _SHARED},
    "websocket": Route("GET", "/ws", 101),
    "read_account": Route("GET", f"{PREFIX}/account", 200),
    "submit_order": Route("POST", f"{PREFIX}/orders", 200),
    "list_orders": Route("GET", f"{PREFIX}/orders", 200),
    "cancel_all_orders": Route("DELETE", f"{PREFIX}/orders", 200),
    "read_order": Route("GET", f"{PREFIX}/orders/{{order_id}}", 200),
    "cancel_order": Route("DELETE", f"{PREFIX}/orders/{{order_id}}", 204),
    "list_trades": Route("GET", f"{PREFIX}/trades", 200),
    "list_positions": Route("GET", f"{PREFIX}/positions", 200),
    "read_quote": Route("GET", f"{PREFIX}/quote", 200),
    "list_bars": Route("GET", f"{PREFIX}/bars", 200),
}
"""Every endpoint of the dialect by name."""

RAW_OPERATIONS: dict[str, Operation] = {
    **{name: OPERATIONS[name] for name in _SHARED},
    "websocket": Operation(
        "Engine",
        "Open the event stream of a backtest; one strategy at a time",
        UPGRADE,
        query=OPERATIONS["websocket"].query,
        errors=OPERATIONS["websocket"].errors,
    ),
    "read_account": Operation("Account", "Read balance, equity and margin", raw.RawAccount),
    "submit_order": Operation(
        "Orders",
        "Place an order; a known client_order_id answers with the order that has it",
        raw.RawOrderHandle,
        body=raw.SubmitOrder,
        example=_ORDER,
        errors=OPERATIONS["submit_order"].errors,
    ),
    "list_orders": Operation(
        "Orders",
        "List working orders, or those of the statuses asked for",
        raw.RawOrders,
        query=(
            _SYMBOL,
            Parameter("status", Text, "Only these statuses: a comma list such as OPEN,FILLED."),
        ),
        errors=_QUERY,
    ),
    "cancel_all_orders": Operation(
        "Orders",
        "Cancel all working orders",
        CancelAllResult,
        query=(_SYMBOL,),
        errors=(*_QUERY, "RUN_DIVERGED"),
    ),
    "read_order": Operation("Orders", "Read one order", raw.RawOrder, errors=("ORDER_NOT_FOUND",)),
    "cancel_order": Operation(
        "Orders",
        "Cancel one order; ask for it to know what has become of it",
        NOTHING,
        errors=("ORDER_NOT_FOUND", "RUN_DIVERGED"),
    ),
    "list_trades": Operation(
        "Trades",
        "List executions",
        raw.RawTrades,
        query=(_SYMBOL, Parameter("order_id", Text, "Only executions of this order.")),
        errors=_QUERY,
    ),
    "list_positions": Operation(
        "Positions", "List open positions", raw.RawPositions, query=(_SYMBOL,), errors=_QUERY
    ),
    "read_quote": Operation(
        "Market data",
        "Read the last known prices of a symbol",
        raw.RawQuote,
        query=(_SYMBOL_NEEDED,),
        errors=(*_QUERY, "SYMBOL_NOT_FOUND"),
    ),
    "list_bars": Operation(
        "Market data",
        "List closed candles, oldest first; nothing that has not happened yet",
        raw.RawBars,
        query=(
            _SYMBOL_NEEDED,
            Parameter("timeframe", Timeframe, "Length of a candle.", required=True),
            Parameter("count", Limit, "Only the newest so many; 100 is the default."),
        ),
        errors=(*_QUERY, "INVALID_VALUE", "SYMBOL_NOT_FOUND"),
    ),
}
