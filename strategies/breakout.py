"""Breakout: buy what rises above its range, with a stop order that waits there.

Shows several symbols on one account, stop entry orders, and an exit that follows the market by
being modified.
"""

from runner import Candle, Strategy, param


class Breakout(Strategy):
    """Buy a symbol at its highest high of some weeks; sell it at its lowest low of some days."""

    default_subscriptions = ("S:AAPL:candle", "S:GOOG:candle", "S:IBM:candle", "S:MSFT:candle")

    entry: int = param(55, ge=2, le=500, help="candles in the range to break out of")
    exit: int = param(20, ge=2, le=500, help="candles in the range that ends the position")

    def on_start(self) -> None:
        self.ceiling = self.highest(self.entry)
        self.floor = self.lowest(self.exit)

    def on_candle(self, candle: Candle) -> None:
        if self.is_long:
            self.follow(float(self.floor))
        elif self.is_warm:
            self.wait_at(float(self.ceiling))

    def wait_at(self, price: float) -> None:
        """Keep one buy stop above the market."""
        waiting = self.working_orders()
        if waiting and float(waiting[0].stop_price or 0) == price:
            return
        self.cancel()
        self.buy(notional=self.budget(), stop=price, reason="breakout")

    def follow(self, price: float) -> None:
        """Keep one sell stop below the position."""
        protecting = self.working_orders()
        if not protecting:
            held = self.position().quantity
            self.sell(quantity=held, stop=price, reduce_only=True, reason="breakdown")
        elif float(protecting[0].stop_price or 0) != price:
            self.modify(protecting[0], stop=price)

    def budget(self) -> float:
        """Return an equal share of what is not invested, for each symbol that still waits."""
        holdings = [self.position(symbol) for symbol in self.symbols]
        invested = sum(holding.value for holding in holdings)
        waiting = sum(holding.is_flat for holding in holdings)
        return 0.95 * (self.equity - invested) / max(waiting, 1)
