from __future__ import annotations

from typing import Any

import pytest

from runner.transports.rejections import envelope_of, reason_of, rejection_of


@pytest.mark.parametrize(
    ("code", "details", "reason"),
    [
        ("ORDER_REJECTED", {"reject_reason": "REDUCE_ONLY_VIOLATED"}, "REDUCE_ONLY_VIOLATED"),
        ("ORDER_REJECTED", {"reject_code": "INSUFFICIENT_FUNDS"}, "INSUFFICIENT_BALANCE"),
        ("ORDER_REJECTED", {"reject_code": "INVALID_SYMBOL"}, "SYMBOL_NOT_TRADEABLE"),
        ("ORDER_REJECTED", {"reject_code": "insufficient_margin"}, "INSUFFICIENT_MARGIN"),
        ("ORDER_REJECTED", {"reject_code": "house_rule_7"}, "house_rule_7"),
        (
            "ORDER_REJECTED",
            {"reject_code": "INSUFFICIENT_FUNDS", "reject_reason": "INSUFFICIENT_MARGIN"},
            "INSUFFICIENT_MARGIN",
        ),
        ("ORDER_REJECTED", {"reject_code": 7}, "UNKNOWN"),
        ("ORDER_REJECTED", None, "UNKNOWN"),
        ("INVALID_VALUE", {"field": "quantity"}, "INVALID_QUANTITY"),
        ("INVALID_VALUE", {"field": "stop_price"}, "INVALID_PRICE"),
        ("INVALID_VALUE", {"field": "side"}, "UNKNOWN"),
        ("SYMBOL_NOT_FOUND", {"symbol": "X"}, "SYMBOL_NOT_TRADEABLE"),
        ("RATE_LIMITED", {}, "RATE_LIMITED"),
        ("RATE_LIMITED", ["no", "object"], "RATE_LIMITED"),
    ],
)
def test_the_reason_is_what_the_peer_named(code: str, details: Any, reason: str) -> None:
    assert reason_of(code, details) == reason


def test_an_envelope_becomes_a_rejection() -> None:
    body = b'{"code":"ORDER_REJECTED","message":"no money","details":{"reject_code":"X"}}'

    rejection = rejection_of(422, body)

    assert (rejection.status, rejection.code, rejection.message) == (
        422,
        "ORDER_REJECTED",
        "no money",
    )
    assert rejection.details == {"reject_code": "X"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the peer answered HTTP 400"),
        (b"Failed to deserialize query string", "Failed to deserialize query string"),
        (b"\xff" * 5000, "�" * 200),
        (b'{"message":1}', '{"message":1}'),
    ],
    ids=["empty", "plain text", "bytes", "not an envelope"],
)
def test_what_is_no_envelope_still_says_something(body: bytes, message: str) -> None:
    envelope = envelope_of(400, body)

    assert envelope.code == "HTTP_400"
    assert envelope.message == message
