"""When the frames of a run leave: only when everything before them is acknowledged."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.server.replay import Replay
from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderType, Side
from tests.helpers import AAPL, MSFT, series

NOW = datetime(2025, 6, 1, 12, 30, tzinfo=UTC)
BUY = SubmitOrder(AAPL, Side.BUY, Decimal(1), OrderType.MARKET)


def replay(*closes: float) -> Replay:
    return Replay(Exchange(Feed([series(*closes)])), clock=lambda: NOW)


def two_symbols() -> Replay:
    feed = Feed([series(10.0, 11.0), series(20.0, 21.0, symbol=MSFT)])
    return Replay(Exchange(feed), clock=lambda: NOW)


def read(frames: list[bytes]) -> list[Any]:
    return [json.loads(frame) for frame in frames]


def test_connected_comes_first_and_carries_no_id() -> None:
    first = read(replay(10.0).greet())[0]

    assert first == {
        "type": "connection",
        "event": "CONNECTED",
        "timestamp": "2025-06-01T12:30:00Z",
    }


def test_ids_count_up_from_one_across_steps() -> None:
    run = replay(10.0, 11.0)

    first = read(run.start())
    second = read(run.acknowledge(["evt-1"]))

    assert [frame["event_id"] for frame in first + second] == ["evt-1", "evt-2"]


def test_outer_timestamps_are_the_wall_clock_and_inner_ones_simulated_time() -> None:
    candle = read(replay(10.0).start())[0]

    assert candle["timestamp"] == "2025-06-01T12:30:00Z"
    assert candle["bar"]["timestamp"] == "2024-01-01T00:00:00Z"


def test_all_candles_of_a_step_leave_together() -> None:
    frames = read(two_symbols().start())

    assert [frame["bar"]["symbol"] for frame in frames] == [AAPL, MSFT]


def test_time_waits_for_every_id_of_a_step() -> None:
    run = two_symbols()
    run.start()

    assert run.acknowledge(["evt-2"]) == []
    assert run.pending == ("evt-1",)
    assert len(run.acknowledge(["evt-1"])) == 2


def test_what_releases_nothing_moves_nothing() -> None:
    run = replay(10.0, 11.0)
    run.start()

    assert run.acknowledge([]) == []
    assert run.acknowledge(["unknown", "evt-99"]) == []
    assert len(run.acknowledge(["evt-1"])) == 1
    assert run.acknowledge(["evt-1"]) == []
    assert run.pending == ("evt-2",)


def test_consequences_of_a_command_leave_at_once_and_hold_time_too() -> None:
    run = replay(10.0, 11.0)
    run.start()
    run.exchange.execute(BUY)

    created = read(run.consequences())

    assert [frame["event"] for frame in created] == ["ORDER_CREATED"]
    assert run.acknowledge(["evt-1"]) == []
    assert [frame["type"] for frame in read(run.acknowledge(["evt-2"]))] == [
        "order",
        "trade",
        "position",
        "account",
        "candle",
    ]


def test_what_was_ordered_before_the_start_is_told_before_time_begins() -> None:
    run = replay(10.0)
    run.exchange.execute(BUY)
    assert run.consequences() == []

    begun = read(run.start())
    after = read(run.acknowledge(["evt-1"]))

    assert [frame["type"] for frame in begun] == ["order"]
    assert [frame["type"] for frame in after][-1] == "candle"


def test_the_run_is_over_once_the_terminal_is_acknowledged() -> None:
    run = replay(10.0)
    run.start()

    last = read(run.acknowledge(["evt-1"]))
    assert [frame["type"] for frame in last] == ["backtest_complete"]
    assert not run.is_over

    assert run.acknowledge(["evt-2"]) == []
    assert run.is_over


def test_orders_cancelled_at_the_end_must_be_acknowledged_as_well() -> None:
    run = replay(10.0)
    run.start()
    run.exchange.execute(
        SubmitOrder(AAPL, Side.BUY, Decimal(1), OrderType.LIMIT, limit_price=Decimal(1))
    )
    run.consequences()

    last = read(run.acknowledge(["evt-1", "evt-2"]))
    run.acknowledge(["evt-4"])

    assert [frame["type"] for frame in last] == ["order", "backtest_complete"]
    assert not run.is_over
    run.acknowledge(["evt-3"])
    assert run.is_over


def test_a_run_without_candles_is_over_at_once() -> None:
    assert [frame["type"] for frame in read(replay().start())] == ["backtest_complete"]


def test_what_was_not_acknowledged_can_be_sent_again_with_the_same_bytes() -> None:
    run = two_symbols()
    frames = run.start()
    run.acknowledge(["evt-1"])
    run.exchange.execute(BUY)
    created = run.consequences()

    assert run.unacknowledged() == [frames[1], *created]
    assert run.pending_count == 2


def test_a_greeting_names_the_run_only_where_one_can_come_back_to_it() -> None:
    run = Replay(Exchange(Feed([series(10.0)])), clock=lambda: NOW, run_id='4f"2')

    assert read(run.greet()) == [
        {
            "type": "connection",
            "event": "CONNECTED",
            "timestamp": "2025-06-01T12:30:00Z",
            "run_id": '4f"2',
        }
    ]


def test_forgoing_acknowledgments_moves_time_and_ignores_them_when_they_come_late() -> None:
    run = replay(10.0, 11.0)
    run.start()

    assert [frame["event_id"] for frame in read(run.forgo())] == ["evt-2"]
    assert run.acknowledge(["evt-1"]) == []
    assert run.pending == ("evt-2",)


def paced(*closes: float) -> Replay:
    return Replay(Exchange(Feed([series(*closes)])), clock=lambda: NOW, paced=True)


def test_a_paced_step_needs_its_permission_and_names_its_moment_beforehand() -> None:
    run = paced(10.0, 11.0)
    start = run.exchange.now_ms

    assert run.start() == []
    assert run.due_ms is not None
    assert run.due_ms > start == run.exchange.now_ms
    first = run.due_ms
    assert len(run.permit()) == 1
    assert run.exchange.now_ms == first
    assert run.acknowledge(["evt-1"]) == []
    assert run.due_ms == first + (first - start)


def test_a_permission_waits_for_what_is_still_unacknowledged() -> None:
    run = paced(10.0, 11.0)
    run.start()
    run.permit()
    run.acknowledge(["evt-1"])
    run.exchange.execute(BUY)
    run.consequences()

    assert run.permit() == []
    assert [frame["type"] for frame in read(run.acknowledge(["evt-2"]))][-1] == "candle"


def test_the_end_of_a_paced_run_needs_no_permission() -> None:
    run = paced(10.0)
    run.start()
    run.permit()

    assert [frame["type"] for frame in read(run.acknowledge(["evt-1"]))] == ["backtest_complete"]
