"""Read candles and quotes of either wire dialect, and refuse prices that make no sense.

The hot path of reading goes through here. May import message, wire and value modules only. Every
refusal is a `WireError`.
"""

from __future__ import annotations

from runner.protocol import wire
from runner.protocol.enums import TIMEFRAME_MS
from runner.protocol.messages import Candle, Quote
from runner.protocol.values import LEAST_FLOAT, LIMIT_FLOAT, WireError, milliseconds, shown

ENGINE_PROVIDER = "engine"
"""The provider of candles in the raw dialect, which names none."""


def read_bar(bar: wire.BarObject) -> Candle:
    """Return a normalised `bar` object as a candle."""
    return checked_candle(
        Candle(
            bar.symbol,
            bar.timeframe,
            milliseconds(bar.timestamp),
            bar.open,
            bar.high,
            bar.low,
            bar.close,
            bar.volume,
            bar.provider,
        )
    )


def read_flat_candle(frame: wire.CandleFrame) -> Candle:
    """Return a raw engine candle, whose `timestamp` is the start of the candle."""
    prices = (frame.open, frame.high, frame.low, frame.close, frame.volume)
    if prices == (None,) * len(prices) and frame.symbol is None:
        raise WireError("a candle must have a bar object, or prices of its own")
    if frame.symbol is None or frame.timeframe is None or frame.timestamp is None:
        raise WireError("a candle without a bar object must have symbol, timeframe and timestamp")
    if (
        frame.open is None
        or frame.high is None
        or frame.low is None
        or frame.close is None
        or frame.volume is None
    ):
        raise WireError("a candle must have open, high, low, close and volume")
    return checked_candle(
        Candle(
            frame.symbol,
            frame.timeframe,
            milliseconds(frame.timestamp),
            frame.open,
            frame.high,
            frame.low,
            frame.close,
            frame.volume,
            ENGINE_PROVIDER,
        )
    )


def checked_candle(candle: Candle) -> Candle:
    """Return the candle itself, if its prices and timeframe make sense."""
    low, high = candle.low, candle.high
    # Written so that a NaN anywhere makes a comparison false.
    if (
        LEAST_FLOAT <= low <= candle.open <= high < LIMIT_FLOAT
        and low <= candle.close <= high
        and 0.0 <= candle.volume < LIMIT_FLOAT
        and candle.timeframe in TIMEFRAME_MS
    ):
        return candle
    raise WireError(_candle_problem(candle))


def _candle_problem(candle: Candle) -> str:
    for field in ("open", "high", "low", "close"):
        price = getattr(candle, field)
        if not LEAST_FLOAT <= price < LIMIT_FLOAT:
            return f"{field} must be a price above zero, was {price}"
    if candle.high < candle.low:
        return f"high must not be below low, was {candle.high} and {candle.low}"
    for field in ("open", "close"):
        price = getattr(candle, field)
        if not candle.low <= price <= candle.high:
            return f"{field} must lie between low and high, was {price}"
    if not 0.0 <= candle.volume < LIMIT_FLOAT:
        return f"volume must be zero or more, was {candle.volume}"
    return f"timeframe must be one of {', '.join(TIMEFRAME_MS)}, was {shown(candle.timeframe)}"


def read_quote(quote: wire.QuoteObject) -> Quote:
    """Return a normalised `quote` object; bid, ask and last must be above zero."""
    for field in ("bid", "ask", "last"):
        price = getattr(quote, field)
        if not LEAST_FLOAT <= price < LIMIT_FLOAT:
            raise WireError(f"{field} must be a price above zero, was {price}")
    for field in ("bid_size", "ask_size", "volume"):
        size = getattr(quote, field)
        if size is not None and not 0.0 <= size < LIMIT_FLOAT:
            raise WireError(f"{field} must be zero or more, was {size}")
    return Quote(
        symbol=quote.symbol,
        time=milliseconds(quote.timestamp),
        bid=quote.bid,
        ask=quote.ask,
        last=quote.last,
        bid_size=quote.bid_size,
        ask_size=quote.ask_size,
        volume=quote.volume,
        provider=quote.provider,
    )
