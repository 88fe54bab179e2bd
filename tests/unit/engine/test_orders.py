"""What a working order does by itself: a trailing stop follows the price."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner.engine.orders import WorkingOrder
from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderType, Side, TrailingType
from tests.helpers import AAPL, START

BUY, SELL = Side.BUY, Side.SELL
ABSOLUTE, PERCENT = TrailingType.ABSOLUTE, TrailingType.PERCENT


def trailing(
    side: Side, distance: str = "5", kind: TrailingType = ABSOLUTE, *, best: str = "100"
) -> WorkingOrder:
    """Return a trailing stop that has seen `best`."""
    request = SubmitOrder(
        AAPL,
        side,
        Decimal(10),
        OrderType.TRAILING_STOP,
        trailing_distance=Decimal(distance),
        trailing_type=kind,
    )
    order = WorkingOrder("o-1", request, START)
    order.follow(Decimal(best))
    return order


@pytest.mark.parametrize(
    ("order", "stop"),
    [
        pytest.param(trailing(SELL), "95", id="sell: 100 - 5"),
        pytest.param(trailing(BUY), "105", id="buy: 100 + 5"),
        pytest.param(trailing(SELL, "5", PERCENT, best="80"), "76", id="sell: 80 - 5% of 80"),
        pytest.param(trailing(BUY, "2.5", PERCENT, best="80"), "82", id="buy: 80 + 2.5% of 80"),
    ],
)
def test_the_stop_keeps_its_distance_from_the_best_price(order: WorkingOrder, stop: str) -> None:
    assert Decimal(stop) == order.stop_price


@pytest.mark.parametrize(
    ("side", "prices", "stops"),
    [
        pytest.param(SELL, [102, 99, 101, 103], [97, 97, 97, 98], id="sell: only up"),
        pytest.param(BUY, [98, 101, 99, 97], [103, 103, 103, 102], id="buy: only down"),
    ],
)
def test_the_stop_never_moves_back(side: Side, prices: list[int], stops: list[int]) -> None:
    order = trailing(side)

    seen = []
    for price in prices:
        order.follow(Decimal(price))
        seen.append(order.stop_price)

    assert stops == seen
