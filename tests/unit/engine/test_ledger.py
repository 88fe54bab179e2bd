"""Accounts worked out by hand, and the books' invariants after every booking."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import pytest

from runner.engine.ledger import Ledger
from runner.protocol.enums import PositionSide, Side
from tests.helpers import AAPL, MSFT, START

BUY, SELL = Side.BUY, Side.SELL


class Booked(NamedTuple):
    """One execution, and the account after it."""

    side: Side
    quantity: str
    price: str
    held: str
    cost: str
    balance: str
    realized: str
    equity: str
    commission: str = "0"


def book(
    ledger: Ledger, side: Side, quantity: str, price: str, commission: str = "0", of: str = AAPL
) -> None:
    ledger.apply(of, side, Decimal(quantity), Decimal(price), Decimal(commission), START)


def assert_conserved(ledger: Ledger) -> None:
    cost = sum((one.cost for one in ledger.holdings.values()), Decimal(0))
    assert ledger.balance == ledger.starting_cash + ledger.realized - ledger.commissions
    assert ledger.equity() == ledger.balance + ledger.unrealized()
    worth = sum((one.quantity * ledger.mark(s) for s, one in ledger.holdings.items()), Decimal(0))
    assert ledger.equity() == ledger.balance - cost + worth


ACCOUNTS = [
    pytest.param(
        [
            Booked(BUY, "10", "100", "10", "1000", "10000", "0", "10000"),
            Booked(BUY, "10", "110", "20", "2100", "10000", "0", "10100"),
            # 5 of 20 leave with a quarter of the cost, 525: realized 5 x 120 - 525.
            Booked(SELL, "5", "120", "15", "1575", "10075", "75", "10300"),
            Booked(SELL, "15", "100", "0", "0", "10000", "0", "10000"),
        ],
        id="long, added to, closed in parts",
    ),
    pytest.param(
        [
            Booked(SELL, "10", "100", "-10", "-1000", "10000", "0", "10000"),
            Booked(BUY, "4", "90", "-6", "-600", "10040", "40", "10100"),
            Booked(BUY, "6", "105", "0", "0", "10010", "10", "10010"),
        ],
        id="short, covered in parts",
    ),
    pytest.param(
        [
            Booked(BUY, "10", "100", "10", "1000", "10000", "0", "10000"),
            Booked(SELL, "25", "104", "-15", "-1560", "10040", "40", "10040"),
            Booked(BUY, "20", "102", "5", "510", "10070", "70", "10070"),
        ],
        id="flips over and back",
    ),
    pytest.param(
        [
            Booked(BUY, "10", "100", "10", "1000", "9999", "0", "9999", "1"),
            Booked(SELL, "10", "100", "0", "0", "9997.5", "0", "9997.5", "1.5"),
        ],
        id="commission leaves the balance at once",
    ),
    pytest.param(
        [
            Booked(BUY, "3", "10", "3", "30", "10000", "0", "10000"),
            Booked(BUY, "4", "10.01", "7", "70.04", "10000", "0", "10000.03"),
            # A third of the cost cannot be written down: 70.04 / 7 = 10.0057142857|14...
            Booked(SELL, "1", "10.01", "6", "60.0342857143", "10000.0042857143",
                   "0.0042857143", "10000.03"),
            Booked(SELL, "6", "10.01", "0", "0", "10000.03", "0.03", "10000.03"),
        ],
        id="what rounding moves is never lost",
    ),
]  # fmt: skip


@pytest.mark.parametrize("rows", ACCOUNTS)
def test_an_account_worked_out_by_hand(rows: list[Booked]) -> None:
    ledger = Ledger(Decimal(10_000))

    for row in rows:
        book(ledger, row.side, row.quantity, row.price, row.commission)

        holding = ledger.holdings.get(AAPL)
        assert Decimal(row.held) == ledger.quantity(AAPL)
        assert Decimal(row.cost) == (holding.cost if holding else 0)
        assert Decimal(row.balance) == ledger.balance
        assert Decimal(row.realized) == ledger.realized
        assert Decimal(row.equity) == ledger.equity()
        assert_conserved(ledger)


def test_a_position_shows_its_average_price_and_its_profit_at_the_mark() -> None:
    ledger = Ledger(Decimal(10_000))
    book(ledger, SELL, "10", "100")
    book(ledger, SELL, "5", "103")
    ledger.marks[AAPL] = 99.0

    (position,) = ledger.positions()

    assert position.side is PositionSide.SHORT
    assert position.quantity == 15
    assert position.average_entry_price == 101  # (1000 + 515) / 15
    assert position.current_price == 99
    assert position.unrealized_pnl == 30  # 15 x (101 - 99)


def test_a_closed_position_keeps_the_side_it_had_and_what_it_earned() -> None:
    ledger = Ledger(Decimal(10_000))
    book(ledger, BUY, "10", "100")
    holding = ledger.apply(AAPL, SELL, Decimal(10), Decimal(103), Decimal(0), START)

    position = ledger.position(holding, was=Decimal(10))

    assert position.side is PositionSide.LONG
    assert position.quantity == 0
    assert position.average_entry_price == 0
    assert position.unrealized_pnl == 0
    assert position.realized_pnl == 30
    assert ledger.positions() == ()


def test_positions_of_several_symbols_share_one_account() -> None:
    ledger = Ledger(Decimal(10_000))
    book(ledger, BUY, "10", "100")
    book(ledger, SELL, "20", "50", of=MSFT)
    ledger.marks.update({AAPL: 101.0, MSFT: 49.5})

    account = ledger.account()

    assert account.balance == 10_000
    assert account.unrealized_pnl == 10 + 10
    assert account.equity == 10_020
    assert account.margin_used == 1010 + 990
    assert account.margin_available == 8_020
    assert [one.symbol for one in ledger.positions()] == [AAPL, MSFT]
    assert_conserved(ledger)


def test_an_account_under_water_has_no_margin_left_rather_than_less_than_none() -> None:
    ledger = Ledger(Decimal(100))
    book(ledger, SELL, "1", "100")
    ledger.marks[AAPL] = 250.0

    account = ledger.account()

    assert account.equity == -50
    assert account.margin_available == 0


@pytest.mark.parametrize(
    ("side", "quantity", "price", "commission", "leverage", "expected"),
    [
        pytest.param(BUY, "100", "100", "0", "1", True, id="exactly all the money"),
        pytest.param(BUY, "100", "100", "0.01", "1", False, id="nothing left for commission"),
        pytest.param(BUY, "100.01", "100", "0", "1", False, id="more than the money"),
        pytest.param(SELL, "100", "100", "0", "1", True, id="short to the same extent"),
        pytest.param(SELL, "101", "100", "0", "1", False, id="too far short"),
        pytest.param(BUY, "200", "100", "0", "2", True, id="leverage doubles it"),
        pytest.param(BUY, "201", "100", "0", "2", False, id="and no more"),
    ],
)
def test_what_a_flat_account_of_10000_can_carry(
    side: Side, quantity: str, price: str, commission: str, leverage: str, expected: bool
) -> None:
    ledger = Ledger(Decimal(10_000), leverage=Decimal(leverage))

    carried = ledger.can_carry(AAPL, side, Decimal(quantity), Decimal(price), Decimal(commission))

    assert expected is carried


def test_what_makes_no_position_larger_is_always_allowed() -> None:
    ledger = Ledger(Decimal(1_000))
    book(ledger, BUY, "10", "100")
    ledger.marks[AAPL] = 1.0  # 990 lost: nothing could be opened any more

    assert ledger.can_carry(AAPL, SELL, Decimal(10), Decimal(1), Decimal(500))
    assert ledger.can_carry(AAPL, SELL, Decimal(20), Decimal(1), Decimal(0))
    assert not ledger.can_carry(AAPL, SELL, Decimal(40), Decimal(1), Decimal(0))


def test_what_an_account_can_carry_counts_every_position() -> None:
    ledger = Ledger(Decimal(10_000))
    book(ledger, BUY, "60", "100")

    assert ledger.can_carry(MSFT, SELL, Decimal(40), Decimal(100), Decimal(0))
    assert not ledger.can_carry(MSFT, SELL, Decimal(41), Decimal(100), Decimal(0))


def test_profit_that_is_not_realized_can_be_traded_with() -> None:
    ledger = Ledger(Decimal(1_000))
    book(ledger, BUY, "10", "100")
    ledger.marks[AAPL] = 150.0

    # Equity 1500, of which 1500 is bound: nothing is free, until the price of the new units falls.
    assert not ledger.can_carry(AAPL, BUY, Decimal(1), Decimal(150), Decimal(0))
    assert not ledger.can_carry(AAPL, BUY, Decimal(1), Decimal(140), Decimal(0))
    assert ledger.can_carry(AAPL, SELL, Decimal(20), Decimal(150), Decimal(0))
