"""What makes a request acceptable: its form, the state it meets, and how a refusal is worded.

The checks run in the order of the Trading API: lengths and quantity, then what the order type
requires and forbids, then symbol, position and margin.
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
from runner.protocol.enums import OrderType, RejectReason, TimeInForce, TrailingType

MAX_SYMBOL = 20
MAX_CLIENT_ORDER_ID = 64
MAX_GROUP_ID = 64

_PRICES: dict[OrderType, tuple[bool, bool]] = {
    OrderType.MARKET: (False, False),
    OrderType.LIMIT: (True, False),
    OrderType.STOP: (False, True),
    OrderType.STOP_LIMIT: (True, True),
    OrderType.TRAILING_STOP: (False, False),
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
    if request.oco_group_id is not None and len(request.oco_group_id) > MAX_GROUP_ID:
        return _invalid(
            "VALIDATION_ERROR",
            "oco_group_id",
            f"oco_group_id may have at most {MAX_GROUP_ID} characters",
        )
    if not _positive(request.quantity):
        return _invalid(
            "VALIDATION_ERROR",
            "quantity",
            f"quantity must be a positive number, was {request.quantity}",
            RejectReason.INVALID_QUANTITY,
        )
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
    problem = _problem_with_trailing(request)
    if problem is not None:
        return problem
    for field in ("limit_price", "stop_price", "stop_loss", "take_profit"):
        price = getattr(request, field)
        if price is not None and not _positive(price):
            return _bad_price(field, price)
    return _problem_with_post_only(request) if request.post_only else None


def _problem_with_trailing(request: SubmitOrder) -> Rejection | None:
    distance, kind = request.trailing_distance, request.trailing_type
    if request.order_type is not OrderType.TRAILING_STOP:
        if distance is None:
            return None
        return _superfluous("trailing_distance", distance, request.order_type)
    for field, given in (("trailing_distance", distance), ("trailing_type", kind)):
        if given is None:
            return _invalid(
                "INVALID_REQUEST",
                field,
                f"{field} is required for TRAILING_STOP orders",
                RejectReason.INVALID_PRICE,
            )
    if distance is None or not fits_trailing(distance, kind):
        return _bad_price("trailing_distance", distance or Decimal(0), _below_100(kind))
    return None


def fits_trailing(distance: Decimal, kind: TrailingType | None) -> bool:
    """Tell whether a trailing stop can keep this distance: positive, in percent below 100."""
    return _positive(distance) and (kind is not TrailingType.PERCENT or distance < 100)


def _below_100(kind: TrailingType | None) -> str:
    return " below 100" if kind is TrailingType.PERCENT else ""


def _problem_with_post_only(request: SubmitOrder) -> Rejection | None:
    if request.order_type is not OrderType.LIMIT:
        clash = f"a {request.order_type} order, only to a LIMIT order"
    elif request.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        clash = f"an order that must execute at once ({request.time_in_force})"
    else:
        return None
    return Rejection(
        400,
        "INVALID_VALUE",
        f"post_only does not belong to {clash}",
        RejectReason.UNKNOWN.value,
        {"field": "post_only", "provided": "true"},
    )


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


def _bad_price(field: str, price: Decimal, bound: str = "") -> Rejection:
    return Rejection(
        400,
        "INVALID_VALUE",
        f"{field} must be a positive number{bound}, was {price}",
        RejectReason.INVALID_PRICE.value,
        {"field": field, "provided": str(price)},
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
    named = request.position_id
    if named is not None and ledger.find(request.symbol, named) is None:
        return refused(
            RejectReason.REDUCE_ONLY_VIOLATED, f"no position {named} is open in {request.symbol}"
        )
    reduces = request.reduce_only or named is not None
    if reduces and not ledger.concerned(request.symbol, request.side, named, reduces=True):
        holding = None if named is None else ledger.find(request.symbol, named)
        held = ledger.quantity(request.symbol) if holding is None else holding.quantity
        return refused(
            RejectReason.REDUCE_ONLY_VIOLATED,
            f"{request.side} order that may only reduce, but the position is {plain(held)}",
        )
    price = request.limit_price or request.stop_price or ledger.mark(request.symbol)
    if not price or reduces:
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
    details = {"field": name, "provided": str(value)}
    if not _positive(value):
        message = f"{name} must be a positive number, was {value}"
        return Rejection(400, "INVALID_VALUE", message, details=details)
    if name == "quantity" and order.filled and value <= order.filled:
        message = f"quantity must be more than the {plain(order.filled)} executed, was {value}"
        return Rejection(400, "INVALID_VALUE", message, details=details)
    trailing = order.order_type is OrderType.TRAILING_STOP
    absent = name in ("limit_price", "stop_price", "trailing_distance") and (
        getattr(order, name) is None
    )
    if absent or (trailing and name == "stop_price"):
        message = f"{name} does not belong to a {order.order_type} order"
        return Rejection(400, "INVALID_VALUE", message, details=details)
    if name == "trailing_distance" and not fits_trailing(value, order.trailing_type):
        message = f"{name} must be a positive number below 100, was {value}"
        return Rejection(400, "INVALID_VALUE", message, details=details)
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


def not_found(id: str, resource: str = "order") -> Rejection:
    """Return the answer about an order, or another resource, that does not exist."""
    return Rejection(
        404,
        f"{resource.upper()}_NOT_FOUND",
        f"{resource.capitalize()} not found: {id}",
        details={"resource": resource, "id": id},
    )
