"""From what a strategy asks for to an exact quantity: a number, a value, a share of equity."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

from runner.protocol.decimals import canonical, exact

Number = Decimal | float | int | str
"""A quantity or price as a strategy may write it; a float is taken by its shortest repr."""

_NOISE = Decimal("1E-9")
_WHOLE_FLOATS = 16
"""Floats from 1e16 on are whole numbers: they hold no decimals, and so no noise in them."""
_SLACK = 1e-9
_CRYPTO_STEP = Decimal("0.0001")
_WHOLE = Decimal(1)


def quantity_step(symbol: str) -> Decimal:
    """Return the step to which computed quantities are rounded down: crypto 0.0001, others 1."""
    return _CRYPTO_STEP if symbol.startswith("C:") else _WHOLE


def exact_quantity(quantity: Number) -> Decimal:
    """Return a quantity as given, freed of binary float noise beyond nine decimals.

    Raises:
        ValueError: not a number, not finite, or out of bounds.
    """
    value = exact(quantity)
    if isinstance(quantity, float) and value.adjusted() < _WHOLE_FLOATS:
        value = value.quantize(_NOISE)
    return canonical(value)


def worth(value: float, price: float, step: Decimal) -> Decimal:
    """Return how many units `value` buys at `price`, rounded down to `step`; zero if less.

    Raises:
        ValueError: a number is not finite, or the price is zero.
    """
    if not (isfinite(value) and isfinite(price) and price > 0):
        raise ValueError(f"cannot size an order of value {value} at price {price}")
    # Binary noise must not cost a whole step: 0.3 / 0.1 is 2.9999999999999996.
    return canonical(int(value / price / float(step) + _SLACK) * step)
