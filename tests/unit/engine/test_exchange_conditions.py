"""Post-only, groups and trailing stops, from the order to the books."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner.engine.exchange import Exchange
from runner.protocol.enums import OrderType, Side, TimeInForce, TrailingType
from tests.helpers import AAPL, MSFT, Row, series
from tests.unit.engine.exchange_helpers import (
    cancel,
    modify,
    open_exchange,
    orders_in,
    place,
    refused,
    request,
    said,
)

BUY, SELL = Side.BUY, Side.SELL


def after_first(*rows: Row, **options: object) -> Exchange:
    """Return an exchange that has delivered the first of these candles."""
    exchange = open_exchange(series(*rows), **options)
    exchange.advance()
    return exchange


# Post only


@pytest.mark.parametrize(
    ("side", "limit", "candle", "expected"),
    [
        pytest.param(BUY, 101, 100.0, "o-1 cancelled POST_ONLY_VIOLATED", id="buy above the open"),
        pytest.param(BUY, 100, 100.0, "o-1 cancelled POST_ONLY_VIOLATED", id="buy at the open"),
        pytest.param(BUY, 99, (100.0, 101.0, 98.0, 100.0), "o-1 filled at 99", id="buy inside"),
        pytest.param(SELL, 99, 100.0, "o-1 cancelled POST_ONLY_VIOLATED", id="sell below the open"),
        pytest.param(SELL, 101, (100.0, 102.0, 98.0, 100.0), "o-1 filled at 101", id="sell inside"),
    ],
)
def test_a_post_only_order_that_would_take_at_its_first_open_is_cancelled(
    side: Side, limit: object, candle: Row, expected: str
) -> None:
    exchange = after_first(100.0, candle)
    place(exchange, side, 10, limit=limit, post_only=True)

    assert orders_in(exchange.advance()) == [expected]


def test_a_post_only_order_that_has_rested_executes_at_a_later_open() -> None:
    exchange = after_first(100.0, 100.0, 94.0)
    order_id = place(exchange, BUY, 10, limit=95, post_only=True)
    assert orders_in(exchange.advance()) == []

    assert orders_in(exchange.advance()) == [f"{order_id} filled at 94"]
    assert exchange.orders[order_id].snapshot().post_only is True


def test_a_post_only_order_whose_limit_was_changed_is_new_at_the_next_open() -> None:
    exchange = after_first(100.0, 100.0, 100.0)
    order_id = place(exchange, BUY, 10, limit=95, post_only=True)
    exchange.advance()
    modify(exchange, order_id, limit_price=101)
    exchange.drain()

    assert orders_in(exchange.advance()) == [f"{order_id} cancelled POST_ONLY_VIOLATED"]


# Groups


def test_the_complete_fill_of_a_member_cancels_the_others_after_its_own_report() -> None:
    exchange = after_first(100.0, (100.0, 106.0, 99.0, 105.0))
    up = place(exchange, BUY, 10, stop=105, oco_group_id="break")
    down = place(exchange, SELL, 10, stop=90, oco_group_id="break")
    alone = place(exchange, SELL, 10, stop=80, oco_group_id="other")

    assert said(exchange.advance())[:-1] == [
        f"{up} filled at 105",
        "t-1 buy 10 at 105",
        "position opened 10",
        "balance 100000",
        f"{down} cancelled",
    ]
    assert list(exchange.working) == [alone]


def test_of_two_members_that_one_candle_reaches_only_the_first_executes() -> None:
    exchange = after_first(100.0, (100.0, 106.0, 89.0, 100.0))
    first = place(exchange, BUY, 10, stop=105, oco_group_id="break")
    second = place(exchange, SELL, 10, stop=90, oco_group_id="break")

    assert orders_in(exchange.advance()) == [f"{first} filled at 105", f"{second} cancelled"]


def test_members_of_a_group_may_be_of_different_symbols() -> None:
    exchange = open_exchange(series(100.0, 100.0), series(50.0, 50.0, symbol=MSFT))
    exchange.advance()
    first = place(exchange, BUY, 1, oco_group_id="either")
    second = place(exchange, BUY, 1, symbol=MSFT, oco_group_id="either")

    assert orders_in(exchange.advance()) == [f"{first} filled at 100", f"{second} cancelled"]


def test_the_rejection_of_a_member_at_its_fill_cancels_the_others() -> None:
    exchange = after_first(100.0, 120.0, cash=Decimal(1_000))
    large = place(exchange, BUY, 10, oco_group_id="pair")
    other = place(exchange, BUY, 1, limit=50, oco_group_id="pair")

    assert orders_in(exchange.advance()) == [
        f"{large} rejected INSUFFICIENT_MARGIN",
        f"{other} cancelled",
    ]


def test_neither_cancellation_nor_expiry_of_a_member_touches_the_others() -> None:
    exchange = after_first(100.0, 100.0, 100.0)
    cancelled = place(exchange, BUY, 1, limit=50, oco_group_id="pair")
    place(exchange, BUY, 1, limit=50, oco_group_id="pair", time_in_force=TimeInForce.DAY)
    left = place(exchange, BUY, 1, limit=50, oco_group_id="pair")
    cancel(exchange, cancelled)

    exchange.advance()
    exchange.advance()

    assert list(exchange.working) == [left]


def test_a_request_that_is_refused_is_no_member() -> None:
    exchange = after_first(100.0, 100.0)
    left = place(exchange, BUY, 1, limit=50, oco_group_id="pair")

    refused(exchange.execute(request(BUY, 10_000, oco_group_id="pair")))

    assert list(exchange.working) == [left]


# Trailing stops


def trail(exchange: Exchange, side: Side, distance: object, kind: str = "ABSOLUTE") -> str:
    """Place a trailing stop for 10."""
    return place(
        exchange,
        side,
        10,
        order_type=OrderType.TRAILING_STOP,
        trailing_distance=Decimal(str(distance)),
        trailing_type=TrailingType(kind),
    )


def test_a_trailing_stop_begins_at_the_last_price_and_shows_where_it_stands() -> None:
    exchange = after_first(100.0, (101.0, 104.0, 100.0, 103.0))
    order_id = trail(exchange, SELL, 5)
    placed = exchange.orders[order_id].snapshot()
    exchange.advance()

    assert (placed.stop_price, placed.trailing_distance, placed.trailing_type) == (
        Decimal(95),
        Decimal(5),
        TrailingType.ABSOLUTE,
    )
    assert exchange.orders[order_id].stop_price == 99, "the high of 104 less 5"


def test_a_trailing_stop_placed_before_the_first_candle_begins_at_its_open() -> None:
    exchange = open_exchange(series((100.0, 100.0, 96.0, 100.0), (100.0, 100.0, 94.0, 95.0)))
    order_id = trail(exchange, SELL, 5)
    assert exchange.orders[order_id].stop_price is None

    assert orders_in(exchange.advance()) == []
    assert orders_in(exchange.advance()) == [f"{order_id} filled at 95"]


def test_a_changed_distance_counts_from_the_best_price_there_was() -> None:
    exchange = after_first(100.0, (100.0, 110.0, 99.0, 109.0), (108.5, 109.0, 107.0, 108.0))
    order_id = trail(exchange, SELL, 5)
    exchange.advance()

    modify(exchange, order_id, trailing_distance=2)

    assert exchange.orders[order_id].stop_price == 108
    exchange.drain()
    assert orders_in(exchange.advance()) == [f"{order_id} filled at 108"]


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        pytest.param("ABSOLUTE", {"stop_price": 90}, id="its stop follows the price"),
        pytest.param("PERCENT", {"trailing_distance": 100}, id="the whole price"),
        pytest.param("ABSOLUTE", {"trailing_distance": 0}, id="nothing"),
    ],
)
def test_what_makes_no_trailing_stop_is_refused(kind: str, changes: dict[str, object]) -> None:
    exchange = after_first(100.0, 100.0)
    order_id = trail(exchange, SELL, 5, kind)

    rejection = refused(modify(exchange, order_id, **changes))

    assert (rejection.status, rejection.code) == (400, "INVALID_VALUE")
    assert exchange.orders[order_id].stop_price == 95


def test_a_trailing_stop_can_protect_a_position_only() -> None:
    exchange = after_first(100.0, 100.0, (100.0, 100.0, 90.0, 91.0))
    place(exchange, BUY, 4)
    exchange.advance()
    place(
        exchange,
        SELL,
        10,
        order_type=OrderType.TRAILING_STOP,
        trailing_distance=Decimal(5),
        trailing_type=TrailingType.ABSOLUTE,
        reduce_only=True,
    )

    exchange.advance()

    assert exchange.ledger.quantity(AAPL) == 0
    assert exchange.trades[-1].quantity == 4
