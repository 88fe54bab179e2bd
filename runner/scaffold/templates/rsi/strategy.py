"""Mean reversion: buy when the market has fallen too far, sell when it has recovered.

Run it:     runner run new_strategy.yaml
Test it:    pytest test_new_strategy.py
"""

from runner import Candle, Strategy, param


class NewStrategy(Strategy):
    """Buy while the RSI is low, with a stop-loss; sell when it has recovered."""

    default_subscriptions = ("S:MSFT:candle",)

    length: int = param(14, ge=2, le=100, help="candles in the relative strength index")
    low: float = param(30.0, gt=0, lt=50, help="RSI below which the symbol counts as oversold")
    high: float = param(55.0, gt=50, lt=100, help="RSI above which the position is closed")
    stop: float = param(0.1, gt=0, lt=1, help="loss at which to give up, as a fraction")

    def on_start(self) -> None:
        self.strength = self.rsi(self.length)

    def on_candle(self, candle: Candle) -> None:
        if self.is_flat and self.strength < self.low:
            stop_loss = round(candle.close * (1 - self.stop), 2)
            self.buy(equity=0.9, stop_loss=stop_loss, reason="oversold")
        elif self.is_long and self.strength > self.high:
            self.close(reason="recovered")
