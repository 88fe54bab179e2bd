"""From requests to commands, and from answers to tickets."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner import Candle, Order, Strategy
from runner.errors import ProtocolError
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    Command,
    ModifyOrder,
    ModifyResult,
    OrderHandle,
    ReadState,
    Rejection,
    Reply,
    SubmitOrder,
    Unanswered,
)
from runner.protocol.enums import OrderStatus, OrderType
from runner.protocol.messages import OrderUpdate
from runner.session import Ack
from tests.helpers import candle, snapshot, state
from tests.unit.session.helpers import Accepting, begun


class Told(Strategy):
    """Writes down what it is told of its orders."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str | None]] = []
        self.errors: list[str] = []

    def on_order(self, order: Order) -> None:
        self.told.append((order.status.value, order.reject_reason))

    def on_error(self, error: object) -> None:
        self.errors.append(error.code)  # type: ignore[attr-defined]


class BuyingOnce(Told):
    def on_candle(self, candle: Candle) -> None:
        self.order = self.buy(quantity=1, limit=90)


def test_an_accepted_order_takes_its_id_and_status_from_the_answer() -> None:
    conversation = begun(BuyingOnce)

    conversation.arrive()

    order = conversation.strategy.order
    assert (order.id, order.status, order.is_working) == ("o-1", "OPEN", True)


def test_a_fill_that_came_before_the_answer_is_not_undone_by_it() -> None:
    conversation = begun(BuyingOnce)
    peer = Accepting()

    def late(command: Command) -> Reply:
        if isinstance(command, SubmitOrder):
            # The fill is folded while the answer is still on its way.
            conversation.session.desk.take_order(
                OrderUpdate(
                    "ORDER_FILLED",
                    snapshot(
                        quantity=1,
                        filled=1,
                        price=90,
                        status=OrderStatus.FILLED,
                        client_order_id=command.client_order_id,
                    ),
                )
            )
        return peer(command)

    conversation.peer = late

    conversation.arrive()

    order = conversation.strategy.order
    assert (order.status, order.filled_quantity) == ("FILLED", 1)
    assert conversation.session.desk.working == {}


def test_a_rejection_is_data_that_the_strategy_is_told() -> None:
    def refusing(command: Command) -> Reply:
        if isinstance(command, ReadState):
            return state()
        return Rejection(422, "ORDER_REJECTED", "too much", "INSUFFICIENT_MARGIN")

    conversation = begun(BuyingOnce, refusing)

    conversation.arrive(id="evt-1")

    order = conversation.strategy.order
    assert conversation.strategy.told == [("REJECTED", "INSUFFICIENT_MARGIN")]
    assert (order.reject_message, order.is_done) == ("too much", True)
    assert conversation.session.rejections == [order]
    assert conversation.acked == ["evt-1"]


def test_a_local_rejection_never_leaves_and_is_told_like_any_other() -> None:
    class Mistaken(Told):
        def on_candle(self, candle: Candle) -> None:
            self.order = self.buy(quantity=0)

    conversation = begun(Mistaken)

    asked = conversation.arrive(id="evt-1")

    assert asked == [Ack(("evt-1",))]
    assert conversation.strategy.told == [("REJECTED", "INVALID_QUANTITY")]
    assert conversation.session.rejections == [conversation.strategy.order]


def test_the_event_of_a_rejection_already_answered_is_not_told_twice() -> None:
    def refusing(command: Command) -> Reply:
        if isinstance(command, ReadState):
            return state()
        return Rejection(422, "ORDER_REJECTED", "no", "MARKET_CLOSED")

    conversation = begun(BuyingOnce, refusing)
    conversation.arrive()

    conversation.arrive(
        OrderUpdate(
            "ORDER_REJECTED",
            snapshot(
                quantity=1,
                status=OrderStatus.REJECTED,
                client_order_id="r-1",
                order_type=OrderType.LIMIT,
                limit_price=Decimal(90),
            ),
        )
    )

    assert len(conversation.strategy.told) == len(conversation.session.rejections) == 1


# Cancel and modify


class ThenCancelling(Told):
    def on_candle(self, candle: Candle) -> None:
        if not self.orders:
            self.order = self.buy(quantity=10, limit=90)
        else:
            self.cancel()


def test_a_cancel_goes_out_with_the_id_and_is_told_once() -> None:
    conversation = begun(ThenCancelling)
    conversation.arrive()

    asked = conversation.arrive(candle(index=1), "evt-2")
    conversation.arrive(
        OrderUpdate(
            "ORDER_CANCELLED",
            snapshot(status=OrderStatus.CANCELLED, client_order_id="r-1"),
        ),
        "evt-3",
    )

    assert asked == [CancelOrder("o-1", "r-1"), Ack(("evt-2",))]
    assert conversation.strategy.order.status == "CANCELLED"
    assert [status for status, _ in conversation.strategy.told] == ["CANCELLED"]
    assert conversation.strategy.orders == []


