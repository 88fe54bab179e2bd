"""What the lines of a journal come to: our orders, which of them are open, and what we hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from runner.journal.executed import Executed
from runner.journal.lines import (
    Adopted,
    Asked,
    Begun,
    Intent,
    Line,
    Outcome,
    Seen,
    Sent,
    Traded,
)
from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderStatus, Side
from runner.protocol.messages import OrderSnapshot

_ZERO = Decimal(0)


@dataclass(slots=True)
class Kept:
    """One order of ours, as far as it was written down."""

    symbol: str
    side: Side
    client_order_id: str | None = None
    request: SubmitOrder | None = None
    """What was asked for; None for an exit leg, which the peer has placed."""
    reason: str = ""
    order_id: str | None = None
    status: OrderStatus | None = None
    """None before the peer has said anything about it."""
    filled: Decimal = _ZERO
    earlier: dict[str, Decimal] = field(default_factory=dict)
    """What had filled under earlier ids of the order: a change gives it another one sometimes."""
    has_left: bool = True
    """Whether it may be at the peer: False as long as it was only about to be sent."""
    is_orphaned: bool = False
    """Whether it was looked up to the end, and not found."""

    @property
    def is_open(self) -> bool:
        """Whether nobody has written down how it ended."""
        done = self.status is not None and self.status.is_terminal
        return self.has_left and not done and not self.is_orphaned


class Past:
    """Everything that the lines so far say."""

    def __init__(self) -> None:
        self.orders: dict[str, Kept] = {}
        """Our orders by client order id; those without one by the peer's."""
        self.pid: int | None = None
        """The process that has begun the last run."""
        self.runs: set[str] = set()
        """What the ids of our orders begin with, of all runs so far."""
        self.run = ""
        """That of the last run."""
        self.executed = Executed()
        self._by_id: dict[str, Kept] = {}
        self._adopted: dict[str, Decimal] = {}

    def take(self, line: Line) -> None:
        """Take in one more line."""
        match line:
            case Begun():
                self.runs.add(line.run)
                self.run = line.run
                self.pid = line.pid
            case Intent(order=order):
                self.orders[line.client_order_id] = Kept(
                    order.symbol,
                    order.side,
                    line.client_order_id,
                    order,
                    line.reason,
                    has_left=False,
                )
            case Sent():
                if line.client_order_id in self.orders:
                    self.orders[line.client_order_id].has_left = True
            case Outcome():
                kept = self.orders.get(line.client_order_id)
                if kept is not None:
                    self._decide(kept, line)
            case Seen():
                self._see(line)
            case Adopted(symbol=symbol):
                self._adopted[symbol] = self._adopted.get(symbol, _ZERO) + line.quantity
                self.executed.adopt(line)
            case Traded():
                self.executed.take(line)
            case Asked():
                pass

    def owns(self, order: OrderSnapshot) -> bool:
        """Tell whether an order at the peer is one of ours, or an exit attached to one."""
        name = order.client_order_id
        if name is not None and (name in self.orders or name.partition("-")[0] in self.runs):
            return True
        if order.parent_order_id in self._by_id:
            return True
        # A gateway that was started anew may give an id once more, to an order of somebody else.
        kept = self._by_id.get(order.id)
        return kept is not None and (name is None or kept.client_order_id in (None, name))

    def find(self, order: OrderSnapshot) -> Kept | None:
        """Return what is known of an order of ours, by the peer's id or by our own."""
        kept = self._by_id.get(order.id)
        name = order.client_order_id
        if kept is None or name not in (None, kept.client_order_id):
            kept = self.orders.get(name or "")
        return kept

    def named(self, order_id: str) -> Kept | None:
        """Return the order of ours that has, or had, this id at the peer."""
        return self._by_id.get(order_id)

    def working_under(self, order_id: str) -> Kept | None:
        """Return the order of ours that works under the peer's id, None if none does."""
        kept = self._by_id.get(order_id)
        return kept if kept is not None and kept.order_id == order_id and kept.is_open else None

    def owns_id(self, order_id: str) -> bool:
        """Tell whether the peer's id of an order is known as one of ours."""
        return order_id in self._by_id

    def open(self) -> list[Kept]:
        """Return our orders of which nobody knows how they ended, oldest first."""
        return [one for one in self.orders.values() if one.is_open]

    def never_left(self) -> list[Kept]:
        """Return our orders that a crash has kept from being sent, oldest first."""
        return [one for one in self.orders.values() if not one.has_left]

    def untold(self) -> list[Kept]:
        """Return our orders of which more has executed than executions tell, oldest first."""
        told = self.executed.orders
        return [
            one
            for one in self.orders.values()
            if one.order_id is not None
            and one.filled > (told[one.order_id].quantity if one.order_id in told else _ZERO)
        ]

    def positions(self) -> dict[str, Decimal]:
        """Return what our executions come to, by symbol: signed, and without what is flat."""
        held = dict(self._adopted)
        for one in self.orders.values():
            moved = one.side.sign * (one.filled + sum(one.earlier.values()))
            held[one.symbol] = held.get(one.symbol, _ZERO) + moved
        return {symbol: quantity for symbol, quantity in held.items() if quantity}

    def _decide(self, kept: Kept, line: Outcome) -> None:
        kept.has_left = True  # or it is known that it has not, which settles it as well
        if line.order_id is not None and kept.order_id is None:
            kept.order_id = line.order_id
            self._name(kept, line.order_id)
        if line.verdict == "rejected":
            kept.status = OrderStatus.REJECTED
        elif line.verdict == "orphaned":
            kept.is_orphaned = True

    def _see(self, line: Seen) -> None:
        kept = self._by_id.get(line.order_id)
        if kept is None and line.client_order_id is not None:
            kept = self.orders.get(line.client_order_id)
        if kept is None:
            kept = Kept(line.symbol, line.side, line.client_order_id)
            self.orders[line.client_order_id or line.order_id] = kept
        if line.order_id in kept.earlier:
            # Late news of what was replaced says nothing of the order that works now.
            kept.earlier[line.order_id] = max(kept.earlier[line.order_id], line.filled)
            return
        if kept.order_id is not None and kept.order_id != line.order_id:
            kept.earlier[kept.order_id] = kept.filled
            kept.filled, kept.status = _ZERO, None
        self._name(kept, line.order_id)
        kept.order_id = line.order_id
        kept.is_orphaned = False
        kept.has_left = True
        # News may overtake each other: what has filled stays filled, what is over stays over.
        kept.filled = max(kept.filled, line.filled)
        if kept.status is None or not kept.status.is_terminal:
            kept.status = line.status

    def _name(self, kept: Kept, order_id: str) -> None:
        known = self._by_id.get(order_id)
        if known is not None and known is not kept:
            # A gateway that was started anew begins with its ids anew.
            self.executed.forget(order_id)
        self._by_id[order_id] = kept
