"""Writing the raw engine dialect, and what it cannot say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from runner.protocol.codec import decode, encode_raw
from runner.protocol.enums import OrderStatus, OrderType, TimeInForce
from runner.protocol.messages import (
    Account,
    AccountUpdate,
    BacktestComplete,
    Connection,
    DataStaleness,
    EventAck,
    Financing,
    Malformed,
    Message,
    OrderUpdate,
    Ping,
    Pong,
    Quote,
    RateLimit,
    Trade,
    TradeUpdate,
    Unknown,
)
from tests.helpers import trade
from tests.unit.protocol.test_encode import CANDLE, ORDER, SENT


def raw_order(**changes: Any) -> dict[str, Any]:
    order = msgspec.structs.replace(ORDER, **changes)
    written = encode_raw(OrderUpdate("ORDER_CREATED", order), event_id="e")
    return dict(json.loads(written)["order"])


def test_a_candle_is_flat_with_text_prices_a_number_for_volume_and_milliseconds() -> None:
    assert json.loads(encode_raw(CANDLE, event_id="evt-1")) == {
        "type": "candle",
        "event_id": "evt-1",
        "symbol": "S:AAPL",
        "timeframe": "5m",
        "timestamp": 1_735_828_200_000,
        "open": "10.25",
        "high": "12",
        "low": "9.5",
        "close": "11",
        "volume": 18342.0,
    }


@pytest.mark.parametrize(
    ("changes", "price", "limit_price"),
    [
        ({"order_type": OrderType.MARKET, "limit_price": None}, "0", None),
        ({}, "0.0000001", None),
        (
            {"order_type": OrderType.STOP, "limit_price": None, "stop_price": Decimal(7)},
            "7",
            None,
        ),
        (
            {
                "order_type": OrderType.STOP_LIMIT,
                "limit_price": Decimal(8),
                "stop_price": Decimal(7),
            },
            "7",
            "8",
        ),
    ],
    ids=["market", "limit", "stop", "stop-limit"],
)
def test_the_price_of_an_order_is_limit_or_trigger_by_its_type(
    changes: dict[str, Any], price: str, limit_price: str | None
) -> None:
    order = raw_order(**changes)

    assert (price, limit_price) == (order["price"], order.get("limit_price"))


@pytest.mark.parametrize(
    ("status", "filled", "expected"),
    [
        (OrderStatus.FILLED, "1", {"executed_at"}),
        (OrderStatus.CANCELLED, "1", {"cancelled_at"}),
        (OrderStatus.REJECTED, "0", {"rejected_at"}),
        (OrderStatus.OPEN, "0", set()),
    ],
)
def test_the_last_change_of_an_order_is_written_where_its_status_says(
    status: OrderStatus, filled: str, expected: set[str]
) -> None:
    order = raw_order(status=status, filled_quantity=Decimal(filled))

    assert expected == order.keys() & {"executed_at", "cancelled_at", "rejected_at"}


@pytest.mark.parametrize("forced", [True, None])
def test_a_trade_by_force_says_so_and_no_other_does(forced: bool | None) -> None:
    frame = encode_raw(
        TradeUpdate(msgspec.structs.replace(trade(), liquidation=forced)), event_id="e"
    )

    assert json.loads(frame)["trade"].get("liquidation") is forced
    read = decode(frame).message
    assert isinstance(read, TradeUpdate)
    assert read.trade.liquidation is forced


def test_a_quantity_that_two_reasons_share_is_written_as_the_plainer_one() -> None:
    order = raw_order(status=OrderStatus.REJECTED, reject_reason="INVALID_QUANTITY")

    assert order["reject_reason"] == "invalid_quantity"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": OrderStatus.PENDING},
        {"status": OrderStatus.EXPIRED},
        {"order_type": OrderType.TRAILING_STOP},
        {"time_in_force": TimeInForce.DAY},
        {"time_in_force": TimeInForce.FOK},
    ],
    ids=str,
)
def test_an_order_the_dialect_cannot_say_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="raw dialect has no such"):
        raw_order(**changes)


TRADE = Trade("t", "o", "X", ORDER.side, Decimal(1), Decimal(2), Decimal(0), "EUR", SENT)
ACCOUNT = Account(Decimal(1), Decimal(1), Decimal(0), Decimal(1), Decimal(0))


@pytest.mark.parametrize(
    "message",
    [
        Quote("X", 0, 1.0, 2.0, 1.0),
        Connection("CONNECTED"),
        RateLimit("RATE_LIMIT_HIT", 0, SENT),
        DataStaleness("STALE", ("X",)),
        Financing("X", Decimal(1)),
        Unknown("new", b"{}"),
        Malformed("bad", b""),
        OrderUpdate("ORDER_MODIFIED", ORDER),
        AccountUpdate("SOMETHING_NEW", ACCOUNT),
        AccountUpdate("BALANCE_UPDATED", msgspec.structs.replace(ACCOUNT, currency="EUR")),
        TradeUpdate(TRADE),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_the_dialect_lacks_is_refused(message: Message) -> None:
    with pytest.raises(ValueError, match="raw dialect has no"):
        encode_raw(message, event_id="e")


def test_a_frame_of_a_server_needs_an_event_id() -> None:
    with pytest.raises(ValueError, match="needs an event id"):
        encode_raw(BacktestComplete())


def test_the_frames_of_a_client_have_no_event_id() -> None:
    moment = datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)

    assert encode_raw(Pong()) == b'{"type":"pong"}'
    assert encode_raw(Ping(moment)) == b'{"type":"ping","timestamp":2000}'
    assert json.loads(encode_raw(EventAck("c", ("a",), 5))) == {
        "type": "event_ack",
        "correlation_id": "c",
        "events_processed": ["a"],
    }


def test_a_ping_without_timestamp_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a timestamp"):
        encode_raw(Ping())
