"""What market data a strategy subscribes to, and whether an event is part of it.

Orders, trades, positions and accounts always reach the strategy: only candles and quotes are ever
filtered. May import messages only.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from runner.protocol.messages import Candle, Message, Quote

ANY_SYMBOL = "*"
CANDLE, QUOTE = "candle", "quote"


class Subscription(msgspec.Struct, frozen=True):
    """One kind of market data of one symbol."""

    symbol: str
    """As orders spell it, e.g. `S:AAPL`; `*` for every symbol."""
    event_type: str
    """`candle` or `quote`."""
    timeframe: str | None = None
    """Of candles only; None stands for whatever timeframe the peer is configured to send."""

    def __str__(self) -> str:
        suffix = "" if self.timeframe is None else f"_{self.timeframe}"
        return f"{self.symbol}:{self.event_type}{suffix}"


class SubscriptionFilter:
    """Whether a set of subscriptions admits an event; an empty set admits everything."""

    def __init__(self, subscriptions: Iterable[Subscription]) -> None:
        self._quotes: set[str] = set()
        self._candles: dict[str, set[str | None]] = {}
        for subscription in subscriptions:
            if subscription.event_type == QUOTE:
                self._quotes.add(subscription.symbol)
            else:
                timeframes = self._candles.setdefault(subscription.symbol, set())
                timeframes.add(subscription.timeframe)
        self._is_open = not self._quotes and not self._candles

    def admits(self, message: Message) -> bool:
        """Return True for a subscribed candle or quote, and for every other message."""
        if isinstance(message, Candle):
            return self.admits_candle(message.symbol, message.timeframe)
        if isinstance(message, Quote):
            return self.admits_quote(message.symbol)
        return True

    def admits_candle(self, symbol: str, timeframe: str) -> bool:
        """Return whether candles of `symbol` at `timeframe` are subscribed."""
        if self._is_open:
            return True
        for name in (symbol, ANY_SYMBOL):
            timeframes = self._candles.get(name)
            if timeframes is not None and (None in timeframes or timeframe in timeframes):
                return True
        return False

    def admits_quote(self, symbol: str) -> bool:
        """Return whether quotes of `symbol` are subscribed."""
        return self._is_open or symbol in self._quotes or ANY_SYMBOL in self._quotes
