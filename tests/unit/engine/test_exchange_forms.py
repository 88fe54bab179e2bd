"""An order placed on a fill meets the same clock and prices however the run is driven."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from runner.engine.exchange import Exchange
from runner.protocol.commands import Command, OrderHandle, Rejection, Reply
from runner.protocol.messages import Message, TradeUpdate
from tests.helpers import series
from tests.property.markets import Trader, by_advancing, by_messages
from tests.unit.engine.exchange_helpers import open_exchange, request

Drive = Callable[[Exchange, Trader], Iterator[Message | Reply]]

DRIVES = [
    pytest.param(by_advancing, id="advance"),
    pytest.param(lambda *given: by_messages(*given, stretches=False), id="messages"),
    pytest.param(lambda *given: by_messages(*given, stretches=True), id="stretches"),
]
# Bought at 100; that candle closes at 50, which halves what an account of 1500 can carry.
PRICES = series(100.0, (100.0, 100.0, 50.0, 50.0), 50.0)


@pytest.mark.parametrize("drive", DRIVES)
def test_an_order_placed_on_a_fill_is_judged_by_the_candle_that_has_closed(drive: Drive) -> None:
    exchange = open_exchange(PRICES, cash=Decimal(1_500))

    def trader(ordinal: int, message: Message) -> list[Command]:
        if ordinal == 0:
            return [request(quantity=10)]
        first_fill = isinstance(message, TradeUpdate) and message.trade.id == "t-1"
        return [request(quantity=7)] if first_fill else []

    replies = [one for one in drive(exchange, trader) if isinstance(one, OrderHandle | Rejection)]

    # Equity is 1500 - 10 x 50 = 1000, and 17 units at 50 are 850: carried.
    assert [type(one) for one in replies] == [OrderHandle, OrderHandle]
    assert exchange.orders["o-2"].created_at.isoformat() == "2024-01-03T00:00:00+00:00"
