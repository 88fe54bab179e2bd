"""A strategy that is handling a candle, without a session around it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from runner import Side, Strategy
from runner.strategy.base import seat
from runner.strategy.desk import Desk
from tests.helpers import AAPL, candle, state

D = Decimal


def at_work(price: float | None = 100.0, *, cash: object = 10_000) -> Strategy:
    """Return a strategy that is handling a candle of S:AAPL."""
    desk = Desk()
    strategy = seat(Strategy, desk, {})
    desk.load(state(cash))
    if price is not None:
        desk.take_candle(candle(price))
    return strategy


def requests(strategy: Strategy) -> list[Any]:
    return strategy._desk.outbox


def hold(strategy: Strategy, quantity: int, price: int = 100) -> None:
    side = Side.BUY if quantity > 0 else Side.SELL
    strategy._desk.portfolio.fill(AAPL, side, D(abs(quantity)), D(price))
