"""From what a strategy asks for to an exact quantity: by number, by value, or by share of equity."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from runner.protocol.decimals import exact

Number = Decimal | float | int | str
"""A quantity or price as a strategy may write it; a float is taken by its shortest repr."""

_NOISE = Decimal("1E-9")
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
    if isinstance(quantity, float):
        value = value.quantize(_NOISE)
    return value.normalize() if value else value


def worth(value: Decimal, price: Decimal, step: Decimal) -> Decimal:
    """Return how many units `value` buys at `price`, rounded down to `step`; zero if less."""
    return (value / price / step).to_integral_value(rounding=ROUND_DOWN) * step
