"""One order held against the limits of size and price. Pure: nothing is counted or changed here."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from runner.protocol.commands import Capabilities, SubmitOrder
from runner.protocol.decimals import plain
from runner.protocol.enums import OrderStatus, OrderType, Side
from runner.protocol.messages import OrderSnapshot
from runner.safety.limits import Denial, Limits
from runner.strategy.desk import Desk
from runner.strategy.order import Order

_ZERO = Decimal(0)
_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)


def is_sent(order: Order) -> bool:
    """Tell whether the peer may have an order: it was accepted, or nobody knows."""
    return order.id is not None or order.status is OrderStatus.UNKNOWN


def is_reducing(request: SubmitOrder, desk: Desk) -> bool:
    """Tell whether an order can only make its symbol's position smaller.

    Orders that work already in its direction count as filled: two sales of a whole position would
    turn it around. With a peer that hedges, only one that may not do anything else does so.
    """
    if desk.portfolio.hedges:
        return request.reduce_only or request.position_id is not None
    held = desk.portfolio.quantity(request.symbol)
    if held * request.side.sign >= 0:
        return False
    ahead = _working(desk, request.symbol, request.side, but=request.client_order_id)
    return request.reduce_only or request.quantity + ahead <= abs(held)


def protects(order: Order | OrderSnapshot, held: Decimal) -> bool:
    """Tell whether a working order protects a position: it stays when entries are cancelled.

    That is an exit that hangs on an entry, a reduce-only order, and a stop against the position
    that is no larger than it.

    Args:
        order: which works.
        held: signed position in its symbol.
    """
    if order.parent_order_id is not None or order.reduce_only:
        return True
    against = held * order.side.sign < 0
    return order.order_type in _STOPS and against and order.remaining_quantity <= abs(held)


def denial_of_kind(request: SubmitOrder, capabilities: Capabilities | None) -> Denial | None:
    """Return why the peer takes no order of this kind, or None; it is held to what it lists."""
    if capabilities is None:
        return None
    types, features = capabilities.supported_order_types, capabilities.features
    if types and request.order_type not in types:
        what = f"the gateway takes no {request.order_type} orders"
        return Denial("UNSUPPORTED", f"{what}: supported_order_types is {', '.join(types)}")
    if features and request.post_only and "post_only" not in features:
        what = "the gateway takes no post-only orders"
        return Denial("UNSUPPORTED", f"{what}: features is {', '.join(features)}")
    return None


def denial_of_size(request: SubmitOrder, desk: Desk, limits: Limits) -> Denial | None:
    """Return why an order is too large, or None. What makes a position smaller is never too large
    for the limits of positions."""
    if limits.max_order_quantity is not None and request.quantity > limits.max_order_quantity:
        return _beyond("max_order_quantity", limits.max_order_quantity, request.quantity, "order")
    if (
        limits.max_order_notional is None
        and limits.max_position_notional is None
        and limits.max_gross_notional is None
    ):
        return None
    price = _price(request, desk)
    if price is None:
        return Denial(
            "max_order_notional",
            f"no price of {request.symbol} is known yet, so the order has no value to limit",
        )
    value = request.quantity * price
    if limits.max_order_notional is not None and value > limits.max_order_notional:
        return _beyond("max_order_notional", limits.max_order_notional, value, "order")
    if is_reducing(request, desk):
        return None
    if limits.max_position_notional is not None:
        after = _reach(desk, request.symbol, request) * price
        if after > limits.max_position_notional:
            what = "position, with all working orders filled,"
            return _beyond("max_position_notional", limits.max_position_notional, after, what)
    if limits.max_gross_notional is not None:
        gross = _gross(desk, request, price)
        if gross > limits.max_gross_notional:
            what = "value of all positions, with all working orders filled,"
            return _beyond("max_gross_notional", limits.max_gross_notional, gross, what)
    return None


def denial_of_price(request: SubmitOrder, desk: Desk, limits: Limits) -> Denial | None:
    """Return why an order's price is too far from the market, or None."""
    collar = limits.price_collar
    if collar is None:
        return None
    last = desk.price(request.symbol)
    for name, price in (("limit", request.limit_price), ("stop", request.stop_price)):
        if price is None:
            continue
        if not last:
            return Denial("price_collar", f"no price of {request.symbol} is known to compare with")
        distance = abs(price / Decimal(repr(last)) - 1)
        if distance > collar:
            return Denial(
                "price_collar",
                f"the {name} price {plain(price)} is {distance * 100:.2f}% from the last price "
                f"{last:g}; risk.price_collar is {plain(collar * 100)}%",
            )
    return None


def _price(request: SubmitOrder, desk: Desk) -> Decimal | None:
    named = request.limit_price or request.stop_price
    last = desk.price(request.symbol)
    known = None if last is None else Decimal(repr(last))
    # The dearer of both: a limit far from the market says little about what will be held.
    return max(named, known) if named is not None and known is not None else named or known


def _working(desk: Desk, symbol: str, side: Side, *, but: str | None = None) -> Decimal:
    return sum(
        (
            one.remaining_quantity
            for one in _openings(desk.working.values())
            if one.symbol == symbol and one.side is side and one.client_order_id != but
        ),
        _ZERO,
    )


def _openings(orders: Iterable[Order]) -> Iterable[Order]:
    # Exits that hang on an entry close what it opens, and cannot open anything themselves.
    return (
        one
        for one in orders
        if one.parent_order_id is None and not one.reduce_only and is_sent(one)
    )


def _reach(desk: Desk, symbol: str, request: SubmitOrder | None = None) -> Decimal:
    """Return the largest position, unsigned, that working orders and `request` can lead to."""
    # With a peer that hedges, whatever can be opened comes on top of all that is open.
    held = desk.portfolio.quantity(symbol)
    but = None if request is None else request.client_order_id
    buys = _working(desk, symbol, Side.BUY, but=but)
    sells = _working(desk, symbol, Side.SELL, but=but)
    if request is not None and request.side is Side.BUY:
        buys += request.quantity
    elif request is not None:
        sells += request.quantity
    if desk.portfolio.hedges:
        return sum(
            (abs(one.quantity) for one in desk.portfolio.open_positions(symbol)), buys + sells
        )
    return max(abs(held), abs(held + buys), abs(held - sells))


def _gross(desk: Desk, request: SubmitOrder, price: Decimal) -> Decimal:
    symbols = {*desk.portfolio.positions, *(one.symbol for one in desk.working.values())}
    total = _reach(desk, request.symbol, request) * price
    for symbol in symbols - {request.symbol}:
        last = desk.price(symbol)
        if last is not None:
            total += _reach(desk, symbol) * Decimal(repr(last))
    return total


def _beyond(limit: str, most: Decimal, was: Decimal, what: str) -> Denial:
    return Denial(limit, f"the {what} was {plain(round(was, 2))}; risk.{limit} is {plain(most)}")
