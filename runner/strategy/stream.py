"""What is kept per symbol and timeframe: the latest candles and the indicators' state."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from runner.protocol.messages import Candle
from runner.strategy.indicators import Indicator, Kernel


class Stream:
    """One symbol at one timeframe."""

    __slots__ = ("first_close", "history", "kernels", "symbol", "takers", "timeframe", "updates")

    def __init__(self, candle: Candle, indicators: list[Indicator], history: int) -> None:
        self.symbol = candle.symbol
        self.timeframe = candle.timeframe
        self.first_close = candle.close
        self.history: deque[Candle] = deque(maxlen=history)
        self.kernels: list[Kernel] = [
            one.make(one)
            for one in indicators
            if one.timeframe is None or one.timeframe == candle.timeframe
        ]
        self.updates = [kernel.update for kernel in self.kernels]
        self.takers: list[Callable[[Candle], None]] = []

    def show(self, *, only_fixed: bool = False) -> None:
        """Let the indicators show this stream's values, or only those fixed to its timeframe."""
        for kernel in self.kernels:
            if not only_fixed or kernel.indicator.timeframe is not None:
                kernel.indicator.value = kernel.value
