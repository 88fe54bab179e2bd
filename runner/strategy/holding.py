"""A strategy's view of one position."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Holding:
    """A position at one moment; flat when `quantity` is zero.

    Of several positions in one symbol it can also be the net, with `positions` that it is made of.
    """

    symbol: str
    quantity: Decimal
    """Units held, negative when short."""
    average_entry_price: Decimal
    price: float | None
    """Last known price; None before the first."""
    id: str | None = None
    """As the peer names the position; None before it has, and of a net of several."""
    positions: tuple[Holding, ...] = ()
    """The open positions of a net of several, oldest first, which may cancel out; else empty."""

    @property
    def is_flat(self) -> bool:
        return not self.quantity

    @property
    def is_long(self) -> bool:
        return self.quantity > 0

    @property
    def is_short(self) -> bool:
        return self.quantity < 0

    @property
    def value(self) -> float:
        """Value at the last known price, negative when short."""
        return float(self.quantity) * (self.price or 0.0)

    @property
    def unrealized_pnl(self) -> float:
        """Profit at the last known price, in account currency, before commission."""
        if self.positions:
            return sum(one.unrealized_pnl for one in self.positions)
        if self.price is None:
            return 0.0
        return float(self.quantity) * (self.price - float(self.average_entry_price))
