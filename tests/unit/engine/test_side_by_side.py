"""Symbols whose candles have different lengths, on one account: nobody trades in the past."""

from __future__ import annotations

from decimal import Decimal

from runner import Candle, Strategy
from runner.engine.series import Series
from tests.helpers import AAPL, MSFT, run_strategy

HOUR, DAY = 3_600_000, 86_400_000
DAYS = [(day * DAY, 100.0 + day, 110.0 + day, 90.0, 105.0 + day, 1.0) for day in range(4)]
HOURS = [(hour * HOUR, 10.0, 11.0, 9.0, 10.0, 1.0) for hour in range(4 * 24)]
SERIES = [Series.of(HOURS, AAPL, "1h"), Series.of(DAYS, MSFT, "1d")]


class AtNoon(Strategy):
    """Trades the daily symbol when an hour of the other one tells it to."""

    limit: int | None = None

    def on_candle(self, candle: Candle) -> None:
        # The hour that closes at noon of the second day.
        if candle.symbol == AAPL and candle.time == DAY + 11 * HOUR:
            self.buy(MSFT, quantity=1, limit=self.limit)


def test_a_market_order_meets_the_first_candle_that_opens_after_it() -> None:
    run = run_strategy(AtNoon, SERIES)

    (trade,) = run.exchange.trades
    # The second day opened at 101 twelve hours before the order; the third opens at 102.
    assert (trade.price, trade.timestamp.day) == (Decimal(102), 3)


def test_a_limit_is_not_met_by_prices_that_were_past() -> None:
    class Limited(AtNoon):
        limit = 95

    run = run_strategy(Limited, SERIES)

    (trade,) = run.exchange.trades
    assert (trade.price, trade.timestamp.day) == (Decimal(95), 3)


def test_an_order_on_the_symbol_of_the_shorter_candles_waits_for_nothing() -> None:
    class Hourly(Strategy):
        """Trades the hourly symbol when a day closes."""

        def on_candle(self, candle: Candle) -> None:
            if candle.symbol == MSFT and candle.time == 0:
                self.buy(AAPL, quantity=1)

    run = run_strategy(Hourly, SERIES)

    (trade,) = run.exchange.trades
    assert (trade.timestamp.day, trade.timestamp.hour) == (2, 0)
