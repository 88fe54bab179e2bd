"""The executions that were told, by order, and the entry prices that they come to.

An order says how much of it has executed, an execution says at which price. Not every gateway tells
both, and after a gap the one may be known without the other. Pure; may import the protocol only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from runner.journal.lines import Adopted, Traded

_ZERO = Decimal(0)


@dataclass(slots=True)
class Told:
    """What was told of the executions of one order."""

    quantity: Decimal = _ZERO
    value: Decimal = _ZERO
    """Quantity times price, summed up."""
    made_up: Decimal = _ZERO
    """Of the quantity, what was concluded from the order and no execution has confirmed."""
    ids: set[str] = field(default_factory=set)


class Basis(NamedTuple):
    """A position: signed units, and what one of them has cost on average."""

    quantity: Decimal
    price: Decimal


class Executed:
    """Everything that was told of executions."""

    def __init__(self) -> None:
        self.orders: dict[str, Told] = {}
        """By the peer's id of the order."""
        self.positions: dict[str, Basis] = {}
        """What they come to, by symbol, without what is flat."""

    def take(self, line: Traded) -> None:
        """Take in one execution; one that is known already changes nothing."""
        told = self.orders.setdefault(line.order_id, Told())
        if line.trade_id in told.ids:
            return
        told.ids.add(line.trade_id)
        told.quantity += line.quantity
        told.value += line.quantity * line.price
        told.made_up += line.quantity if line.is_made_up else -(line.confirms or _ZERO)
        if line.quantity:
            self._move(line.symbol, line.side.sign * line.quantity, line.price)

    def uncounted(self, order_id: str, quantity: Decimal, owed: Decimal) -> Decimal:
        """Return what of an execution is to be counted; the rest was concluded already.

        What is counted of an order is never more than the order tells of, or its executions come
        to, whichever is more; and when all of them were told it is that.

        Args:
            order_id: the peer's id of its order.
            quantity: its own.
            owed: what the order tells of beyond all that is counted. An execution that is no larger
                may be the newest; 0 where those that were concluded are heard of first.
        """
        told = self.orders.get(order_id)
        if told is None or quantity <= owed:
            return quantity
        return max(_ZERO, quantity - told.made_up)

    def adopt(self, line: Adopted) -> None:
        """Take over a difference, at its entry price where that is known."""
        held = self.positions.get(line.symbol)
        price = line.price if line.price is not None else held.price if held else _ZERO
        self._move(line.symbol, line.quantity, price)

    def forget(self, order_id: str) -> None:
        """Forget what was told of an id that the peer has given to another order."""
        self.orders.pop(order_id, None)

    def _move(self, symbol: str, signed: Decimal, price: Decimal) -> None:
        held, entry = self.positions.get(symbol, Basis(_ZERO, _ZERO))
        after = held + signed
        if not after:
            self.positions.pop(symbol, None)
            return
        if held * signed >= 0:
            entry = (abs(held) * entry + abs(signed) * price) / abs(after)
        elif held * after < 0:
            entry = price
        self.positions[symbol] = Basis(after, entry)
