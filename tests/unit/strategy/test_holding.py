"""A strategy's view of one position."""

from __future__ import annotations

import pytest

from tests.helpers import MSFT, candle
from tests.unit.strategy.at_work import at_work, hold


@pytest.mark.parametrize("quantity", [3, -3])
def test_a_position_is_seen_at_once(quantity: int) -> None:
    strategy = at_work(110.0)
    hold(strategy, quantity, 100)
    strategy._desk.take_candle(candle(120.0, index=1))

    position = strategy.position()

    assert (strategy.is_long, strategy.is_short) == (quantity > 0, quantity < 0)
    assert (position.is_long, position.is_short) == (quantity > 0, quantity < 0)
    assert (position.quantity, position.average_entry_price) == (quantity, 100)
    assert (position.price, position.value) == (120.0, quantity * 120.0)
    assert position.unrealized_pnl == quantity * 20.0
    assert strategy.equity == 10_000 + quantity * 20.0


def test_a_position_without_a_price_has_no_profit_yet() -> None:
    position = at_work(None).position(MSFT)

    assert (position.price, position.value, position.unrealized_pnl) == (None, 0, 0)
