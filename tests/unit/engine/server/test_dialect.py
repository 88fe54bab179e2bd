"""What the raw dialect leaves out, and how."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed, Step
from runner.engine.server.dialect import NORMALISED, RAW
from runner.engine.server.replay import Replay, wall_clock
from runner.protocol.commands import ModifyOrder, OrderHandle, SubmitOrder
from runner.protocol.enums import OrderStatus, OrderType, Side
from runner.protocol.messages import (
    Candle,
    Connection,
    Message,
    OrderUpdate,
    Ping,
    Quote,
)
from tests.helpers import AAPL, series
from tests.unit.protocol.test_encode import ORDER


def written(message: Message) -> Any:
    frame = RAW.write(message, event_id="evt-1", timestamp=None)
    return None if frame is None else json.loads(frame)


@pytest.mark.parametrize(
    "message",
    [
        Quote(AAPL, 0, 1.0, 2.0, 1.5),
        Connection("CONNECTED"),
        Ping(),
        OrderUpdate("ORDER_MODIFIED", ORDER),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_the_raw_dialect_has_no_frame_for_is_left_out(message: Message) -> None:
    assert written(message) is None


def test_an_order_that_expired_is_a_cancelled_one() -> None:
    order = msgspec.structs.replace(ORDER, status=OrderStatus.EXPIRED)
    frame = written(OrderUpdate("ORDER_EXPIRED", order))

    assert (frame["event"], frame["order"]["status"]) == ("cancelled", "cancelled")


def test_a_raw_server_says_nothing_about_its_connection_and_answers_pings() -> None:
    now = wall_clock()

    assert RAW.greet(now, "run") == RAW.part(now) == RAW.ping(now) == []
    assert RAW.pong() == [b'{"type":"pong"}']
    assert NORMALISED.pong() == []


def raw_replay(feed: Feed) -> Replay:
    return Replay(Exchange(feed), dialect=RAW)


def test_what_is_left_out_has_no_id_and_needs_no_acknowledgment() -> None:
    run = raw_replay(Feed([series(10.0, 11.0)]))
    run.start()
    handle = run.exchange.execute(
        SubmitOrder(AAPL, Side.BUY, Decimal(1), OrderType.LIMIT, limit_price=Decimal(5))
    )
    assert isinstance(handle, OrderHandle)
    created = run.consequences()
    run.exchange.execute(ModifyOrder(handle.id, limit_price=Decimal(6)))

    assert [json.loads(one)["event_id"] for one in created] == ["evt-2"]
    assert run.consequences() == []
    assert run.pending == ("evt-1", "evt-2")


class Mixed(Feed):
    """Steps of which every other one holds nothing that the raw dialect can say."""

    def steps(self) -> Iterator[Step]:
        for step in super().steps():
            yield step
            yield step._replace(candles=[Unsayable(*msgspec.structs.astuple(step.candles[0]))])


class Unsayable(Candle, frozen=True):
    """A candle of a kind that no frame exists for."""


def test_a_step_of_which_nothing_can_be_said_is_not_waited_for() -> None:
    run = raw_replay(Mixed([series(10.0, 11.0)]))
    write = RAW.write

    def leave_out(message: Message, **rest: Any) -> bytes | None:
        return None if isinstance(message, Unsayable) else write(message, **rest)

    run.dialect = replace(RAW, write=leave_out)
    frames = [*run.start(), *run.acknowledge(["evt-1"]), *run.acknowledge(["evt-2"])]

    assert [json.loads(one)["type"] for one in frames] == [
        "candle",
        "candle",
        "backtest_complete",
    ]
