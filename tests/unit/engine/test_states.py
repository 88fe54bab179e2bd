"""The life of an order, as data."""

from __future__ import annotations

import pytest

from runner.engine.states import TRANSITIONS, next_state
from runner.protocol.enums import OrderStatus

EVENTS = {one.event for one in TRANSITIONS}


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.state} {row.event}")
def test_each_row_of_the_table_is_what_happens(row: tuple[OrderStatus, str, OrderStatus]) -> None:
    state, event, to, *_ = row

    assert next_state(state, event) is to


@pytest.mark.parametrize("state", [one for one in OrderStatus if one.is_terminal], ids=str)
@pytest.mark.parametrize("event", sorted(EVENTS))
def test_nothing_happens_to_an_order_after_its_end(state: OrderStatus, event: str) -> None:
    with pytest.raises(AssertionError, match=f"{event} cannot happen to an order that is {state}"):
        next_state(state, event)


def test_what_has_executed_cannot_be_rejected() -> None:
    with pytest.raises(AssertionError, match="ORDER_REJECTED cannot happen"):
        next_state(OrderStatus.PARTIALLY_FILLED, "ORDER_REJECTED")


def test_every_state_there_is_can_be_left_or_is_an_end() -> None:
    left = {one.state for one in TRANSITIONS}
    reached = {one.to for one in TRANSITIONS}

    assert left == {one for one in reached if not one.is_terminal}
    assert {one for one in OrderStatus if one.is_terminal} <= reached
