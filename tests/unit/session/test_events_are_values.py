"""What a strategy is given is its own to keep and nobody's to change."""

from __future__ import annotations

from typing import Any

import pytest

from runner import Candle, Strategy
from runner.errors import StrategyFailed
from runner.protocol.messages import AccountUpdate, OrderUpdate, PositionUpdate, TradeUpdate
from tests.helpers import account, candle, position, quote, run_strategy, series, snapshot, trade

EVENTS = [
    candle(),
    quote(),
    snapshot("o-1"),
    trade(),
    position(),
    account(),
    OrderUpdate("ORDER_CREATED", snapshot("o-1")),
    TradeUpdate("TRADE_FILLED", trade()),
    PositionUpdate("POSITION_OPENED", position()),
    AccountUpdate("BALANCE_UPDATED", account()),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_S13_no_event_can_be_changed(event: Any) -> None:
    for name in event.__struct_fields__:
        with pytest.raises(AttributeError, match="immutable"):
            setattr(event, name, None)
    with pytest.raises(AttributeError):
        event.something_new = 1


def test_S13_a_handler_that_changes_its_event_fails_on_its_own_line() -> None:
    class Changing(Strategy):
        def on_candle(self, candle: Candle) -> None:
            candle.close = 1.0  # type: ignore[misc]

    with pytest.raises(StrategyFailed) as caught:
        run_strategy(Changing, series(10.0, 11.0))

    assert "immutable" in caught.value.what


def test_S13_events_that_are_kept_stay_as_they_were() -> None:
    class Hoarding(Strategy):
        def on_start(self) -> None:
            self.kept: list[Any] = []

        def on_candle(self, candle: Candle) -> None:
            self.kept.append(candle)
            self.buy(quantity=1)

        def on_trade(self, trade: Any) -> None:
            self.kept.append(trade)

        def on_position(self, position: Any) -> None:
            self.kept.append(position)

    prices = [10.0, 11.0, 12.0, 13.0]

    run = run_strategy(Hoarding, series(*prices))

    kept = run.strategy.kept
    assert [one.close for one in kept if isinstance(one, Candle)] == prices
    positions = [int(one.quantity) for one in kept if type(one).__name__ == "Position"]
    assert positions == [1, 2, 3]
    assert len({id(one) for one in kept}) == len(kept)
