"""One open position in the mirror, what an execution makes of it, and the sum of several."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from runner.protocol.enums import Side

_ZERO = Decimal(0)


class OpenPosition:
    """A position: `quantity` is positive when long, negative when short.

    Only the sum of several positions can have the quantity zero.
    """

    __slots__ = ("average_entry_price", "id", "quantity", "size", "value")

    def __init__(
        self, quantity: Decimal, average_entry_price: Decimal, id: str | None = None
    ) -> None:
        self.id = id
        """As the peer names it; None before it has, and of a sum."""
        self.quantity = quantity
        self.average_entry_price = average_entry_price
        # Floats beside the exact numbers, for marking on every candle.
        self.size = float(quantity)
        self.value = float(quantity * average_entry_price)


def sum_of(positions: Sequence[OpenPosition]) -> OpenPosition:
    """Return the net of several positions, with the average entry of those on its side.

    Its size and value are the sums of theirs: it earns what they earn together.
    """
    quantity = sum((one.quantity for one in positions), _ZERO)
    side = [one for one in positions if one.quantity * quantity > 0]
    units = sum((one.quantity for one in side), _ZERO)
    cost = sum((one.quantity * one.average_entry_price for one in side), _ZERO)
    net = OpenPosition(quantity, cost / units if units else _ZERO)
    net.value = sum(one.value for one in positions)
    return net


def execute(
    position: OpenPosition | None, side: Side, quantity: Decimal, price: Decimal
) -> tuple[OpenPosition | None, Decimal | None]:
    """Return a position after an execution, and the profit realized, None if it only opened.

    None stands for a position that is flat.
    """
    held = position.quantity if position else _ZERO
    entry = position.average_entry_price if position else _ZERO
    name = position.id if position else None
    after = held + quantity * side.sign
    if held * side.sign >= 0:
        average = (abs(held) * entry + quantity * price) / abs(after)
        return OpenPosition(after, average, name), None
    realized = min(quantity, abs(held)) * (price - entry) * (1 if held > 0 else -1)
    if not after:
        return None, realized
    return OpenPosition(after, entry if held * after > 0 else price, name), realized
