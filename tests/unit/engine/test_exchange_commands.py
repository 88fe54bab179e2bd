"""What the exchange refuses, with which words; and changing and cancelling in every state."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from runner.protocol.commands import CancelResult, ModifyResult
from runner.protocol.enums import OrderStatus, OrderType, Side, TimeInForce, TrailingType
from tests.helpers import AAPL, DAY_MS, MSFT, START_MS, series
from tests.unit.engine.exchange_helpers import (
    accepted,
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

REFUSALS = [
    pytest.param({"symbol": ""}, 400, "VALIDATION_ERROR", "UNKNOWN", id="no symbol"),
    pytest.param({"symbol": "S" * 21}, 400, "VALIDATION_ERROR", "UNKNOWN", id="symbol too long"),
    pytest.param(
        {"client_order_id": "x" * 65}, 400, "VALIDATION_ERROR", "UNKNOWN", id="client id too long"
    ),
    pytest.param({"quantity": 0}, 400, "VALIDATION_ERROR", "INVALID_QUANTITY", id="zero"),
    pytest.param({"quantity": -1}, 400, "VALIDATION_ERROR", "INVALID_QUANTITY", id="negative"),
    pytest.param({"quantity": "NaN"}, 400, "VALIDATION_ERROR", "INVALID_QUANTITY", id="NaN"),
    pytest.param(
        {"order_type": OrderType.LIMIT}, 400, "INVALID_REQUEST", "INVALID_PRICE", id="limit missing"
    ),
    pytest.param(
        {"order_type": OrderType.STOP}, 400, "INVALID_REQUEST", "INVALID_PRICE", id="stop missing"
    ),
    pytest.param(
        {"order_type": OrderType.STOP_LIMIT, "limit": 1},
        400,
        "INVALID_REQUEST",
        "INVALID_PRICE",
        id="stop of a stop-limit order missing",
    ),
    pytest.param(
        {"order_type": OrderType.MARKET, "limit": 1},
        400,
        "INVALID_VALUE",
        "INVALID_PRICE",
        id="market order with a limit",
    ),
    pytest.param(
        {"order_type": OrderType.LIMIT, "limit": 1, "stop": 1},
        400,
        "INVALID_VALUE",
        "INVALID_PRICE",
        id="limit order with a stop",
    ),
    pytest.param(
        {"trailing_distance": Decimal(1)}, 400, "INVALID_VALUE", "INVALID_PRICE", id="trailing"
    ),
    pytest.param({"limit": 0}, 400, "INVALID_VALUE", "INVALID_PRICE", id="limit of zero"),
    pytest.param({"stop_loss": -5}, 400, "INVALID_VALUE", "INVALID_PRICE", id="negative leg"),
    pytest.param(
        {"order_type": OrderType.TRAILING_STOP, "trailing_type": TrailingType.ABSOLUTE},
        400,
        "INVALID_REQUEST",
        "INVALID_PRICE",
        id="trailing distance missing",
    ),
    pytest.param(
        {"order_type": OrderType.TRAILING_STOP, "trailing_distance": Decimal(1)},
        400,
        "INVALID_REQUEST",
        "INVALID_PRICE",
        id="trailing type missing",
    ),
    pytest.param(
        {
            "order_type": OrderType.TRAILING_STOP,
            "trailing_distance": Decimal(100),
            "trailing_type": TrailingType.PERCENT,
        },
        400,
        "INVALID_VALUE",
        "INVALID_PRICE",
        id="trailing by the whole price",
    ),
    pytest.param(
        {
            "order_type": OrderType.TRAILING_STOP,
            "trailing_distance": Decimal(0),
            "trailing_type": TrailingType.ABSOLUTE,
        },
        400,
        "INVALID_VALUE",
        "INVALID_PRICE",
        id="trailing by nothing",
    ),
    pytest.param(
        {
            "order_type": OrderType.TRAILING_STOP,
            "stop": 90,
            "trailing_distance": Decimal(1),
            "trailing_type": TrailingType.ABSOLUTE,
        },
        400,
        "INVALID_VALUE",
        "INVALID_PRICE",
        id="trailing stop with a stop price",
    ),
    pytest.param(
        {"post_only": True}, 400, "INVALID_VALUE", "UNKNOWN", id="market order, post only"
    ),
    pytest.param(
        {"post_only": True, "limit": 90, "time_in_force": TimeInForce.IOC},
        400,
        "INVALID_VALUE",
        "UNKNOWN",
        id="post only and at once",
    ),
    pytest.param(
        {"oco_group_id": "g" * 65}, 400, "VALIDATION_ERROR", "UNKNOWN", id="group id too long"
    ),
    pytest.param(
        {"symbol": "S:NOPE"}, 422, "ORDER_REJECTED", "SYMBOL_NOT_TRADEABLE", id="unknown symbol"
    ),
    pytest.param(
        {"reduce_only": True}, 422, "ORDER_REJECTED", "REDUCE_ONLY_VIOLATED", id="nothing to reduce"
    ),
    pytest.param(
        {"position_id": "p-1"}, 422, "ORDER_REJECTED", "REDUCE_ONLY_VIOLATED", id="no such position"
    ),
    pytest.param(
        {"quantity": 1_001}, 422, "ORDER_REJECTED", "INSUFFICIENT_MARGIN", id="too much at the mark"
    ),
    pytest.param(
        {"quantity": 501, "limit": 200},
        422,
        "ORDER_REJECTED",
        "INSUFFICIENT_MARGIN",
        id="too much at its limit",
    ),
]


@pytest.mark.parametrize(("fields", "status", "code", "reason"), REFUSALS)
def test_a_refused_order_says_status_code_and_reason_and_leaves_no_trace(
    fields: dict[str, Any], status: int, code: str, reason: str
) -> None:
    exchange = open_exchange(series(100.0, 100.0))
    exchange.advance()

    rejection = refused(exchange.execute(request(**fields)))

    assert (status, code, reason) == (rejection.status, rejection.code, rejection.reason)
    assert rejection.message
    assert exchange.drain() == []
    assert exchange.orders == {}


def test_a_refusal_for_lack_of_money_says_how_much_there_is() -> None:
    exchange = open_exchange(series(100.0, 100.0), cash=Decimal(500))
    exchange.advance()

    rejection = refused(exchange.execute(request(BUY, 10)))

    assert rejection.message == f"10 {AAPL} at 100 needs more margin than the 500.00 available"
    assert rejection.details == {"reject_code": "INSUFFICIENT_FUNDS"}


def test_before_the_first_candle_the_fill_judges_what_the_account_can_carry() -> None:
    exchange = open_exchange(series(100.0, 100.0), cash=Decimal(500))

    order_id = accepted(exchange.execute(request(BUY, 10)))

    assert orders_in(exchange.advance()) == [
        f"{order_id} created",
        f"{order_id} rejected INSUFFICIENT_MARGIN",
    ]


def test_a_reduce_only_order_on_the_side_of_the_position_is_refused() -> None:
    exchange = open_exchange(series(100.0, 100.0))
    exchange.advance()
    place(exchange, BUY, 10)
    exchange.advance()

    rejection = refused(exchange.execute(request(BUY, 5, reduce_only=True)))

    assert rejection.reason == "REDUCE_ONLY_VIOLATED"


def test_an_order_after_the_end_of_the_data_is_refused() -> None:
    exchange = open_exchange(series(100.0))
    exchange.advance()
    exchange.advance()

    rejection = refused(exchange.execute(request()))

    assert (rejection.code, rejection.reason) == ("ORDER_REJECTED", "MARKET_CLOSED")
    assert exchange.drain() == []


# Cancelling


def test_a_working_order_is_cancelled_at_once_and_reported() -> None:
    exchange = open_exchange(series(100.0, 100.0))
    exchange.advance()
    order_id = place(exchange, limit=50)

    reply = cancel(exchange, order_id)

    assert isinstance(reply, CancelResult)
    assert (reply.success, reply.order.status) == (True, OrderStatus.CANCELLED)
    assert said(exchange.drain()) == [f"{order_id} cancelled"]
    assert exchange.working == {}


def test_an_order_cancelled_before_it_met_a_candle_never_fills() -> None:
    exchange = open_exchange(series(100.0, 100.0))
    exchange.advance()
    order_id = place(exchange)
    cancel(exchange, order_id)

    exchange.advance()

    assert exchange.trades == []


@pytest.mark.parametrize("how", ["filled", "cancelled", "expired", "rejected"])
def test_a_finished_order_cannot_be_cancelled_or_changed(how: str) -> None:
    exchange = open_exchange(series(100.0, 120.0, 120.0), cash=Decimal(1_000))
    exchange.advance()
    match how:
        case "filled":
            order_id = place(exchange, BUY, 1)
        case "cancelled":
            order_id = place(exchange, BUY, 1, limit=50)
            cancel(exchange, order_id)
        case "expired":
            order_id = place(exchange, BUY, 1, limit=50, time_in_force=TimeInForce.DAY)
        case _:
            order_id = place(exchange, BUY, 10)
    exchange.advance()
    exchange.advance()
    before = exchange.orders[order_id].snapshot()
    assert before.status.lower() == how

    cancelled, changed = cancel(exchange, order_id), modify(exchange, order_id, quantity=2)

    assert isinstance(cancelled, CancelResult)
    assert (cancelled.success, cancelled.order) == (False, before)
    assert (refused(changed).status, refused(changed).code) == (409, "ORDER_NOT_MODIFIABLE")
    assert exchange.drain() == []


def test_an_order_nobody_placed_is_not_found() -> None:
    exchange = open_exchange(series(100.0))

    for reply in (cancel(exchange, "o-9"), modify(exchange, "o-9", quantity=1)):
        rejection = refused(reply)
        assert (rejection.status, rejection.code) == (404, "ORDER_NOT_FOUND")
        assert rejection.details == {"resource": "order", "id": "o-9"}


# Changing


def test_a_changed_order_executes_with_its_new_price_and_quantity() -> None:
    exchange = open_exchange(series(100.0, (100.0, 101.0, 94.0, 96.0)))
    exchange.advance()
    order_id = place(exchange, limit=50)

    reply = modify(exchange, order_id, limit_price=95, quantity=20)

    assert isinstance(reply, ModifyResult)
    assert reply.order.id == order_id
    assert [reply.order.limit_price, reply.order.quantity] == [Decimal(95), Decimal(20)]
    assert said(exchange.drain()) == [f"{order_id} modified"]
    assert "t-1 buy 20 at 95" in said(exchange.advance())


def test_legs_can_be_added_to_a_working_entry() -> None:
    exchange = open_exchange(series(100.0, 100.0))
    exchange.advance()
    order_id = place(exchange)

    modify(exchange, order_id, stop_loss=90, take_profit=120)
    exchange.advance()

    assert [one.parent_order_id for one in exchange.working.values()] == [order_id, order_id]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"quantity": 0}, id="quantity zero"),
        pytest.param({"limit_price": -1}, id="negative limit"),
        pytest.param({"limit_price": "Infinity"}, id="infinite limit"),
        pytest.param({"stop_price": 90}, id="stop of a limit order"),
        pytest.param({"quantity": 20, "limit_price": 0}, id="one good and one bad value"),
    ],
)
def test_a_change_that_makes_no_order_is_refused_as_a_whole(changes: dict[str, object]) -> None:
    exchange = open_exchange(series(100.0, 100.0))
    exchange.advance()
    order_id = place(exchange, limit=50)
    before = exchange.orders[order_id].snapshot()

    rejection = refused(modify(exchange, order_id, **changes))

    assert (rejection.status, rejection.code) == (400, "INVALID_VALUE")
    assert before == exchange.orders[order_id].snapshot()
    assert exchange.drain() == []


def test_a_candle_leaves_the_orders_of_other_symbols_alone() -> None:
    noon = START_MS + DAY_MS // 2
    exchange = open_exchange(series(*[100.0] * 2), series(50.0, 50.0, symbol=MSFT, start_ms=noon))
    exchange.advance()
    place(exchange, symbol=MSFT)

    steps = [said(exchange.advance()) for _ in range(3)]

    assert steps[1] == [f"candle {AAPL} 100"]
    assert "t-1 buy 10 at 50" in steps[0], "the first candle of the other symbol"


# Naming a position


def test_an_order_that_names_a_position_closes_it_and_never_turns_it_around() -> None:
    exchange = open_exchange(series(100.0, 100.0, 100.0, 100.0))
    exchange.advance()
    place(exchange, BUY, 10)
    exchange.advance()

    order_id = place(exchange, SELL, 25, position_id="p-1")
    exchange.advance()

    order = exchange.orders[order_id].snapshot()
    assert (order.position_id, order.reduce_only, order.filled_quantity) == ("p-1", True, 10)
    assert not exchange.ledger.holdings


def test_an_order_does_not_reduce_a_position_that_came_after_the_one_it_names() -> None:
    exchange = open_exchange(series(100.0, 100.0, 100.0, 100.0, 90.0))
    exchange.advance()
    place(exchange, BUY, 10)
    exchange.advance()
    order_id = place(exchange, SELL, 10, position_id="p-1", stop=95)
    place(exchange, SELL, 10)
    exchange.advance()
    place(exchange, BUY, 10)
    exchange.advance()
    exchange.advance()

    assert exchange.orders[order_id].reject_reason == "REDUCE_ONLY_VIOLATED"
    assert [one.id for one in exchange.ledger.positions()] == ["p-2"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"side": SELL, "position_id": "p-2"}, f"no position p-2 is open in {AAPL}"),
        (
            {"side": SELL, "position_id": "p-1", "symbol": MSFT},
            f"no position p-1 is open in {MSFT}",
        ),
        (
            {"side": BUY, "position_id": "p-1"},
            "BUY order that may only reduce, but the position is 10",
        ),
    ],
    ids=["another position", "another symbol", "the wrong side"],
)
def test_an_order_that_names_no_position_it_could_close_is_refused(
    fields: dict[str, Any], message: str
) -> None:
    exchange = open_exchange(series(100.0, 100.0, 100.0), series(50.0, 50.0, 50.0, symbol=MSFT))
    exchange.advance()
    place(exchange, BUY, 10)
    exchange.advance()

    rejection = refused(exchange.execute(request(**fields)))

    assert (rejection.reason, rejection.message) == ("REDUCE_ONLY_VIOLATED", message)
