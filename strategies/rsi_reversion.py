"""Mean reversion: buy weakness below the market, sell the recovery, and limit the loss.

Shows limit entries that rest for a while, a stop-loss attached to the entry, and cancelling what
was not filled. Trades every symbol the run is subscribed to, each on its own.
"""

from runner import Candle, Strategy, param


class RsiReversion(Strategy):
    """Buy a little below the close while the RSI is low; sell when it has recovered."""

    default_subscriptions = ("S:MSFT:candle",)

    length: int = param(14, ge=2, le=100, help="candles in the relative strength index")
    low: float = param(30.0, gt=0, lt=50, help="RSI below which the symbol counts as oversold")
    high: float = param(55.0, gt=50, lt=100, help="RSI above which the position is closed")
    discount: float = param(0.25, ge=0, le=5, help="average true ranges the limit lies below")
    risk: float = param(3.0, gt=0, le=20, help="average true ranges from the limit to the stop")
    share: float = param(0.9, gt=0, le=1, help="fraction of the equity to invest")

    def on_start(self) -> None:
        self.strength = self.rsi(self.length)
        self.range = self.atr(self.length)

    def on_candle(self, candle: Candle) -> None:
        if self.is_long:
            if self.strength > self.high:
                self.close(reason="recovered")
            return
        # An entry that was not filled is stale: the limit follows the market down, or goes.
        self.cancel()
        if self.strength < self.low and self.range:
            limit = round(candle.close - self.discount * self.range, 2)
            stop_loss = round(limit - self.risk * self.range, 2)
            if stop_loss > 0:
                self.buy(equity=self.share, limit=limit, stop_loss=stop_loss, reason="oversold")
