"""The ticket of an order."""

from __future__ import annotations

import pytest

from runner import OrderStatus
from tests.unit.strategy.at_work import D, at_work


def test_a_ticket_describes_itself() -> None:
    order = at_work().buy(quantity=1, limit=90, stop=95)

    assert repr(order) == "<Order r-1 BUY 1 S:AAPL STOP_LIMIT limit 90 stop 95 PENDING>"


def test_the_remaining_quantity_is_what_is_not_filled() -> None:
    order = at_work().buy(quantity=10)
    order.filled_quantity = D(4)

    assert order.remaining_quantity == 6


def test_an_order_is_news_when_it_differs_from_what_was_told() -> None:
    order = at_work().buy(quantity=10)
    told = [order.is_news(), order.is_news()]

    order.filled_quantity = D(4)

    assert [*told, order.is_news(), order.is_news()] == [True, False, True, False]


@pytest.mark.parametrize(
    ("status", "is_done"),
    [
        ("PENDING", False),
        ("OPEN", False),
        ("PARTIALLY_FILLED", False),
        ("PENDING_CANCEL", False),
        ("UNKNOWN", False),
        ("FILLED", True),
        ("CANCELLED", True),
        ("REJECTED", True),
        ("EXPIRED", True),
    ],
)
def test_an_order_is_working_until_it_is_done(status: str, is_done: bool) -> None:
    order = at_work().buy(quantity=10)

    order.status = OrderStatus(status)

    assert (order.is_done, order.is_working) == (is_done, not is_done)
