"""Changing future candles never changes past trades."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from runner import Candle, Strategy
from runner.engine.choices import PricePath
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.protocol.times import to_ms
from tests.helpers import AAPL, MSFT, Run, run_strategy
from tests.property.markets import markets


class Busy(Strategy):
    """Order something of every kind, depending on nothing but what it has seen."""

    def on_start(self) -> None:
        self.average = self.sma(2)
        self.top = self.highest(3)

    def on_candle(self, candle: Candle) -> None:
        cents = round(candle.close * 100)
        match cents % 10:
            case 0:
                self.buy(quantity=10, stop_loss=candle.close * 0.9, take_profit=candle.close * 1.1)
            case 1:
                self.sell(quantity=7, limit=round(candle.close * 1.05, 4))
            case 2:
                self.buy(equity=0.2, stop=round(candle.high * 1.01, 4), time_in_force="DAY")
            case 3:
                self.close()
            case 4:
                self.cancel()
            case 5:
                self.sell(quantity=5, trail=round(candle.close * 0.04, 4), reduce_only=True)
            case 6:
                self.buy(quantity=6, trail_percent=3)
            case 7:
                self.buy(quantity=4, limit=candle.close, post_only=True, oco_group="pair")
                self.sell(quantity=4, stop=round(candle.close * 0.97, 4), oco_group="pair")
            case 8:
                self.buy(quantity=9, limit=candle.close, time_in_force="FOK")
            case _:
                if self.average > candle.close or self.top > candle.high:
                    self.target(quantity=-(cents % 20))


def past(run: Run, until_ms: int) -> list[tuple[object, ...]]:
    """Return all that is known of the executions before a moment."""
    return [
        (one.trade, one.realized_pnl)
        for one in run.desk.portfolio.fills
        if to_ms(one.trade.timestamp) < until_ms
    ]


def with_future(past_of: Series, future_of: Series, split: int) -> Series:
    """Return a series that follows one until `split` and the other from there on."""
    columns = (
        getattr(past_of, name)[:split] + getattr(future_of, name)[split:]
        for name in ("times", "opens", "highs", "lows", "closes", "volumes")
    )
    return Series(past_of.symbol, past_of.timeframe, *columns)


@settings(max_examples=80, deadline=None)
@given(
    markets(least=12, most=12),
    markets(least=12, most=12),
    markets(MSFT, least=12, most=12),
    st.integers(min_value=1, max_value=11),
    st.booleans(),
    st.sampled_from(PricePath),
)
def test_future_candles_never_change_past_trades_or_equity(
    one: Series, other: Series, beside: Series, split: int, several: bool, path: PricePath
) -> None:
    more = [beside] if several else []
    changed = with_future(one, other, split)

    first = run_strategy(Busy, [one, *more], price_path=path)
    second = run_strategy(Busy, [changed, *more], price_path=path)

    boundary = one.times[split]
    assert past(first, boundary) == past(second, boundary)
    before, after = first.desk.portfolio.equities, second.desk.portfolio.equities
    assert before[:split] == after[:split]


class Watching(Busy):
    """Trade on candles of several lengths, and keep what was known when."""

    def on_start(self) -> None:
        super().on_start()
        self.slow = self.sma(1, timeframe="4h")
        self.seen: list[tuple[int, object]] = []

    def on_candle(self, candle: Candle) -> None:
        assert candle.close_time <= to_ms(self.now)
        self.seen.append((to_ms(self.now), candle))
        super().on_candle(candle)


@settings(max_examples=80, deadline=None)
@given(
    markets(least=12, most=12),
    markets(least=12, most=12),
    st.integers(min_value=1, max_value=11),
    st.booleans(),
)
def test_candles_made_of_finer_ones_never_know_the_future(
    one: Series, other: Series, split: int, shows_finer: bool
) -> None:
    wanted = [(AAPL, None), (AAPL, "4h"), (AAPL, "1d")][0 if shows_finer else 1 :]
    boundary = one.times[split]

    runs = [
        run_strategy(Watching, Feed.of([made], wanted))
        for made in (one, with_future(one, other, split))
    ]

    seen = [[one for one in run.strategy.seen if one[0] <= boundary] for run in runs]
    assert seen[0] == seen[1]
    assert past(runs[0], boundary) == past(runs[1], boundary)


def test_the_busy_strategy_trades_often_enough_to_be_a_witness() -> None:
    @settings(max_examples=30, deadline=None, database=None, derandomize=True)
    @given(markets(least=12, most=12))
    def count(one: Series) -> None:
        trades.append(len(run_strategy(Busy, one).desk.portfolio.fills))

    trades: list[int] = []
    count()

    assert sum(trades) > len(trades)
