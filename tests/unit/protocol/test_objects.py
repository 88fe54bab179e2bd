"""Reading objects of both dialects: what one says in other words, and what makes no sense."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from runner.protocol import wire
from runner.protocol.enums import OrderStatus, OrderType, PositionSide, Side, TimeInForce
from runner.protocol.messages import OrderSnapshot
from runner.protocol.objects import read_account, read_order, read_position, read_trade
from runner.protocol.times import EPOCH, from_ms
from runner.protocol.values import WireError

RAW_ORDER: dict[str, Any] = {
    "id": "o-1",
    "symbol": "C:BTCUSD",
    "side": "buy",
    "order_type": "limit",
    "quantity": "2",
    "filled_quantity": "0",
    "price": "50",
    "status": "open",
    "created_at": 1000,
}
ORDER: dict[str, Any] = {
    "id": "o-1",
    "symbol": "C:BTCUSD",
    "side": "BUY",
    "order_type": "LIMIT",
    "quantity": "2",
    "filled_quantity": "0",
    "remaining_quantity": "2",
    "limit_price": "50",
    "status": "OPEN",
    "time_in_force": "GTC",
    "created_at": "1970-01-01T00:00:01Z",
    "updated_at": "1970-01-01T00:00:01Z",
}


def order(base: dict[str, Any], **changes: Any) -> OrderSnapshot:
    return read_order(msgspec.convert({**base, **changes}, wire.OrderObject))


def test_both_dialects_of_an_order_give_the_same_order() -> None:
    assert order(ORDER) == order(RAW_ORDER)


@pytest.mark.parametrize(
    ("order_type", "price", "limit_price", "expected"),
    [
        ("market", "0", None, (None, None)),
        ("market", None, None, (None, None)),
        ("limit", "50", None, (Decimal(50), None)),
        ("stop", "50", None, (None, Decimal(50))),
        ("stop_limit", "50", "49", (Decimal(49), Decimal(50))),
    ],
)
def test_the_price_of_a_raw_order_is_limit_or_trigger_by_its_type(
    order_type: str,
    price: str | None,
    limit_price: str | None,
    expected: tuple[Decimal | None, Decimal | None],
) -> None:
    found = order(RAW_ORDER, order_type=order_type, price=price, limit_price=limit_price)

    assert expected == (found.limit_price, found.stop_price)


@pytest.mark.parametrize(
    ("status", "filled", "expected"),
    [
        ("open", "0", OrderStatus.OPEN),
        ("open", "1", OrderStatus.PARTIALLY_FILLED),
        ("open", "2", OrderStatus.OPEN),
        ("partially_filled", "1", OrderStatus.PARTIALLY_FILLED),
        ("cancelled", "1", OrderStatus.CANCELLED),
        ("filled", "2", OrderStatus.FILLED),
    ],
)
def test_an_open_raw_order_that_is_filled_in_part_is_partially_filled(
    status: str, filled: str, expected: OrderStatus
) -> None:
    found = order(RAW_ORDER, status=status, filled_quantity=filled)

    assert expected is found.status
    assert Decimal(2) - Decimal(filled) == found.remaining_quantity


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"executed_at": 3000, "cancelled_at": 2000}, 3000),
        ({"cancelled_at": 2000}, 2000),
        ({"rejected_at": 4000}, 1000),
        ({"executed_at": 0}, 0),
        ({}, 1000),
    ],
)
def test_a_raw_order_last_changed_when_executed_else_cancelled_else_created(
    times: dict[str, int], expected: int
) -> None:
    assert from_ms(expected) == order(RAW_ORDER, **times).updated_at


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("insufficient_margin", "INSUFFICIENT_MARGIN"),
        ("invalid_symbol", "SYMBOL_NOT_TRADEABLE"),
        ("invalid_quantity", "INVALID_QUANTITY"),
        ("price_out_of_bounds", "INVALID_PRICE"),
        ("position_not_found", "UNKNOWN"),
        ("reduce_only_violated", "REDUCE_ONLY_VIOLATED"),
        ("position_size_limit_exceeded", "INVALID_QUANTITY"),
        ("market_closed", "MARKET_CLOSED"),
        (None, None),
    ],
)
def test_raw_rejection_reasons_become_normalised_ones(
    reason: str | None, expected: str | None
) -> None:
    found = order(RAW_ORDER, status="rejected", reject_reason=reason)

    assert expected == found.reject_reason


def test_a_normalised_rejection_reason_is_kept_as_the_peer_wrote_it() -> None:
    assert order(ORDER, status="REJECTED", reject_reason="Too late").reject_reason == "Too late"


@pytest.mark.parametrize("field", ["remaining_quantity", "time_in_force", "updated_at"])
def test_a_normalised_order_needs_what_only_a_raw_one_may_leave_out(field: str) -> None:
    with pytest.raises(WireError, match=field):
        order(ORDER, **{field: None})


@pytest.mark.parametrize(
    ("base", "changes", "complaint"),
    [
        (ORDER, {"side": "LONG"}, "side must be one of BUY, SELL, was 'LONG'"),
        (ORDER, {"order_type": "ICEBERG"}, "order_type must be one of"),
        (ORDER, {"status": "SUSPENDED"}, "status must be one of"),
        (ORDER, {"time_in_force": "GTD"}, "time_in_force must be one of"),
        (ORDER, {"trailing_type": "TICKS"}, "trailing_type must be one of"),
        (ORDER, {"quantity": "0"}, "quantity must be above zero"),
        (ORDER, {"quantity": "NaN"}, "quantity must be finite"),
        (ORDER, {"limit_price": "1E+99"}, "limit_price magnitude is out of bounds"),
        (ORDER, {"stop_price": "1" * 29}, "stop_price"),
        (ORDER, {"created_at": "1970-01-01T00:00:01"}, "offset"),
        (RAW_ORDER, {"price": None}, "price is missing"),
        (RAW_ORDER, {"order_type": "stop", "price": None}, "price is missing"),
        (RAW_ORDER, {"order_type": "stop_limit"}, "limit_price is missing"),
        (RAW_ORDER, {"status": "resting"}, "status must be one of"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_field_named(
    base: dict[str, Any], changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(WireError, match=complaint.replace("+", r"\+")):
        order(base, **changes)


def test_a_side_may_be_lower_case_in_the_normalised_dialect() -> None:
    assert Side.SELL is order(ORDER, side="sell").side


def test_a_raw_order_without_time_in_force_is_good_till_cancelled() -> None:
    assert TimeInForce.GTC is order(RAW_ORDER, time_in_force=None).time_in_force
    assert TimeInForce.IOC is order(RAW_ORDER, time_in_force="ioc").time_in_force


def test_the_scale_of_a_decimal_is_of_no_account() -> None:
    assert order(ORDER, limit_price="50.00") == order(ORDER, limit_price="5E1")


def test_the_type_of_an_order_is_an_enumeration_member() -> None:
    assert OrderType.LIMIT is order(ORDER).order_type


TRADE: dict[str, Any] = {
    "id": "t",
    "order_id": "o",
    "symbol": "X",
    "side": "BUY",
    "quantity": "1",
    "price": "2",
    "commission": "-0.1",
    "commission_currency": "EUR",
    "timestamp": 5,
}


def test_a_normalised_trade_keeps_its_currency_and_a_rebate() -> None:
    trade = read_trade(msgspec.convert(TRADE, wire.TradeObject))

    assert ("EUR", Decimal("-0.1")) == (trade.commission_currency, trade.commission)


def test_a_raw_trade_pays_commission_in_dollars() -> None:
    raw = {**TRADE, "side": "buy", "commission_currency": None}

    assert read_trade(msgspec.convert(raw, wire.TradeObject)).commission_currency == "USD"


@pytest.mark.parametrize(
    ("field", "value"), [("price", "0"), ("price", "-1"), ("quantity", "-1"), ("commission", "NaN")]
)
def test_a_trade_that_makes_no_sense_is_refused(field: str, value: str) -> None:
    with pytest.raises(WireError, match=field):
        read_trade(msgspec.convert({**TRADE, field: value}, wire.TradeObject))


def test_a_normalised_trade_without_currency_is_refused() -> None:
    with pytest.raises(WireError, match="commission_currency is missing"):
        read_trade(msgspec.convert({**TRADE, "commission_currency": None}, wire.TradeObject))


POSITION: dict[str, Any] = {
    "id": "p",
    "symbol": "X",
    "quantity": "0",
    "current_price": "2",
    "unrealized_pnl": "-1",
}


def test_a_raw_position_has_no_times_and_no_realized_profit() -> None:
    raw = {**POSITION, "side": "short", "avg_entry_price": "3"}

    position = read_position(msgspec.convert(raw, wire.PositionObject))

    assert (EPOCH, EPOCH, Decimal(0)) == (
        position.opened_at,
        position.updated_at,
        position.realized_pnl,
    )
    assert (PositionSide.SHORT, Decimal(3)) == (position.side, position.average_entry_price)


@pytest.mark.parametrize(
    "field", ["average_entry_price", "realized_pnl", "opened_at", "updated_at"]
)
def test_a_normalised_position_needs_all_its_fields(field: str) -> None:
    full = {
        **POSITION,
        "side": "LONG",
        "average_entry_price": "3",
        "realized_pnl": "0",
        "opened_at": 1,
        "updated_at": 1,
    }
    del full[field]

    with pytest.raises(WireError, match=field):
        read_position(msgspec.convert(full, wire.PositionObject))


def test_only_a_raw_account_may_leave_out_its_currency() -> None:
    account = wire.AccountObject(
        balance=Decimal(1),
        equity=Decimal(1),
        margin_used=Decimal(0),
        margin_available=Decimal(1),
        unrealized_pnl=Decimal(0),
    )

    assert read_account(account, raw=True).currency == "USD"
    with pytest.raises(WireError, match="currency is missing"):
        read_account(account)
