"""What a handler raises is contained: nothing of its event is acknowledged, nothing executed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runner import (
    Candle,
    Connection,
    ErrorNotice,
    Order,
    RateLimit,
    Strategy,
)
from runner.errors import StrategyFailed
from runner.protocol.commands import Command, ReadState, Rejection, Reply, SubmitOrder
from runner.protocol.messages import (
    AccountUpdate,
    BacktestComplete,
    Message,
    OrderUpdate,
    PositionUpdate,
    Stretch,
    TradeUpdate,
)
from runner.session import Ack, Ending
from tests.helpers import (
    START,
    account,
    candle,
    candles,
    position,
    quote,
    run_strategy,
    series,
    snapshot,
    state,
    trade,
)
from tests.unit.session.helpers import Conversation, begun

EVENTS = 50


class RaisingAt(Strategy):
    """Orders on every candle, and raises on one of them after it has ordered."""

    failing_at = 0

    def on_start(self) -> None:
        self.handled: list[int] = []

    def on_candle(self, candle: Candle) -> None:
        order = self.buy(quantity=1)
        if len(self.handled) == self.failing_at:
            self.handled.append(-1)
            self.lost = order
            raise ValueError("a mistake")
        self.handled.append(len(self.handled))


def failing_at(place: int) -> type[RaisingAt]:
    return type("Failing", (RaisingAt,), {"failing_at": place})


@pytest.mark.parametrize("place", range(EVENTS))
def test_S6_a_handler_that_raises_acknowledges_nothing(place: int) -> None:
    conversation = begun(failing_at(place))

    for number in range(place):
        conversation.arrive(candle(index=number), f"evt-{number}")
    with pytest.raises(StrategyFailed) as caught:
        conversation.arrive(candle(index=place), f"evt-{place}")

    assert (caught.value.exit_code, caught.value.id) == (5, "E501")
    assert conversation.acked == [f"evt-{number}" for number in range(place)]
    assert len([ask for ask in conversation.asked if isinstance(ask, SubmitOrder)]) == place


@pytest.mark.parametrize("place", range(EVENTS))
def test_S6_skip_records_the_failure_then_acknowledges(place: int) -> None:
    conversation = begun(failing_at(place), on_exception="skip")

    for number in range(EVENTS):
        conversation.arrive(candle(index=number), f"evt-{number}")

    assert conversation.acked == [f"evt-{number}" for number in range(EVENTS)]
    assert len(conversation.session.failures) == 1
    assert "ValueError: a mistake" in conversation.session.failures[0]
    assert len([ask for ask in conversation.asked if isinstance(ask, SubmitOrder)]) == EVENTS - 1


@pytest.mark.parametrize("place", [0, 1, 25, 49])
def test_S6_holds_in_process_too(place: int) -> None:
    with pytest.raises(StrategyFailed) as caught:
        run_strategy(failing_at(place), series(*[1.0] * EVENTS))

    assert (caught.value.exit_code, caught.value.id) == (5, "E501")
    assert f"2024-0{1 if place < 30 else 2}-" in caught.value.where


@pytest.mark.parametrize("place", [0, 1, 25, 49])
def test_S6_skip_goes_on_in_process_too(place: int) -> None:
    run = run_strategy(failing_at(place), series(*[1.0] * EVENTS), on_exception="skip")

    assert run.strategy.handled == [*range(place), -1, *range(place + 1, EVENTS)]
    assert len(run.session.failures) == 1
    assert len(run.exchange.orders) == EVENTS - 1


def test_S6_what_the_failing_handler_had_ordered_is_rejected_and_never_sent() -> None:
    conversation = begun(failing_at(0), on_exception="skip")

    conversation.arrive()

    lost = conversation.strategy.lost
    assert (lost.status, lost.is_done) == ("REJECTED", True)
    assert "raised before the order was sent" in lost.reject_message
    assert conversation.session.desk.working == {}


def test_S6_the_error_says_which_handler_and_when() -> None:
    with pytest.raises(StrategyFailed) as caught:
        begun(failing_at(0)).arrive()

    assert caught.value.what == "on_candle raised ValueError: a mistake"
    assert caught.value.where == "Failing.on_candle at 2024-01-02T00:00:00+00:00"
    assert isinstance(caught.value.__cause__, ValueError)


def test_S6_orders_of_the_event_sent_before_another_handler_raised_stand() -> None:
    class Refused(Strategy):
        def on_candle(self, candle: Candle) -> None:
            self.buy(quantity=1)
            self.buy(quantity=2)

        def on_order(self, order: Order) -> None:
            raise ValueError("in on_order")

    def refusing_one(command: Command) -> Reply:
        if isinstance(command, ReadState):
            return state()
        return Rejection(422, "ORDER_REJECTED", "no", "MARKET_CLOSED")

    conversation = begun(Refused, refusing_one, on_exception="skip")

    asked = conversation.arrive(id="evt-1")

    assert [type(ask) for ask in asked] == [SubmitOrder, SubmitOrder, Ack]
    assert len(conversation.session.failures) == 2


class QuietError(BaseException):
    pass


@pytest.mark.parametrize(
    "error",
    [
        SystemExit(0),
        SystemExit(),
        KeyboardInterrupt(),
        asyncio.CancelledError(),
        GeneratorExit(),
        StopIteration("value"),
        StopAsyncIteration(),
        ExceptionGroup("several", [ValueError("one"), KeyError("two")]),
        BaseExceptionGroup("several", [KeyboardInterrupt()]),
        RecursionError(),
        MemoryError(),
        AssertionError(),
        StrategyFailed("pretending"),
        QuietError(),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("way", ["frame", "message", "stretch"])
@pytest.mark.parametrize("on_exception", ["halt", "skip"])
def test_S7_whatever_a_handler_raises_is_the_strategys_failure(
    error: BaseException, way: str, on_exception: str
) -> None:
    class Raising(Strategy):
        def on_candle(self, candle: Candle) -> None:
            raise error

    conversation = begun(Raising, on_exception=on_exception)

    def provoke() -> None:
        if way == "frame":
            conversation.arrive(id="evt-1")
        elif way == "message":
            conversation.send(candle())
        else:
            conversation.send(Stretch(iter(candles(1.0)), one_stream=True))

    if on_exception == "skip":
        provoke()
        assert len(conversation.session.failures) == 1
        assert conversation.ending is None
        assert conversation.acked == (["evt-1"] if way == "frame" else [])
        return
    with pytest.raises(StrategyFailed) as caught:
        provoke()
    assert (caught.value.exit_code, caught.value.id) == (5, "E501")
    assert caught.value.__cause__ is error
    assert type(error).__name__ in caught.value.what
    assert conversation.acked == []


def raising(*names: str) -> type[Strategy]:
    """Return a strategy whose handlers of these names raise."""

    def handler(name: str) -> Any:
        def handle(self: Strategy, *event: object) -> None:
            raise ValueError(name)

        handle.__name__ = name
        return handle

    return type("Raising", (Strategy,), {name: handler(name) for name in names})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("on_candle", candle()),
        ("on_quote", quote()),
        ("on_order", OrderUpdate("ORDER_CREATED", snapshot())),
        ("on_trade", TradeUpdate(trade())),
        ("on_position", PositionUpdate("POSITION_OPENED", position(1, 100))),
        ("on_account", AccountUpdate("BALANCE_UPDATED", account())),
        ("on_connection", Connection("CONNECTED")),
        ("on_rate_limit", RateLimit("HIT", 1, START)),
        ("on_error", ErrorNotice("X", "y")),
        ("on_error", AccountUpdate("MARGIN_WARNING", account())),
        ("on_stop", BacktestComplete()),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_S7_every_handler_is_contained(name: str, message: Message) -> None:
    conversation = begun(raising(name))

    with pytest.raises(StrategyFailed, match=f"{name} raised ValueError"):
        conversation.arrive(message, "evt-1")

    assert conversation.acked == []


def test_S7_a_start_that_raises_is_contained() -> None:
    with pytest.raises(StrategyFailed) as caught:
        Conversation(raising("on_start")).start()

    assert caught.value.where == "Raising.on_start at the start"


def test_S7_a_stop_that_raises_is_skipped_and_the_end_acknowledged() -> None:
    conversation = begun(raising("on_stop"), on_exception="skip")

    conversation.arrive(BacktestComplete(), "evt-1")

    assert conversation.acked == ["evt-1"]
    assert conversation.ending == Ending("complete", confirmed=True)


class OrderingNothingSensible(Strategy):
    """Orders what makes no order, then raises."""

    def on_candle(self, candle: Candle) -> None:
        self.order = self.buy(quantity=0)
        raise ValueError("a mistake")


def test_S6_an_order_refused_here_is_not_left_pending_by_a_failure() -> None:
    conversation = begun(OrderingNothingSensible, on_exception="skip")

    conversation.arrive()

    assert conversation.strategy.order.is_rejected
    assert conversation.strategy.order.reject_reason == "INVALID_QUANTITY"
    assert conversation.strategy.orders == []


class RaisingAtTheEnd(Strategy):
    """Handles everything, and raises when it is to stop."""

    def on_candle(self, candle: Candle) -> None:
        pass

    def on_stop(self) -> None:
        raise ValueError("a mistake")


def test_S6_what_was_handled_before_on_stop_raised_is_acknowledged_and_the_end_is_not() -> None:
    conversation = begun(RaisingAtTheEnd)

    conversation.arrive(candle(), "evt-1", more=True)
    with pytest.raises(StrategyFailed):
        conversation.arrive(BacktestComplete(), "evt-2")

    assert conversation.acked == ["evt-1"]
