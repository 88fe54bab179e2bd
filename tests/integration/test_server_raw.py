"""The raw dialect over real sockets: frames, REST, errors, and whole runs through a raw client."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from websockets.sync.client import ClientConnection

from runner.engine.data import open_data
from runner.engine.server import DIALECTS, EngineServer, Guard, SessionRules
from runner.engine.server.interfaces import RAW as RAW_INTERFACE
from runner.engine.server.openapi import document
from runner.errors import ConfigError
from runner.protocol.codec import decode
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import BacktestComplete, Candle, Malformed, Unknown
from runner.protocol.subscriptions import parse_subscriptions
from runner.strategy.loader import load_strategy
from tests.golden.test_strategies import PROJECT
from tests.helpers import run_strategy, series, set_up
from tests.integration.engine_process import EngineThread, engine, factory, receive
from tests.integration.raw_client import (
    RawClient,
    account_of,
    order_of,
    position_of,
    trade_of,
)
from tests.integration.test_server_stream import closed_with, is_silent, refusal

RAW = SessionRules(dialect=DIALECTS["raw"])
BUY = {
    "symbol": "S:AAPL",
    "side": "buy",
    "order_type": "market",
    "quantity": "10",
    "limit_price": None,
    "stop_price": None,
    "client_order_id": "one",
    "position_id": None,
    "reduce_only": False,
    "time_in_force": "gtc",
}
"""An order as a gateway sends it: every option it leaves out is null."""
DAY_1 = 1_704_067_200_000
DAY_2 = DAY_1 + 86_400_000


def acknowledge(websocket: ClientConnection, *frames: Any) -> None:
    ids = [one["event_id"] for one in frames]
    websocket.send(
        json.dumps({"type": "event_ack", "correlation_id": "c", "events_processed": ids})
    )


def play(websocket: ClientConnection) -> list[Any]:
    frames = []
    while not frames or frames[-1]["type"] != "backtest_complete":
        frames.append(receive(websocket))
        acknowledge(websocket, frames[-1])
    return frames


# Frames


def test_frames_are_flat_and_every_one_has_an_id_and_none_is_about_the_connection() -> None:
    with engine(series(1.0, 2.5), rules=RAW) as running:
        running.request("POST", "/api/v1/orders", BUY)
        with running.websocket("/ws") as websocket:
            frames = play(websocket)
            assert closed_with(websocket) == (1000, "backtest complete")

    order = {
        "id": "o-1",
        "client_order_id": "one",
        "symbol": "S:AAPL",
        "side": "buy",
        "order_type": "market",
        "quantity": "10",
        "price": "0",
        "time_in_force": "gtc",
        "created_at": DAY_1,
    }
    position = frames[3].pop("position")
    order_id = frames[0]["order"]["id"]
    assert frames == [
        {
            "type": "order",
            "event_id": "evt-1",
            "event": "created",
            "order": {**order, "id": order_id, "filled_quantity": "0", "status": "open"},
        },
        {
            "type": "order",
            "event_id": "evt-2",
            "event": "filled",
            "order": {
                **order,
                "id": order_id,
                "filled_quantity": "10",
                "average_fill_price": "1",
                "status": "filled",
                "executed_at": frames[1]["order"]["executed_at"],
            },
        },
        {
            "type": "trade",
            "event_id": "evt-3",
            "trade": {
                "id": frames[2]["trade"]["id"],
                "order_id": order_id,
                "symbol": "S:AAPL",
                "side": "buy",
                "quantity": "10",
                "price": "1",
                "commission": "0",
                "timestamp": frames[1]["order"]["executed_at"],
            },
        },
        {"type": "position", "event_id": "evt-4"},
        {
            "type": "account",
            "event_id": "evt-5",
            "event": "balance_updated",
            "account": frames[4]["account"],
        },
        candle("evt-6", DAY_1, "1"),
        candle("evt-7", DAY_2, "2.5"),
        {"type": "backtest_complete", "event_id": "evt-8"},
    ]
    assert sorted(position) == [
        "avg_entry_price",
        "current_price",
        "id",
        "quantity",
        "side",
        "symbol",
        "unrealized_pnl",
    ]
    assert (position["side"], position["quantity"]) == ("long", "10")


def candle(event_id: str, start: int, price: str) -> dict[str, Any]:
    return {
        "type": "candle",
        "event_id": event_id,
        "symbol": "S:AAPL",
        "timeframe": "1d",
        "timestamp": start,
        **dict.fromkeys(("open", "high", "low", "close"), price),
        "volume": 1000.0,
    }


def test_every_frame_is_read_back_by_the_codec() -> None:
    with engine(series(1.0, 2.0), rules=RAW) as running:
        running.request("POST", "/api/v1/orders", BUY)
        with running.websocket("/ws") as websocket:
            read = [decode(json.dumps(frame)) for frame in play(websocket)]

    assert not [one for one in read if isinstance(one.message, Malformed | Unknown)]
    assert isinstance(read[-1].message, BacktestComplete)
    assert [one.message.close for one in read if isinstance(one.message, Candle)] == [1.0, 2.0]


def test_a_clients_ping_is_answered_with_pong_and_the_server_sends_none() -> None:
    with engine(series(1.0), rules=RAW, ping_seconds=0.02) as running:
        with running.websocket("/ws") as websocket:
            receive(websocket)
            assert is_silent(websocket)
            websocket.send('{"type":"ping","timestamp":1700000000000}')
            assert receive(websocket) == {"type": "pong"}
        with running.websocket(url=running.server.rest_url.replace("http", "ws") + "/ws") as other:
            assert receive(other)["type"] == "candle"


def test_stopping_closes_with_1001_without_a_frame() -> None:
    with engine(series(1.0), rules=RAW) as running, running.websocket() as websocket:
        receive(websocket)
        running.ask_to_stop()

        assert closed_with(websocket) == (1001, "engine shutting down")


def test_a_kept_run_is_named_in_the_answer_to_the_upgrade() -> None:
    rules = SessionRules(dialect=DIALECTS["raw"], resume_seconds=60.0)

    with engine(series(1.0), rules=rules) as running, running.websocket("/ws") as old:
        first = receive(old)
        assert old.response is not None
        run_id = old.response.headers["Run-Id"]
        with running.websocket(f"/ws?run_id={run_id}") as websocket:
            assert receive(websocket) == first


# REST


def test_the_objects_of_rest_are_those_of_the_frames_and_lists_stand_under_their_name() -> None:
    with engine(series(10.0, 11.0), rules=RAW) as running, running.websocket("/ws") as websocket:
        status, handle = running.request("POST", "/api/v1/orders", BUY)
        first = [receive(websocket), receive(websocket)]
        acknowledge(websocket, *first)
        frames = {one["type"]: one for one in (receive(websocket) for _ in range(5))}

        assert (status, handle) == (
            200,
            {"id": handle["id"], "client_order_id": "one", "status": "open"},
        )
        order = running.get(f"/api/v1/orders/{handle['id']}")
        trades = running.get(f"/api/v1/trades?order_id={handle['id']}")
        assert order == frames["order"]["order"]
        assert trades == {"trades": [frames["trade"]["trade"]]}
        assert order_of(order).status is OrderStatus.FILLED
        assert trade_of(trades["trades"][0]).quantity == 10
        for status_filter in ("FILLED,CANCELLED", "filled"):
            assert running.get(f"/api/v1/orders?status={status_filter}") == {"orders": [order]}
        assert running.get("/api/v1/orders") == {"orders": []}
        positions = running.get("/api/v1/positions?symbol=S:AAPL")["positions"]
        assert [position_of(one).signed_quantity for one in positions] == [10]
        assert running.get("/api/v1/positions?symbol=S:MSFT") == {"positions": []}
        account = running.get("/api/v1/account")
        assert account_of(account).equity == account_of(frames["account"]["account"]).equity
        assert (account["realized_pnl"], account["total_commission"]) == ("0", "0")


def test_bars_and_quotes_are_those_of_what_has_happened() -> None:
    with (
        engine(series(10.0, 11.5, 12.0), rules=RAW) as running,
        running.websocket("/ws") as websocket,
    ):
        acknowledge(websocket, receive(websocket))
        receive(websocket)

        quote = running.get("/api/v1/quote?symbol=S:AAPL")
        bars = running.get("/api/v1/bars?symbol=S:AAPL&timeframe=1d&count=1")
        both = running.get("/api/v1/bars?symbol=S:AAPL&timeframe=1d")["bars"]

    assert quote == {
        "symbol": "S:AAPL",
        "bid": "11.5",
        "ask": "11.5",
        "timestamp": DAY_2 + 86_400_000,
    }
    assert bars == {
        "bars": [
            {
                "timestamp": DAY_2,
                **dict.fromkeys(("open", "high", "low", "close"), "11.5"),
                "volume": 1000.0,
            }
        ]
    }
    assert [one["timestamp"] for one in both] == [DAY_1, DAY_2]


def test_orders_are_cancelled_one_by_one_and_all_together() -> None:
    limit = {**BUY, "order_type": "limit", "limit_price": "1"}

    with engine(series(10.0), rules=RAW) as running:
        ids = [
            running.request("POST", "/api/v1/orders", {**limit, "client_order_id": name})[1]["id"]
            for name in ("a", "b", "c")
        ]
        once = running.delete(f"/api/v1/orders/{ids[0]}")
        twice = running.delete(f"/api/v1/orders/{ids[0]}")
        cancelled = order_of(running.get(f"/api/v1/orders/{ids[0]}"))
        rest = running.request("DELETE", "/api/v1/orders?symbol=S:AAPL")

    assert once == twice == (204, b"")
    assert cancelled.status is OrderStatus.CANCELLED
    assert rest == (200, {"cancelled_count": 2, "failed_count": 0})


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/orders/none", None, 404, "ORDER_NOT_FOUND"),
        ("DELETE", "/api/v1/orders/none", None, 404, "ORDER_NOT_FOUND"),
        ("GET", "/api/v1/quote", None, 400, "INVALID_REQUEST"),
        ("GET", "/api/v1/quote?symbol=S:NONE", None, 404, "SYMBOL_NOT_FOUND"),
        ("GET", "/api/v1/bars?symbol=S:AAPL", None, 400, "INVALID_REQUEST"),
        ("GET", "/api/v1/bars?symbol=S:AAPL&timeframe=1m", None, 400, "INVALID_VALUE"),
        ("GET", "/v1/account", None, 404, "NOT_FOUND"),
        ("PATCH", "/api/v1/orders/o-1", {}, 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/api/v1/orders", b"x", 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("POST", "/api/v1/orders", {}, 400, "INVALID_REQUEST"),
        ("POST", "/api/v1/orders", {**BUY, "side": "up"}, 400, "INVALID_REQUEST"),
        ("POST", "/api/v1/orders", {**BUY, "time_in_force": "fok"}, 400, "INVALID_VALUE"),
        ("POST", "/api/v1/orders", {**BUY, "time_in_force": "day"}, 400, "INVALID_VALUE"),
        (
            "POST",
            "/api/v1/orders",
            {**BUY, "order_type": "trailing_stop", "trailing_distance": "1"},
            400,
            "INVALID_VALUE",
        ),
    ],
)
def test_an_error_stands_under_error_with_its_code(
    method: str, path: str, body: Any, status: int, code: str
) -> None:
    with engine(series(10.0), rules=RAW) as running:
        was, answer = running.request(method, path, body)

    assert (was, list(answer), answer["error"]["code"]) == (status, ["error"], code)
    assert list(answer["error"]) == ["code", "message", "details"]


def test_a_rejection_names_its_reason_in_the_words_of_the_dialect() -> None:
    with engine(series(10.0, 11.0), rules=RAW) as running, running.websocket("/ws") as websocket:
        receive(websocket)
        status, answer = running.request("POST", "/api/v1/orders", {**BUY, "quantity": "1000000"})

    assert (status, answer["error"]["code"]) == (422, "ORDER_REJECTED")
    assert answer["error"]["details"]["reject_reason"] == "insufficient_margin"


def test_a_refused_upgrade_and_a_missing_token_are_told_in_the_same_envelope() -> None:
    with engine(series(1.0), guard=Guard(token="key"), rules=RAW) as running:
        status, answer = running.request("GET", "/api/v1/account")
        health, _ = running.request("GET", "/health")

        assert (status, answer["error"]["code"]) == (401, "UNAUTHORIZED")
        assert refusal(running)[1]["error"]["code"] == "UNAUTHORIZED"
        assert health == 200


# Whole runs


def fills(exchange: Any) -> list[Any]:
    return [
        (one.symbol, one.side, one.quantity, one.price, one.timestamp, one.commission)
        for one in exchange.trades
    ]


def served_fills(running: EngineThread) -> list[Any]:
    return fills(running.server.exchange)


@pytest.mark.parametrize("name", ["sma_cross", "rsi_reversion", "breakout"])
def test_an_example_has_the_same_fills_through_a_raw_client_as_in_process(name: str) -> None:
    strategy = load_strategy(f"strategies/{name}.py", cwd=PROJECT)
    wanted = [one.symbol for one in parse_subscriptions(",".join(strategy.default_subscriptions))]
    data = open_data("sample", wanted, start_ms=1_262_304_000_000)
    embedded = run_strategy(strategy, data)

    with engine(*data, rules=RAW, once=True) as running:
        with running.websocket("/ws") as websocket:
            client = RawClient(running, websocket)
            ending = client.run(set_up(strategy, symbols=tuple(dict.fromkeys(wanted))))
            assert closed_with(websocket)[0] == 1000
        wired = served_fills(running)

    assert (ending.why, ending.confirmed) == ("complete", True)
    assert len(wired) > 3
    assert wired == fills(embedded.exchange)


def test_an_account_in_another_currency_is_refused_at_the_start() -> None:
    make = factory(series(1.0), currency="EUR")
    with pytest.raises(ConfigError) as caught:
        EngineServer(make, rules=RAW)

    assert (caught.value.id, caught.value.exit_code) == ("E376", 3)
    assert "was EUR" in caught.value.what


def test_an_account_in_another_currency_is_served_in_the_normalised_dialect() -> None:
    with engine(series(1.0), exchange={"currency": "EUR"}) as running:
        assert running.get("/v1/account")["currency"] == "EUR"


# The description


def test_every_endpoint_is_described_and_every_described_one_is_served() -> None:
    with engine(series(1.0), rules=RAW) as running:
        described = running.get("/openapi.json")
        assert described == document("", ["S:AAPL"], RAW_INTERFACE)
        for path, methods in described["paths"].items():
            for method in methods:
                place = path.replace("{order_id}", "o-1")
                status, _ = running.request(method.upper(), place) if path in JSON else (200, {})
                assert status not in (405, 500), (method, path)
        assert not any(path.startswith("/v1") for path in described["paths"])


@pytest.mark.parametrize("body", [BUY, BUY | {"order_type": "limit", "limit_price": "5"}])
def test_what_is_sent_and_answered_fits_the_description(body: Any) -> None:
    with engine(series(1.0, 2.0, 3.0), rules=RAW) as running, running.websocket("/ws") as websocket:
        schemas = running.get("/openapi.json")["components"]["schemas"]
        first = receive(websocket)
        checked(schemas, "SubmitOrder", body)
        status, handle = running.request("POST", "/api/v1/orders", body)
        assert status == 200
        checked(schemas, "OrderHandle", handle)
        checked(schemas, "Order", running.get(f"/api/v1/orders/{handle['id']}"))
        acknowledge(websocket, first, receive(websocket))
        while receive(websocket)["type"] != "candle":
            pass
        for name in ("Orders", "Trades", "Positions", "Account"):
            checked(schemas, name, running.get(f"/api/v1/{name.lower()}"))
        checked(schemas, "Quote", running.get("/api/v1/quote?symbol=S:AAPL"))
        checked(schemas, "Bars", running.get("/api/v1/bars?symbol=S:AAPL&timeframe=1d"))
        refused = running.request(
            "POST", "/api/v1/orders", body | {"quantity": "-1", "client_order_id": "two"}
        )[1]
        checked(schemas, "ApiError", refused)


@pytest.mark.parametrize(
    "change",
    [
        {"order_type": "limit"},
        {"limit_price": "5"},
        {"order_type": "trailing_stop"},
        {"side": "BUY"},
        {"symbol": "S:IBM"},
    ],
    ids=str,
)
def test_what_the_dialect_does_not_take_does_not_fit_the_description(change: Any) -> None:
    schemas = document("", ["S:AAPL"], RAW_INTERFACE)["components"]["schemas"]
    with pytest.raises(jsonschema.ValidationError):
        checked(schemas, "SubmitOrder", BUY | change)


JSON = (
    "/livez", "/readyz", "/health", "/api/v1/account", "/api/v1/orders", "/api/v1/trades",
    "/api/v1/positions", "/api/v1/quote", "/api/v1/bars",
)  # fmt: skip


def checked(schemas: Any, name: str, value: Any) -> None:
    """Hold a value against one of the document's schemas."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)
