"""Quotes made of candles: at each close, bid and ask half a spread away from it.

They tell no more than the candle does, in the form that a strategy on quotes reads. May import
costs and messages only.
"""

from __future__ import annotations

from decimal import Decimal

from runner.engine.costs import Spread
from runner.protocol.enums import Side
from runner.protocol.messages import Candle, Quote


def quote_at_close(candle: Candle, moment_ms: int, spread: Spread) -> Quote:
    """Return the quote at the close of a candle.

    Args:
        candle: whose close is the last price; bid and ask lie half the spread below and above it.
        moment_ms: when it closes, Unix milliseconds.
        spread: that of the account's terms, which market orders pay; none makes all three equal.
    """
    close = bid = ask = candle.close
    if spread.half_bps:
        exact = Decimal(repr(close))
        bid = float(spread.cross(exact, Side.SELL))
        ask = float(spread.cross(exact, Side.BUY))
    return Quote(candle.symbol, moment_ms, bid, ask, close, provider=candle.provider)
