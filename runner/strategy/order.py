"""The ticket a strategy holds for an order: one object from the request to the last fill."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from runner.protocol.commands import ModifyOrder, SubmitOrder
from runner.protocol.enums import OrderStatus, OrderType, Side, TimeInForce
from runner.protocol.messages import OrderSnapshot
from runner.secrecy import concealed

_ZERO = Decimal(0)
_LEG = re.compile(r"-(sl|tp)(-\d+)?$")


def is_leg_id(client_order_id: str | None) -> bool:
    """Tell whether a peer gave this id to an exit that it placed for an entry.

    Source: Trading API: the id of the entry, then `-sl` or `-tp`, and a number for later parts.
    """
    return _LEG.search(client_order_id or "") is not None


class Former:
    """What was told of an order under an id that it has no longer, see `Order.turn_to`."""

    __slots__ = ("folded", "folded_value", "traded", "traded_value")

    def __init__(self, order: Order) -> None:
        self.folded = order.folded
        self.folded_value = order.folded_value
        self.traded = order.traded
        self.traded_value = order.traded_value


class Order:
    """An order of the strategy; later events update the same object.

    A rejection is data, not an exception: look at `status` and `reject_reason`.
    """

    __slots__ = (
        "announced",
        "average_fill_price",
        "client_order_id",
        "created_at",
        "earlier",
        "filled_quantity",
        "folded",
        "folded_value",
        "id",
        "is_orphaned",
        "limit_price",
        "order_type",
        "parent_order_id",
        "position_id",
        "quantity",
        "reason",
        "reduce_only",
        "reject_message",
        "reject_reason",
        "side",
        "status",
        "stop_loss",
        "stop_price",
        "symbol",
        "take_profit",
        "time_in_force",
        "traded",
        "traded_value",
        "trailing_distance",
        "unreported_pnl",
        "updated_at",
    )

    def __init__(
        self,
        client_order_id: str | None,
        symbol: str,
        side: Side,
        quantity: Decimal,
        order_type: OrderType,
        *,
        reason: str = "",
    ) -> None:
        self.client_order_id = client_order_id
        self.symbol = symbol
        self.side = side
        self.quantity = quantity
        self.order_type = order_type
        self.reason = reason
        """What the strategy gave as its reason, for reports."""
        self.id: str | None = None
        """The peer's id; None until the order is accepted."""
        self.status = OrderStatus.PENDING
        self.is_orphaned = False
        """Whether the order got no answer, was looked for, and was not found. It may still turn up:
        somebody has to look at the gateway."""
        self.filled_quantity = _ZERO
        self.average_fill_price: Decimal | None = None
        self.limit_price: Decimal | None = None
        self.stop_price: Decimal | None = None
        self.trailing_distance: Decimal | None = None
        """How far a trailing stop keeps from the best price; `stop_price` is where that puts it."""
        self.stop_loss: Decimal | None = None
        self.take_profit: Decimal | None = None
        self.time_in_force = TimeInForce.GTC
        self.reduce_only = False
        self.parent_order_id: str | None = None
        """The entry this order protects, for an attached stop-loss or take-profit."""
        self.position_id: str | None = None
        """The position it reduces; with a peer that hedges, once executed, also the one it has
        opened."""
        self.reject_reason: str | None = None
        self.reject_message: str | None = None
        self.created_at: datetime | None = None
        self.updated_at: datetime | None = None
        # Bookkeeping of the desk: an execution is told twice, by its order and by its trade, in
        # either order, and must be folded into the position once.
        self.folded = _ZERO
        self.folded_value = _ZERO
        self.traded = _ZERO
        self.traded_value = _ZERO
        self.unreported_pnl: Decimal | None = None
        self.announced: tuple[object, ...] = ()
        self.earlier: dict[str, Former] | None = None
        """By earlier ids of the peer's, where a change has given the order another one."""

    @property
    def remaining_quantity(self) -> Decimal:
        return self.quantity - self.filled_quantity

    @property
    def is_done(self) -> bool:
        """True when nothing can happen to the order any more."""
        return self.status.is_terminal

    @property
    def is_working(self) -> bool:
        """True while the order may still execute."""
        return not self.status.is_terminal

    @property
    def is_filled(self) -> bool:
        return self.status is OrderStatus.FILLED

    @property
    def is_rejected(self) -> bool:
        return self.status is OrderStatus.REJECTED

    @property
    def is_exit_leg(self) -> bool:
        """Whether it is an exit that hangs on an entry, as its id says or its peer."""
        return self.parent_order_id is not None or is_leg_id(self.client_order_id)

    @classmethod
    def requested(cls, request: SubmitOrder, reason: str) -> Order:
        """Make the ticket of an order about to be sent."""
        order = cls(
            request.client_order_id,
            request.symbol,
            request.side,
            request.quantity,
            request.order_type,
            reason=concealed(reason),
        )
        order.limit_price = request.limit_price
        order.stop_price = request.stop_price
        order.trailing_distance = request.trailing_distance
        order.stop_loss = request.stop_loss
        order.take_profit = request.take_profit
        order.time_in_force = request.time_in_force
        order.reduce_only = request.reduce_only
        order.position_id = request.position_id
        return order

    @classmethod
    def seen(cls, snapshot: OrderSnapshot) -> Order:
        """Make the ticket of an order that somebody else placed: an exit leg, another program."""
        order = cls(
            snapshot.client_order_id,
            snapshot.symbol,
            snapshot.side,
            snapshot.quantity,
            snapshot.order_type,
        )
        order.update(snapshot)
        return order

    def update(self, snapshot: OrderSnapshot) -> None:
        """Take over what the peer says; an older message never reopens a finished order."""
        if self.id != snapshot.id and not self.turn_to(snapshot.id):
            return
        if self.status.is_terminal and not snapshot.status.is_terminal:
            return
        self.id = snapshot.id
        self.quantity = snapshot.quantity
        self.filled_quantity = snapshot.filled_quantity
        self.average_fill_price = snapshot.average_fill_price
        self.limit_price = snapshot.limit_price
        self.stop_price = snapshot.stop_price
        self.trailing_distance = snapshot.trailing_distance
        self.stop_loss = snapshot.stop_loss
        self.take_profit = snapshot.take_profit
        self.time_in_force = snapshot.time_in_force
        self.reduce_only = bool(snapshot.reduce_only)
        self.parent_order_id = snapshot.parent_order_id or self.parent_order_id
        self.position_id = snapshot.position_id or self.position_id
        self.reject_reason = snapshot.reject_reason or self.reject_reason
        self.created_at = snapshot.created_at
        self.updated_at = snapshot.updated_at
        # Last, for whoever looks from another thread: what is done is complete.
        self.status = snapshot.status

    def turn_to(self, order_id: str) -> bool:
        """Be the order that the peer knows by this id; return False for an id of the past.

        Some peers change an order by cancelling it and placing another one, which begins anew: it
        works, and nothing of it has executed.
        """
        if self.id is None or self.id == order_id:
            return True
        if self.earlier is None:
            self.earlier = {}
        elif order_id in self.earlier:
            return False
        self.earlier[self.id] = Former(self)
        self.folded = self.folded_value = self.traded = self.traded_value = _ZERO
        self.id = order_id
        self.status = OrderStatus.PENDING
        return True

    def is_news(self) -> bool:
        """Tell whether the order differs from what the strategy was last told, and remember it.

        The answer to a request and the event that follows it often say the same.
        """
        facts = (
            self.status,
            self.filled_quantity,
            self.quantity,
            self.limit_price,
            self.stop_price,
            self.trailing_distance,
        )
        news, self.announced = facts != self.announced, facts
        return news

    def reject(self, reason: str, message: str) -> None:
        """Mark the order as refused."""
        self.reject_reason = reason
        self.reject_message = message
        self.status = OrderStatus.REJECTED

    def __repr__(self) -> str:
        price = "".join(
            f" {label} {value}"
            for label, value in (("limit", self.limit_price), ("stop", self.stop_price))
            if value is not None
        )
        return (
            f"<Order {self.client_order_id or self.id} {self.side} {self.quantity} {self.symbol} "
            f"{self.order_type}{price} {self.status}>"
        )


class LocalRejection:
    """A request that never leaves: it is reported to the strategy like any other rejection."""

    __slots__ = ("message", "order", "reason")

    def __init__(self, order: Order, reason: str, message: str) -> None:
        self.order = order
        self.reason = reason
        self.message = message


class CancelRequest:
    """A cancel that waits for its order's id, which the order's own answer brings."""

    __slots__ = ("order",)

    def __init__(self, order: Order) -> None:
        self.order = order


class ModifyRequest:
    """A modification that waits for its order's id."""

    __slots__ = ("changes", "order")

    def __init__(self, order: Order, changes: ModifyOrder) -> None:
        self.order = order
        self.changes = changes


class Attention:
    """Nothing to execute: somebody wants the session to look up before it goes on."""

    __slots__ = ()
