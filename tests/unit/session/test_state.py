"""Which handlers a strategy has of its own."""

from __future__ import annotations

from runner import Candle, Strategy
from tests.helpers import set_up


class Base(Strategy):
    def on_candle(self, candle: Candle) -> None:
        pass


class Child(Base):
    pass


def test_a_handler_that_the_strategy_has_written_is_found() -> None:
    session = set_up(Child)

    assert session.handler("on_candle") == session.strategy.on_candle


def test_a_handler_that_it_has_not_written_is_none() -> None:
    assert set_up(Child).handler("on_quote") is None
