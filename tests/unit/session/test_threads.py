"""Orders that come from beside the run, or after it: refused on the spot, and nowhere filed."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from runner import Candle, Order, Strategy
from tests.helpers import run_strategy, series

WAYS: dict[str, Any] = {
    "buy": lambda strategy: strategy.buy(quantity=1),
    "sell": lambda strategy: strategy.sell("S:AAPL", quantity=1),
    "target": lambda strategy: strategy.target(quantity=5),
    "close": lambda strategy: strategy.close(),
}


class Holding(Strategy):
    """Buys once, so that there is something to close."""

    def on_start(self) -> None:
        self.heard: list[str] = []
        self.answers: list[Order] = []

    def on_candle(self, candle: Candle) -> None:
        if self.is_flat:
            self.buy(quantity=1)

    def on_order(self, order: Order) -> None:
        self.heard.append(order.status.value)


@pytest.mark.parametrize("way", WAYS)
def test_S12_an_order_from_a_thread_of_the_strategy_is_denied(way: str) -> None:
    class Threading(Holding):
        def on_trade(self, trade: Any) -> None:
            def place() -> None:
                self.answers.append(WAYS[way](self))

            beside = threading.Thread(target=place)
            beside.start()
            beside.join()

    run = run_strategy(Threading, series(10.0, 11.0, 12.0))

    (answer,) = run.strategy.answers
    assert (answer.status.value, answer.reject_reason) == ("REJECTED", "DENIED_THREAD")
    assert "from a thread of the strategy's own" in (answer.reject_message or "")
    assert len(run.desk.tickets) == len(run.exchange.orders) == 1
    assert "REJECTED" not in run.strategy.heard


@pytest.mark.parametrize("way", WAYS)
def test_S12_an_order_after_the_run_is_denied(way: str) -> None:
    run = run_strategy(Holding, series(10.0, 11.0, 12.0))

    answer = WAYS[way](run.strategy)

    assert answer.reject_reason == "DENIED_THREAD"
    assert "after the run" in (answer.reject_message or "")
    assert len(run.desk.tickets) == 1


def test_S12_on_stop_itself_may_order() -> None:
    class Leaving(Holding):
        def on_stop(self) -> None:
            self.answers.append(self.close())  # type: ignore[arg-type]

    run = run_strategy(Leaving, series(10.0, 11.0, 12.0))

    assert run.strategy.answers[0].reject_reason != "DENIED_THREAD"
