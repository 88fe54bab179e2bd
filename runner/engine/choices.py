"""What a user may choose of the conventions by which the exchange fills orders, as plain words.

Words only, so that whoever checks a configuration need not import what they do.
"""

from __future__ import annotations

from enum import StrEnum


class PricePath(StrEnum):
    """How the price is taken to move inside a candle, of which four prices are known."""

    WORST = "worst"
    """Nothing is assumed; where the order of events matters, the worse outcome comes first."""
    OHLC = "ohlc"
    """From the open straight to the high, to the low and to the close."""
    OLHC = "olhc"
    """From the open straight to the low, to the high and to the close."""


class FillAt(StrEnum):
    """When a market order executes that is placed on a candle."""

    NEXT_OPEN = "next_open"
    """With the next candle, at its open: the first price anybody could have had."""
    CLOSE = "close"
    """At once, at the close that it was placed on: a price that had passed when it was known."""


class PositionMode(StrEnum):
    """How many positions an account can hold in one symbol."""

    NETTING = "netting"
    """One, the sum of all executions: an order to its other side makes it smaller or turns it."""
    HEDGING = "hedging"
    """Any number, long and short at once: an order that names none of them opens another."""
