"""What a strategy sees: state at hand, and a run from its point of view."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from runner import Account, Candle, Strategy
from runner.strategy.base import seat
from runner.strategy.desk import Desk
from tests.helpers import AAPL, DAY_MS, MSFT, START, candle, candles, run_strategy, series
from tests.unit.strategy.at_work import D, at_work, hold


def test_a_new_strategy_is_flat() -> None:
    strategy = at_work()

    assert (strategy.is_flat, strategy.is_long, strategy.is_short) == (True, False, False)
    assert strategy.position().is_flat


def test_state_is_of_the_symbol_being_handled_unless_another_is_named() -> None:
    strategy = at_work(100.0)
    hold(strategy, 5)
    strategy._desk.take_candle(candle(50.0, symbol=MSFT))

    assert (strategy.symbol, strategy.is_flat, strategy.price()) == (MSFT, True, 50.0)
    assert (strategy.position(AAPL).quantity, strategy.price(AAPL)) == (5, 100.0)


def test_working_orders_are_listed_oldest_first() -> None:
    strategy = at_work()
    first = strategy.buy(quantity=1, limit=90)
    second = strategy.sell(MSFT, quantity=1, limit=90)
    third = strategy.buy(quantity=1, limit=91)

    assert strategy.orders == [first, second, third]
    assert strategy.working_orders() == [first, third]
    assert strategy.working_orders(MSFT) == [second]


def test_the_last_candles_are_at_hand() -> None:
    strategy = at_work(None)
    made = candles(1.0, 2.0, 3.0)
    for one in made:
        strategy._desk.take_candle(one)

    assert strategy.candles(2) == made[1:]
    assert strategy.candles(9) == made
    assert strategy.candles(0) == []
    assert strategy.candles(1, MSFT) == []


def test_more_candles_than_are_kept_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="history = 1001"):
        at_work().candles(1001)


def test_the_account_is_the_one_last_stated() -> None:
    account = at_work().account

    assert isinstance(account, Account)
    assert account.balance == 10_000


class Notes(Strategy):
    """Buys once, and writes down what it sees."""

    def on_start(self) -> None:
        self.seen: list[tuple[Any, ...]] = []
        self.started_at = self.now

    def on_candle(self, candle: Candle) -> None:
        if not self.seen:
            self.order = self.buy(quantity=10)
        self.seen.append(
            (self.now, candle.close, self.is_flat, self.equity, self.order.status.value)
        )


def test_a_strategy_sees_its_order_filled_at_the_next_open() -> None:
    run = run_strategy(Notes, series(100.0, (110, 120, 110, 115), 130.0), cash=D(5000))

    day = timedelta(days=1)
    assert run.strategy.seen == [
        (START + day, 100.0, True, 5000.0, "PENDING"),
        (START + 2 * day, 115.0, False, 5050.0, "FILLED"),
        (START + 3 * day, 130.0, False, 5200.0, "FILLED"),
    ]
    assert run.strategy.order.average_fill_price == 110
    assert run.equity == 5200


def test_the_symbols_of_the_run_are_known_at_the_start() -> None:
    class Start(Strategy):
        def on_start(self) -> None:
            self.known = self.symbols

    run = run_strategy(Start, [series(1.0), series(1.0, symbol=MSFT)])

    assert run.strategy.known == (AAPL, MSFT)


def test_orders_of_two_symbols_do_not_mix() -> None:
    class Both(Strategy):
        def on_candle(self, candle: Candle) -> None:
            if self.is_flat and not self.working_orders():
                self.buy(quantity=1 if candle.symbol == AAPL else 2)

    run = run_strategy(Both, [series(10.0, 11.0, 12.0), series(5.0, 6.0, 7.0, symbol=MSFT)])

    held = {symbol: one.quantity for symbol, one in run.exchange.ledger.holdings.items()}
    assert held == {AAPL: 1, MSFT: 2}


def test_a_strategy_without_handlers_only_watches() -> None:
    run = run_strategy(Strategy, series(1.0, 2.0))

    assert (run.ending.why, run.ending.confirmed, run.exchange.trades) == ("complete", True, [])
    assert run.desk.now_ms == START.timestamp() * 1000 + 2 * DAY_MS


def test_the_same_seed_draws_the_same_numbers() -> None:
    drawn = [seat(Strategy, Desk(seed=seed), {}).random.random() for seed in (7, 7, 8)]

    assert drawn[0] == drawn[1] != drawn[2]


def test_a_strategy_has_one_source_of_random_numbers() -> None:
    strategy = seat(Strategy, Desk(), {})

    assert strategy.random is strategy.random
