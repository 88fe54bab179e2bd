"""Decimal numbers as the wire wants them: exact, finite, bounded, and never with an exponent.

A peer may hold 96-bit decimals, so at most 28 significant digits travel. The exponent is bounded
before anything is formatted: `1E+5000000` would otherwise become five megabytes of zeros.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

MAX_DIGITS = 28
MAX_EXPONENT = 28
"""Largest power of ten, up or down, that a number on the wire may carry."""


def exact(number: Decimal | float | int | str) -> Decimal:
    """Return `number` as a finite decimal, a float by its shortest repr (0.1 stays 0.1).

    Raises:
        ValueError: not a number, not finite, or out of the wire's bounds.
    """
    try:
        value = Decimal(repr(number) if isinstance(number, float) else number)
    except (InvalidOperation, TypeError, ValueError):
        raise ValueError(f"not a number, was {number!r}") from None
    if not value.is_finite():
        raise ValueError(f"must be finite, was {number!r}")
    if not value:
        return Decimal(0)  # a zero may carry any exponent: 0E-5000000 is five megabytes of zeros
    if abs(value.adjusted()) > MAX_EXPONENT:
        raise ValueError("magnitude is out of bounds (1e-28 to 1e28)")
    # A short text has few digits: to count them exactly costs ten times as much.
    if (
        not isinstance(number, float)
        and len(str(value)) > MAX_DIGITS
        and len(value.as_tuple().digits) > MAX_DIGITS
    ):
        raise ValueError(f"has more than {MAX_DIGITS} significant digits")
    return value


def canonical(value: Decimal) -> Decimal:
    """Return `value` in the one form that stands for it: 10, and neither 10.00 nor 1E+1.

    It is the form in which a number comes back from the wire, so that a strategy which prints one
    prints the same in process.
    """
    return value.normalize() + 0


def plain(value: Decimal) -> str:
    """Return `value` without an exponent and without trailing zeros after the point."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def plain_float(value: float) -> str:
    """Return the shortest text that reads back as `value`, without an exponent."""
    text = repr(value)
    if "e" in text or "E" in text:
        return plain(Decimal(text))
    return text[:-2] if text.endswith(".0") else text
