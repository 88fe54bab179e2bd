"""Whatever the market does and whatever is ordered, these hold."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.engine.costs import Commission
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.protocol.messages import AccountUpdate, OrderUpdate, TradeUpdate
from runner.protocol.times import to_ms
from tests.helpers import AAPL, MSFT
from tests.property.markets import Trader, by_advancing, by_messages, markets, traders

COSTS = Commission(bps=Decimal(10), per_unit=Decimal("0.01"))
FEW = settings(max_examples=80, deadline=None)


def exchange_over(*given: Series) -> Exchange:
    """Return an exchange with little money, so that orders are refused now and then."""
    return Exchange(Feed(given), cash=Decimal(100), leverage=Decimal(2), commission=COSTS)


@FEW
@given(markets(), markets(MSFT), traders())
def test_money_is_conserved_at_every_message(one: Series, other: Series, trader: Trader) -> None:
    exchange = exchange_over(one, other)
    ledger = exchange.ledger

    for message in by_advancing(exchange, trader):
        assert ledger.equity() == ledger.balance + ledger.unrealized()
        assert ledger.balance == ledger.starting_cash + ledger.realized - ledger.commissions
        if isinstance(message, AccountUpdate):
            account = message.account
            assert account.equity == account.balance + account.unrealized_pnl

    paid = sum((one.quantity * one.price * one.side.sign for one in exchange.trades), Decimal(0))
    held = sum((one.cost for one in ledger.holdings.values()), Decimal(0))
    assert ledger.commissions == sum((one.commission for one in exchange.trades), Decimal(0))
    assert ledger.balance == ledger.starting_cash - paid - ledger.commissions + held


@FEW
@given(markets(), markets(MSFT), traders())
def test_every_execution_lies_inside_the_candle_it_happened_in(
    one: Series, other: Series, trader: Trader
) -> None:
    ranges = {
        (each.symbol, time): (Decimal(repr(low)), Decimal(repr(high)))
        for each in (one, other)
        for time, low, high in zip(each.times, each.lows, each.highs, strict=True)
    }
    exchange = exchange_over(one, other)

    list(by_advancing(exchange, trader))

    for trade in exchange.trades:
        low, high = ranges[trade.symbol, to_ms(trade.timestamp)]
        assert low <= trade.price <= high


@FEW
@given(markets(), markets(MSFT), traders())
def test_no_order_executes_more_than_was_ordered_or_on_the_candle_it_was_placed_on(
    one: Series, other: Series, trader: Trader
) -> None:
    exchange = exchange_over(one, other)

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
@given(markets(), markets(MSFT), traders())
def test_nothing_is_said_of_an_order_after_its_end(
    one: Series, other: Series, trader: Trader
) -> None:
    exchange = exchange_over(one, other)
    over: set[str] = set()

    for message in by_advancing(exchange, trader):
        if isinstance(message, OrderUpdate):
            assert message.order.id not in over
            if message.order.status.is_terminal:
                over.add(message.order.id)
        if isinstance(message, TradeUpdate):
            assert message.trade.order_id in over, "the order's end is told before its trade"

    assert over == set(exchange.orders), "at the end of the data nothing is left working"


@FEW
@given(markets(), markets(MSFT), traders())
def test_positions_are_the_sum_of_the_executions(
    one: Series, other: Series, trader: Trader
) -> None:
    exchange = exchange_over(one, other)

    list(by_advancing(exchange, trader))

    for symbol in (AAPL, MSFT):
        traded = sum(
            (one.quantity * one.side.sign for one in exchange.trades if one.symbol == symbol),
            Decimal(0),
        )
        assert traded == exchange.ledger.quantity(symbol)


@FEW
@given(st.lists(markets(), min_size=1, max_size=1) | st.tuples(markets(), markets(MSFT)), traders())
def test_advancing_stepping_and_stretches_give_the_same_messages_and_replies(
    given_series: list[Series], trader: Trader
) -> None:
    advanced = list(by_advancing(exchange_over(*given_series), trader))

    stepped = list(by_messages(exchange_over(*given_series), trader, stretches=False))
    stretched = list(by_messages(exchange_over(*given_series), trader, stretches=True))

    assert advanced == stepped
    assert advanced == stretched
