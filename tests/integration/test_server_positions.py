"""Closing positions and setting their exits over REST, and what the strategy is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from runner.engine.choices import PositionMode
from tests.helpers import MSFT, series
from tests.integration.engine_process import ORDER, EngineThread, acknowledge, engine, receive

CLOSES = (100.0, 101.0, 102.0, 103.0, 104.0)


class Played:
    """A strategy over an engine; everything it was sent can be acknowledged in one go."""

    def __init__(self, running: EngineThread, stream: ClientConnection) -> None:
        self.running = running
        self._stream = stream
        self._waiting: list[Any] = []

    def take(self, frames: int) -> list[Any]:
        taken = [receive(self._stream) for _ in range(frames)]
        self._waiting += [one for one in taken if "event_id" in one]
        return taken

    def onward(self, frames: int) -> list[Any]:
        """Acknowledge everything and take the frames of the next step."""
        acknowledge(self._stream, *self._waiting)
        self._waiting.clear()
        return self.take(frames)


@pytest.fixture
def played() -> Iterator[Played]:
    """A strategy that is long ten of each of two symbols since the open of the second day."""
    with (
        engine(series(*CLOSES), series(*CLOSES, symbol=MSFT)) as running,
        running.websocket() as stream,
    ):
        one = Played(running, stream)
        one.take(3)
        for symbol in (ORDER["symbol"], MSFT):
            running.request("POST", "/v1/orders", {**ORDER, "symbol": symbol})
        one.take(2)
        one.onward(10)
        yield one


def test_a_position_is_closed_at_the_next_open(played: Played) -> None:
    status, handle = played.running.request("DELETE", "/v1/positions/p-1")
    created = played.take(1)[0]["order"]
    events = played.onward(6)

    assert (status, handle) == (200, {"id": "o-3", "status": "OPEN"})
    assert (created["side"], created["quantity"], created["reduce_only"]) == ("SELL", "10", True)
    assert [one.get("event") for one in events[:3]] == [
        "ORDER_FILLED",
        "TRADE_FILLED",
        "POSITION_CLOSED",
    ]
    assert [one["symbol"] for one in played.running.get("/v1/positions")] == [MSFT]


def test_a_part_of_a_position_is_closed_with_a_limit(played: Played) -> None:
    body = {"quantity": "4", "order_type": "limit", "limit_price": "101.5"}
    status, handle = played.running.request("DELETE", "/v1/positions/p-1", body)
    played.take(1)
    played.onward(6)

    assert status == 200
    assert played.running.get(f"/v1/orders/{handle['id']}")["average_fill_price"] == "102"
    assert played.running.get("/v1/positions/p-1")["quantity"] == "6"


def test_a_close_that_is_repeated_does_not_turn_the_position_around(played: Played) -> None:
    for _ in range(2):
        played.running.request("DELETE", "/v1/positions/p-1")
    played.take(2)
    played.onward(7)

    assert played.running.get("/v1/positions?symbol=S:AAPL") == []
    assert played.running.get("/v1/orders/o-4")["status"] == "CANCELLED"


@pytest.mark.parametrize(("query", "count"), [("", 2), ("?symbol=S:MSFT", 1), ("?symbol=X", 0)])
def test_all_positions_are_closed_or_those_of_one_symbol(
    played: Played, query: str, count: int
) -> None:
    status, handles = played.running.request("DELETE", f"/v1/positions{query}")

    assert (status, len(handles)) == (200, count)
    assert len(played.running.get("/v1/orders")) == count


def test_there_is_nothing_to_close_before_the_run() -> None:
    with engine(series(*CLOSES)) as running:
        assert running.request("DELETE", "/v1/positions") == (200, [])


@pytest.mark.parametrize(
    ("method", "body"), [("DELETE", None), ("DELETE", {}), ("PATCH", {"stop_loss": "1"})]
)
def test_a_position_that_does_not_exist_is_answered_404(
    played: Played, method: str, body: Any
) -> None:
    status, answer = played.running.request(method, "/v1/positions/p-9", body)

    assert (status, answer["code"]) == (404, "POSITION_NOT_FOUND")
    assert answer["details"] == {"resource": "position", "id": "p-9"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"quantity": "0"}, "VALIDATION_ERROR"),
        ({"quantity": "some"}, "INVALID_REQUEST"),
        ({"order_type": "LIMIT"}, "INVALID_REQUEST"),
        ({"order_type": "STOP"}, "INVALID_REQUEST"),
        ({"order_type": "SOON"}, "INVALID_REQUEST"),
        ({"limit_price": "5"}, "INVALID_VALUE"),
        ([], "INVALID_REQUEST"),
    ],
    ids=str,
)
def test_a_close_that_makes_no_sense_is_answered_400(played: Played, body: Any, code: str) -> None:
    status, answer = played.running.request("DELETE", "/v1/positions/p-1", body)

    assert (status, answer["code"]) == (400, code)
    assert played.running.get("/v1/orders") == []


def test_a_body_without_a_content_type_is_no_body(played: Played) -> None:
    status, _ = played.running.request("DELETE", "/v1/positions/p-1", b"not read")

    assert status == 200


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_X6_what_a_web_page_may_send_unasked_is_answered_415(played: Played, method: str) -> None:
    headers = {"Content-Type": "text/plain"}
    status, answer = played.running.request(
        method, "/v1/positions/p-1", b'{"stop_loss":"1"}', headers=headers
    )

    assert (status, answer["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_fields_of_an_older_edition_are_ignored(played: Played) -> None:
    body = {"cancel_associated_orders": True}

    assert played.running.request("DELETE", "/v1/positions/p-1", body)[0] == 200


def test_exits_are_placed_then_moved_and_the_strategy_is_told(played: Played) -> None:
    placed = played.running.request(
        "PATCH", "/v1/positions/p-1", {"stop_loss": "90", "take_profit": 150}
    )
    created = played.take(2)
    moved = played.running.request("PATCH", "/v1/positions/p-1", {"stop_loss": "95.5"})
    modified = played.take(1)

    assert placed == (
        200,
        {
            "position_id": "p-1",
            "stop_loss": {"order_ids": ["o-3"], "trigger_price": "90"},
            "take_profit": {"order_ids": ["o-4"], "trigger_price": "150"},
        },
    )
    assert [(one["event"], one["parent_order_id"]) for one in created] == [
        ("ORDER_CREATED", "o-1"),
        ("ORDER_CREATED", "o-1"),
    ]
    assert moved == (
        200,
        {"position_id": "p-1", "stop_loss": {"order_ids": ["o-3"], "trigger_price": "95.5"}},
    )
    assert [(one["event"], one["order"]["stop_price"]) for one in modified] == [
        ("ORDER_MODIFIED", "95.5")
    ]


@pytest.mark.parametrize(
    "body", [{}, {"stop_loss": None}, {"stop_loss": "-1"}, {"take_profit": "0"}, {"stop_loss": []}]
)
def test_exits_that_make_no_sense_are_answered_400(played: Played, body: Any) -> None:
    status, answer = played.running.request("PATCH", "/v1/positions/p-1", body)

    assert (status, answer["code"]) == (400, "INVALID_REQUEST")
    assert played.running.get("/v1/orders") == []


# Several positions in one symbol


@pytest.fixture
def hedged() -> Iterator[Played]:
    """A strategy that is long ten and short four of one symbol since the open of the second day."""
    terms = {"position_mode": PositionMode.HEDGING}
    with engine(series(*CLOSES), exchange=terms) as running, running.websocket() as stream:
        one = Played(running, stream)
        one.take(2)
        for side, quantity in (("BUY", "10"), ("SELL", "4")):
            running.request("POST", "/v1/orders", {**ORDER, "side": side, "quantity": quantity})
        one.take(2)
        one.onward(9)
        yield one


def test_one_of_several_positions_is_closed(hedged: Played) -> None:
    before = hedged.running.get("/v1/positions")
    status, _ = hedged.running.request("DELETE", "/v1/positions/p-2")
    created = hedged.take(1)[0]["order"]
    hedged.onward(5)

    assert [(one["id"], one["side"], one["quantity"]) for one in before] == [
        ("p-1", "LONG", "10"),
        ("p-2", "SHORT", "4"),
    ]
    assert (status, created["side"], created["position_id"]) == (200, "BUY", "p-2")
    assert [one["id"] for one in hedged.running.get("/v1/positions")] == ["p-1"]


def test_exits_are_set_for_one_of_several_positions(hedged: Played) -> None:
    status, answer = hedged.running.request("PATCH", "/v1/positions/p-2", {"stop_loss": "120"})
    leg = hedged.take(1)[0]["order"]

    assert (status, answer["position_id"]) == (200, "p-2")
    assert (leg["side"], leg["quantity"], leg["position_id"]) == ("BUY", "4", "p-2")


def test_all_of_several_positions_are_closed(hedged: Played) -> None:
    status, handles = hedged.running.request("DELETE", "/v1/positions")
    hedged.take(2)
    hedged.onward(9)

    assert (status, len(handles)) == (200, 2)
    assert hedged.running.get("/v1/positions") == []
