"""What a strategy sees of its account is what the exchange has in its books."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner import Candle
from runner.engine.choices import FillAt, PositionMode, PricePath
from runner.engine.costs import Commission, Slippage
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.engine.terms import Interest, Margin, Terms
from runner.transports.local import run_local
from tests.helpers import MSFT, set_up
from tests.property.markets import markets
from tests.property.test_no_look_ahead import Busy


class Witness(Busy):
    """Compare the mirror with the books on every candle, then trade."""

    exchange: Exchange

    def on_candle(self, candle: Candle) -> None:
        books = self.exchange.ledger
        mirror = self._desk.portfolio
        for symbol in self.exchange.feed.symbols:
            assert mirror.quantity(symbol) == books.quantity(symbol)
            assert self.position(symbol).quantity == books.quantity(symbol)
            # What executed in this step was told before the candle; nothing is rounded twice.
            assert [
                (one.id, one.quantity, one.average_entry_price) for one in self.positions(symbol)
            ] == [
                (one.id, one.quantity, one.average_entry_price)
                for one in books.holdings.values()
                if one.symbol == symbol
            ]
        assert self.account is not None
        assert self.account.balance == books.balance
        assert mirror.balance == float(books.balance)
        assert mirror.financing == books.financing
        assert {one.id for one in self.orders} == set(self.exchange.working)
        if round(candle.close * 100) % 3 == 0:
            for position in self.positions()[1:2]:
                side = self.sell if position.is_long else self.buy
                side(quantity=4, position=position)
                self.close(position=position.id, limit=round(candle.close * 1.01, 4))
        super().on_candle(candle)


SHARES = st.sampled_from([None, Decimal("0.001")])
"""Of a volume of 1000: orders execute one unit a candle, or all at once."""


@settings(max_examples=80, deadline=None)
@given(
    markets(least=8),
    markets(MSFT, least=8),
    st.booleans(),
    SHARES,
    st.sampled_from(PricePath),
    st.sampled_from(FillAt),
    st.booleans(),
    st.sampled_from(PositionMode),
)
def test_the_mirror_equals_the_books_at_every_candle(
    one: Series,
    other: Series,
    several: bool,
    share: Decimal | None,
    path: PricePath,
    at: FillAt,
    strict: bool,
    mode: PositionMode,
) -> None:
    if at is FillAt.CLOSE:
        several = False  # what one candle's order does is told after the other candle of the step
    exchange = Exchange(
        Feed([one, other] if several else [one]),
        Terms(
            cash=Decimal(25 if strict else 100),
            leverage=Decimal(4 if strict else 1),
            margin=Margin(maintenance=Decimal("0.22") if strict else None),
            interest=Interest(borrow=Decimal("0.4"), financing=Decimal("0.7")),
            commission=Commission(bps=Decimal(10)),
            slippage=Slippage(bps=Decimal(10)),
            volume_share=share,
            price_path=path,
            fill_at=at,
            position_mode=mode,
        ),
    )
    session = set_up(Witness, symbols=exchange.feed.symbols)
    session.strategy.exchange = exchange  # type: ignore[attr-defined]

    run_local(session, exchange)

    assert session.desk.equity() == pytest.approx(float(exchange.ledger.equity()))
    assert [fill.trade for fill in session.desk.portfolio.fills] == exchange.trades
