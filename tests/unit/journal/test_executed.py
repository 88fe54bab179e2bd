from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from runner.journal.executed import Basis, Executed
from runner.journal.lines import Adopted, Traded
from runner.protocol.enums import Side
from tests.helpers import AAPL

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def traded(
    name: str, quantity: int, price: int = 100, *, order: str = "o-1", is_made_up: bool = False
) -> Traded:
    side = Side.BUY if quantity > 0 else Side.SELL
    units = Decimal(abs(quantity))
    return Traded(MOMENT, name, order, AAPL, side, units, Decimal(price), is_made_up)


def told(*lines: Traded) -> Executed:
    executed = Executed()
    for line in lines:
        executed.take(line)
    return executed


@pytest.mark.parametrize(
    ("lines", "held"),
    [
        ([traded("a", 2, 100), traded("b", 2, 110)], Basis(Decimal(4), Decimal(105))),
        ([traded("a", 4, 100), traded("b", -1, 110)], Basis(Decimal(3), Decimal(100))),
        ([traded("a", 1, 100), traded("b", -3, 110)], Basis(Decimal(-2), Decimal(110))),
        ([traded("a", -2, 100), traded("b", -2, 90)], Basis(Decimal(-4), Decimal(95))),
        ([traded("a", 2, 100), traded("b", -2, 110)], None),
    ],
    ids=["grows", "shrinks", "turns", "grows short", "closes"],
)
def test_executions_come_to_a_position_and_its_entry_price(
    lines: list[Traded], held: Basis | None
) -> None:
    assert told(*lines).positions.get(AAPL) == held


def test_an_execution_counts_once() -> None:
    executed = told(traded("a", 2), traded("a", 2))

    assert executed.orders["o-1"].quantity == executed.positions[AAPL].quantity == 2


def test_ids_are_those_of_one_order() -> None:
    executed = told(traded("a", 2), traded("a", 2, order="o-2"))

    assert executed.positions[AAPL].quantity == 4


@pytest.mark.parametrize(
    ("quantity", "owed", "counted"),
    [(2, 0, 0), (1, 0, 0), (3, 0, 1), (1, 1, 1), (2, 1, 0), (4, 1, 2)],
    ids=["all of it", "a part of it", "more", "the newest", "no newer one", "more than both"],
)
def test_an_execution_counts_as_far_as_it_was_not_concluded(
    quantity: int, owed: int, counted: int
) -> None:
    executed = told(traded("a", 1), traded("guess", 2, is_made_up=True))

    assert executed.uncounted("o-1", Decimal(quantity), Decimal(owed)) == counted


def test_what_was_concluded_is_confirmed_once() -> None:
    executed = told(traded("guess", 2, is_made_up=True))
    executed.take(replace(traded("b", 0), confirms=Decimal(2)))

    assert executed.uncounted("o-1", Decimal(2), Decimal(0)) == 2
    assert executed.orders["o-1"].ids == {"guess", "b"}
    assert executed.positions[AAPL].quantity == 2


@pytest.mark.parametrize(("price", "entry"), [(Decimal(90), 95), (None, 100)])
def test_what_is_adopted_has_the_price_that_is_known(price: Decimal | None, entry: int) -> None:
    executed = told(traded("a", 2, 100))

    executed.adopt(Adopted(MOMENT, AAPL, Decimal(2), price))

    assert executed.positions[AAPL] == Basis(Decimal(4), Decimal(entry))
