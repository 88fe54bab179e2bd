"""What a gateway says that cannot be, held against what was ordered and what was told before.

Pure: it compares and words it. A position that is not what the strategy takes it for is worse than
none, so whoever asks ends the run. Never: a request, or a guess at which of two stories is true.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from runner.journal import Kept
from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import OrderSnapshot, Trade

_ENDED = (OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED)
_ZERO = Decimal(0)


class _Echo(msgspec.Struct):
    """What an answer to an order may repeat of it."""

    symbol: str | None = None
    side: str | None = None
    order_type: str | None = None
    quantity: Decimal | None = None
    client_order_id: str | None = None


def differences(order: SubmitOrder, answer: bytes) -> list[str]:
    """Return what the answer to an order says of it that was not asked for, in words for people.

    What it leaves out is no difference. Prices are not compared: a peer may round them to its
    ticks.
    """
    try:
        echo = msgspec.json.decode(answer, type=_Echo)
    except msgspec.MsgspecError as error:
        return [f"what cannot be read: {error}"]
    found = [
        f"{label} {said} in place of {wanted}"
        for label, said, wanted in (
            ("client order id", echo.client_order_id, order.client_order_id),
            ("symbol", echo.symbol, order.symbol),
            # Some peers say it in lower case.
            ("side", _upper(echo.side), order.side.value),
            ("type", _upper(echo.order_type), order.order_type.value),
        )
        if said not in (None, wanted)
    ]
    quantity = echo.quantity
    if quantity is not None and not (quantity.is_finite() and quantity == order.quantity):
        found.append(f"quantity {quantity} in place of {order.quantity:f}")
    return found


def contradiction(order: OrderSnapshot, kept: Kept | None) -> str | None:
    """Return what cannot be about an order as the gateway tells of it now; None if all can.

    Args:
        order: as the gateway tells of it.
        kept: what was written down of it before; None for nothing.
    """
    name = order.client_order_id or order.id
    filled = order.filled_quantity
    if filled > order.quantity:
        return f"order {name} was executed for {filled:f} of {order.quantity:f} {order.symbol}"
    if filled < 0 or order.remaining_quantity < 0:
        return (
            f"order {name} has {filled:f} executed and {order.remaining_quantity:f} left of "
            f"{order.quantity:f} {order.symbol}"
        )
    if kept is None:
        return None
    if kept.request is not None and (order.symbol, order.side) != (kept.symbol, kept.side):
        return (
            f"order {name} is told as {order.side} {order.symbol}, and was sent as "
            f"{kept.side} {kept.symbol}"
        )
    is_same = kept.order_id in (None, order.id)
    if is_same and kept.status in _ENDED and filled > kept.filled:
        return (
            f"order {name} was executed for {filled:f} {order.symbol} after it had ended as "
            f"{kept.status} with {kept.filled:f}"
        )
    return None


def excess(
    trade: Trade, total: Decimal, order: OrderSnapshot | None, kept: Kept | None
) -> str | None:
    """Return why an execution cannot be; None if it can.

    Args:
        trade: the execution.
        total: of its order, all that was told with it.
        order: how its order stood last, while it worked; None where nobody knows.
        kept: what was written down of its order; None where it is not ours.
    """
    said = f"order {trade.order_id} was executed for {total:f}"
    most = order.quantity if order is not None else None
    if kept is not None and most is None and kept.request is not None:
        # It may have been made larger since: then the order has told of more itself.
        most = max(kept.request.quantity, kept.filled)
    if kept is not None and kept.status in _ENDED and kept.order_id == trade.order_id:
        if total > kept.filled:
            return f"{said} {trade.symbol}, and had ended as {kept.status} with {kept.filled:f}"
    elif most is not None and total > most:
        return f"{said} of {most:f} {trade.symbol}"
    return None


def asked_to_end(order: OrderSnapshot) -> OrderSnapshot:
    """Return an order as the answer to its cancellation proves it to stand.

    Some gateways answer before they know of an execution that the cancellation raced. That the
    order has ended counts when the stream says so, or the order itself.
    """
    if order.status is not OrderStatus.CANCELLED:
        return order
    return msgspec.structs.replace(order, status=OrderStatus.PENDING_CANCEL)


def _upper(word: str | None) -> str | None:
    return None if word is None else word.upper()
