"""Executions in parts: at most a share of each candle's volume, and legs that keep up with them.

The candles have a volume of 1000, so that 0.4 % of it lets an order execute 4 a candle.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from runner.engine.costs import Commission, Slippage, Spread
from runner.engine.exchange import Exchange
from runner.protocol.enums import OrderStatus, Side, TimeInForce
from tests.helpers import AAPL, Row, series
from tests.unit.engine.exchange_helpers import (
    modify,
    open_exchange,
    orders_in,
    place,
    refused,
    said,
)

BUY, SELL = Side.BUY, Side.SELL
SHARE = Decimal("0.004")


def after_first(*rows: Row, volumes: list[float] | None = None, **options: Any) -> Exchange:
    """Return an exchange that has delivered the first of these candles."""
    made = series(*rows)
    for index, volume in enumerate(volumes or ()):
        made.volumes[index] = volume
    exchange = open_exchange(made, **{"volume_share": SHARE, **options})
    exchange.advance()
    return exchange


def test_an_order_takes_its_share_of_each_candle_until_it_is_complete() -> None:
    exchange = after_first(100.0, 100.0, 103.0, 109.0)
    order_id = place(exchange, BUY, 10)

    steps = [said(exchange.advance())[:-1] for _ in range(3)]

    # 4 at 100 and 4 at 103 cost 812, 8 of them 101.5 each; 2 more at 109 make 1030 for 10.
    assert steps == [
        [
            f"{order_id} partially_filled at 100",
            "t-1 buy 4 at 100",
            "position opened 4",
            "balance 100000",
        ],
        [
            f"{order_id} partially_filled at 101.5",
            "t-2 buy 4 at 103",
            "position modified 8",
            "balance 100000",
        ],
        [
            f"{order_id} filled at 103",
            "t-3 buy 2 at 109",
            "position modified 10",
            "balance 100000",
        ],
    ]


def test_what_is_left_of_an_order_is_told_with_it() -> None:
    exchange = after_first(100.0, 100.0)
    order_id = place(exchange, BUY, 10)
    exchange.advance()

    one = exchange.orders[order_id].snapshot()

    assert (one.status, one.filled_quantity, one.remaining_quantity) == (
        OrderStatus.PARTIALLY_FILLED,
        Decimal(4),
        Decimal(6),
    )


@pytest.mark.parametrize(
    ("quantity", "volume", "executed"),
    [
        pytest.param("10", 1000, "4", id="the share"),
        pytest.param("4", 1000, "4", id="all of it"),
        pytest.param("10", 1200, "4", id="4.8 in whole units"),
        pytest.param("10.5", 1200, "4.8", id="4.8 in tenths"),
        pytest.param("0.25", 10, "0.04", id="0.04 in hundredths"),
        pytest.param("1", 200, "0", id="0.8 in whole units is nothing"),
        pytest.param("10", 0, "0", id="a candle without volume"),
    ],
)
def test_the_share_is_taken_in_units_no_finer_than_the_order(
    quantity: str, volume: float, executed: str
) -> None:
    exchange = after_first(100.0, 100.0, volumes=[1000, volume])
    order_id = place(exchange, BUY, quantity)

    exchange.advance()

    assert Decimal(executed) == exchange.orders[order_id].filled


def test_the_rest_of_an_immediate_order_is_cancelled() -> None:
    exchange = after_first(100.0, 100.0, 100.0)
    order_id = place(exchange, BUY, 10, time_in_force=TimeInForce.IOC)

    step = said(exchange.advance())

    assert step[:2] == [f"{order_id} partially_filled at 100", "t-1 buy 4 at 100"]
    assert step[-2] == f"{order_id} cancelled at 100"
    assert exchange.ledger.quantity(AAPL) == 4


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        pytest.param(4, "o-1 filled at 100", id="all"),
        pytest.param(5, "o-1 cancelled", id="nothing"),
    ],
)
def test_fill_or_kill_is_all_or_nothing(quantity: int, expected: str) -> None:
    exchange = after_first(100.0, 100.0, 100.0)
    place(exchange, BUY, quantity, time_in_force=TimeInForce.FOK)

    assert orders_in(exchange.advance()) == [expected]
    assert exchange.ledger.quantity(AAPL) == (4 if quantity == 4 else 0)


def test_a_rest_that_the_account_cannot_carry_is_cancelled_and_not_rejected() -> None:
    # 4 at 100 are held; 4 more at 200 would make 1600 of an equity of 1000 + 400.
    exchange = after_first(100.0, 100.0, 200.0, cash=Decimal(1_000))
    order_id = place(exchange, BUY, 8, oco_group_id="pair")
    other = place(exchange, BUY, 1, limit=50, oco_group_id="pair")
    exchange.advance()

    assert orders_in(exchange.advance()) == [f"{order_id} cancelled at 100 INSUFFICIENT_MARGIN"]
    assert list(exchange.working) == [other], "only a complete fill or a rejection ends a group"


def test_a_group_ends_with_the_last_part_of_a_member() -> None:
    exchange = after_first(100.0, 100.0, 100.0)
    order_id = place(exchange, BUY, 8, oco_group_id="pair")
    other = place(exchange, BUY, 1, limit=50, oco_group_id="pair")

    assert orders_in(exchange.advance()) == [f"{order_id} partially_filled at 100"]
    assert orders_in(exchange.advance()) == [f"{order_id} filled at 100", f"{other} cancelled"]


@pytest.mark.parametrize("quantity", [3, 4], ids=["less than executed", "what has executed"])
def test_an_order_cannot_become_smaller_than_what_has_executed(quantity: int) -> None:
    exchange = after_first(100.0, 100.0)
    order_id = place(exchange, BUY, 10)
    exchange.advance()

    rejection = refused(modify(exchange, order_id, quantity=quantity))

    assert rejection.message == f"quantity must be more than the 4 executed, was {quantity}"


def test_a_reduce_only_order_executes_in_parts_and_never_more_than_is_held() -> None:
    exchange = after_first(100.0, *[100.0] * 5)
    place(exchange, BUY, 6)
    exchange.advance()
    exchange.advance()
    place(exchange, SELL, 20, reduce_only=True)

    for _ in range(3):
        exchange.advance()

    assert [one.quantity for one in exchange.trades] == [4, 2, 4, 2]
    assert exchange.ledger.quantity(AAPL) == 0


# Legs


def legs_of(exchange: Exchange) -> dict[str, str]:
    """Return what is left of each working leg, by its client order id."""
    return {
        str(one.client_order_id): str(one.remaining)
        for one in exchange.working.values()
        if one.parent_order_id is not None
    }


def test_each_part_of_an_entry_gets_legs_of_its_own_size() -> None:
    exchange = after_first(100.0, 100.0, 100.0, 100.0)
    place(exchange, BUY, 10, stop_loss=90, take_profit=120, client_order_id="in")

    seen = []
    for _ in range(3):
        exchange.advance()
        seen.append(legs_of(exchange))

    assert seen[0] == {"in-sl": "4", "in-tp": "4"}
    assert seen[1] == {**seen[0], "in-sl-1": "4", "in-tp-1": "4"}
    assert seen[2] == {**seen[1], "in-sl-2": "2", "in-tp-2": "2"}


def test_a_leg_that_executes_in_part_cuts_its_sibling_and_ends_it_with_the_rest() -> None:
    # Three candles fill the entry, and its legs, of which there is one pair, are of 10.
    exchange = after_first(
        100.0, 100.0, 121.0, 120.0, 130.0, volumes=[1000, 2500, 1000, 1000, 1000]
    )
    place(exchange, BUY, 10, stop_loss=90, take_profit=120, client_order_id="in")
    exchange.advance()
    assert legs_of(exchange) == {"in-sl": "10", "in-tp": "10"}

    steps = [orders_in(exchange.advance()) for _ in range(3)]

    # 4 at 121 and 4 at 120 are 964 for 8, 120.5 each; with 2 at 130 they are 1224 for 10.
    assert steps == [
        ["o-3 partially_filled at 121", "o-2 modified"],
        ["o-3 partially_filled at 120.5", "o-2 modified"],
        ["o-3 filled at 122.4", "o-2 cancelled"],
    ]
    assert exchange.ledger.realized == 224


def test_a_part_of_a_leg_cuts_its_own_sibling_and_not_an_older_leg() -> None:
    # Two parts of the entry of six each, and two of one take-profit later.
    exchange = after_first(
        100.0, 100.0, 100.0, (100.0, 111.0, 100.0, 100.0), volumes=[1000, 1500, 1500, 500]
    )
    place(exchange, BUY, 12, stop_loss=90, take_profit=120, client_order_id="in")
    exchange.advance()
    exchange.advance()
    newer = exchange.working["o-5"]
    assert newer.client_order_id == "in-tp-1"
    modify(exchange, newer.id, limit_price=110)

    exchange.advance()

    assert legs_of(exchange) == {"in-sl": "6", "in-tp": "6", "in-sl-1": "4", "in-tp-1": "4"}


def test_a_candle_that_touches_both_legs_executes_a_part_of_the_worse_one_only() -> None:
    exchange = after_first(100.0, 100.0, (100.0, 130.0, 80.0, 100.0), 95.0, 96.0, volumes=[1, 2500])
    place(exchange, BUY, 10, stop_loss=90, take_profit=120, client_order_id="in")
    exchange.advance()

    exchange.advance()

    assert [str(one.price) for one in exchange.trades] == ["100", "90"]
    assert legs_of(exchange) == {"in-sl": "6", "in-tp": "6"}
    exchange.advance()
    exchange.advance()
    assert [str(one.price) for one in exchange.trades[2:]] == ["95", "96"], "at the market"
    assert exchange.working == {}


def test_a_leg_belongs_to_the_fill_that_placed_it_even_where_an_older_one_stands_alone() -> None:
    exchange = after_first(100.0, 100.0, 100.0, 121.0)
    order_id = place(exchange, BUY, 6, stop_loss=90, client_order_id="in")
    exchange.advance()
    modify(exchange, order_id, take_profit=120)
    exchange.advance()
    assert legs_of(exchange) == {"in-sl": "4", "in-sl-1": "2", "in-tp": "2"}

    exchange.advance()

    assert legs_of(exchange) == {"in-sl": "4"}


def test_a_sale_by_hand_cuts_the_oldest_legs_to_what_is_left() -> None:
    exchange = after_first(100.0, *[100.0] * 4)
    place(exchange, BUY, 8, stop_loss=90, take_profit=120, client_order_id="in")
    exchange.advance()
    exchange.advance()
    place(exchange, SELL, 5)

    seen = []
    for _ in range(2):
        exchange.advance()
        seen.append(legs_of(exchange))

    assert seen[0] == {"in-sl-1": "4", "in-tp-1": "4"}
    assert seen[1] == {"in-sl-1": "3", "in-tp-1": "3"}


def test_an_entry_that_turns_a_position_protects_only_what_it_has_opened() -> None:
    exchange = after_first(100.0, 100.0, 100.0, volume_share=None)
    place(exchange, BUY, 10)
    exchange.advance()
    place(exchange, SELL, 25, stop_loss=110, client_order_id="in")

    exchange.advance()

    assert legs_of(exchange) == {"in-sl": "15"}


# Costs of a whole account, worked out by hand


def test_makers_and_takers_pay_their_rates_spread_and_slippage() -> None:
    exchange = open_exchange(
        series(100.0, (100.0, 110.0, 90.0, 100.0), (100.0, 104.0, 99.0, 102.0)),
        commission=Commission(bps=Decimal(10), maker_bps=Decimal(2)),
        spread=Spread(half_bps=Decimal(5)),
        slippage=Slippage(bps=Decimal(10), range_share=Decimal("0.05")),
    )
    exchange.advance()
    place(exchange, BUY, 10)
    place(exchange, BUY, 10, limit=95)
    place(exchange, SELL, 10, limit=104)

    exchange.advance()

    # Market: the ask is 100.05, 5 % of the range of 20 makes 101.05, 10 bps more 101.15105.
    # Limits execute at their prices and wait for them: neither spread nor slippage.
    assert [str(one.price) for one in exchange.trades] == ["101.15105", "95", "104"]
    # 10 bps of 1011.5105; 2 bps of 950; 2 bps of 1040.
    assert [str(one.commission) for one in exchange.trades] == ["1.0115105", "0.19", "0.208"]


@pytest.mark.parametrize(
    ("fields", "rows", "maker"),
    [
        pytest.param({}, [100.0], False, id="market"),
        pytest.param({"stop": 101}, [(100.0, 102.0, 99.0, 100.0)], False, id="stop"),
        pytest.param({"limit": 101}, [100.0], False, id="limit that takes at its first open"),
        pytest.param({"limit": 99}, [(100.0, 101.0, 98.0, 99.0)], True, id="limit inside"),
        pytest.param({"limit": 99}, [100.0, 98.0], True, id="limit gapped over after resting"),
        pytest.param(
            {"stop": 101, "limit": 102}, [(100.0, 102.0, 99.0, 100.0)], False, id="stop-limit"
        ),
        pytest.param(
            {"stop": 102, "limit": 99},
            [(100.0, 103.0, 100.0, 101.0), (101.0, 102.0, 98.0, 99.0)],
            True,
            id="stop-limit that has rested",
        ),
    ],
)
def test_a_maker_is_an_order_that_was_waiting_when_the_price_came(
    fields: dict[str, Any], rows: list[Row], maker: bool
) -> None:
    commission = Commission(minimum=Decimal(0), bps=Decimal(10), maker_bps=Decimal(0))
    exchange = open_exchange(series(100.0, *rows), commission=commission)
    exchange.advance()
    place(exchange, BUY, 10, **fields)

    for _ in rows:
        exchange.advance()

    (trade,) = exchange.trades
    assert maker is trade.is_maker is (trade.commission == 0)
