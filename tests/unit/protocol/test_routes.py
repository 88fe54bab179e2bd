"""The route table and the paths built from it."""

from __future__ import annotations

import pytest

from runner.protocol.routes import ERROR_STATUS, ROUTES, build_path


def test_every_endpoint_of_the_protocol_is_listed_once() -> None:
    endpoints = [(route.method, route.path) for route in ROUTES.values()]

    assert len(set(endpoints)) == len(endpoints) == 28


@pytest.mark.parametrize(
    ("name", "status"),
    [("submit_order", 201), ("close_position", 200), ("cancel_order", 200), ("websocket", 101)],
)
def test_success_has_the_status_of_the_protocol(name: str, status: int) -> None:
    assert status == ROUTES[name].status


def test_order_history_is_matched_before_an_order_of_that_name() -> None:
    names = list(ROUTES)

    assert names.index("list_order_history") < names.index("read_order")


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("S:AAPL", "S%3AAAPL"),
        ("BTC/USD", "BTC%2FUSD"),
        ("a b?c#d%", "a%20b%3Fc%23d%25"),
        ("../orders", "..%2Forders"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
        ("BRK.B", "BRK.B"),
    ],
)
def test_a_parameter_is_percent_encoded_as_one_segment(value: str, segment: str) -> None:
    assert f"/v1/quotes/{segment}" == build_path("read_quote", symbol=value)


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_parameter_that_would_change_the_path_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="order_id cannot stand in a path"):
        build_path("cancel_order", order_id=value)


def test_a_query_is_encoded_so_that_a_plus_survives() -> None:
    path = build_path("list_trades", query={"since": "2025-01-01T00:00:00+00:00", "symbol": "A&B"})

    assert path == "/v1/trades?since=2025-01-01T00%3A00%3A00%2B00%3A00&symbol=A%26B"


def test_no_query_leaves_no_question_mark() -> None:
    assert build_path("list_orders", query={}) == "/v1/orders"


def test_a_missing_parameter_and_an_unknown_one_are_refused() -> None:
    with pytest.raises(KeyError, match="order_id"):
        build_path("read_order")
    with pytest.raises(ValueError, match="no parameter symbol"):
        build_path("list_orders", symbol="X")


@pytest.mark.parametrize(
    ("code", "status"),
    [("VALIDATION_ERROR", 400), ("ORDER_NOT_FOUND", 404), ("ORDER_REJECTED", 422),
     ("RATE_LIMITED", 429), ("SHUTTING_DOWN", 503)],
)  # fmt: skip
def test_an_error_code_has_the_status_of_the_protocol(code: str, status: int) -> None:
    assert status == ERROR_STATUS[code]


def test_every_error_status_is_an_error() -> None:
    assert all(400 <= status < 600 for status in ERROR_STATUS.values())
