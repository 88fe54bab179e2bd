"""Breakout: buy a rise above the range of some weeks, sell a fall below that of some days.

Run it:     runner run new_strategy.yaml
Test it:    pytest test_new_strategy.py
"""

from runner import Candle, Strategy, param


class NewStrategy(Strategy):
    """Buy with a stop order above the range; follow the market with a stop order below it."""

    default_subscriptions = ("S:AAPL:candle",)

    entry: int = param(55, ge=2, le=500, help="candles in the range to break out of")
    exit: int = param(20, ge=2, le=500, help="candles in the range that ends the position")

    def on_start(self) -> None:
        self.ceiling = self.highest(self.entry)
        self.floor = self.lowest(self.exit)

    def on_candle(self, candle: Candle) -> None:
        if self.is_warm:
            self.wait_at(float(self.ceiling if self.is_flat else self.floor))

    def wait_at(self, price: float) -> None:
        """Keep one stop order at a price: an entry without a position, else an exit."""
        waiting = self.working_orders()
        if waiting and float(waiting[0].stop_price or 0) != price:
            self.modify(waiting[0], stop=price)
        elif not waiting and self.is_flat:
            self.buy(equity=0.95, stop=price, reason="breakout")
        elif not waiting:
            held = self.position().quantity
            self.sell(quantity=held, stop=price, reduce_only=True, reason="breakdown")
