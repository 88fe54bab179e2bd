"""REST bodies: every object comes back as it was written, and a bad one says which field."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from runner.protocol.codec import (
    BodyError,
    decode_body,
    decode_list,
    decode_modification,
    encode_body,
)
from runner.protocol.commands import (
    CancelResult,
    ClosePosition,
    ModifyExits,
    ModifyOrder,
    ModifyResult,
    OrderHandle,
    SubmitOrder,
)
from runner.protocol.enums import (
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    TrailingType,
)
from runner.protocol.messages import Account, Position, Quote, Trade
from runner.protocol.routes import ErrorEnvelope
from tests.unit.protocol.test_encode import CANDLE, ORDER, SENT

SUBMIT = SubmitOrder("S:AAPL", Side.BUY, Decimal("1.5"), OrderType.MARKET)
BODIES: list[msgspec.Struct] = [
    CANDLE,
    ORDER,
    Quote("X", 1000, 1.0, 2.0, 1.5, bid_size=3.0),
    Trade("t", "o", "X", Side.SELL, Decimal(1), Decimal(2), Decimal(0), "USD", SENT, True),
    Position(
        "p", "X", PositionSide.LONG, Decimal(1), Decimal(2), Decimal(3), Decimal(1), Decimal(0),
        SENT, SENT, margin_mode="CROSS", leverage=Decimal(2),
    ),
    Account(Decimal(1), Decimal(2), Decimal(0), Decimal(1), Decimal("-0.5"), "EUR"),
    OrderHandle("o-1", OrderStatus.OPEN, "c-1", "k-1"),
    ModifyResult(ORDER, "o-0"),
    CancelResult(True, ORDER),
    ClosePosition(OrderType.LIMIT, Decimal(9), Decimal(2)),
    ModifyExits(Decimal(1), Decimal(9)),
    ErrorEnvelope("ORDER_REJECTED", "no money", {"reject_code": "INSUFFICIENT_FUNDS"}),
    ErrorEnvelope("SHUTTING_DOWN", "later"),
    SUBMIT,
    SubmitOrder(
        "S:AAPL", Side.SELL, Decimal("1E+2"), OrderType.TRAILING_STOP, client_order_id="c",
        trailing_distance=Decimal("0.5"), trailing_type=TrailingType.PERCENT,
        stop_loss=Decimal(1), take_profit=Decimal(9), time_in_force=TimeInForce.DAY,
        reduce_only=True, post_only=True, position_id="p", oco_group_id="g",
    ),
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_a_body_comes_back_as_it_was_written(body: msgspec.Struct) -> None:
    assert body == decode_body(encode_body(body), type(body))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_a_list_of_bodies_comes_back_as_it_was_written(body: msgspec.Struct) -> None:
    assert (body, body) == decode_list(encode_body([body, body]), type(body))
    assert decode_list(encode_body([]), type(body)) == ()


def test_a_candle_body_is_a_bar_object() -> None:
    bar = json.loads(encode_body(CANDLE))

    assert (bar["open"], bar["timestamp"]) == ("10.25", "2025-01-02T14:30:00Z")


def test_a_submitted_order_is_written_with_its_type_and_without_an_exponent() -> None:
    body = json.loads(encode_body(BODIES[-1]))

    assert (body["order_type"], body["quantity"], body["side"]) == ("TRAILING_STOP", "100", "SELL")
    assert "limit_price" not in body


def test_a_modification_leaves_the_ids_to_the_path() -> None:
    change = ModifyOrder("o-1", client_order_id="c-1", quantity=Decimal(3), stop_loss=Decimal(2))

    raw = encode_body(change)

    assert json.loads(raw) == {"quantity": "3", "stop_loss": "2"}
    assert msgspec.structs.replace(change, client_order_id=None) == decode_modification(
        raw, order_id="o-1"
    )


def test_an_empty_modification_is_accepted() -> None:
    assert ModifyOrder("o-1") == decode_modification("{}", order_id="o-1")


def submit(**changes: Any) -> SubmitOrder:
    base = {"symbol": "S:AAPL", "side": "BUY", "quantity": "1.5", "order_type": "MARKET"}
    return decode_body(json.dumps({**base, **changes}), SubmitOrder)


@pytest.mark.parametrize("spelling", ["1.5", "1.50", "15E-1", 1.5], ids=repr)
def test_an_amount_may_be_text_plain_or_scientific_or_a_number(spelling: object) -> None:
    assert submit(quantity=spelling) == SUBMIT


def test_words_of_a_request_may_be_lower_case_and_unknown_fields_are_ignored() -> None:
    found = submit(side="buy", order_type="market", time_in_force="gtc", novelty=[1])

    assert found == SUBMIT


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": "many"}, "quantity"),
        ({"quantity": "NaN"}, "quantity"),
        ({"quantity": "1E+5000000"}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"limit_price": "Infinity"}, "limit_price"),
        ({"side": "LONG"}, "side"),
        ({"order_type": "ICEBERG"}, "order_type"),
        ({"time_in_force": None}, "time_in_force"),
        ({"reduce_only": None}, "reduce_only"),
        ({"reduce_only": "yes"}, "reduce_only"),
        ({"post_only": 1}, "post_only"),
        ({"symbol": ""}, "symbol"),
        ({"symbol": 5}, "symbol"),
        ({"trailing_type": "TICKS"}, "trailing_type"),
    ],
    ids=str,
)
def test_a_request_that_cannot_be_read_names_the_field(
    changes: dict[str, object], field: str
) -> None:
    with pytest.raises(BodyError) as caught:
        submit(**changes)

    assert ("INVALID_REQUEST", field) == (caught.value.code, caught.value.field)


@pytest.mark.parametrize(
    ("field", "value"),
    [("hidden", True), ("display_quantity", "1"), ("margin_mode", "CROSS"), ("leverage", "3")],
)
def test_a_field_that_would_make_it_another_order_is_refused(field: str, value: object) -> None:
    with pytest.raises(BodyError) as caught:
        submit(**{field: value})

    assert ("INVALID_VALUE", field) == (caught.value.code, caught.value.field)
    assert str(value) == caught.value.provided


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b'{"symbol":"\xff"}',
        b'{"a":"\xff"}',
        b'{"a":' + b"[" * 100_000,
    ],
    ids=repr,
)
def test_a_body_that_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(BodyError):
        decode_body(raw, SubmitOrder)


def test_the_field_of_an_object_in_a_list_is_named_and_the_text_says_was() -> None:
    with pytest.raises(BodyError, match=", was `bool`") as caught:
        decode_list('[{"id":true}]', OrderHandle)

    assert caught.value.field == "id"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("{}", ClosePosition()),
        ('{"order_type":null,"quantity":null}', ClosePosition()),
        (
            '{"order_type":"limit","limit_price":"9.5","quantity":2}',
            ClosePosition(OrderType.LIMIT, Decimal("9.5"), Decimal(2)),
        ),
        ('{"cancel_associated_orders":true}', ClosePosition()),
    ],
)
def test_a_request_to_close_a_position_is_all_at_the_market_unless_it_says_otherwise(
    raw: str, expected: ClosePosition
) -> None:
    assert expected == decode_body(raw, ClosePosition)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ("{}", ""),
        ('{"stop_loss":null,"take_profit":null}', ""),
        ('{"stop_loss":"0"}', "stop_loss"),
        ('{"stop_loss":"9","take_profit":-1}', "take_profit"),
    ],
)
def test_exits_need_a_price_above_zero(raw: str, field: str) -> None:
    with pytest.raises(BodyError) as caught:
        decode_body(raw, ModifyExits)

    assert ("INVALID_REQUEST", field) == (caught.value.code, caught.value.field)


def test_exits_that_are_not_named_are_left_alone() -> None:
    assert ModifyExits(take_profit=Decimal(9)) == decode_body('{"take_profit":9}', ModifyExits)