def test_an_order_can_be_cancelled_in_the_handler_that_placed_it() -> None:
    class Wavering(Strategy):
        def on_candle(self, candle: Candle) -> None:
            self.cancel(self.buy(quantity=1))

    asked = begun(Wavering).arrive()

    assert [type(ask) for ask in asked] == [SubmitOrder, CancelOrder, Ack]


def test_a_cancel_of_an_order_that_was_refused_meanwhile_is_dropped() -> None:
    class Wavering(Strategy):
        def on_candle(self, candle: Candle) -> None:
            self.cancel(self.buy(quantity=1))

    def refusing(command: Command) -> Reply:
        if isinstance(command, ReadState):
            return state()
        return Rejection(422, "ORDER_REJECTED", "no", "MARKET_CLOSED")

    asked = begun(Wavering, refusing).arrive()

    assert [type(ask) for ask in asked] == [SubmitOrder, Ack]


def test_a_cancel_that_came_too_late_shows_the_order_as_it_is() -> None:
    def filled_meanwhile(command: Command) -> Reply:
        match command:
            case ReadState():
                return state()
            case CancelOrder():
                order = snapshot(
                    filled=10, price=90, status=OrderStatus.FILLED, client_order_id="r-1"
                )
                return CancelResult(success=False, order=order)
            case _:
                return OrderHandle("o-1", OrderStatus.OPEN, "r-1")

    conversation = begun(ThenCancelling, filled_meanwhile)
    conversation.arrive()

    conversation.arrive(candle(index=1))

    assert conversation.strategy.order.status == "FILLED"


def test_an_order_whose_id_nobody_knows_is_not_cancelled_blindly() -> None:
    def silent(command: Command) -> Reply:
        return state() if isinstance(command, ReadState) else Unanswered("timed out")

    conversation = begun(ThenCancelling, silent, backtest=False)
    conversation.arrive()

    asked = conversation.arrive(candle(index=1), "evt-2")

    assert asked == [Ack(("evt-2",))]
    assert conversation.strategy.order.status == "UNKNOWN"
    assert conversation.session.notices[-1].code == "ORDER_UNKNOWN"


def test_a_modification_goes_out_with_the_id_and_updates_the_ticket() -> None:
    class Moving(Told):
        def on_candle(self, candle: Candle) -> None:
            if not self.orders:
                self.order = self.buy(quantity=10, limit=90)
            else:
                self.modify(self.order, limit=91)

    conversation = begun(Moving)
    conversation.arrive()

    asked = conversation.arrive(candle(index=1), "evt-2")

    assert asked == [
        ModifyOrder("o-1", "r-1", limit_price=Decimal(91)),
        Ack(("evt-2",)),
    ]
    assert conversation.strategy.order.limit_price == 91


def test_a_peer_that_replaces_the_order_gives_the_ticket_its_new_id() -> None:
    class Moving(Told):
        def on_candle(self, candle: Candle) -> None:
            if not self.orders:
                self.order = self.buy(quantity=10, limit=90)
            else:
                self.modify(self.order, limit=91)

    def replacing(command: Command) -> Reply:
        match command:
            case ReadState():
                return state()
            case ModifyOrder():
                return ModifyResult(snapshot("o-2", client_order_id="r-1"), "o-1")
            case _:
                return OrderHandle("o-1", OrderStatus.OPEN, "r-1")

    conversation = begun(Moving, replacing)
    conversation.arrive()
    conversation.arrive(candle(index=1))

    conversation.arrive(
        OrderUpdate("ORDER_FILLED", snapshot("o-2", filled=10, price=91, status=OrderStatus.FILLED))
    )

    assert (conversation.strategy.order.id, conversation.strategy.order.is_filled) == ("o-2", True)


def test_a_refused_cancel_is_an_error_notice_and_the_order_stays() -> None:
    def stubborn(command: Command) -> Reply:
        match command:
            case ReadState():
                return state()
            case CancelOrder():
                return Rejection(409, "ORDER_NOT_CANCELLABLE", "no")
            case _:
                return OrderHandle("o-1", OrderStatus.OPEN, "r-1")

    conversation = begun(ThenCancelling, stubborn)
    conversation.arrive()

    conversation.arrive(candle(index=1), "evt-2")

    assert conversation.strategy.errors == ["ORDER_NOT_CANCELLABLE"]
    assert conversation.strategy.order.is_working
    assert conversation.acked[-1] == "evt-2"


def test_an_order_of_a_backtest_that_could_not_be_sent_breaks_the_run() -> None:
    def gone(command: Command) -> Reply:
        if isinstance(command, ReadState):
            return state()
        return Rejection(0, "NOT_SENT", "connection refused")

    conversation = begun(BuyingOnce, gone)

    with pytest.raises(ProtocolError, match="could not be sent: connection refused"):
        conversation.arrive()
    assert conversation.acked == []


def test_an_order_of_a_live_run_that_could_not_be_sent_is_a_rejection() -> None:
    def gone(command: Command) -> Reply:
        if isinstance(command, ReadState):
            return state()
        return Rejection(0, "NOT_SENT", "connection refused")

    conversation = begun(BuyingOnce, gone, backtest=False)
    conversation.arrive()

    assert conversation.strategy.order.is_rejected
