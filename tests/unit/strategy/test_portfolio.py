"""The mirror of positions and money."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.ledger import Ledger
from runner.protocol.enums import Side
from runner.strategy.portfolio import Portfolio
from tests.helpers import (
    AAPL,
    DAY_MS,
    MSFT,
    START,
    START_MS,
    account,
    candle,
    candles,
    position,
    state,
    trade,
)


def filled(*fills: tuple[Side, int, int]) -> tuple[Portfolio, list[Decimal | None]]:
    portfolio = Portfolio()
    realized = [
        portfolio.fill(AAPL, side, Decimal(quantity), Decimal(price))
        for side, quantity, price in fills
    ]
    return portfolio, realized


BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("fills", "quantity", "entry", "realized"),
    [
        ([(BUY, 10, 100)], 10, 100, [None]),
        ([(SELL, 10, 100)], -10, 100, [None]),
        ([(BUY, 10, 100), (BUY, 10, 110)], 20, 105, [None, None]),
        ([(BUY, 10, 100), (SELL, 4, 110)], 6, 100, [None, 40]),
        ([(BUY, 10, 100), (SELL, 10, 90)], 0, None, [None, -100]),
        ([(SELL, 10, 100), (BUY, 4, 90)], -6, 100, [None, 40]),
        ([(BUY, 10, 100), (SELL, 15, 110)], -5, 110, [None, 100]),
        ([(SELL, 10, 100), (BUY, 15, 110)], 5, 110, [None, -100]),
        ([(BUY, 10, 100), (SELL, 10, 110), (BUY, 1, 50)], 1, 50, [None, 100, None]),
    ],
    ids=[
        "open long",
        "open short",
        "add",
        "reduce long",
        "close",
        "reduce short",
        "long to short",
        "short to long",
        "close and open",
    ],
)
def test_fills_make_a_netting_position(
    fills: list[tuple[Side, int, int]],
    quantity: int,
    entry: int | None,
    realized: list[int | None],
) -> None:
    portfolio, found = filled(*fills)

    found_position = portfolio.positions.get(AAPL)

    assert portfolio.quantity(AAPL) == quantity
    assert (found_position.average_entry_price if found_position else None) == entry
    assert found == realized


@given(
    st.lists(
        st.tuples(
            st.sampled_from([BUY, SELL]),
            st.integers(min_value=1, max_value=50),
            st.integers(min_value=1, max_value=500),
        ),
        max_size=20,
    )
)
def test_the_mirror_keeps_the_books_of_the_engine(fills: list[tuple[Side, int, int]]) -> None:
    ledger, portfolio = Ledger(Decimal(100_000)), Portfolio()
    portfolio.load(state(100_000))

    for index, (side, quantity, price) in enumerate(fills):
        amount, at, commission = Decimal(quantity), Decimal(price), Decimal(1)
        realized = portfolio.fill(AAPL, side, amount, at)
        portfolio.record(
            trade(f"t-{index}", side=side, quantity=quantity, price=price, commission=1),
            realized,
            "",
        )
        ledger.apply(AAPL, side, amount, at, commission, START)

        assert portfolio.quantity(AAPL) == ledger.quantity(AAPL)
        assert portfolio.equity() == pytest.approx(float(ledger.equity()))
        assert portfolio.balance == pytest.approx(float(ledger.balance))
        assert portfolio.commissions == ledger.commissions


def test_equity_is_balance_and_open_profit_at_the_last_prices() -> None:
    portfolio = Portfolio()
    portfolio.load(state(1000, positions=[position(10, 5), position(-2, 50, symbol=MSFT)]))

    assert portfolio.equity() == 1000

    portfolio.last.update({AAPL: 6.0, MSFT: 45.0})

    assert portfolio.equity() == 1000 + 10 * 1 + 2 * 5


def test_a_stated_position_replaces_and_a_flat_one_removes() -> None:
    portfolio = Portfolio()

    portfolio.set_position(position(-3, 7))
    short = portfolio.quantity(AAPL)
    portfolio.set_position(position(0, 7))

    assert (short, portfolio.quantity(AAPL), portfolio.positions) == (-3, 0, {})


def test_loading_again_replaces_positions_and_keeps_the_starting_equity() -> None:
    portfolio = Portfolio()
    portfolio.load(state(1000, positions=[position(1, 5)]))

    portfolio.load(state(900, positions=[position(2, 50, symbol=MSFT)]))

    assert list(portfolio.positions) == [MSFT]
    assert (portfolio.balance, portfolio.starting_equity) == (900, 1000)


def test_a_stated_account_sets_the_balance() -> None:
    portfolio = Portfolio()

    portfolio.set_account(account("123.45"))

    assert (portfolio.balance, portfolio.account) == (123.45, account("123.45"))


def test_an_execution_pays_its_commission_and_keeps_its_reason() -> None:
    portfolio = Portfolio()
    portfolio.load(state(1000))

    portfolio.record(trade(commission="2.5"), Decimal(7), "golden cross")

    (fill,) = portfolio.fills
    assert (fill.realized_pnl, fill.order_reason) == (7, "golden cross")
    assert (portfolio.balance, portfolio.commissions) == (997.5, Decimal("2.5"))


# The equity curve


@pytest.mark.parametrize("one_symbol", [True, False])
def test_each_time_step_is_one_point(one_symbol: bool) -> None:
    portfolio = Portfolio()
    portfolio.load(state(1000))
    portfolio.set_position(position(10, 5))

    portfolio.mark(candles(6.0, 4.0), one_symbol=one_symbol)

    assert list(portfolio.times) == [START_MS, START_MS + DAY_MS]
    assert list(portfolio.equities) == [1010, 990]
    assert portfolio.last == {AAPL: 4.0}


def test_candles_of_one_step_make_one_point_after_the_last_of_them() -> None:
    portfolio = Portfolio()
    portfolio.load(state(1000, positions=[position(10, 5), position(1, 100, symbol=MSFT)]))

    portfolio.mark([candle(6.0), candle(120.0, symbol=MSFT)], one_symbol=False)

    assert (list(portfolio.times), list(portfolio.equities)) == ([START_MS], [1030])


def test_a_flat_account_has_a_flat_curve() -> None:
    portfolio = Portfolio()
    portfolio.load(state(1000))

    portfolio.mark(candles(6.0, 4.0), one_symbol=True)

    assert list(portfolio.equities) == [1000, 1000]


# A peer that hedges


def hedged(*fills: tuple[str, Side, int, int]) -> tuple[Portfolio, list[Decimal | None]]:
    """Return a mirror after executions, each with its position; the first of each opens it."""
    portfolio = Portfolio()
    realized, seen = [], set()
    for name, side, quantity, price in fills:
        realized.append(
            portfolio.fill(
                AAPL,
                side,
                Decimal(quantity),
                Decimal(price),
                position_id=name,
                reduces=name in seen,
            )
        )
        seen.add(name)
    return portfolio, realized


@pytest.mark.parametrize(
    ("fills", "quantity", "entry", "realized"),
    [
        ([("p-1", BUY, 10, 100), ("p-2", SELL, 4, 110)], 6, 100, [None, None]),
        ([("p-1", BUY, 10, 100), ("p-2", BUY, 10, 110)], 20, 105, [None, None]),
        ([("p-1", BUY, 10, 100), ("p-2", SELL, 10, 110)], 0, 0, [None, None]),
        (
            [("p-1", BUY, 10, 100), ("p-2", SELL, 4, 110), ("p-1", SELL, 8, 120)],
            -2, 110, [None, None, 160],
        ),
        (
            [("p-1", BUY, 10, 100), ("p-2", SELL, 4, 110), ("p-2", BUY, 4, 120)],
            10, 100, [None, None, -40],
        ),
        (
            [("p-1", BUY, 10, 100), ("p-2", BUY, 5, 130), ("p-3", SELL, 12, 90)],
            3, 110, [None, None, None],
        ),
    ],
    ids=["both sides", "one side", "equal", "turned by a close", "one closed", "three"],
)  # fmt: skip
def test_positions_are_kept_apart_and_their_net_has_the_average_of_its_side(
    fills: list[tuple[str, Side, int, int]],
    quantity: int,
    entry: int,
    realized: list[int | None],
) -> None:
    portfolio, told = hedged(*fills)

    net = portfolio.positions[AAPL]
    assert (net.quantity, net.average_entry_price, told) == (quantity, entry, realized)


def test_positions_that_cancel_out_keep_their_profit() -> None:
    portfolio, _ = hedged(("p-1", BUY, 10, 100), ("p-2", SELL, 10, 110))

    for close in (50.0, 200.0):
        portfolio.mark([candle(close)], one_symbol=True)
        assert portfolio.equity() == portfolio.equities[-1] == 100

    portfolio.fill(AAPL, SELL, Decimal(10), Decimal(200), position_id="p-1", reduces=True)
    portfolio.fill(AAPL, BUY, Decimal(10), Decimal(200), position_id="p-2", reduces=True)
    assert (portfolio.positions, portfolio.balance) == ({}, 100)


def test_two_positions_of_one_symbol_in_a_state_are_two() -> None:
    one = position(10, 100)
    other = msgspec.structs.replace(position(-4, 110), id="p-2")
    portfolio = Portfolio()

    portfolio.load(state(1000, positions=[one, other]))

    assert [(each.id, each.quantity) for each in portfolio.open_positions(AAPL)] == [
        ("p-1", 10),
        ("p-2", -4),
    ]
    assert portfolio.quantity(AAPL) == 6


def test_a_position_that_is_stated_takes_the_place_of_what_was_opened_without_a_name() -> None:
    portfolio, _ = hedged(("p-1", BUY, 10, 100))
    portfolio.fill(AAPL, SELL, Decimal(4), Decimal(110))
    between = [one.id for one in portfolio.open_positions(AAPL)]

    portfolio.set_position(msgspec.structs.replace(position(-4, 110), id="p-2"))

    assert between == ["p-1", None]
    assert [one.id for one in portfolio.open_positions(AAPL)] == ["p-1", "p-2"]


def test_an_execution_that_reduces_without_a_name_is_of_the_oldest_against_it() -> None:
    portfolio, _ = hedged(("p-1", SELL, 3, 100), ("p-2", BUY, 5, 100), ("p-3", BUY, 5, 100))

    realized = portfolio.fill(AAPL, SELL, Decimal(2), Decimal(110), reduces=True)

    assert realized == 20
    assert [int(one.quantity) for one in portfolio.open_positions(AAPL)] == [-3, 3, 5]


def test_a_name_on_an_order_that_reduces_does_not_make_a_peer_hedge() -> None:
    portfolio, _ = filled((BUY, 10, 100))

    portfolio.fill(AAPL, SELL, Decimal(4), Decimal(110), position_id="p-1", reduces=True)

    assert not portfolio.hedges
    assert portfolio.quantity(AAPL) == 6


def test_a_peer_shows_that_it_hedges_by_naming_what_an_order_has_opened() -> None:
    portfolio = Portfolio()
    portfolio.load(state(1000, positions=[position(10, 100)]))
    before = portfolio.hedges

    portfolio.fill(AAPL, SELL, Decimal(4), Decimal(110), position_id="p-2")

    assert (before, portfolio.hedges) == (False, True)
    assert [(one.id, int(one.quantity)) for one in portfolio.open_positions(AAPL)] == [
        ("p-1", 10),
        ("p-2", -4),
    ]
