"""Trend following with two moving averages: in the market while the fast one is above the slow one.

Run it:     runner run new_strategy.yaml
Test it:    pytest test_new_strategy.py
"""

from runner import Candle, Strategy, param


class NewStrategy(Strategy):
    """Hold the symbol while its fast average is above its slow one."""

    default_subscriptions = ("S:AAPL:candle",)

    fast: int = param(10, ge=2, le=200, help="candles in the fast average")
    slow: int = param(30, ge=3, le=500, help="candles in the slow average")

    def on_start(self) -> None:
        self.fast_sma = self.sma(self.fast)
        self.slow_sma = self.sma(self.slow)

    def on_candle(self, candle: Candle) -> None:
        # Until an average has seen enough candles, every comparison with it is false.
        if self.fast_sma > self.slow_sma and self.is_flat:
            self.buy(equity=0.95, reason="golden cross")
        elif self.fast_sma < self.slow_sma and self.is_long:
            self.close(reason="death cross")
