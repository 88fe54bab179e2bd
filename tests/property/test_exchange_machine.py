"""Random orders, changes and candles in any order, watched by a second set of books."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runner.engine.choices import FillAt, PositionMode, PricePath
from runner.engine.costs import Commission, Slippage
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.engine.terms import Terms
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    ModifyOrder,
    ModifyResult,
    OrderHandle,
    Rejection,
    SubmitOrder,
)
from runner.protocol.enums import OrderType, Side
from runner.protocol.messages import BacktestComplete, Candle
from tests.helpers import AAPL, MSFT
from tests.property.books import Books, exact
from tests.property.markets import DISTANCES, PRICES, markets, submissions

CASH = Decimal(100)
SHARES = st.sampled_from([None, "0.01", "0.0255"])
QUANTITIES = st.integers(min_value=1, max_value=80).map(Decimal)


class Trading(RuleBasedStateMachine):
    """One account on two symbols."""

    @initialize(
        one=markets(least=14, most=14),
        other=markets(MSFT, least=14, most=14),
        path=st.sampled_from(PricePath),
        fill_at=st.sampled_from([FillAt.NEXT_OPEN, FillAt.NEXT_OPEN, FillAt.CLOSE]),
        share=SHARES,
        slips=st.booleans(),
        mode=st.sampled_from(PositionMode),
    )
    def open(
        self,
        one: Series,
        other: Series,
        path: PricePath,
        fill_at: FillAt,
        share: str | None,
        slips: bool,
        mode: PositionMode,
    ) -> None:
        volume_share = None if share is None else Decimal(share)
        self.slips = slips
        self.exchange = Exchange(
            Feed([one, other]),
            Terms(
                cash=CASH,
                leverage=Decimal(2),
                commission=Commission(bps=Decimal(10), per_unit=Decimal("0.01")),
                slippage=Slippage(range_share=Decimal("0.1") if slips else Decimal(0)),
                volume_share=volume_share,
                price_path=path,
                fill_at=fill_at,
                position_mode=mode,
            ),
        )
        self.books = Books(CASH, volume_share, slips=slips, hedges=mode is PositionMode.HEDGING)

    @precondition(lambda self: not self.exchange.finished)
    @rule()
    def advance(self) -> None:
        messages = self.exchange.advance()
        candles = [one for one in messages if isinstance(one, Candle)]
        self.books.step(candles, messages)
        if isinstance(messages[-1], BacktestComplete):
            assert self.books.working() == []

    @rule(request=submissions())
    def submit(self, request: SubmitOrder) -> None:
        reply = self.exchange.execute(request)

        assert isinstance(reply, OrderHandle | Rejection)
        before = len(self.books.orders)
        self.books.tell(self.exchange.drain())
        assert (len(self.books.orders) > before) == isinstance(reply, OrderHandle)

    @rule(
        symbol=st.sampled_from([AAPL, MSFT]),
        side=st.sampled_from(Side),
        quantity=st.integers(min_value=10, max_value=60).map(Decimal),
        prices=st.tuples(PRICES, PRICES),
        protect=st.sampled_from(["both", "both", "stop", "profit"]),
    )
    def enter(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        prices: tuple[Decimal, Decimal],
        protect: str,
    ) -> None:
        low, high = sorted(prices)
        stop, profit = (low, high) if side is Side.BUY else (high, low)
        self.submit(
            SubmitOrder(
                symbol,
                side,
                quantity,
                OrderType.MARKET,
                stop_loss=None if protect == "profit" else stop,
                take_profit=None if protect == "stop" else profit,
            )
        )

    @rule(symbol=st.sampled_from([AAPL, MSFT]), prices=st.tuples(PRICES, PRICES))
    def one_or_the_other(self, symbol: str, prices: tuple[Decimal, Decimal]) -> None:
        low, high = sorted(prices)
        for side, price in ((Side.BUY, low), (Side.SELL, high)):
            self.submit(
                SubmitOrder(
                    symbol,
                    side,
                    Decimal(5),
                    OrderType.LIMIT,
                    limit_price=price,
                    oco_group_id="pair",
                )
            )

    @rule(symbol=st.sampled_from([AAPL, MSFT]), share=st.sampled_from([2, 3, 4]))
    def sell_a_part(self, symbol: str, share: int) -> None:
        held = self.books.net(symbol)
        if abs(held) >= share:
            side = Side.SELL if held > 0 else Side.BUY
            self.submit(SubmitOrder(symbol, side, abs(held) // share, OrderType.MARKET))

    @precondition(lambda self: self.books.hedges)
    @rule(index=st.integers(min_value=0, max_value=5), share=st.sampled_from([1, 1, 2, 3]))
    def reduce_one(self, index: int, share: int) -> None:
        position = list(self.exchange.ledger.holdings.values())[index : index + 1]
        for one in position:
            side = Side.SELL if one.quantity > 0 else Side.BUY
            size = max(abs(one.quantity) // share, Decimal(1))
            market = OrderType.MARKET
            self.submit(SubmitOrder(one.symbol, side, size, market, position_id=one.id))

    @rule(number=st.integers(min_value=1, max_value=12))
    def cancel(self, number: int) -> None:
        known = self.books.orders.get(f"o-{number}")
        reply = self.exchange.execute(CancelOrder(f"o-{number}"))

        if known is None:
            assert isinstance(reply, Rejection)
            assert reply.status == 404
        else:
            assert isinstance(reply, CancelResult)
            assert reply.success is not known.status.is_terminal
        self.books.tell(self.exchange.drain())

    @rule(
        number=st.integers(min_value=1, max_value=12),
        quantity=st.none() | QUANTITIES,
        limit=st.none() | PRICES,
        stop=st.none() | PRICES,
        distance=st.none() | DISTANCES,
    )
    def modify(
        self,
        number: int,
        quantity: Decimal | None,
        limit: Decimal | None,
        stop: Decimal | None,
        distance: Decimal | None,
    ) -> None:
        known = self.books.orders.get(f"o-{number}")
        if known is not None and known.parent_order_id is not None:
            quantity = None  # a leg made larger by hand is the trader's own doing
        reply = self.exchange.execute(
            ModifyOrder(
                f"o-{number}",
                quantity=quantity,
                limit_price=limit,
                stop_price=stop,
                trailing_distance=distance,
            )
        )

        if known is None or known.status.is_terminal:
            assert isinstance(reply, Rejection)
            assert reply.status == (404 if known is None else 409)
        else:
            assert isinstance(reply, Rejection | ModifyResult)
        self.books.tell(self.exchange.drain())

    @invariant()
    def money_is_conserved_to_the_last_digit(self) -> None:
        ledger = self.exchange.ledger
        held = sum((one.cost for one in ledger.holdings.values()), Decimal(0))
        worth = sum(
            (self.books.net(symbol) * ledger.mark(symbol) for symbol in (AAPL, MSFT)), Decimal(0)
        )
        assert ledger.balance == self.books.cash + held
        assert ledger.equity() == self.books.cash + worth

    @invariant()
    def both_books_know_the_same_positions_and_orders(self) -> None:
        for symbol in (AAPL, MSFT):
            assert self.books.net(symbol) == self.exchange.ledger.quantity(symbol)
        held = {key: one for key, one in self.books.held.items() if one}
        open_positions = self.exchange.ledger.holdings
        assert held == {key: one.quantity for key, one in open_positions.items()}
        assert [one.id for one in self.books.working()] == list(self.exchange.working)
        for candle in self.books.newest.values():
            assert exact(candle.low) <= exact(candle.high)


Trading.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
test_whatever_is_ordered_two_sets_of_books_agree = Trading.TestCase
