"""Made-up candles and quotes: as many as wanted, the same for the same seed on every machine.

A random walk that is drawn back to where it began, for trying things out and for measuring, not
for judging a strategy. May import series and times.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from runner.engine.columns import ColumnWriter, Row
from runner.engine.quote_rows import middle
from runner.engine.quote_series import QuoteSeries
from runner.engine.series import Series
from runner.protocol.enums import TIMEFRAME_MS
from runner.storage import Storage

START_MS = 1_704_067_200_000
"""2024-01-01T00:00:00Z, where made-up candles begin."""
FIRST_PRICE = 100.0
LOWEST, HIGHEST = 10.0, 1000.0
_STEP = 0.004
"""Typical move of one candle, as a share of its price."""
_DRIFT = _STEP * _STEP / 6.0
"""Half the variance of a move: what the logarithm of a price loses to moves that are fair."""
_PULL = 4.0e-5
"""How strongly a price is drawn back: too little to see in a thousand candles, and enough to keep
any number of them mostly between 50 and 200."""
_WICK = 0.003
_VOLUME = 10_000
_PAUSE_MS = 2000
"""Two quotes are some milliseconds to this many apart, and one second on average."""
_TICK = 0.01
_WIDEST = 4
"""Ticks between bid and ask: one to this many."""
_QUOTED_SIZE = 100


def sample_series(
    count: int, *, seed: int, timeframe: str, start_ms: int = START_MS, symbol: str = "S:SAMPLE"
) -> Series:
    """Return `count` candles without a gap; prices have two decimals.

    Each opens where the one before closed. Prices stay between 10 and 1,000, however many candles
    there are. Only sums, products and quotients of the generator's numbers are used, which are the
    same on every platform.
    """
    rows = _rows(count, Random(seed), TIMEFRAME_MS[timeframe], start_ms)  # noqa: S311 - no secret
    return Series.of(rows, symbol, timeframe, origin=f"seed {seed}")


def sample_quotes(
    count: int, *, seed: int, start_ms: int = START_MS, symbol: str = "S:SAMPLE"
) -> QuoteSeries:
    """Return `count` quotes with sizes, about one a second; prices have two decimals."""
    writer = ColumnWriter(Storage())
    writer.extend_rows(_quotes(count, Random(seed), start_ms))  # noqa: S311 - no secret
    return QuoteSeries(symbol, *writer.columns(), origin=f"seed {seed}")


def _quotes(count: int, rng: Random, start_ms: int) -> Iterator[Row]:
    uniform = rng.random
    bid, moment = FIRST_PRICE, start_ms
    for _ in range(count):
        moves = int(uniform() * 3) - 1
        bid = round(min(max(bid + moves * _TICK, LOWEST), HIGHEST), 2)
        ask = round(bid + (1 + int(uniform() * _WIDEST)) * _TICK, 2)
        sizes = (float(1 + int(uniform() * _QUOTED_SIZE)) for _ in range(2))
        yield moment, bid, ask, *sizes, middle(bid, ask)  # type: ignore[misc]
        moment += 1 + int(uniform() * _PAUSE_MS)


def _rows(count: int, rng: Random, length: int, start_ms: int) -> Iterator[Row]:
    uniform = rng.random
    # The walk itself is never rounded, only what is shown of it: rounding would move it.
    walk = opened = FIRST_PRICE
    for index in range(count):
        # Four uniform numbers make a bell that is close enough to a normal one.
        move = (uniform() + uniform() + uniform() + uniform() - 2.0) * _STEP
        # Half the logarithm of how far the walk is from home, nearly, and without a logarithm.
        away = (walk - FIRST_PRICE) / (walk + FIRST_PRICE)
        walk = min(max(walk * (1.0 + move + _DRIFT - _PULL * away), LOWEST), HIGHEST)
        close = round(walk, 2)
        high = round(max(opened, close) * (1.0 + uniform() * _WICK), 2)
        low = round(min(opened, close) * (1.0 - uniform() * _WICK), 2)
        yield (
            start_ms + index * length,
            opened,
            max(high, opened, close),
            min(low, opened, close),
            close,
            float(int(uniform() * _VOLUME) + 1),
        )
        opened = close
