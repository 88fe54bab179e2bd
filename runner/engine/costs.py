"""What trading costs: commission and slippage, explicit and zero by default."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from runner.protocol.enums import Side

_ZERO = Decimal(0)
_ONE = Decimal(1)
_PER_BPS = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Commission:
    """Commission of one execution in account currency: the parts add up, then the minimum holds."""

    bps: Decimal = _ZERO
    """Basis points (1/10,000) of the traded value."""
    per_unit: Decimal = _ZERO
    """Account currency per unit traded."""
    minimum: Decimal = _ZERO
    """Least commission of one execution, in account currency."""

    def of(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the commission of executing `quantity` (positive) at `price`."""
        if not (self.bps or self.per_unit or self.minimum):
            return _ZERO
        amount = quantity * price * self.bps * _PER_BPS + quantity * self.per_unit
        return max(amount, self.minimum)


@dataclass(frozen=True, slots=True)
class Slippage:
    """How much worse than its trigger price an order executes; market and stop fills only."""

    bps: Decimal = _ZERO
    """Basis points (1/10,000) of the price, always against the trader."""

    def worsen(self, price: Decimal, side: Side) -> Decimal:
        """Return `price` moved against a trader who executes `side`."""
        if not self.bps:
            return price
        return price * (_ONE + side.sign * self.bps * _PER_BPS)
