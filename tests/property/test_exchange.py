"""Whatever the market does and whatever is ordered, these hold."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from math import inf
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.engine.choices import PositionMode, PricePath
from runner.engine.costs import Commission
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.engine.terms import Interest, Margin, Terms
from runner.protocol.commands import Command, ModifyOrder
from runner.protocol.enums import OrderType, TimeInForce
from runner.protocol.messages import (
    AccountUpdate,
    Candle,
    Financing,
    Message,
    OrderUpdate,
    TradeUpdate,
)
from runner.protocol.times import to_ms
from tests.helpers import AAPL, MSFT
from tests.property.markets import (
    Trader,
    by_advancing,
    by_messages,
    holders,
    markets,
    traders,
)

MAINTENANCE = Decimal("0.22")
INTEREST = Interest(borrow=Decimal("0.4"), financing=Decimal("0.7"))
COSTS = Commission(bps=Decimal(10), per_unit=Decimal("0.01"))
FEW = settings(max_examples=80, deadline=None)


def exchange_over(
    *given: Series,
    share: str | None = None,
    path: PricePath = PricePath.WORST,
    strict: bool = False,
    mode: PositionMode = PositionMode.NETTING,
) -> Exchange:
    """Return an exchange with little money, so that orders are refused now and then.

    The candles have a volume of 1000: with a `share` of it most orders execute in parts. A `strict`
    account has less money, more leverage, and the maintenance margin and interest that follow.
    """
    return Exchange(
        Feed(given),
        Terms(
            cash=Decimal(20 if strict else 100),
            leverage=Decimal(4 if strict else 2),
            margin=Margin(maintenance=MAINTENANCE if strict else None),
            interest=INTEREST if strict else Interest(),
            commission=COSTS,
            volume_share=None if share is None else Decimal(share),
            price_path=path,
            position_mode=mode,
        ),
    )


How = dict[str, Any]
"""The share of the volume, the path of the price, the account, and its positions."""
hows = st.fixed_dictionaries(
    {
        "share": st.sampled_from([None, "0.01", "0.0255"]),
        "path": st.sampled_from(PricePath),
        "strict": st.booleans(),
        "mode": st.sampled_from(PositionMode),
    }
)


@FEW
@given(markets(), markets(MSFT), traders() | holders(), hows)
def test_money_is_conserved_at_every_message(
    one: Series, other: Series, trader: Trader, how: How
) -> None:
    exchange = exchange_over(one, other, **how)
    ledger = exchange.ledger
    booked = Decimal(0)

    for message in by_advancing(exchange, trader):
        assert ledger.equity() == ledger.balance + ledger.unrealized()
        earned = ledger.realized - ledger.commissions + ledger.financing
        assert ledger.balance == ledger.starting_cash + earned
        if isinstance(message, AccountUpdate):
            account = message.account
            assert account.equity == account.balance + account.unrealized_pnl
        if isinstance(message, Financing):
            assert message.amount < 0
            booked += message.amount

    paid = sum((one.quantity * one.price * one.side.sign for one in exchange.trades), Decimal(0))
    held = sum((one.cost for one in ledger.holdings.values()), Decimal(0))
    assert ledger.commissions == sum((one.commission for one in exchange.trades), Decimal(0))
    assert ledger.financing == booked
    assert ledger.balance == ledger.starting_cash - paid - ledger.commissions + held + booked


@FEW
@given(markets(), markets(MSFT), traders(), hows)
def test_every_execution_lies_inside_the_candle_it_happened_in(
    one: Series, other: Series, trader: Trader, how: How
) -> None:
    ranges = {
        (each.symbol, time): (Decimal(repr(low)), Decimal(repr(high)))
        for each in (one, other)
        for time, low, high in zip(each.times, each.lows, each.highs, strict=True)
    }
    exchange = exchange_over(one, other, **how)

    list(by_advancing(exchange, trader))

    for trade in exchange.trades:
        low, high = ranges[trade.symbol, to_ms(trade.timestamp)]
        assert low <= trade.price <= high


@FEW
@given(markets(), markets(MSFT), traders(), hows)
def test_no_order_executes_more_than_was_ordered_or_on_the_candle_it_was_placed_on(
    one: Series, other: Series, trader: Trader, how: How
) -> None:
    exchange = exchange_over(one, other, **how)

    list(by_advancing(exchange, trader))

    executed: dict[str, Decimal] = defaultdict(Decimal)
    for trade in exchange.trades:
        order = exchange.orders[trade.order_id]
        executed[trade.order_id] += trade.quantity
        assert trade.side is order.side
        assert trade.timestamp >= order.created_at
    for order_id, quantity in executed.items():
        order = exchange.orders[order_id]
        assert quantity == order.filled <= order.quantity


@FEW
@given(markets(), markets(MSFT), traders(), hows)
def test_nothing_is_said_of_an_order_after_its_end(
    one: Series, other: Series, trader: Trader, how: How
) -> None:
    exchange = exchange_over(one, other, **how)
    over: set[str] = set()
    told: dict[str, Decimal] = {}
    traded: dict[str, Decimal] = defaultdict(Decimal)

    for message in by_advancing(exchange, trader):
        if isinstance(message, OrderUpdate):
            assert message.order.id not in over
            told[message.order.id] = message.order.filled_quantity
            if message.order.status.is_terminal:
                over.add(message.order.id)
        if isinstance(message, TradeUpdate):
            traded[message.trade.order_id] += message.trade.quantity
            assert told[message.trade.order_id] == traded[message.trade.order_id], (
                "what an order has executed is told before its trade"
            )

    assert over == set(exchange.orders), "at the end of the data nothing is left working"


@FEW
@given(markets(), markets(MSFT), traders(), hows)
def test_positions_are_the_sum_of_the_executions(
    one: Series, other: Series, trader: Trader, how: How
) -> None:
    exchange = exchange_over(one, other, **how)

    list(by_advancing(exchange, trader))

    for symbol in (AAPL, MSFT):
        traded = sum(
            (one.quantity * one.side.sign for one in exchange.trades if one.symbol == symbol),
            Decimal(0),
        )
        assert traded == exchange.ledger.quantity(symbol)


@FEW
@given(
    st.lists(markets(), min_size=1, max_size=1) | st.tuples(markets(), markets(MSFT)),
    traders() | holders(),
    hows,
)
def test_advancing_stepping_and_stretches_give_the_same_messages_and_replies(
    given_series: list[Series], trader: Trader, how: How
) -> None:
    advanced = list(by_advancing(exchange_over(*given_series, **how), trader))

    stepped = list(by_messages(exchange_over(*given_series, **how), trader, stretches=False))
    stretched = list(by_messages(exchange_over(*given_series, **how), trader, stretches=True))

    assert advanced == stepped
    assert advanced == stretched


@FEW
@given(markets(), traders(), hows)
def test_the_exit_legs_never_exceed_the_position(one: Series, trader: Trader, how: How) -> None:
    exchange = exchange_over(one, **how)

    def trades(ordinal: int, message: Message) -> list[Command]:
        # A leg made larger by hand is the trader's own doing.
        return [one for one in trader(ordinal, message) if not isinstance(one, ModifyOrder)]

    for message in by_advancing(exchange, trades):
        if not isinstance(message, Candle):
            continue
        for kind in (OrderType.STOP, OrderType.LIMIT):
            legs = [
                one
                for one in exchange.working.values()
                if one.parent_order_id is not None and one.order_type is kind
            ]
            holdings = exchange.ledger.holdings
            for key in {(exchange.ledger.hedges and one.position_id) or AAPL for one in legs}:
                own = [one for one in legs if key in (AAPL, one.position_id)]
                held = holdings[key].quantity
                assert sum((one.remaining for one in own), Decimal(0)) <= abs(held)
                assert all(one.side.sign * held < 0 for one in own)


@FEW
@given(markets(), traders())
def test_no_order_executes_more_in_a_candle_than_its_share_of_the_volume(
    one: Series, trader: Trader
) -> None:
    exchange = exchange_over(one, share="0.0255")

    list(by_advancing(exchange, trader))

    executed: dict[object, Decimal] = defaultdict(Decimal)
    for trade in exchange.trades:
        executed[trade.order_id, trade.timestamp] += trade.quantity
    assert all(quantity <= 25 for quantity in executed.values()), "whole units of 25.5"


@FEW
@given(markets(), traders(), hows)
def test_all_or_nothing_means_it(one: Series, trader: Trader, how: How) -> None:
    exchange = exchange_over(one, **how)

    list(by_advancing(exchange, trader))

    for order in exchange.orders.values():
        if order.time_in_force is TimeInForce.FOK:
            fills = [one for one in exchange.trades if one.order_id == order.id]
            assert order.filled in (0, order.quantity)
            assert len(fills) == (1 if order.filled else 0)


@FEW
@given(markets(), markets(MSFT), traders(), hows)
def test_orders_that_a_candle_does_not_reach_may_be_passed_over(
    one: Series, other: Series, trader: Trader, how: How
) -> None:
    exchange = exchange_over(one, other, **how)

    def looks_at_everything(ordinal: int, message: Message) -> list[Command]:
        for resting in exchange._book.resting.values():
            resting.below = inf
            for order in resting.orders.values():
                order.below = inf
        return trader(ordinal, message)

    passing_over = list(by_advancing(exchange_over(one, other, **how), trader))

    assert list(by_advancing(exchange, looks_at_everything)) == passing_over


@FEW
@given(
    markets(least=6),
    markets(MSFT),
    holders(),
    st.sampled_from([None, "0.0255"]),
    st.sampled_from(PositionMode),
)
def test_at_every_close_the_equity_carries_all_positions_that_are_not_being_closed(
    one: Series, other: Series, trader: Trader, share: str | None, mode: PositionMode
) -> None:
    exchange = exchange_over(one, other, share=share, strict=True, mode=mode)
    ledger = exchange.ledger

    for message in by_advancing(exchange, trader):
        if not isinstance(message, Candle):
            continue
        forced = [order for order in exchange.working.values() if order.liquidation]
        closing = {order.position_id or order.symbol for order in forced}
        left = sum(
            abs(one.quantity) * ledger.mark(one.symbol)
            for key, one in ledger.holdings.items()
            if key not in closing
        )
        assert not left or ledger.equity() >= left * MAINTENANCE
