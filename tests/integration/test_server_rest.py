"""Every REST endpoint of the engine over real sockets, with its filters and its refusals."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import ClientConnection

from runner.engine.costs import Spread
from runner.engine.feed import Feed
from tests.helpers import AAPL, MSFT, quoted, series
from tests.integration.engine_process import ORDER, EngineThread, acknowledge, engine, receive

LIMIT = {**ORDER, "order_type": "LIMIT", "limit_price": "1.5"}
CLOSES = (100.0, 101.0, 102.0, 103.0)


@pytest.fixture
def running() -> Iterator[EngineThread]:
    with engine(series(*CLOSES), series(*CLOSES, symbol=MSFT), version="1.2.3") as one:
        yield one


@pytest.fixture
def stream(running: EngineThread) -> Iterator[ClientConnection]:
    """A strategy that has received the first step: the candles of the first day."""
    with running.websocket() as websocket:
        for _ in range(3):
            receive(websocket)
        yield websocket


def step(websocket: ClientConnection, frames: int, upto: int) -> list[Any]:
    """Acknowledge `evt-1` to `evt-<upto>` and return the next `frames` frames."""
    acknowledge(websocket, *[{"event_id": f"evt-{n}"} for n in range(1, upto + 1)])
    return [receive(websocket) for _ in range(frames)]


def filled(running: EngineThread, stream: ClientConnection) -> dict[str, Any]:
    """Buy ten at the open of the second day and return the order."""
    _, handle = running.request("POST", "/v1/orders", {**ORDER, "client_order_id": "buy-1"})
    receive(stream)
    step(stream, frames=6, upto=3)
    order: dict[str, Any] = running.get(f"/v1/orders/{handle['id']}")
    return order


# Health


def test_livez_says_ok(running: EngineThread) -> None:
    assert running.get("/livez") == {"status": "ok"}


def test_readyz_says_ready(running: EngineThread) -> None:
    assert running.get("/readyz") == {
        "ready": True,
        "providers": ["embedded"],
        "provider_count": 1,
    }


def test_health_names_version_and_provider(running: EngineThread) -> None:
    assert running.get("/health") == {
        "status": "connected",
        "version": "1.2.3",
        "git_sha": "unknown",
        "providers": [{"platform": "embedded", "connected": True}],
    }


# Before a strategy is connected


def test_state_can_be_read_before_a_strategy_connects(running: EngineThread) -> None:
    assert running.get("/v1/account") == {
        "balance": "100000",
        "equity": "100000",
        "margin_used": "0",
        "margin_available": "100000",
        "unrealized_pnl": "0",
        "currency": "USD",
    }
    assert running.get("/v1/positions") == []
    assert running.get("/v1/orders") == []
    assert running.get("/v1/orders/history") == []
    assert running.get("/v1/trades") == []


def test_what_is_read_before_connecting_is_the_exchange_of_the_run(running: EngineThread) -> None:
    running.request("POST", "/v1/orders", LIMIT)

    with running.websocket() as websocket:
        assert [receive(websocket)["type"], receive(websocket)["type"]] == ["connection", "order"]
        assert len(running.get("/v1/orders")) == 1


# POST /v1/orders


def test_an_accepted_order_is_answered_201_with_its_handle(running: EngineThread) -> None:
    status, handle = running.request("POST", "/v1/orders", {**ORDER, "client_order_id": "x-1"})

    assert (status, handle) == (201, {"id": "o-1", "status": "OPEN", "client_order_id": "x-1"})


def test_the_same_client_order_id_again_is_the_same_order(running: EngineThread) -> None:
    first = running.request("POST", "/v1/orders", {**ORDER, "client_order_id": "x-1"})
    second = running.request("POST", "/v1/orders", {**ORDER, "client_order_id": "x-1"})

    assert first == second
    assert len(running.get("/v1/orders")) == 1


@pytest.mark.parametrize(
    ("body", "status", "code", "details"),
    [
        ({"symbol": "S:AAPL"}, 400, "INVALID_REQUEST", None),
        ({**ORDER, "quantity": "0"}, 400, "VALIDATION_ERROR", {"field": "quantity"}),
        ({**ORDER, "quantity": "many"}, 400, "INVALID_REQUEST", {"field": "quantity"}),
        ({**ORDER, "symbol": "S" * 21}, 400, "VALIDATION_ERROR", {"field": "symbol"}),
        ({**ORDER, "side": "LONG"}, 400, "INVALID_REQUEST", {"field": "side"}),
        ({**ORDER, "order_type": "LIMIT"}, 400, "INVALID_REQUEST", {"field": "limit_price"}),
        (
            {**ORDER, "limit_price": "5"},
            400,
            "INVALID_VALUE",
            {"field": "limit_price", "provided": "5"},
        ),
        (
            {**ORDER, "leverage": "5"},
            400,
            "INVALID_VALUE",
            {"field": "leverage", "provided": "5"},
        ),
        (
            {**ORDER, "symbol": "S:NONE"},
            422,
            "ORDER_REJECTED",
            {"reject_code": "INVALID_SYMBOL", "reject_reason": "SYMBOL_NOT_TRADEABLE"},
        ),
        (
            {**LIMIT, "quantity": "1000000"},
            422,
            "ORDER_REJECTED",
            {"reject_code": "INSUFFICIENT_FUNDS", "reject_reason": "INSUFFICIENT_MARGIN"},
        ),
        (
            {**ORDER, "reduce_only": True},
            422,
            "ORDER_REJECTED",
            {"reject_reason": "REDUCE_ONLY_VIOLATED"},
        ),
    ],
    ids=[
        "incomplete",
        "zero_quantity",
        "text_quantity",
        "long_symbol",
        "unknown_side",
        "missing_price",
        "superfluous_price",
        "unknown_to_us",
        "unknown_symbol",
        "too_expensive",
        "nothing_to_reduce",
    ],
)
def test_a_refused_order_is_answered_with_the_envelope(
    running: EngineThread, body: Any, status: int, code: str, details: dict[str, str] | None
) -> None:
    answer = running.request("POST", "/v1/orders", body)

    assert (answer[0], answer[1]["code"]) == (status, code)
    assert answer[1]["message"]
    assert (details or {}).items() <= (answer[1].get("details") or {}).items()
    assert running.get("/v1/orders") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 60_000], ids=repr)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_body_that_is_no_json_object_is_answered_400(
    running: EngineThread, method: str, body: bytes
) -> None:
    path = "/v1/orders" if method == "POST" else "/v1/orders/o-1"
    status, answer = running.request(
        method, path, body, headers={"Content-Type": "application/json"}
    )

    assert (status, answer["code"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_X6_what_a_web_page_may_send_unasked_is_answered_415(
    running: EngineThread, method: str, content_type: str | None
) -> None:
    path = "/v1/orders" if method == "POST" else "/v1/orders/o-1"
    headers = {} if content_type is None else {"Content-Type": content_type}
    status, answer = running.request(method, path, b'{"quantity":"1"}', headers=headers)

    assert (status, answer["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert running.get("/v1/orders") == []


def test_a_content_type_may_name_its_charset(running: EngineThread) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}

    assert running.request("POST", "/v1/orders", ORDER, headers=headers)[0] == 201


def test_X7_a_body_beyond_the_limit_is_answered_400(running: EngineThread) -> None:
    status, answer = running.request(
        "POST", "/v1/orders", {**ORDER, "client_order_id": "x" * 70_000}
    )

    assert (status, answer["code"]) == (400, "INVALID_REQUEST")
    assert running.get("/livez") == {"status": "ok"}


# GET /v1/orders and history


def test_open_orders_and_history_are_told_apart(
    running: EngineThread, stream: ClientConnection
) -> None:
    order = filled(running, stream)
    _, resting = running.request("POST", "/v1/orders", LIMIT)

    assert order["status"] == "FILLED"
    assert [one["id"] for one in running.get("/v1/orders")] == [resting["id"]]
    assert [one["id"] for one in running.get("/v1/orders/history")] == [order["id"]]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/orders?client_order_id=buy-1", []),
        ("/v1/orders/history?client_order_id=buy-1", ["o-1"]),
        ("/v1/orders?status=FILLED", ["o-1"]),
        ("/v1/orders?status=OPEN,FILLED", ["o-1", "o-2", "o-3"]),
        ("/v1/orders?symbol=S:MSFT", ["o-3"]),
        ("/v1/orders?symbol=S%3AMSFT", ["o-3"]),
        ("/v1/orders?limit=1", ["o-3"]),
        ("/v1/orders?side=SELL", []),
        ("/v1/orders?since=2024-01-02T00:00:00Z", ["o-2", "o-3"]),
        ("/v1/orders?since=2024-01-03T00:00:00%2B00:00", ["o-2", "o-3"]),
        ("/v1/orders?until=2024-01-02T00:00:00Z", []),
        ("/v1/orders/history?until=2024-01-03T00:00:00Z", ["o-1"]),
    ],
)
def test_orders_are_filtered_by_query(
    running: EngineThread, stream: ClientConnection, path: str, expected: list[str]
) -> None:
    filled(running, stream)
    running.request("POST", "/v1/orders", LIMIT)
    running.request("POST", "/v1/orders", {**LIMIT, "symbol": MSFT})

    assert [one["id"] for one in running.get(path)] == expected


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders?status=DONE",
        "/v1/orders?status=OPEN&status=FILLED",
        "/v1/orders/history?limit=0",
        "/v1/trades?since=now",
        "/v1/bars/S:AAPL",
        "/v1/bars/S:AAPL?timeframe=1d&start=2024",
    ],
)
def test_a_query_that_cannot_be_read_is_answered_400(running: EngineThread, path: str) -> None:
    status, answer = running.request("GET", path)

    assert (status, answer["code"]) == (400, "INVALID_REQUEST")


# One order


def test_an_order_is_shown_by_its_id_with_every_required_field(
    running: EngineThread, stream: ClientConnection
) -> None:
    assert filled(running, stream) == {
        "id": "o-1",
        "symbol": "S:AAPL",
        "side": "BUY",
        "order_type": "MARKET",
        "quantity": "10",
        "filled_quantity": "10",
        "remaining_quantity": "0",
        "status": "FILLED",
        "time_in_force": "GTC",
        "created_at": "2024-01-02T00:00:00Z",
        "updated_at": "2024-01-02T00:00:00Z",
        "client_order_id": "buy-1",
        "average_fill_price": "101",
    }


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("DELETE", None), ("PATCH", {})])
def test_an_unknown_order_is_answered_404(running: EngineThread, method: str, body: Any) -> None:
    status, answer = running.request(method, "/v1/orders/7b1c", body)

    assert status == 404
    assert answer == {
        "code": "ORDER_NOT_FOUND",
        "message": "Order not found: 7b1c",
        "details": {"resource": "order", "id": "7b1c"},
    }


def test_an_order_is_modified_and_the_strategy_is_told(
    running: EngineThread, stream: ClientConnection
) -> None:
    running.request("POST", "/v1/orders", LIMIT)
    receive(stream)
    status, result = running.request("PATCH", "/v1/orders/o-1", {"limit_price": "2.5"})

    assert (status, result["order"]["limit_price"]) == (200, "2.5")
    assert receive(stream)["event"] == "ORDER_MODIFIED"


def test_an_order_that_is_done_cannot_be_modified(
    running: EngineThread, stream: ClientConnection
) -> None:
    filled(running, stream)
    status, answer = running.request("PATCH", "/v1/orders/o-1", {"quantity": "5"})

    assert (status, answer["code"], answer["details"]) == (
        409,
        "ORDER_NOT_MODIFIABLE",
        {"order_id": "o-1"},
    )


def test_a_modification_that_makes_no_sense_is_answered_400(running: EngineThread) -> None:
    running.request("POST", "/v1/orders", LIMIT)
    status, answer = running.request("PATCH", "/v1/orders/o-1", {"quantity": "-5"})

    assert (status, answer["code"]) == (400, "INVALID_VALUE")


def test_an_order_is_cancelled_once(running: EngineThread, stream: ClientConnection) -> None:
    running.request("POST", "/v1/orders", LIMIT)
    receive(stream)
    first = running.request("DELETE", "/v1/orders/o-1")
    second = running.request("DELETE", "/v1/orders/o-1")

    assert (first[0], first[1]["success"], first[1]["order"]["status"]) == (200, True, "CANCELLED")
    assert (second[0], second[1]["success"]) == (200, False)
    assert receive(stream)["event"] == "ORDER_CANCELLED"


@pytest.mark.parametrize(
    ("query", "count", "left"), [("", 3, 0), ("?symbol=S:MSFT", 1, 2), ("?symbol=S:NONE", 0, 3)]
)
def test_all_orders_are_cancelled_or_those_of_one_symbol(
    running: EngineThread, query: str, count: int, left: int
) -> None:
    for symbol in ("S:AAPL", "S:AAPL", MSFT):
        running.request("POST", "/v1/orders", {**LIMIT, "symbol": symbol})
    answer = running.request("DELETE", f"/v1/orders{query}")

    assert answer == (200, {"cancelled_count": count, "failed_count": 0})
    assert len(running.get("/v1/orders")) == left


# Positions, account, trades


def test_a_fill_shows_in_account_positions_and_trades(
    running: EngineThread, stream: ClientConnection
) -> None:
    filled(running, stream)
    position = {
        "id": "p-1",
        "symbol": "S:AAPL",
        "side": "LONG",
        "quantity": "10",
        "average_entry_price": "101",
        "current_price": "101",
        "unrealized_pnl": "0",
        "realized_pnl": "0",
        "opened_at": "2024-01-02T00:00:00Z",
        "updated_at": "2024-01-02T00:00:00Z",
    }
    trade = {
        "id": "t-1",
        "order_id": "o-1",
        "symbol": "S:AAPL",
        "side": "BUY",
        "quantity": "10",
        "price": "101",
        "commission": "0",
        "commission_currency": "USD",
        "timestamp": "2024-01-02T00:00:00Z",
        "is_maker": False,
    }

    assert running.get("/v1/positions") == [position]
    assert running.get("/v1/positions?symbol=S:MSFT") == []
    assert running.get("/v1/positions/p-1") == position
    assert running.get("/v1/trades") == [trade]
    assert running.get("/v1/trades?order_id=o-1&symbol=S:AAPL&limit=5") == [trade]
    assert running.get("/v1/trades?until=2024-01-02T00:00:00Z") == []
    assert running.get("/v1/account")["margin_used"] == "1010"


def test_an_unknown_position_is_answered_404(running: EngineThread) -> None:
    status, answer = running.request("GET", "/v1/positions/p-9")

    assert (status, answer["code"]) == (404, "POSITION_NOT_FOUND")
    assert answer["details"] == {"resource": "position", "id": "p-9"}


# Market data


def test_bars_show_what_has_closed_and_nothing_later(
    running: EngineThread, stream: ClientConnection
) -> None:
    before = running.get("/v1/bars/S:AAPL?timeframe=1d")
    step(stream, frames=2, upto=2)
    after = running.get("/v1/bars/S%3AAAPL?timeframe=1d&limit=1")

    assert [one["timestamp"] for one in before] == ["2024-01-01T00:00:00Z"]
    assert after == [
        {
            "symbol": "S:AAPL",
            "provider": "embedded",
            "timeframe": "1d",
            "timestamp": "2024-01-02T00:00:00Z",
            "open": "101",
            "high": "101",
            "low": "101",
            "close": "101",
            "volume": "1000",
        }
    ]


def test_there_is_no_bar_and_no_quote_before_the_run_has_begun(running: EngineThread) -> None:
    assert running.get("/v1/bars/S:AAPL?timeframe=1d") == []
    assert running.request("GET", "/v1/quotes/S:AAPL")[0] == 404


def test_a_quote_is_the_last_close(running: EngineThread, stream: ClientConnection) -> None:
    assert running.get("/v1/quotes/S:AAPL") == {
        "symbol": "S:AAPL",
        "provider": "embedded",
        "bid": "100",
        "ask": "100",
        "last": "100",
        "timestamp": "2024-01-02T00:00:00Z",
    }


def test_bars_are_served_in_each_timeframe_and_only_what_has_closed() -> None:
    hours = series(*[100.0 + at for at in range(60)], timeframe="1h")
    feed = Feed.of([hours], [(AAPL, "4h"), (AAPL, "1d")])
    with engine(feed) as running, running.websocket() as client:
        assert receive(client)["type"] == "connection"
        for _ in range(7):
            frame = receive(client)
            acknowledge(client, frame)
        receive(client)

        day, four, hour = (
            running.get(f"/v1/bars/S:AAPL?timeframe={one}") for one in ("1d", "4h", "1h")
        )

    # Six candles of four hours and the first day have come, and then the first of the second day.
    assert frame["bar"]["timeframe"] == "1d"
    assert [one["close"] for one in day] == ["123"]
    assert [one["close"] for one in four] == ["103", "107", "111", "115", "119", "123", "127"]
    assert len(hour) == 28


def test_the_last_quote_is_the_one_that_came_over_the_stream() -> None:
    feed = Feed.of([series(100.0, 110.0)], [(AAPL, None)], quoted=[AAPL])
    spread = Spread(half_bps=Decimal(10))
    with engine(feed, exchange={"spread": spread}) as running, running.websocket() as client:
        assert receive(client)["type"] == "connection"
        assert receive(client)["type"] == "candle"
        frame = receive(client)

        answer = running.get("/v1/quotes/S:AAPL")

    assert (frame["type"], frame["event_id"]) == ("quote", "evt-2")
    assert frame["quote"] == {
        "symbol": "S:AAPL",
        "provider": "embedded",
        "bid": "99.9",
        "ask": "100.1",
        "last": "100",
        "timestamp": "2024-01-02T00:00:00Z",
    }
    assert answer == frame["quote"]


def test_a_quote_of_a_file_is_the_latest_one_with_its_sizes() -> None:
    feed = Feed([], quotes=[quoted((99.0, 101.0, 5.0, 7.5), (99.0, 102.0))])
    with engine(feed) as running, running.websocket() as client:
        assert receive(client)["type"] == "connection"
        frame = receive(client)
        answer = running.get("/v1/quotes/S:AAPL")
        bars, _ = running.request("GET", "/v1/bars/S:AAPL?timeframe=1d")

    assert frame["quote"] == answer
    assert answer == {
        "symbol": "S:AAPL",
        "provider": "embedded",
        "bid": "99",
        "bid_size": "5",
        "ask": "101",
        "ask_size": "7.5",
        "last": "100",
        "timestamp": "2024-01-01T00:00:00Z",
    }
    assert bars == 404


@pytest.mark.parametrize("path", ["/v1/quotes/S:NONE", "/v1/bars/S:NONE?timeframe=1d"])
def test_an_unknown_symbol_is_answered_404(running: EngineThread, path: str) -> None:
    status, answer = running.request("GET", path)

    assert (status, answer["code"], answer["details"]) == (
        404,
        "SYMBOL_NOT_FOUND",
        {"symbol": "S:NONE"},
    )


@pytest.mark.parametrize("timeframe", ["1h", "7m"])
def test_bars_of_a_timeframe_that_is_not_served_are_answered_400(
    running: EngineThread, timeframe: str
) -> None:
    status, answer = running.request("GET", f"/v1/bars/S:AAPL?timeframe={timeframe}")

    assert (status, answer["code"], answer["details"]) == (
        400,
        "INVALID_VALUE",
        {"field": "timeframe", "provided": timeframe},
    )


def test_a_symbol_with_a_slash_travels_percent_encoded() -> None:
    with engine(series(1.0, symbol="BTC/USD")) as running:
        assert running.get("/v1/bars/BTC%2FUSD?timeframe=1d") == []


# What there is not


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v2/account", 404, "NOT_FOUND"),
        ("GET", "/", 404, "NOT_FOUND"),
        ("PUT", "/v1/orders", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/v1/account", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_what_is_no_endpoint_is_answered_with_the_envelope(
    running: EngineThread, method: str, path: str, status: int, code: str
) -> None:
    answer = running.request(method, path)

    assert (answer[0], answer[1]["code"]) == (status, code)
    assert running.server.ws_url in answer[1]["message"]


def test_one_connection_serves_many_requests(running: EngineThread) -> None:
    connection = HTTPConnection(urlsplit(running.server.rest_url).netloc, timeout=5)
    for _ in range(3):
        connection.request("GET", "/livez")
        answer = connection.getresponse()
        answer.read()
        assert not answer.will_close
    connection.close()
