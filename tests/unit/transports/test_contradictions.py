from __future__ import annotations

import json
from decimal import Decimal

import pytest

from runner.journal import Kept
from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderStatus, OrderType, Side
from runner.transports.contradictions import asked_to_end, contradiction, differences, excess
from tests.helpers import AAPL, MSFT, snapshot, trade

ORDER = SubmitOrder(AAPL, Side.BUY, Decimal(10), OrderType.MARKET, client_order_id="r-1")


def kept(status: OrderStatus | None = None, filled: int = 0, *, id: str | None = "o-1") -> Kept:
    return Kept(AAPL, Side.BUY, "r-1", ORDER, order_id=id, status=status, filled=Decimal(filled))


@pytest.mark.parametrize(
    "answer",
    [{}, {"symbol": None, "quantity": None}, {"side": "buy", "quantity": 10}, {"quantity": "1e1"}],
    ids=["nothing", "nulls", "its own spelling", "its own number"],
)
def test_what_is_left_out_or_spelt_otherwise_is_no_difference(answer: dict[str, object]) -> None:
    assert differences(ORDER, json.dumps(answer).encode()) == []


@pytest.mark.parametrize("answer", [b"[]", b'{"symbol": 1}', b'{"quantity": {}}', b"{"])
def test_an_answer_that_cannot_be_read_is_a_difference(answer: bytes) -> None:
    (said,) = differences(ORDER, answer)

    assert said.startswith("what cannot be read")


@pytest.mark.parametrize(
    "before",
    [None, kept(), kept(OrderStatus.PARTIALLY_FILLED, 3), kept(OrderStatus.CANCELLED, 4)],
    ids=["unheard of", "sent", "filled less", "ended like that"],
)
def test_what_can_be_is_no_contradiction(before: Kept | None) -> None:
    assert contradiction(snapshot("o-1", filled=4, client_order_id="r-1"), before) is None


def test_an_order_that_replaced_a_cancelled_one_may_be_executed() -> None:
    replacement = snapshot("o-2", filled=4, client_order_id="r-1")

    assert contradiction(replacement, kept(OrderStatus.CANCELLED)) is None


def test_the_order_of_an_id_must_be_the_one_that_was_sent() -> None:
    other = snapshot("o-1", symbol=MSFT, client_order_id="r-1")

    assert "told as BUY S:MSFT" in str(contradiction(other, kept()))


@pytest.mark.parametrize(
    ("filled", "is_too_much"), [(14, False), (12, True)], ids=["as the order says", "more"]
)
def test_what_executes_of_an_order_that_was_made_larger_can_be(
    filled: int, is_too_much: bool
) -> None:
    said = excess(trade(quantity=14), Decimal(14), None, kept(OrderStatus.FILLED, filled))

    assert (said is not None) is is_too_much


@pytest.mark.parametrize("status", OrderStatus)
def test_an_answer_to_a_cancellation_only_proves_that_it_was_asked_for(status: OrderStatus) -> None:
    proven = asked_to_end(snapshot("o-1", status=status)).status

    assert proven is (OrderStatus.PENDING_CANCEL if status is OrderStatus.CANCELLED else status)
