"""Random orders over random quotes: nobody trades better than was quoted, or too early."""

from __future__ import annotations

from decimal import Decimal
from math import inf
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner import Quote, Strategy
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.terms import Margin, Terms
from runner.protocol.enums import Side
from runner.transports.local import run_local
from tests.helpers import AAPL, MSFT, quoted, set_up

TICKS = st.integers(80, 120)
ROWS = st.lists(
    st.tuples(TICKS, st.integers(0, 4), st.sampled_from([inf, 0.0, 3.0, 50.0])),
    min_size=5,
    max_size=40,
)


class Restless(Strategy):
    """Compare the books with what it knows of them, then order something at random."""

    exchange: Exchange

    def on_start(self) -> None:
        self.dice = Random(self.exchange.now_ms)

    def on_quote(self, quote: Quote) -> None:
        books, mirror = self.exchange.ledger, self._desk.portfolio
        for symbol in self.exchange.feed.symbols:
            assert mirror.quantity(symbol) == books.quantity(symbol)
        assert mirror.balance == float(books.balance)
        assert {one.id for one in self.orders} == set(self.exchange.working)
        dice, near = self.dice, float(self.dice.randint(80, 120))
        match dice.randrange(9):
            case 0:
                self.buy(quantity=dice.randint(1, 9), stop_loss=near, take_profit=quote.ask + 3)
            case 1:
                self.sell(quantity=dice.randint(1, 9))
            case 2:
                self.buy(quantity=5, limit=near, time_in_force=dice.choice(["GTC", "DAY", "IOC"]))
            case 3:
                self.sell(quantity=5, stop=near, oco_group=f"{quote.time}")
                self.sell(quantity=5, limit=near + 2, oco_group=f"{quote.time}", post_only=True)
            case 4:
                self.sell(quantity=4, trail=2)
            case 5:
                self.buy(quantity=7, stop=near, limit=near + 1)
            case 6:
                self.target(quantity=0)
            case 7:
                self.cancel()


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS, st.booleans(), st.booleans())
def test_nobody_trades_at_a_better_price_than_was_quoted(
    one: list[tuple[int, int, float]],
    other: list[tuple[int, int, float]],
    shared: bool,
    strict: bool,
) -> None:
    data = [
        quoted(
            *[(float(bid), float(bid + width), size, size) for bid, width, size in rows], symbol=at
        )
        for rows, at in ((one, AAPL), (other, MSFT))
    ]
    exchange = Exchange(
        Feed([], quotes=data),
        Terms(
            cash=Decimal(1500),
            leverage=Decimal(2 if strict else 1),
            margin=Margin(maintenance=Decimal("0.3") if strict else None),
            volume_share=Decimal("0.5") if shared else None,
        ),
    )
    session = set_up(Restless, symbols=exchange.feed.symbols)
    session.strategy.exchange = exchange  # type: ignore[attr-defined]

    run_local(session, exchange)

    by_moment = {(at.symbol, at.time): at for some in data for at in some.quotes()}
    for trade in exchange.trades:
        quote = by_moment[trade.symbol, int(trade.timestamp.timestamp() * 1000)]
        order = exchange.orders[trade.order_id]
        assert trade.timestamp > order.created_at
        if trade.side is Side.BUY:
            assert trade.price >= quote.ask
            size = quote.ask_size
        else:
            assert trade.price <= quote.bid
            size = quote.bid_size
        assert not shared or size is None or trade.quantity <= size / 2
    assert [fill.trade for fill in session.desk.portfolio.fills] == exchange.trades
    assert session.desk.equity() == pytest.approx(float(exchange.ledger.equity()))
