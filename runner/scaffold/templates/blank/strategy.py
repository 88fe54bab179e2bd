"""Say here what the strategy does, and why it should work.

Run it:     runner run new_strategy.yaml
Test it:    pytest test_new_strategy.py
"""

from runner import Candle, Strategy, param


class NewStrategy(Strategy):
    """Say here in one line what the strategy does."""

    default_subscriptions = ("S:AAPL:candle",)

    length: int = param(20, ge=2, le=500, help="candles in the average")

    def on_start(self) -> None:
        # Indicators are made here: self.sma, self.ema, self.rsi, self.atr, self.highest, ...
        self.average = self.sma(self.length)

    def on_candle(self, candle: Candle) -> None:
        # The rules go here. Orders: self.buy(equity=0.95, reason="..."), self.close(), ...
        # State: self.is_flat, self.is_long, self.position(), self.equity, self.now, ...
        pass
