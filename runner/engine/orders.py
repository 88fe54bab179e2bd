"""A working order inside the exchange, from its acceptance to its end."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderStatus, OrderType, Side, TimeInForce
from runner.protocol.messages import OrderSnapshot

_ZERO = Decimal(0)


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
