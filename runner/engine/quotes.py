"""The quotes of a feed: those of its files, and those made of candles where there are none.

At each close, bid and ask are made half a spread away from it. Such quotes tell no more than the
candle does, in the form that a strategy on quotes reads, and orders meet the candles. May import
the feed, costs and messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from runner.engine.costs import Spread
from runner.engine.feed import Feed, Step
from runner.protocol.enums import Side
from runner.protocol.messages import Candle, Quote


class Quotes:
    """The quotes of one feed, of files or at the closes of the finest candles of each symbol."""

    def __init__(self, feed: Feed, spread: Spread) -> None:
        self._feed = feed
        self._spread = spread

    def of(self, step: Step) -> Sequence[Quote]:
        """Return the quotes of a step that are asked for; those made of candles come first."""
        quoted = self._feed.quoted
        if not quoted:
            return step.heard
        made = [
            quote_at_close(candle, step.moment, self._spread)
            for candle in step.met
            if candle.symbol in quoted
        ]
        return [*made, *step.heard]

    def mark(self, marks: dict[str, float], step: Step) -> None:
        """Mark the symbols that files have quotes of, as a strategy that hears the step does.

        The last that it hears of a symbol counts: the middle of a quote, or else a close.
        """
        for quote in step.quotes:
            marks[quote.symbol] = quote.last
        for candle in step.candles:
            if candle.symbol in self._feed.quotes:
                marks[candle.symbol] = candle.close
        for quote in step.heard:
            marks[quote.symbol] = quote.last

    def last(self, symbol: str, now_ms: int) -> Quote | None:
        """Return the last quote of a symbol, asked for or not; None before the first.

        Raises:
            KeyError: the feed has no such symbol.
        """
        if symbol in self._feed.quotes:
            return self._feed.quotes[symbol].last_at(now_ms)
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
