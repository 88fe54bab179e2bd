"""Quotes made of candles: at each close, bid and ask half a spread away from it.

They tell no more than the candle does, in the form that a strategy on quotes reads. Orders meet the
candles as ever. May import the feed, costs and messages; nothing is changed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from runner.engine.costs import Spread
from runner.engine.feed import Feed
from runner.protocol.enums import Side
from runner.protocol.messages import Candle, Quote


class CloseQuotes:
    """The quotes of one feed, at the closes of the finest candles of each symbol."""

    def __init__(self, feed: Feed, spread: Spread) -> None:
        self._feed = feed
        self._spread = spread

    def of(self, candles: Sequence[Candle], moment_ms: int) -> list[Quote]:
        """Return the quotes that are asked for, of candles that close at `moment_ms`."""
        quoted = self._feed.quoted
        if not quoted:
            return []
        return [
            quote_at_close(candle, moment_ms, self._spread)
            for candle in candles
            if candle.symbol in quoted
        ]

    def last(self, symbol: str, now_ms: int) -> Quote | None:
        """Return the last quote of a symbol, asked for or not; None before the first.

        Raises:
            KeyError: the feed has no such symbol.
        """
        series = self._feed.finest[symbol]
        count = series.closed_at(now_ms)
        if not count:
            return None
        (candle,) = series.part(count - 1, count)
        return quote_at_close(candle, series.close_of(candle.time), self._spread)


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
