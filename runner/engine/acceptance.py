"""What makes a request acceptable: its form, the state it meets, and how a refusal is worded.

The checks run in the order of the Trading API: lengths and quantity, then what the order type
requires and forbids, then what this engine does not support, then symbol, position and margin.
Everything here decides and nothing changes anything.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from runner.engine.costs import Commission
from runner.engine.ledger import Ledger
from runner.engine.orders import WorkingOrder
from runner.protocol.commands import Rejection, SubmitOrder
from runner.protocol.decimals import exact, plain
from runner.protocol.enums import OrderType, RejectReason, TimeInForce

MAX_SYMBOL = 20
MAX_CLIENT_ORDER_ID = 64

_PRICES: dict[OrderType, tuple[bool, bool]] = {
    OrderType.MARKET: (False, False),
    OrderType.LIMIT: (True, False),
    OrderType.STOP: (False, True),
    OrderType.STOP_LIMIT: (True, True),
}
"""Order type -> (takes a limit price, takes a stop price); what it takes, it requires."""


def problem_with(request: SubmitOrder) -> Rejection | None:
    """Return why `request` is not a well-formed order, or None when it is."""
    if not 1 <= len(request.symbol) <= MAX_SYMBOL:
        return _invalid(
            "VALIDATION_ERROR", "symbol", f"symbol must have 1 to {MAX_SYMBOL} characters"
        )
    if request.client_order_id is not None and len(request.client_order_id) > MAX_CLIENT_ORDER_ID:
        return _invalid(
            "VALIDATION_ERROR",
            "client_order_id",
            f"client_order_id may have at most {MAX_CLIENT_ORDER_ID} characters",
        )
    if not _positive(request.quantity):
        return _invalid(
            "VALIDATION_ERROR",
            "quantity",
            f"quantity must be a positive number, was {request.quantity}",
            RejectReason.INVALID_QUANTITY,
        )
    if request.order_type not in _PRICES:
        return _unsupported(request.order_type.value)
    takes_limit, takes_stop = _PRICES[request.order_type]
    for field, price, takes in (
        ("limit_price", request.limit_price, takes_limit),
        ("stop_price", request.stop_price, takes_stop),
    ):
        if takes and price is None:
            return _invalid(
                "INVALID_REQUEST",
                field,
                f"{field} is required for {request.order_type} orders",
                RejectReason.INVALID_PRICE,
            )
        if not takes and price is not None:
            return _superfluous(field, price, request.order_type)
    if request.trailing_distance is not None:
        return _superfluous("trailing_distance", request.trailing_distance, request.order_type)
    for field in ("limit_price", "stop_price", "stop_loss", "take_profit"):
        price = getattr(request, field)
        if price is not None and not _positive(price):
            return _bad_price(field, price)
    if request.time_in_force is TimeInForce.FOK:
        return _unsupported("time_in_force FOK")
    if request.post_only:
        return _unsupported("post_only")
    if request.oco_group_id is not None:
        return _unsupported("oco_group_id")
    return None


def _positive(number: Decimal) -> bool:
    try:
        return exact(number) > 0
    except ValueError:
        return False


def _invalid(
    code: str, field: str, message: str, reason: RejectReason = RejectReason.UNKNOWN
) -> Rejection:
    return Rejection(400, code, message, reason.value, {"field": field})


def _superfluous(field: str, provided: Decimal, order_type: OrderType) -> Rejection:
    return Rejection(
        400,
        "INVALID_VALUE",
        f"{field} does not belong to a {order_type} order",
        RejectReason.INVALID_PRICE.value,
        {"field": field, "provided": str(provided)},
    )


def _bad_price(field: str, price: Decimal) -> Rejection:
    return Rejection(
        400,
        "INVALID_VALUE",
        f"{field} must be a positive number, was {price}",
        RejectReason.INVALID_PRICE.value,
        {"field": field, "provided": str(price)},
    )


def _unsupported(operation: str) -> Rejection:
    return Rejection(
        501,
        "UNSUPPORTED_OPERATION",
        f"the embedded engine does not support {operation}",
        RejectReason.UNKNOWN.value,
        {"operation": operation, "provider": "embedded"},
    )


def objection_to(
    request: SubmitOrder, *, symbols: Collection[str], ledger: Ledger, commission: Commission
) -> Rejection | None:
    """Return why a well-formed order cannot be accepted as things stand, or None when it can."""
    if request.symbol not in symbols:
        known = ", ".join(symbols)
        return refused(
            RejectReason.SYMBOL_NOT_TRADEABLE,
            f"no data for symbol {request.symbol}; this run has {known}",
        )
    held = ledger.quantity(request.symbol)
    if request.reduce_only and held * request.side.sign >= 0:
        return refused(
            RejectReason.REDUCE_ONLY_VIOLATED,
            f"reduce_only {request.side} order, but the position is {plain(held)}",
        )
    price = request.limit_price or request.stop_price or ledger.mark(request.symbol)
    if not price or request.reduce_only:
        return None  # before the first candle there is no price to judge by; the fill judges
    cost = commission.of(request.quantity, price)
    if ledger.can_carry(request.symbol, request.side, request.quantity, price, cost):
        return None
    available = ledger.account().margin_available
    return refused(
        RejectReason.INSUFFICIENT_MARGIN,
        f"{plain(request.quantity)} {request.symbol} at {plain(price)} needs more margin "
        f"than the {available:.2f} available",
    )


def objection_to_change(order: WorkingOrder, name: str, value: Decimal) -> Rejection | None:
    """Return why `value` cannot become the order's `name`, or None when it can."""
    try:
        fits = exact(value) > 0
    except ValueError:
        fits = False
    if not fits or (name == "quantity" and value < order.filled):
        return Rejection(
            400,
            "INVALID_VALUE",
            f"{name} must be a positive number, was {value}",
            details={"field": name, "provided": str(value)},
        )
    if name == "trailing_distance" or (
        name in ("limit_price", "stop_price") and getattr(order, name) is None
    ):
        return Rejection(
            400,
            "INVALID_VALUE",
            f"{name} does not belong to a {order.order_type} order",
            details={"field": name, "provided": str(value)},
        )
    return None


def refused(reason: RejectReason, message: str) -> Rejection:
    """Return the refusal of a well-formed order."""
    return Rejection(
        422, "ORDER_REJECTED", message, reason.value, {"reject_code": _REJECT_CODE[reason]}
    )


_REJECT_CODE = {
    RejectReason.INSUFFICIENT_MARGIN: "INSUFFICIENT_FUNDS",
    RejectReason.MARKET_CLOSED: "MARKET_CLOSED",
    RejectReason.INVALID_QUANTITY: "INVALID_QUANTITY",
    RejectReason.SYMBOL_NOT_TRADEABLE: "INVALID_SYMBOL",
    RejectReason.REDUCE_ONLY_VIOLATED: "REDUCE_ONLY_VIOLATED",
}


def not_found(order_id: str) -> Rejection:
    """Return the answer about an order that does not exist."""
    return Rejection(
        404,
        "ORDER_NOT_FOUND",
        f"Order not found: {order_id}",
        details={"resource": "order", "id": order_id},
    )
