"""One open position as the books keep it. Only the protocol's decimals may be imported here."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from runner.protocol.decimals import canonical

COST_STEP = Decimal("1E-10")
"""What amounts that are divided are rounded to."""
_ZERO = Decimal(0)


class Holding:
    """An open position: `quantity` and `cost` are positive when long, negative when short."""

    __slots__ = (
        "cost", "id", "opened_at", "quantity", "realized", "size", "symbol", "updated_at", "value",
    )  # fmt: skip

    def __init__(self, id: str, symbol: str, opened_at: datetime) -> None:
        self.id = id
        self.symbol = symbol
        self.quantity = _ZERO
        self.cost = _ZERO
        self.size = self.value = 0.0
        # Quantity and cost as floats, for judging by every candle whether exact figures are needed.
        self.realized = _ZERO
        self.opened_at = opened_at
        self.updated_at = opened_at

    @property
    def average_entry_price(self) -> Decimal:
        """Cost per unit, rounded to `COST_STEP`; zero when flat."""
        if not self.quantity:
            return _ZERO
        return canonical((self.cost / self.quantity).quantize(COST_STEP))
