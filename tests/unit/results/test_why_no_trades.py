"""A run without trades says why it probably had none."""

from __future__ import annotations

import pytest

from runner import Candle, Quote, Strategy
from runner.engine.feed import Feed
from runner.results.why_no_trades import why_no_trades
from tests.helpers import AAPL, MSFT, run_strategy, series

FLAT = series(*[100.0] * 5)


class Slow(Strategy):
    def on_start(self) -> None:
        self.short, self.long = self.sma(3), self.sma(200)

    def on_candle(self, candle: Candle) -> None:
        if self.short > self.long:
            self.buy(quantity=1)


class Idle(Strategy):
    pass


class Greedy(Strategy):
    def on_candle(self, candle: Candle) -> None:
        self.buy(quantity=1_000_000)


class GreedyAndShy(Strategy):
    def on_candle(self, candle: Candle) -> None:
        self.buy(quantity=1_000_000)
        self.buy(quantity=1, limit=50.5)


class Shy(Strategy):
    def on_candle(self, candle: Candle) -> None:
        if not self.orders:
            self.buy(quantity=1, limit=50.5)


class Late(Strategy):
    def on_candle(self, candle: Candle) -> None:
        if len(self.candles(5)) == 5:
            self.buy(quantity=1)


class Broken(Strategy):
    def on_candle(self, candle: Candle) -> None:
        raise ValueError("no")


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        pytest.param(
            Slow,
            [
                "S:AAPL had 5 candles, but sma(200) needs 200 before it has a value",
                "no order was placed",
            ],
            id="an indicator that never got warm",
        ),
        pytest.param(
            Idle,
            ["no order was placed in 5 time steps: the strategy's condition was never met"],
            id="no order",
        ),
        pytest.param(
            Greedy,
            [
                "all 5 orders were rejected for INSUFFICIENT_MARGIN: 1000000 S:AAPL at 100 needs "
                "more margin than the 100000.00 available"
            ],
            id="all orders rejected",
        ),
        pytest.param(
            Shy,
            [
                "the limit or stop order to buy S:AAPL at 50.5 never reached its price; "
                "the last price is 100"
            ],
            id="a limit never reached",
        ),
        pytest.param(
            GreedyAndShy,
            [
                "5 of 10 orders were rejected for INSUFFICIENT_MARGIN: 1000000 S:AAPL at 100 "
                "needs more margin than the 100000.00 available",
                "none of 5 limit or stop orders reached its price, the latest to buy S:AAPL at "
                "50.5; the last price is 100",
            ],
            id="some rejected, some never reached",
        ),
        pytest.param(
            Late,
            [
                "1 market order met no further candle: placed on the last one, "
                "or cancelled before the next"
            ],
            id="an order on the last candle",
        ),
    ],
)
def test_L3_the_reason_is_found(strategy: type[Strategy], expected: list[str]) -> None:
    assert expected == list(why_no_trades(run_strategy(strategy, FLAT).session))


def test_no_candle_at_all_is_the_whole_reason() -> None:
    run = run_strategy(Slow, series())

    assert why_no_trades(run.session) == (
        "no candle arrived: look at the subscriptions and at the dates of the data",
    )


def test_a_subscribed_symbol_from_which_nothing_came_is_named() -> None:
    run = run_strategy(Idle, [FLAT, series(symbol=MSFT)])

    assert why_no_trades(run.session)[0] == f"nothing arrived for {MSFT}"


def test_a_strategy_that_raised_every_time_is_said_to_have_raised() -> None:
    run = run_strategy(Broken, FLAT, on_exception="skip")

    (reason,) = why_no_trades(run.session)

    assert reason.startswith("no order was placed, and handlers raised: Broken.on_candle at ")


def test_a_history_that_is_cut_does_not_look_like_too_few_candles() -> None:
    class Short(Slow):
        history = 10

    run = run_strategy(Short, series(*[100.0] * 250))

    assert why_no_trades(run.session) == (
        "no order was placed in 250 time steps: the strategy's condition was never met",
    )


class OnQuotes(Strategy):
    def on_quote(self, quote: Quote) -> None:
        if quote.bid < 1:
            self.buy(quantity=1)


@pytest.mark.parametrize(
    ("strategy", "wanted", "quoted", "said"),
    [
        (Shy, [], [AAPL], "only quotes came, and the strategy has no on_quote: subscribe to"),
        (OnQuotes, [(AAPL, None)], [], "only candles came, and the strategy has no on_candle"),
        (OnQuotes, [], [AAPL], "no order was placed in 5 time steps"),
    ],
    ids=["quotes unheard", "candles unheard", "quotes heard"],
)
def test_what_came_and_has_no_handler_is_the_reason(
    strategy: type[Strategy], wanted: list[tuple[str, None]], quoted: list[str], said: str
) -> None:
    run = run_strategy(strategy, Feed.of([FLAT], wanted, quoted=quoted))

    (reason,) = why_no_trades(run.session)

    assert reason.startswith(said)
