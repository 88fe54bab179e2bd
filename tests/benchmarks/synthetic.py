"""Seeded synthetic candles: a random walk whose drift changes sign every four hundred candles."""

from __future__ import annotations

import random

from runner.engine.series import Series

MINUTE_MS = 60_000


def synthetic(count: int, *, seed: int = 1, symbol: str = "S:SYNTH") -> Series:
    """Return `count` one-minute candles that are the same on every machine."""
    draw = random.Random(seed)
    series = Series(symbol, "1m", source="synthetic", origin=f"seed {seed}")
    price, drift = 100.0, 0.00005
    for minute in range(count):
        if minute % 400 == 0:
            # Alternating, not drawn: five million candles must not wander off to a price of zero.
            drift = -drift
        opened = price
        price = round(opened * (1 + drift + draw.gauss(0, 0.0005)), 4)
        reach = abs(draw.gauss(0, 0.0003)) * opened
        series.times.append(minute * MINUTE_MS)
        series.opens.append(opened)
        series.highs.append(round(max(opened, price) + reach, 4))
        series.lows.append(round(min(opened, price) - reach, 4))
        series.closes.append(price)
        series.volumes.append(100.0)
    return series
