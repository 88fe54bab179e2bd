from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from runner.journal import Past
from runner.journal.lines import Adopted, Begun, Intent, Outcome, Seen, Sent, Verdict
from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderStatus, OrderType, Side
from tests.helpers import AAPL, snapshot

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def begun(*lines: object) -> Past:
    past = Past()
    past.take(Begun(MOMENT, "run1", "S", "http://here", 1))
    for line in lines:
        past.take(line)  # type: ignore[arg-type]
    return past


def intent(name: str = "run1-1", side: Side = Side.BUY) -> Intent:
    order = SubmitOrder(AAPL, side, Decimal(10), OrderType.MARKET, client_order_id=name)
    return Intent(MOMENT, name, order, "because")


def sent(name: str = "run1-1") -> Sent:
    return Sent(MOMENT, name)


def outcome(verdict: Verdict, name: str = "run1-1", order_id: str | None = None) -> Outcome:
    return Outcome(MOMENT, name, verdict, "said so", order_id)


def seen(
    status: OrderStatus, filled: object = 0, *, id: str = "o-1", name: str | None = "run1-1"
) -> Seen:
    return Seen(MOMENT, id, AAPL, Side.BUY, status, Decimal(str(filled)), name)


@pytest.mark.parametrize(
    ("lines", "is_open"),
    [
        ([intent()], False),
        ([intent(), sent()], True),
        ([intent(), seen(OrderStatus.OPEN)], True),
        ([intent(), outcome("unknown")], True),
        ([intent(), outcome("accepted", order_id="o-1")], True),
        ([intent(), outcome("rejected")], False),
        ([intent(), outcome("orphaned")], False),
        ([intent(), outcome("orphaned"), seen(OrderStatus.OPEN)], True),
        ([intent(), seen(OrderStatus.FILLED, 10)], False),
        ([intent(), seen(OrderStatus.FILLED, 10), seen(OrderStatus.OPEN)], False),
    ],
    ids=[
        "never left",
        "sent perhaps",
        "at the peer",
        "unanswered",
        "accepted",
        "rejected",
        "orphaned",
        "turned up",
        "filled",
        "old news",
    ],
)
def test_an_order_is_open_until_somebody_says_how_it_ended(
    lines: list[object], is_open: bool
) -> None:
    assert bool(begun(*lines).open()) is is_open


@pytest.mark.parametrize(
    ("lines", "never"),
    [
        ([intent()], ["run1-1"]),
        ([intent(), sent(), intent("run1-2")], ["run1-2"]),
        ([intent(), outcome("rejected")], []),
    ],
    ids=["about to be sent", "the one before was sent", "that is settled"],
)
def test_an_order_without_a_mark_that_it_leaves_has_never_left(
    lines: list[object], never: list[str]
) -> None:
    assert [one.client_order_id for one in begun(*lines).never_left()] == never


def test_positions_are_what_was_executed_and_adopted() -> None:
    past = begun(
        intent(),
        seen(OrderStatus.PARTIALLY_FILLED, 4),
        intent("run1-2", Side.SELL),
        Seen(MOMENT, "o-2", AAPL, Side.SELL, OrderStatus.FILLED, Decimal(1), "run1-2"),
        Adopted(MOMENT, "S:MSFT", Decimal(-3)),
    )

    assert past.positions() == {AAPL: Decimal(3), "S:MSFT": Decimal(-3)}


def test_what_is_flat_is_no_position() -> None:
    past = begun(Adopted(MOMENT, AAPL, Decimal(3)), Adopted(MOMENT, AAPL, Decimal(-3)))

    assert past.positions() == {}


def test_an_order_that_was_replaced_keeps_what_had_filled() -> None:
    past = begun(
        intent(),
        seen(OrderStatus.PARTIALLY_FILLED, 4),
        seen(OrderStatus.OPEN, 0, id="o-9"),
        seen(OrderStatus.PARTIALLY_FILLED, 2, id="o-9"),
    )

    assert past.positions() == {AAPL: Decimal(6)}


def test_exits_that_hang_on_our_orders_are_ours() -> None:
    past = begun(intent(), outcome("accepted", order_id="o-1"))

    assert past.owns(snapshot("o-2", client_order_id="run1-1-sl"))
    assert past.owns(snapshot("o-3", client_order_id=None, parent_order_id="o-1"))


def test_orders_of_others_are_not_ours() -> None:
    past = begun(intent(), outcome("accepted", order_id="o-1"))

    assert not past.owns(snapshot("o-2", client_order_id="other-1"))
    assert not past.owns(snapshot("o-2", client_order_id=None))


def test_an_id_that_a_restarted_gateway_gives_once_more_does_not_make_an_order_ours() -> None:
    past = begun(intent(), outcome("accepted", order_id="o-1"))

    assert past.owns(snapshot("o-1", client_order_id=None))
    assert not past.owns(snapshot("o-1", client_order_id="other-1"))
