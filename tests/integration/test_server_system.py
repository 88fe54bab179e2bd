"""What the engine tells about itself: health, metrics, capabilities, breakers, its description."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest

from runner.engine.choices import PositionMode
from runner.engine.server import Guard
from runner.engine.server.openapi import document
from runner.engine.server.system import FEATURES
from runner.protocol.enums import OrderType
from tests.helpers import series
from tests.integration.engine_process import ORDER, EngineThread, engine, play

CLOSES = (100.0, 101.0, 102.0)
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def running() -> Iterator[EngineThread]:
    with engine(series(*CLOSES), version="1.2.3", guard=Guard(token=TOKEN)) as one:
        yield one


def fetch(running: EngineThread, path: str) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection(urlsplit(running.server.rest_url).netloc, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def metrics(running: EngineThread) -> dict[str, float]:
    _, text = fetch(running, "/metrics")
    samples = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in samples}


def test_metrics_follow_the_run() -> None:
    with engine(series(*CLOSES), version="1.2.3") as running:
        before = metrics(running)
        running.request("POST", "/v1/orders", ORDER)
        ordered = metrics(running)
        with running.websocket() as stream:
            play(stream)
        after = metrics(running)

    assert before['runner_engine_info{version="1.2.3"}'] == 1
    assert before["runner_engine_ready"] == 1
    assert (before["runner_engine_run_orders"], ordered["runner_engine_run_orders"]) == (0, 1)
    assert ordered["runner_engine_run_orders_working"] == 1
    assert before['runner_engine_runs_total{outcome="complete"}'] == 0
    assert after['runner_engine_runs_total{outcome="complete"}'] == 1
    # The next run stands ready: nothing of the last one is left in it.
    assert after["runner_engine_run_orders"] == after["runner_engine_run_events_sent"] == 0


def test_metrics_show_what_a_strategy_has_not_acknowledged() -> None:
    with engine(series(*CLOSES)) as running, running.websocket() as stream:
        stream.recv(timeout=5)
        stream.recv(timeout=5)
        now = metrics(running)

    assert now["runner_engine_strategy_connected"] == 1
    assert (now["runner_engine_run_events_sent"], now["runner_engine_run_events_pending"]) == (1, 1)


def test_metrics_are_text_that_names_its_format(running: EngineThread) -> None:
    answer, text = fetch(running, "/metrics")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# TYPE runner_engine_ready gauge\n" in text


def test_the_description_is_served_without_a_token(running: EngineThread) -> None:
    assert running.get("/openapi.json") == document("1.2.3", running.server.exchange.feed.symbols)


def test_the_page_is_served_without_a_token_and_may_run_nothing(running: EngineThread) -> None:
    answer, text = fetch(running, "/docs")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert text.startswith("<!doctype html>")


@pytest.mark.parametrize("path", ["/v1/capabilities", "/v1/status", "/v1/circuit-breakers"])
def test_what_tells_of_the_account_needs_the_token(running: EngineThread, path: str) -> None:
    assert running.request("GET", path)[0] == 401


def test_capabilities_name_what_orders_are_judged_by() -> None:
    with engine(series(*CLOSES), exchange={"leverage": Decimal(2)}) as running:
        body = running.get("/v1/capabilities")

    assert body == {
        "supported_asset_classes": ["STOCK", "FOREX", "CRYPTO"],
        "supported_order_types": [one.value for one in OrderType],
        "position_mode": "NETTING",
        "features": [*FEATURES, "leverage"],
        "max_leverage": "2",
    }


def test_a_cash_account_offers_no_leverage() -> None:
    with engine(series(*CLOSES)) as running:
        body = running.get("/v1/capabilities")

    assert (body["max_leverage"], "leverage" in body["features"]) == ("1", False)


def test_an_account_that_hedges_says_so() -> None:
    with engine(series(*CLOSES), exchange={"position_mode": PositionMode.HEDGING}) as running:
        body = running.get("/v1/capabilities")

    assert (body["position_mode"], body["features"]) == ("HEDGING", [*FEATURES, "hedging"])


def test_an_order_type_that_is_offered_is_taken() -> None:
    prices = {
        "MARKET": {},
        "LIMIT": {"limit_price": "1"},
        "STOP": {"stop_price": "200"},
        "STOP_LIMIT": {"stop_price": "200", "limit_price": "200"},
        "TRAILING_STOP": {"trailing_distance": "5", "trailing_type": "ABSOLUTE"},
    }
    with engine(series(*CLOSES)) as running:
        offered = running.get("/v1/capabilities")["supported_order_types"]
        statuses = {
            kind: running.request("POST", "/v1/orders", {**ORDER, "order_type": kind, **fields})[0]
            for kind, fields in prices.items()
        }

    assert statuses == dict.fromkeys(offered, 201)


def test_the_link_is_up_and_heard_of_just_now() -> None:
    with engine(series(*CLOSES)) as running:
        body = running.get("/v1/status")

    heard = datetime.fromisoformat(body["last_heartbeat"])
    assert (body["connected"], body["latency_ms"]) == (True, 0)
    assert abs(datetime.now(UTC) - heard) < timedelta(minutes=1)


def test_circuit_breakers_are_closed_and_reset_once_a_minute() -> None:
    closed = {"state": "closed", "failure_count": 0}
    with engine(series(*CLOSES)) as running:
        first = running.get("/v1/circuit-breakers")
        reset = running.request("POST", "/v1/circuit-breakers/reset")
        again = running.request("POST", "/v1/circuit-breakers/reset")

    assert first == {"adapter": closed, "exit_order": closed}
    assert reset == (200, first)
    assert (again[0], again[1]["code"]) == (409, "RESET_COOLDOWN")


def test_a_wrong_method_names_the_right_ones() -> None:
    with engine(series(*CLOSES)) as running:
        connection = HTTPConnection(urlsplit(running.server.rest_url).netloc, timeout=5)
        connection.request("PUT", "/v1/orders")
        answer = connection.getresponse()
        answer.read()
        connection.close()

    assert (answer.status, answer.headers["Allow"]) == (405, "DELETE,GET,HEAD,POST")
