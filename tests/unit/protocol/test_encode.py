"""Writing the normalised dialect: what stands in a frame, and what is never sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from runner.protocol.codec import decode, encode
from runner.protocol.enums import OrderStatus, OrderType, Side, TimeInForce
from runner.protocol.messages import (
    Candle,
    Connection,
    ErrorNotice,
    EventAck,
    Financing,
    Frame,
    Malformed,
    Message,
    OrderSnapshot,
    OrderUpdate,
    Ping,
    Pong,
    Quote,
    Unknown,
)

SENT = datetime(2025, 1, 2, 14, 35, tzinfo=UTC)
CANDLE = Candle("S:AAPL", "5m", 1_735_828_200_000, 10.25, 12.0, 9.5, 11.0, 18342.0, "mock")
ORDER = OrderSnapshot(
    id="o-1",
    symbol="X",
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    quantity=Decimal("1E+3"),
    filled_quantity=Decimal("0E-8"),
    remaining_quantity=Decimal("1000"),
    status=OrderStatus.OPEN,
    time_in_force=TimeInForce.GTC,
    created_at=SENT,
    updated_at=SENT,
    limit_price=Decimal("1E-7"),
)


def test_a_candle_frame_is_written_with_text_numbers_and_iso_times() -> None:
    written = encode(CANDLE, event_id="evt-1", timestamp=SENT)

    assert json.loads(written) == {
        "type": "candle",
        "event_id": "evt-1",
        "timestamp": "2025-01-02T14:35:00Z",
        "bar": {
            "symbol": "S:AAPL",
            "provider": "mock",
            "timeframe": "5m",
            "timestamp": "2025-01-02T14:30:00Z",
            "open": "10.25",
            "high": "12",
            "low": "9.5",
            "close": "11",
            "volume": "18342",
        },
    }


@pytest.mark.parametrize(
    "text", ['"', "\\", "\n", "\x00", "</script>", "日本", "😀", "a/b"], ids=repr
)
def test_text_in_a_candle_frame_is_escaped(text: str) -> None:
    candle = Candle(text, "5m", 0, 1.0, 1.0, 1.0, 1.0, 0.0, text)

    written = encode(candle, event_id=f"id-{text}", timestamp=SENT)

    loaded = json.loads(written)
    assert (text, text) == (loaded["bar"]["symbol"], loaded["bar"]["provider"])
    assert f"id-{text}" == loaded["event_id"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1e16, "10000000000000000"),
        (1e22, "10000000000000000000000"),
        (1.5e-7, "0.00000015"),
        (100.0, "100"),
        (100.05, "100.05"),
        (0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_candle_numbers_have_no_exponent_and_no_idle_zero(number: float, text: str) -> None:
    candle = Candle("X", "5m", 0, number, number, number, number, number)

    bar = json.loads(encode(candle, timestamp=SENT))["bar"]

    assert {text} == {bar[name] for name in ("open", "high", "low", "close", "volume")}


def test_S17_decimals_are_written_without_an_exponent() -> None:
    order = json.loads(encode(OrderUpdate("ORDER_CREATED", ORDER), timestamp=SENT))["order"]

    assert (order["quantity"], order["filled_quantity"]) == ("1000", "0")
    assert order["limit_price"] == "0.0000001"


def test_absent_fields_are_left_out() -> None:
    written = encode(Connection("CONNECTED"), timestamp=SENT)

    assert (
        written == b'{"type":"connection","timestamp":"2025-01-02T14:35:00Z","event":"CONNECTED"}'
    )


def test_a_quote_without_sizes_leaves_them_out() -> None:
    quote = json.loads(encode(Quote("X", 0, 1.0, 2.0, 1.5), timestamp=SENT))["quote"]

    assert {"symbol", "provider", "bid", "ask", "last", "timestamp"} == quote.keys()


def test_a_time_in_another_zone_is_written_in_utc() -> None:
    there = SENT.astimezone(timezone(timedelta(hours=-5)))

    assert encode(Connection("CONNECTED"), timestamp=SENT) == encode(
        Connection("CONNECTED"), timestamp=there
    )


def test_an_ack_is_written_with_an_integer_timestamp_and_nothing_else() -> None:
    written = encode(EventAck("c-1", ("evt-1", 'q"'), 1_735_828_262_417), timestamp=SENT)

    assert json.loads(written) == {
        "type": "event_ack",
        "correlation_id": "c-1",
        "events_processed": ["evt-1", 'q"'],
        "timestamp": 1_735_828_262_417,
    }


def test_a_pong_is_written_bare() -> None:
    assert encode(Pong()) == b'{"type":"pong"}'


def test_a_ping_may_bring_its_own_timestamp() -> None:
    assert encode(Ping(SENT)) == encode(Ping(), timestamp=SENT)
    assert Frame(Ping(SENT), None, SENT) == decode(encode(Ping(SENT)))


def test_error_details_are_written_as_they_are() -> None:
    written = encode(ErrorNotice("C", "m", {"a": [1, None, "x"]}), timestamp=SENT)

    assert json.loads(written)["details"] == {"a": [1, None, "x"]}


@pytest.mark.parametrize(
    "message",
    [CANDLE, Connection("CONNECTED"), Ping(), EventAck("c", (), None), Financing("X", Decimal(1))],
    ids=lambda message: type(message).__name__,
)
def test_a_frame_that_needs_a_timestamp_is_refused_without_one(message: Message) -> None:
    with pytest.raises(ValueError, match="needs a timestamp"):
        encode(message)


@pytest.mark.parametrize("message", [Unknown("new", b"{}"), Malformed("bad", b"")])
def test_what_was_received_unread_is_never_sent(message: Message) -> None:
    with pytest.raises(ValueError, match="never sent"):
        encode(message, timestamp=SENT)
