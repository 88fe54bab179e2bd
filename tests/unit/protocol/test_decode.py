"""Reading frames: what is accepted, what is refused, and which id survives."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from runner.protocol.codec import MAX_ID, decode
from runner.protocol.messages import (
    MALFORMED_BYTES,
    AccountUpdate,
    Candle,
    ErrorNotice,
    EventAck,
    Frame,
    Malformed,
    OrderUpdate,
    Ping,
    Pong,
    PositionUpdate,
    TradeUpdate,
    Unknown,
)

BAR = {
    "symbol": "S:AAPL",
    "provider": "mock",
    "timeframe": "5m",
    "timestamp": "2025-01-02T14:30:00Z",
    "open": "10",
    "high": "12",
    "low": "9",
    "close": "11",
    "volume": "100",
}
START = 1_735_828_200_000
CANDLE = Candle("S:AAPL", "5m", START, 10.0, 12.0, 9.0, 11.0, 100.0, "mock")


def read(**fields: Any) -> Frame:
    return decode(json.dumps(fields))


def candle(**bar: Any) -> Frame:
    return read(type="candle", event_id="e1", bar={**BAR, **bar})


def reason(frame: Frame) -> str:
    assert isinstance(frame.message, Malformed)
    return frame.message.reason


def test_a_candle_frame_gives_candle_id_and_the_clock_of_its_sender() -> None:
    frame = read(type="candle", event_id="e1", timestamp="2025-01-02T14:35:00.5Z", bar=BAR)

    sent = datetime(2025, 1, 2, 14, 35, 0, 500_000, tzinfo=UTC)
    assert Frame(CANDLE, "e1", sent) == frame


def test_bytes_and_text_are_read_alike() -> None:
    text = json.dumps({"type": "candle", "bar": {**BAR, "provider": "börse"}}, ensure_ascii=False)

    assert decode(text) == decode(text.encode())


def test_the_type_may_be_the_last_key() -> None:
    frame = read(bar=BAR, event_id="e1", type="candle")

    assert Frame(CANDLE, "e1") == frame


def test_unknown_fields_are_ignored_at_every_level() -> None:
    frame = read(type="candle", event_id="e1", new={"a": [1]}, bar={**BAR, "vwap": "10.5"})

    assert Frame(CANDLE, "e1") == frame


def test_optional_fields_may_be_null() -> None:
    frame = read(
        type="connection", event="CONNECTED", broker=None, error=None, timestamp=None, id=None
    )

    assert Frame(decode('{"type":"connection","event":"CONNECTED"}').message) == frame


@pytest.mark.parametrize("spelling", ["10", "10.0", "1E1", "1e+1", 10, 10.0], ids=repr)
def test_a_price_may_be_text_plain_or_scientific_or_a_number(spelling: object) -> None:
    assert Frame(CANDLE, "e1") == candle(open=spelling)


@pytest.mark.parametrize(
    ("spelling", "milliseconds"),
    [
        ("2025-01-02T14:30:00Z", START),
        ("2025-01-02T14:30:00.250Z", START + 250),
        ("2025-01-02T14:30:00.250999Z", START + 250),
        ("2025-01-02T14:30:00.999999999Z", START + 999),
        ("2025-01-02T15:30:00+01:00", START),
        (START, START),
    ],
    ids=str,
)
def test_a_time_has_up_to_nine_digits_an_offset_or_is_milliseconds(
    spelling: object, milliseconds: int
) -> None:
    message = candle(timestamp=spelling).message

    assert isinstance(message, Candle)
    assert milliseconds == message.time


def test_an_outer_time_without_offset_is_utc() -> None:
    frame = read(type="pong", timestamp="2025-01-02T14:30:00")

    assert datetime(2025, 1, 2, 14, 30, tzinfo=UTC) == frame.timestamp


@pytest.mark.parametrize(
    "spelling", ["yesterday", "", "0001-01-01T00:00:00+05:00", 10**18, -(10**18)]
)
def test_an_outer_time_that_is_none_makes_the_frame_malformed(spelling: object) -> None:
    assert "a time must" in reason(read(type="pong", timestamp=spelling))


def test_a_nested_time_without_offset_is_refused() -> None:
    assert "must carry an offset" in reason(candle(timestamp="2025-01-02T14:30:00"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"event_id": "evt-1"}, "evt-1"),
        ({"id": "evt-1"}, "evt-1"),
        ({"event_id": "evt-1", "id": "other"}, "evt-1"),
        ({"event_id": "evt-1", "id": 5}, "evt-1"),
        ({"event_id": None, "id": "evt-1"}, "evt-1"),
        ({"event_id": "ereignis-ü 日"}, "ereignis-ü 日"),
        ({"event_id": "a\u00a0b"}, "a\u00a0b"),
        ({"event_id": "x" * MAX_ID}, "x" * MAX_ID),
        ({}, None),
    ],
    ids=["event_id", "id", "both", "odd-id", "null", "letters", "space", "longest", "none"],
)
def test_the_event_id_is_event_id_else_the_top_level_id(
    fields: dict[str, Any], expected: str | None
) -> None:
    frame = read(type="candle", bar=BAR, **fields)

    assert Frame(CANDLE, expected) == frame


def test_the_id_of_an_order_is_never_taken_for_an_event_id() -> None:
    frame = decode('{"type":"order","event":"ORDER_CREATED","order":{"id":"o-1","event_id":"x"}}')

    assert frame.event_id is None


@pytest.mark.parametrize("field", ["event_id", "id"])
@pytest.mark.parametrize("kind", ["candle", "novelty"])
@pytest.mark.parametrize(
    "value",
    [
        5,
        1.5,
        True,
        ["e"],
        {"e": 1},
        "",
        "x" * (MAX_ID + 1),
        "a\nb",
        "\x00",
        "a\x7f",
        "\u009b",
        "\u2028",
    ],
    ids=repr,
)
def test_F11_an_id_that_is_not_short_plain_text_makes_the_frame_malformed(
    value: object, kind: str, field: str
) -> None:
    frame = read(type=kind, bar=BAR, **{field: value})

    assert isinstance(frame.message, Malformed)
    assert frame.event_id is None


@pytest.mark.parametrize("kind", ["trade_bust", "", "candle ", "Candle"])
def test_F6_an_unknown_type_keeps_its_id_and_its_bytes(kind: str) -> None:
    raw = json.dumps({"type": kind, "event_id": "e9", "more": [1, 2]}).encode()

    assert Frame(Unknown(kind, raw), "e9") == decode(raw)


def test_F6_an_unknown_type_in_text_keeps_bytes_too() -> None:
    assert Frame(Unknown("new", b'{"type":"new"}')) == decode('{"type":"new"}')


FULL = json.dumps({"type": "candle", "event_id": "e1", "bar": BAR}).encode()
NOT_JSON = {
    "empty": b"",
    "blank": b"  \n",
    "word": b"hello",
    "null": b"null",
    "list": b"[]",
    "number": b"5",
    "string": b'"candle"',
    "binary": bytes(range(256)),
    "bad-utf8-in-a-read-field": b'{"type":"error","code":"\xff","message":"m"}',
    "bad-utf8-in-an-unread-field": b'{"type":"pong","event_id":"e1","junk":"\xff\xfe"}',
    "bad-utf8-with-unknown-type": b'{"type":"new","event_id":"e1","junk":"\xc3"}',
    "byte-order-mark": b"\xef\xbb\xbf" + FULL,
    "lone-surrogate": b'{"type":"pong","event_id":"\\ud800"}',
    "deep-list": b"[" * 100_000,
    "deep-object": b'{"a":' * 100_000,
    "deep-unread-field": b'{"type":"pong","a":' + b"[" * 100_000,
    "two-objects": FULL + FULL,
    "trailing-comma": b'{"type":"pong",}',
    "single-quotes": b"{'type':'pong'}",
    "nan": b'{"type":"candle","volume":NaN}',
}


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_F1_F2_what_is_not_one_json_object_is_malformed_without_an_id(raw: bytes) -> None:
    frame = decode(raw)

    assert isinstance(frame.message, Malformed)
    assert raw[:MALFORMED_BYTES] == frame.message.raw
    assert frame.message.reason
    assert frame.event_id is None


@pytest.mark.parametrize("text", ['{"type":"pong","a":"\ud800"}', "\ufeff{}", "ü" * 1000])
def test_F1_text_that_cannot_be_read_is_malformed_and_cut(text: str) -> None:
    frame = decode(text)

    assert isinstance(frame.message, Malformed)
    assert len(frame.message.raw) <= MALFORMED_BYTES


@pytest.mark.parametrize("length", range(len(FULL)))
def test_F16_a_truncated_frame_is_never_given_an_id(length: int) -> None:
    frame = decode(FULL[:length])

    assert isinstance(frame.message, Malformed)
    assert frame.event_id is None


def test_F2_a_number_of_5000_digits_is_malformed_where_it_is_read() -> None:
    raw = b'{"type":"financing","event_id":"e1","symbol":"X","amount":%s}' % (b"9" * 5000)

    assert "significant digits" in reason(decode(raw)) or "out of bounds" in reason(decode(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":1,"event_id":"e1"}',
        b'{"event_id":"e1"}',
        b'{"type":null,"event_id":"e1"}',
        b'{"type":"a\\nb","event_id":"e1"}',
        b'{"type":"%s","event_id":"e1"}' % (b"x" * 1000),
        b'{"type":"candle","event_id":"e1"}',
        b'{"type":"order","event_id":"e1","event":"ORDER_FILLED"}',
    ],
    ids=["number", "missing", "null", "control", "long", "empty-candle", "no-order"],
)
def test_an_object_that_makes_no_frame_is_malformed_but_keeps_its_id(raw: bytes) -> None:
    frame = decode(raw)

    assert isinstance(frame.message, Malformed)
    assert frame.event_id == "e1"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"open": "NaN"}, "open must be a price above zero"),
        ({"high": "Infinity"}, "high must be a price above zero"),
        ({"low": "-9"}, "low must be a price above zero"),
        ({"low": "0"}, "low must be a price above zero"),
        ({"close": 1e300}, "close must be a price above zero"),
        ({"low": "1e-400"}, "low must be a price above zero"),
        ({"close": "1E+5000000"}, "out of range"),
        ({"high": "8"}, "high must not be below low"),
        ({"close": "12.5"}, "close must lie between"),
        ({"open": "8.99"}, "open must lie between"),
        ({"volume": "-1"}, "volume must be zero or more"),
        ({"volume": "NaN"}, "volume must be zero or more"),
        ({"timeframe": "7m"}, "timeframe must be one of"),
        ({"symbol": ""}, "symbol"),
        ({"open": None}, "open"),
        ({"open": True}, "open"),
        ({"open": ""}, "open"),
        ({"open": "ten"}, "open"),
        ({"timestamp": "yesterday"}, "RFC 3339"),
        ({"timestamp": 10**18}, "years 1 to 9999"),
        ({"timestamp": "0001-01-01T00:00:00+05:00"}, "years 1 to 9999"),
        ({"timestamp": 1.5}, "timestamp"),
    ],
    ids=str,
)
def test_F7_a_candle_that_makes_no_sense_is_malformed_and_says_why(
    change: dict[str, object], complaint: str
) -> None:
    frame = candle(**change)

    assert complaint in reason(frame)
    assert frame.event_id == "e1"


@pytest.mark.parametrize("field", BAR)
def test_a_bar_without_one_of_its_fields_is_malformed(field: str) -> None:
    bar = {name: value for name, value in BAR.items() if name != field}

    assert field in reason(read(type="candle", bar=bar))


FLAT = {
    "symbol": "S:AAPL",
    "timeframe": "5m",
    "timestamp": START,
    "open": "10",
    "high": "12",
    "low": "9",
    "close": "11",
    "volume": 100.0,
}


@pytest.mark.parametrize("field", FLAT)
def test_a_flat_candle_without_one_of_its_fields_is_malformed(field: str) -> None:
    flat = {name: value for name, value in FLAT.items() if name != field}

    assert "must have" in reason(read(type="candle", **flat))


def test_a_flat_candle_names_the_start_of_the_candle_not_the_clock_of_the_sender() -> None:
    frame = read(type="candle", event_id="e1", **FLAT)

    assert isinstance(frame.message, Candle)
    assert (frame.message.time, frame.timestamp) == (START, None)


def test_reasons_say_was_and_stay_short() -> None:
    text = reason(candle(open={"deep": "x" * 1000}, high=[1]))
    long = reason(candle(timeframe="x" * 10_000))

    assert ", was " in text
    assert ", got " not in text
    assert len(long) <= 200


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("created", "ORDER_CREATED"),
        ("partial_fill", "ORDER_PARTIALLY_FILLED"),
        ("filled", "ORDER_FILLED"),
        ("cancelled", "ORDER_CANCELLED"),
        ("rejected", "ORDER_REJECTED"),
        ("expired", "ORDER_EXPIRED"),
        ("BRACKET_ORDER_CREATED", "BRACKET_ORDER_CREATED"),
        ("SOMETHING_NEW", "SOMETHING_NEW"),
    ],
)
def test_order_events_of_both_dialects_are_normalised_and_stay_an_open_set(
    event: str, expected: str
) -> None:
    order = {
        "id": "o-1",
        "symbol": "X",
        "side": "buy",
        "order_type": "market",
        "quantity": "1",
        "filled_quantity": "0",
        "price": "0",
        "status": "open",
        "created_at": START,
    }

    message = read(type="order", event=event, order=order).message

    assert isinstance(message, OrderUpdate)
    assert expected == message.event


def test_raw_trade_position_and_account_frames_get_their_normalised_events() -> None:
    amounts = dict.fromkeys(
        ("balance", "equity", "margin_used", "margin_available", "unrealized_pnl"), "1"
    )
    common = {"id": "1", "symbol": "X", "quantity": "1"}
    trade = {**common, "order_id": "o", "side": "sell", "price": "2", "commission": "0"}
    position = {**common, "side": "short", "avg_entry_price": "2", "current_price": "2"}

    messages = [
        read(type="trade", trade={**trade, "timestamp": START}).message,
        read(type="position", position={**position, "unrealized_pnl": "0"}).message,
        read(type="account", event="margin_call", account=amounts).message,
    ]

    assert isinstance(messages[0], TradeUpdate)
    assert isinstance(messages[1], PositionUpdate)
    assert isinstance(messages[2], AccountUpdate)
    assert [message.event for message in messages] == [  # type: ignore[union-attr]
        "TRADE_FILLED",
        "POSITION_MODIFIED",
        "MARGIN_CALL",
    ]


def test_X12_an_enormous_exponent_is_refused_before_it_is_ever_formatted() -> None:
    for text in ('"1E+5000000"', "1E+5000000", '"1E-5000000"'):
        frame = decode(f'{{"type":"financing","event_id":"e1","symbol":"X","amount":{text}}}')

        assert "amount" in reason(frame)
        assert "bounds" in reason(frame)


def test_X12_a_zero_with_an_enormous_exponent_is_just_zero() -> None:
    message = decode('{"type":"financing","symbol":"X","amount":"0E-5000000"}').message

    assert Decimal(0) == message.amount  # type: ignore[union-attr]
    assert len(str(message.amount)) == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "value", ['"1735828262417"', "1735828262417.5", "1e12", "-1", "true", "[]"]
)
def test_A8_an_ack_whose_timestamp_is_no_whole_number_is_malformed(value: str) -> None:
    raw = '{"type":"event_ack","correlation_id":"c","events_processed":["a"],"timestamp":%s}'

    assert "timestamp must be whole milliseconds" in reason(decode(raw % value))


def test_an_ack_is_read_with_or_without_its_timestamp() -> None:
    raw = '{"type":"event_ack","correlation_id":"c","events_processed":["a","b"]%s}'

    assert EventAck("c", ("a", "b"), None) == decode(raw % "").message
    assert EventAck("c", ("a", "b"), 17) == decode(raw % ',"timestamp":17').message


@pytest.mark.parametrize(
    "raw",
    [
        '{"type":"event_ack","events_processed":[]}',
        '{"type":"event_ack","correlation_id":"c"}',
        '{"type":"event_ack","correlation_id":"c","events_processed":[1]}',
        '{"type":"event_ack","correlation_id":"c","events_processed":"a"}',
    ],
)
def test_an_ack_of_another_shape_is_malformed(raw: str) -> None:
    assert reason(decode(raw))


def test_a_ping_may_lack_its_timestamp_and_a_pong_may_have_more() -> None:
    assert Frame(Ping()) == decode('{"type":"ping"}')
    assert Pong() == decode('{"type":"pong","timestamp":5,"extra":1}').message


def test_error_codes_are_an_open_set_and_details_are_any_json() -> None:
    frame = decode('{"type":"error","code":"NEW","message":"m","details":{"a":[1,null]}}')

    assert ErrorNotice("NEW", "m", {"a": [1, None]}) == frame.message
