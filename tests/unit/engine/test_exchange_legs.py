"""Attached stop-losses and take-profits: placed by a fill, and one cancels the other."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner.engine.exchange import Exchange
from runner.protocol.enums import Side
from tests.helpers import AAPL, Row, series
from tests.unit.engine.exchange_helpers import open_exchange, orders_in, place, said

BUY, SELL = Side.BUY, Side.SELL


def entered(*later: Row, stop_loss: object = 90, take_profit: object = 120) -> Exchange:
    """Return an exchange after a buy of 10 at 100 with both legs."""
    exchange = open_exchange(series(100.0, 100.0, *later))
    exchange.advance()
    place(exchange, BUY, 10, stop_loss=stop_loss, take_profit=take_profit, client_order_id="in")
    exchange.advance()
    return exchange


def test_the_fill_of_an_entry_places_its_legs_reduce_only_and_named_after_it() -> None:
    exchange = open_exchange(series(100.0, 100.0))
    exchange.advance()
    place(exchange, BUY, 10, stop_loss=90, take_profit=120, client_order_id="in")
    assert list(exchange.working) == ["o-1"], "no leg before the entry is filled"

    step = orders_in(exchange.advance())

    assert step == ["o-1 filled at 100", "o-2 created", "o-3 created"]
    legs = [one.snapshot() for one in exchange.working.values()]
    assert [(one.client_order_id, one.side, one.order_type) for one in legs] == [
        ("in-sl", "SELL", "STOP"),
        ("in-tp", "SELL", "LIMIT"),
    ]
    assert [(one.stop_price, one.limit_price) for one in legs] == [(90, None), (None, 120)]
    assert all(one.reduce_only and one.parent_order_id == "o-1" for one in legs)


@pytest.mark.parametrize(
    ("candle", "expected"),
    [
        pytest.param(95.0, [], id="neither"),
        pytest.param(
            (95.0, 96.0, 89.0, 95.0), ["o-2 filled at 90", "o-3 cancelled"], id="stop-loss touched"
        ),
        pytest.param(
            (85.0, 96.0, 84.0, 95.0), ["o-2 filled at 85", "o-3 cancelled"], id="stop-loss gapped"
        ),
        pytest.param(
            (110.0, 120.0, 109.0, 111.0),
            ["o-3 filled at 120", "o-2 cancelled"],
            id="take-profit touched",
        ),
        pytest.param(
            (125.0, 126.0, 124.0, 125.0),
            ["o-3 filled at 125", "o-2 cancelled"],
            id="take-profit gapped",
        ),
        pytest.param(
            (100.0, 130.0, 80.0, 100.0),
            ["o-2 filled at 90", "o-3 cancelled"],
            id="both touched: the worse one",
        ),
    ],
)
def test_one_leg_cancels_the_other(candle: Row, expected: list[str]) -> None:
    exchange = entered(candle)

    assert expected == orders_in(exchange.advance())


def test_a_leg_can_end_the_position_in_the_candle_of_a_market_entry() -> None:
    exchange = open_exchange(series(100.0, (100.0, 101.0, 89.0, 95.0)))
    exchange.advance()
    place(exchange, BUY, 10, stop_loss=90, take_profit=120)

    step = orders_in(exchange.advance())

    assert step == [
        "o-1 filled at 100",
        "o-2 created",
        "o-3 created",
        "o-2 filled at 90",
        "o-3 cancelled",
    ]


def test_a_limit_entry_does_not_take_profit_at_a_high_that_may_have_come_before_it() -> None:
    exchange = open_exchange(
        series(100.0, (100.0, 125.0, 94.0, 98.0), (110.0, 121.0, 109.0, 110.0))
    )
    exchange.advance()
    place(exchange, BUY, 10, limit=95, take_profit=120)

    assert orders_in(exchange.advance()) == ["o-1 filled at 95", "o-2 created"]
    assert orders_in(exchange.advance()) == ["o-2 filled at 120"]


def test_a_short_entry_is_protected_the_other_way_round() -> None:
    exchange = open_exchange(series(100.0, 100.0, (100.0, 111.0, 99.0, 105.0)))
    exchange.advance()
    place(exchange, SELL, 10, stop_loss=110, take_profit=80)
    exchange.advance()

    assert orders_in(exchange.advance()) == ["o-2 filled at 110", "o-3 cancelled"]
    assert exchange.ledger.realized == -100


def test_a_close_by_hand_cancels_the_legs() -> None:
    exchange = entered(100.0)
    order_id = place(exchange, SELL, 10, reduce_only=True)

    assert orders_in(exchange.advance()) == [
        f"{order_id} filled at 100",
        "o-2 cancelled",
        "o-3 cancelled",
    ]


def test_a_turn_to_the_other_side_cancels_the_legs_of_the_old_one() -> None:
    exchange = entered(100.0)
    order_id = place(exchange, SELL, 25, stop_loss=110)

    step = orders_in(exchange.advance())

    assert step == [f"{order_id} filled at 100", "o-2 cancelled", "o-3 cancelled", "o-5 created"]
    assert exchange.ledger.quantity(AAPL) == -15


def test_after_a_partial_close_a_leg_closes_what_is_left() -> None:
    exchange = entered(100.0, (85.0, 85.0, 85.0, 85.0))
    place(exchange, SELL, 4)
    exchange.advance()

    step = said(exchange.advance())

    assert "t-3 sell 6 at 85" in step
    assert exchange.ledger.quantity(AAPL) == 0


def test_a_leg_cancels_its_own_sibling_while_another_entry_is_still_held() -> None:
    exchange = open_exchange(series(100.0, 100.0, (95.0, 95.0, 89.0, 95.0), 125.0))
    exchange.advance()
    place(exchange, BUY, 10, stop_loss=90, take_profit=120)
    place(exchange, BUY, 10, stop_loss=50, take_profit=130)
    exchange.advance()

    step = orders_in(exchange.advance())

    assert step == ["o-3 filled at 90", "o-4 cancelled"]
    assert orders_in(exchange.advance()) == [], "the second entry is not sold by the first's leg"
    assert exchange.ledger.quantity(AAPL) == 10


def test_no_leg_is_placed_when_the_entry_only_closed_a_position() -> None:
    exchange = open_exchange(series(100.0, 100.0, 100.0))
    exchange.advance()
    place(exchange, BUY, 10)
    exchange.advance()
    place(exchange, SELL, 10, stop_loss=110)
    exchange.advance()

    assert exchange.working == {}
    assert exchange.ledger.balance == Decimal(100_000)
