"""Refusals as the error envelope."""

from __future__ import annotations

import json

import pytest

from runner.engine.server.answers import (
    Refusal,
    refusal_of_body,
    refusal_of_command,
    refusal_of_status,
    refuse,
)
from runner.protocol.codec import BodyError
from runner.protocol.commands import Rejection


def body_of(refusal: Refusal) -> object:
    body = refuse(refusal).body
    assert isinstance(body, bytes)
    return json.loads(body)


def test_a_code_of_the_protocol_brings_its_status() -> None:
    assert refuse(Refusal("ORDER_NOT_FOUND", "Order not found: x")).status == 404
    assert refuse(Refusal("SHUTTING_DOWN", "the engine is shutting down")).status == 503


def test_details_are_left_out_where_there_are_none() -> None:
    assert body_of(Refusal("INTERNAL_ERROR", "no")) == {"code": "INTERNAL_ERROR", "message": "no"}


def test_a_rejection_keeps_its_status_and_adds_the_reason() -> None:
    refusal = refusal_of_command(
        Rejection(422, "ORDER_REJECTED", "no", "MARKET_CLOSED", {"reject_code": "MARKET_CLOSED"})
    )

    assert refusal.status == 422
    assert body_of(refusal) == {
        "code": "ORDER_REJECTED",
        "message": "no",
        "details": {"reject_code": "MARKET_CLOSED", "reject_reason": "MARKET_CLOSED"},
    }


def test_a_rejection_without_a_known_reason_keeps_its_details_as_they_are() -> None:
    rejection = Rejection(409, "ORDER_NOT_MODIFIABLE", "no", details={"order_id": "o-1"})

    assert refusal_of_command(rejection).envelope.details == {"order_id": "o-1"}


@pytest.mark.parametrize(
    ("problem", "details"),
    [
        (BodyError("no"), None),
        (BodyError("no", field="side"), {"field": "side"}),
        (
            BodyError("no", code="INVALID_VALUE", field="leverage", provided="5"),
            {"field": "leverage", "provided": "5"},
        ),
    ],
    ids=["whole", "field", "value"],
)
def test_a_body_problem_names_field_and_value(
    problem: BodyError, details: dict[str, str] | None
) -> None:
    refusal = refusal_of_body(problem)

    assert (refusal.status, refusal.envelope.code) == (400, problem.code)
    assert refusal.envelope.details == details


@pytest.mark.parametrize(
    ("status", "header", "value"),
    [(401, "WWW-Authenticate", "Bearer"), (426, "Upgrade", "websocket")],
)
def test_what_http_wants_beside_a_status_is_there(status: int, header: str, value: str) -> None:
    assert refuse(refusal_of_status(status, "no")).headers[header] == value
