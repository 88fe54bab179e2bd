"""A working order inside the exchange, from its acceptance to its end."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from math import inf

from runner.engine.holding import COST_STEP
from runner.protocol.commands import SubmitOrder
from runner.protocol.decimals import canonical
from runner.protocol.enums import OrderStatus, OrderType, Side, TimeInForce, TrailingType
from runner.protocol.messages import OrderSnapshot

_ZERO = Decimal(0)


class WorkingOrder:
    """An order from its acceptance to its end; mutable, and seen outside only as snapshots."""

    __slots__ = (
        "above",
        "average_fill_price",
        "below",
        "best",
        "client_order_id",
        "created_at",
        "day",
        "filled",
        "id",
        "limit_price",
        "liquidation",
        "oco_group_id",
        "order_type",
        "parent_order_id",
        "position_id",
        "post_only",
        "quantity",
        "reduce_only",
        "reject_reason",
        "rested",
        "sibling",
        "side",
        "spent",
        "status",
        "stop_loss",
        "stop_price",
        "symbol",
        "take_profit",
        "time_in_force",
        "trailing_distance",
        "trailing_type",
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
        self.trailing_distance = request.trailing_distance
        self.trailing_type = request.trailing_type
        self.position_id = request.position_id
        """The position the order reduces; where positions are hedged, from its first execution on
        also the one that it has opened, or that it has found to reduce."""
        self.reduce_only = request.reduce_only or request.position_id is not None
        """Whether the order may only make a position smaller, as does one that names it."""
        self.post_only = request.post_only
        self.oco_group_id = request.oco_group_id
        self.parent_order_id: str | None = None
        self.status = OrderStatus.OPEN
        self.average_fill_price: Decimal | None = None
        self.reject_reason: str | None = None
        self.spent = _ZERO
        """Sum of quantity times price of the executions of an order that fills in parts."""
        self.triggered = False
        """A stop-limit order that has reached its stop and rests as a limit order since, or a stop
        order that has reached it and executes in parts, at the market."""
        self.rested = False
        """A limit order that has seen an open since it was placed or its limit was changed."""
        self.best: Decimal | None = None
        """The price a trailing stop follows: the best since acceptance; None before the first."""
        self.liquidation = False
        """Placed by the exchange to meet a margin call; nobody else may change or cancel it."""
        self.sibling: WorkingOrder | None = None
        """The other leg of the same fill of an entry."""
        self.day: int | None = None
        """Day, by the data's calendar, of the first candle the order met; a DAY order's last."""
        self.below = inf
        """A candle with a low at or below this may concern the order; until it has met one, any."""
        self.above = -inf
        """A candle with a high at or above this may concern the order."""
        self.created_at = moment
        self.updated_at = moment

    @property
    def remaining(self) -> Decimal:
        """What has not executed yet."""
        return self.quantity - self.filled

    def take(self, quantity: Decimal, price: Decimal, *, wanted: Decimal) -> bool:
        """Account for an execution, and tell whether it completes the order.

        `wanted` is what the order could still execute; one that may only reduce a position is cut
        to that.
        """
        complete = quantity == wanted
        if complete and not self.filled:
            self.quantity = self.filled = quantity
            self.average_fill_price = price
            return True
        self.quantity = canonical(self.filled + wanted)
        self.filled = canonical(self.filled + quantity)
        self.spent += quantity * price
        self.average_fill_price = canonical((self.spent / self.filled).quantize(COST_STEP))
        return complete

    def follow(self, price: Decimal) -> None:
        """Let a trailing stop follow `price`: it moves in favour of the trader, never back."""
        best = self.best
        if best is None or (price > best if self.side is Side.SELL else price < best):
            self.best = best = price
        self.stop_price = self.trailing_stop(best)

    def trailing_stop(self, best: Decimal) -> Decimal:
        """Return where a trailing stop stands that has seen `best` as its best price."""
        distance = self.trailing_distance or _ZERO
        if self.trailing_type is TrailingType.PERCENT:
            distance = best * distance / 100
        return canonical(best + self.side.sign * distance)

    def snapshot(self) -> OrderSnapshot:
        """Return the order as the wire shows it."""
        return OrderSnapshot(
            id=self.id,
            symbol=self.symbol,
            side=self.side,
            order_type=self.order_type,
            quantity=self.quantity,
            filled_quantity=self.filled,
            remaining_quantity=self.remaining,
            status=self.status,
            time_in_force=self.time_in_force,
            created_at=self.created_at,
            updated_at=self.updated_at,
            client_order_id=self.client_order_id,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            stop_loss=self.stop_loss,
            take_profit=self.take_profit,
            trailing_distance=self.trailing_distance,
            trailing_type=self.trailing_type,
            average_fill_price=self.average_fill_price,
            reject_reason=self.reject_reason,
            position_id=self.position_id,
            parent_order_id=self.parent_order_id,
            reduce_only=self.reduce_only or None,
            post_only=self.post_only or None,
            oco_group_id=self.oco_group_id,
        )
