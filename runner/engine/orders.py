"""A working order inside the exchange, and what makes a request acceptable in the first place."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from runner.protocol.commands import Rejection, SubmitOrder
from runner.protocol.decimals import exact
from runner.protocol.enums import OrderStatus, OrderType, RejectReason, Side, TimeInForce
from runner.protocol.messages import OrderSnapshot

MAX_SYMBOL = 20
MAX_CLIENT_ORDER_ID = 64
_ZERO = Decimal(0)

_PRICES: dict[OrderType, tuple[bool, bool]] = {
    OrderType.MARKET: (False, False),
    OrderType.LIMIT: (True, False),
    OrderType.STOP: (False, True),
    OrderType.STOP_LIMIT: (True, True),
}
"""Order type -> (takes a limit price, takes a stop price); what it takes, it requires."""


class WorkingOrder:
    """An order from its acceptance to its end; mutable, and seen outside only as snapshots."""

    __slots__ = (
        "average_fill_price",
        "client_order_id",
        "created_at",
        "day",
        "filled",
        "id",
        "limit_price",
        "oco_group_id",
        "order_type",
        "parent_order_id",
        "quantity",
        "reduce_only",
        "reject_reason",
        "side",
        "status",
        "stop_loss",
        "stop_price",
        "symbol",
        "take_profit",
        "time_in_force",
        "triggered",
        "updated_at",
    )

    def __init__(self, id: str, request: SubmitOrder, moment: datetime) -> None:
        self.id = id
        self.client_order_id = request.client_order_id
        self.symbol = request.symbol
        self.side: Side = request.side
        self.order_type: OrderType = request.order_type
        self.quantity = request.quantity
        self.filled = _ZERO
        self.limit_price = request.limit_price
        self.stop_price = request.stop_price
        self.stop_loss = request.stop_loss
        self.take_profit = request.take_profit
        self.time_in_force: TimeInForce = request.time_in_force
        self.reduce_only = request.reduce_only
        self.oco_group_id = request.oco_group_id
        self.parent_order_id: str | None = None
        self.status = OrderStatus.OPEN
        self.average_fill_price: Decimal | None = None
        self.reject_reason: str | None = None
        self.triggered = False
        """A stop-limit order that has reached its stop and rests as a limit order since."""
        self.day: int | None = None
        """Day number (UTC) of the first candle the order met; a DAY order ends with it."""
        self.created_at = moment
        self.updated_at = moment

    def snapshot(self) -> OrderSnapshot:
        """Return the order as the wire shows it."""
        return OrderSnapshot(
            id=self.id,
            symbol=self.symbol,
            side=self.side,
            order_type=self.order_type,
            quantity=self.quantity,
            filled_quantity=self.filled,
            remaining_quantity=self.quantity - self.filled,
            status=self.status,
            time_in_force=self.time_in_force,
            created_at=self.created_at,
            updated_at=self.updated_at,
            client_order_id=self.client_order_id,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            stop_loss=self.stop_loss,
            take_profit=self.take_profit,
            average_fill_price=self.average_fill_price,
            reject_reason=self.reject_reason,
            parent_order_id=self.parent_order_id,
            reduce_only=self.reduce_only or None,
            oco_group_id=self.oco_group_id,
        )


def problem_with(request: SubmitOrder) -> Rejection | None:
    """Return why `request` is not a well-formed order, or None when it is.

    The checks run in the order of the Trading API: lengths and quantity, then what the order
    type requires and forbids, then what this engine does not support.
    """
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
