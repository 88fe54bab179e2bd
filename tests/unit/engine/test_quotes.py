"""Quotes made of candles: at each close, half a spread on either side of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner import Candle, Quote, Strategy
from runner.engine.costs import Spread
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.quotes import quote_at_close
from runner.engine.terms import Terms
from runner.protocol.messages import Message
from tests.helpers import AAPL, DAY_MS, MSFT, START_MS, candle, run_strategy, series
from tests.unit.engine.exchange_helpers import place, said

HALF = Spread(half_bps=Decimal(10))
CLOSES = (100.0, 110.0, 120.0)


def open_quoted(*wanted: tuple[str, str | None], **terms: object) -> Exchange:
    """Return an exchange over three daily candles that delivers quotes of them as well."""
    feed = Feed.of([series(*CLOSES)], wanted, quoted=[AAPL])
    return Exchange(feed, Terms(**terms))  # type: ignore[arg-type]


def kinds(messages: list[Message]) -> list[str]:
    return [type(one).__name__ for one in messages]


@pytest.mark.parametrize(
    ("half_bps", "bid", "ask"), [(0, 100.0, 100.0), (10, 99.9, 100.1), ("0.5", 99.995, 100.005)]
)
def test_bid_and_ask_lie_half_the_spread_from_the_close(
    half_bps: object, bid: float, ask: float
) -> None:
    spread = Spread(half_bps=Decimal(str(half_bps)))

    found = quote_at_close(candle(100.0, high=130.0), START_MS + DAY_MS, spread)

    assert found == Quote(AAPL, START_MS + DAY_MS, bid, ask, 100.0)


def test_a_quote_comes_after_the_candle_of_its_moment() -> None:
    step = open_quoted((AAPL, None), spread=HALF).advance()

    assert kinds(step) == ["Candle", "Quote"]
    assert isinstance(step[1], Quote)
    assert (step[1].time, step[1].bid, step[1].ask) == (START_MS + DAY_MS, 99.9, 100.1)


def test_quotes_come_without_candles_where_only_they_are_asked_for() -> None:
    exchange = open_quoted()

    assert [kinds(exchange.advance()) for _ in range(4)] == [["Quote"]] * 3 + [["BacktestComplete"]]
    assert len(exchange.feed) == 3
    assert exchange.feed.symbols == (AAPL,)


def test_only_the_symbols_that_are_asked_for_are_quoted() -> None:
    data = [series(*CLOSES), series(*CLOSES, symbol=MSFT)]

    step = Exchange(Feed.of(data, [("*", None)], quoted=[MSFT])).advance()
    every = Exchange(Feed.of(data, [], quoted=["*"])).advance()

    assert kinds(step) == ["Candle", "Candle", "Quote"]
    assert [one.symbol for one in every] == [AAPL, MSFT]  # type: ignore[union-attr]


def test_an_order_on_a_quote_pays_the_side_of_the_next_open_never_of_that_quote() -> None:
    exchange = open_quoted(spread=HALF)
    exchange.advance()

    place(exchange)

    # The candles are flat: the next one opens at 110, and a buyer pays 110.11.
    assert "t-1 buy 10 at 110.11" in said(exchange.drain() + exchange.advance()[:-1])


def test_the_last_quote_is_that_of_the_last_close_asked_for_or_not() -> None:
    exchange = Exchange(Feed([series(*CLOSES)]), Terms(spread=HALF))

    assert exchange.quotes.last(AAPL, exchange.now_ms) is None
    exchange.advance()
    assert exchange.quotes.last(AAPL, exchange.now_ms) == Quote(
        AAPL, START_MS + DAY_MS, 99.9, 100.1, 100.0
    )


class Listening(Strategy):
    """Note what comes in which order, and what is known then."""

    def on_start(self) -> None:
        self.heard: list[tuple[str, str, float | None]] = []

    def on_candle(self, candle: Candle) -> None:
        self.heard.append((candle.timeframe, self.now.isoformat()[8:16], self.price()))

    def on_quote(self, quote: Quote) -> None:
        self.heard.append(("quote", self.now.isoformat()[8:16], self.price()))
        if self.is_flat:
            self.buy(quantity=1)


@pytest.mark.parametrize("stepwise", [False, True], ids=["to the end", "counted"])
def test_a_strategy_hears_candles_and_then_the_quote_of_their_moment(stepwise: bool) -> None:
    hours = series(*[100.0 + at for at in range(6)], timeframe="1h")
    feed = Feed.of([hours], [(AAPL, "2h")], quoted=[AAPL])

    run = run_strategy(Listening, feed, max_events=10_000 if stepwise else None)

    assert run.strategy.heard[:5] == [
        ("quote", "01T01:00", 100.0),
        ("2h", "01T02:00", 101.0),
        ("quote", "01T02:00", 101.0),
        ("quote", "01T03:00", 102.0),
        ("2h", "01T04:00", 103.0),
    ]
    assert run.session.desk.quotes == 6
    assert run.session.desk.market_events == 9


def test_without_candles_each_quote_is_a_point_of_the_curve() -> None:
    run = run_strategy(Listening, Feed.of([series(*CLOSES)], quoted=[AAPL]))

    portfolio = run.desk.portfolio
    assert list(portfolio.times) == [START_MS + day * DAY_MS for day in (1, 2, 3)]
    assert list(portfolio.equities) == [100_000.0, 100_000.0, 100_010.0]
    assert run.equity == Decimal(100_010)


def test_with_candles_the_curve_is_theirs() -> None:
    hours = series(*[100.0 + at for at in range(48)], timeframe="1h")

    run = run_strategy(Listening, Feed.of([hours], [(AAPL, "1d")], quoted=[AAPL]))

    run.desk.catch_up()
    assert list(run.desk.portfolio.times) == [START_MS, START_MS + DAY_MS]
    # Bought at the open of the second hour, 101; the last close is 147.
    assert list(run.desk.portfolio.equities) == [100_022.0, 100_046.0]
