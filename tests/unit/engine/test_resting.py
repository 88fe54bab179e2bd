"""Which candles concern an order: bounds in floats that never hide an exact touch."""

from __future__ import annotations

from decimal import Decimal
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.orders import WorkingOrder
from runner.engine.resting import Resting, watch
from runner.protocol.enums import OrderType, Side, TimeInForce, TrailingType
from tests.helpers import START, candle
from tests.unit.engine.exchange_helpers import request

BUY, SELL = Side.BUY, Side.SELL
TRAIL = {
    "order_type": OrderType.TRAILING_STOP,
    "trailing_distance": Decimal(5),
    "trailing_type": TrailingType.ABSOLUTE,
}


def order(side: Side = BUY, *, id: str = "o-1", rested: bool = True, **fields: Any) -> WorkingOrder:
    """Return an order that has met a candle whose best price was 100."""
    one = WorkingOrder(id, request(side, **fields), START)
    one.rested = rested
    if one.trailing_distance is not None:
        one.follow(Decimal(100))
    return one


@pytest.mark.parametrize(
    ("one", "below", "above"),
    [
        pytest.param(order(limit=95), 95, inf, id="buy limit"),
        pytest.param(order(SELL, limit=105), -inf, 105, id="sell limit"),
        pytest.param(order(stop=105), -inf, 105, id="buy stop"),
        pytest.param(order(SELL, stop=95), 95, inf, id="sell stop"),
        pytest.param(order(stop=105, limit=95), -inf, 105, id="buy stop-limit: its stop"),
        pytest.param(order(SELL, stop=95, limit=105), 95, inf, id="sell stop-limit: its stop"),
        pytest.param(order(**TRAIL), 100, 105, id="buy trailing: its best price and its stop"),
        pytest.param(order(SELL, **TRAIL), 95, 100, id="sell trailing"),
        pytest.param(order(), inf, -inf, id="market: the next candle"),
        pytest.param(order(limit=95, rested=False), inf, -inf, id="new: the next candle"),
    ],
)
def test_from_which_prices_on_a_candle_concerns_an_order(
    one: WorkingOrder, below: float, above: float
) -> None:
    watch(one)

    assert (below, above) == (one.below, one.above)


@pytest.mark.parametrize(
    ("one", "below", "above"),
    [
        pytest.param(order(stop=105), inf, -inf, id="the rest of a stop: the next candle"),
        pytest.param(order(**TRAIL), inf, -inf, id="the rest of a trailing stop"),
        pytest.param(order(stop=105, limit=95), 95, inf, id="stop-limit: its limit"),
    ],
)
def test_a_triggered_order_waits_for_something_else(
    one: WorkingOrder, below: float, above: float
) -> None:
    one.triggered = True
    watch(one)

    assert (below, above) == (one.below, one.above)


def test_the_bounds_of_a_symbol_are_those_of_its_nearest_orders() -> None:
    resting = Resting()
    orders = [
        order(limit=90, id="far"),
        order(limit=95, id="near"),
        order(SELL, limit=110, id="up"),
        order(stop=107, id="stop"),
    ]
    for one in orders:
        resting.add(one)
        watch(one)
    assert resting.below == inf, "a new order is concerned by every candle"
    resting.refresh()

    assert (resting.below, resting.above) == (95, 107)
    touched = candle(100, open=100, high=107, low=91)
    assert [one.id for one in resting.concerned(touched)] == ["near", "stop"]
    resting.remove(orders[1])
    resting.refresh()
    assert (resting.below, resting.above) == (90, 107)


def test_the_day_is_the_first_one_of_those_that_end_with_it() -> None:
    resting = Resting()
    days = {"a": 7, "b": 5, "c": None}
    for name, day in days.items():
        one = order(limit=90, id=name, time_in_force=TimeInForce.DAY)
        one.day = day
        resting.add(one)
    resting.add(order(limit=90, id="gtc"))

    assert resting.day == 5
    for name in days:
        resting.remove(resting.orders[name])
    assert resting.day is None


@given(
    st.floats(min_value=1e-9, max_value=1e12),
    st.decimals(min_value="1e-9", max_value="1e12", allow_nan=False, allow_infinity=False),
    st.booleans(),
)
def test_an_exact_touch_is_never_hidden(price: float, limit: Decimal, close_by: bool) -> None:
    if close_by:
        limit = Decimal(repr(price)) + limit * Decimal("1e-25")
    exact = Decimal(repr(price))

    assert not exact <= limit or price <= float(limit)
    assert not exact >= limit or price >= float(limit)
