"""What a live run finds at its start and after a gap, over real sockets."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runner.errors import ConnectError, RiskHalt
from runner.protocol.messages import Candle
from tests.integration.peer import Client, Handler, Noting, Peer, drive_live, running

AAPL = "S:AAPL"
OTHERS = {"symbol": AAPL, "side": "BUY", "order_type": "MARKET", "quantity": "7"}


def one_candle(client: Client) -> None:
    client.candles(0)
    client.ack()
    client.complete()
    client.ack()


def another_candle(client: Client) -> None:
    client.candles(1)
    client.ack()
    client.complete()
    client.ack()


def buy_once(strategy: Any, candle: Candle) -> None:
    if not hasattr(strategy, "ticket"):
        strategy.ticket = strategy.buy(quantity=1)


def fill(peer: Peer, index: int = 0) -> None:
    peer.book.orders[index].update(
        status="FILLED", filled_quantity="1", remaining_quantity="0", average_fill_price="100"
    )
    peer.book.hold(AAPL, "1")


# The start


def foreign_order(peer: Peer) -> None:
    peer.book.place({**OTHERS, "client_order_id": "by-hand"})


def foreign_position(peer: Peer) -> None:
    peer.book.hold(AAPL, "-3")


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (foreign_order, "order o1 (BUY 7 S:AAPL)"),
        (foreign_position, "a position of -3 S:AAPL, where our orders come to 0"),
    ],
    ids=["order", "position"],
)
def test_what_is_not_ours_stops_the_start(tmp_path: Path, prepare: Any, said: str) -> None:
    with running(one_candle) as peer:
        prepare(peer)
        with pytest.raises(RiskHalt) as caught:
            drive_live(peer, tmp_path)

    assert (caught.value.id, caught.value.exit_code) == ("E931", 9)
    assert said in caught.value.what
    assert peer.connections == 0


def test_what_is_adopted_is_seen_and_is_ours_from_then_on(tmp_path: Path) -> None:
    with running(one_candle) as peer:
        foreign_order(peer)
        foreign_position(peer)
        _, first = drive_live(peer, tmp_path, foreign={"*": "adopt"})
        _, second = drive_live(peer, tmp_path, run="second")

    for session in (first, second):
        assert [one.quantity for one in session.desk.working.values()] == [7]
        assert session.desk.portfolio.quantity(AAPL) == -3


def test_what_is_ignored_is_neither_seen_nor_counted(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        done = {**client.book.orders[0], "status": "FILLED", "filled_quantity": "7"}
        client.order(done, "ORDER_FILLED")
        client.complete()
        client.ack()

    with running(script) as peer:
        foreign_order(peer)
        foreign_position(peer)
        _, session = drive_live(peer, tmp_path, buy_once, foreign={AAPL: "ignore"})

    assert [one.client_order_id for one in session.desk.tickets.values()] == ["first-1"]
    assert session.desk.portfolio.quantity(AAPL) == 0
    assert ("order", "FILLED") not in peer.timeline


def test_rules_hold_by_symbol(tmp_path: Path) -> None:
    with running(one_candle) as peer:
        foreign_position(peer)
        peer.book.hold("S:MSFT", "5")
        with pytest.raises(RiskHalt, match="5 S:MSFT") as caught:
            drive_live(peer, tmp_path, foreign={AAPL: "ignore"})

    assert AAPL not in caught.value.what


def test_an_execution_between_two_requests_is_not_taken_for_foreign(tmp_path: Path) -> None:
    with running(one_candle, another_candle) as peer:
        drive_live(peer, tmp_path, buy_once)
        reads = 0

        def fill_late(handler: Handler) -> bool:
            # The position is there already when the order is still shown as working.
            nonlocal reads
            reads += handler.route == ["positions"]
            if reads == 2:
                fill(peer)
            return False

        peer.book.hold(AAPL, "1")
        peer.book.faults["GET"] = [fill_late] * 100
        _, session = drive_live(peer, tmp_path, buy_nothing, run="second")

    assert session.desk.portfolio.quantity(AAPL) == 1
    assert ("order", "FILLED") in peer.timeline


def buy_nothing(strategy: Any, candle: Candle) -> None:
    """Leave it at what the run before has done."""


def test_what_an_earlier_run_has_done_is_ours(tmp_path: Path) -> None:
    with running(one_candle, another_candle) as peer:
        drive_live(peer, tmp_path, buy_once)
        fill(peer)
        _, session = drive_live(peer, tmp_path, buy_nothing, run="second")

    assert session.desk.portfolio.quantity(AAPL) == 1
    assert [one.status.value for one in session.desk.tickets.values()] == ["FILLED"]


def test_a_position_that_somebody_has_closed_is_taken_for_closed(tmp_path: Path) -> None:
    with running(one_candle, another_candle) as peer:
        drive_live(peer, tmp_path, buy_once)
        fill(peer)
        peer.book.hold(AAPL, "0")
        for run in ("second", "third"):
            _, session = drive_live(peer, tmp_path, buy_nothing, run=run)

    assert session.desk.portfolio.quantity(AAPL) == 0


def test_an_order_that_may_have_left_is_looked_for_then_told_as_orphaned(tmp_path: Path) -> None:
    class Telling(Noting):
        def on_error(self, error: Any) -> None:
            self.timeline.append(("error", error.code))

    def lose(handler: Handler) -> bool:
        handler.hang_up()
        return True

    with running(one_candle, another_candle) as peer:
        peer.book.faults["POST"] = [lose]
        drive_live(peer, tmp_path, buy_once, pauses_s=(60.0,))
        drive_live(peer, tmp_path, buy_nothing, run="second", strategy=Telling)
        # Once is enough: the third run begins without a word.
        before = len(peer.timeline)
        drive_live(peer, tmp_path, buy_nothing, run="third", strategy=Telling)

    assert ("error", "ORDER_ORPHANED") in peer.timeline[:before]
    assert ("error", "ORDER_ORPHANED") not in peer.timeline[before:]
    assert len(peer.book.posts) == 1


@pytest.mark.parametrize("failing", [0, 2], ids=["read at once", "read at the third attempt"])
def test_O3_an_order_that_a_crash_kept_from_leaving_is_told_as_rejected_at_once(
    tmp_path: Path, failing: int
) -> None:
    def fail(handler: Handler) -> bool:
        handler.answer(500, b"")
        return True

    class Telling(Noting):
        def on_order(self, order: Any) -> None:
            self.timeline.append(("order", order.status.value, order.reject_message))

    with running(one_candle, another_candle, another_candle) as peer:
        drive_live(peer, tmp_path, buy_once)
        path = tmp_path / "journal.jsonl"
        lines = path.read_bytes().splitlines(keepends=True)
        kinds = [json.loads(one)["kind"] for one in lines]
        # As a crash leaves it that comes before both lines of the order are on the disk.
        path.write_bytes(b"".join(lines[: kinds.index("intent") + 1]) + lines[-1][:5])
        peer.book.orders.clear()
        peer.book.faults["GET"] = [fail] * failing
        _, second = drive_live(
            peer, tmp_path, buy_nothing, run="second", strategy=Telling, pauses_s=(60.0,)
        )
        _, third = drive_live(
            peer, tmp_path, buy_nothing, run="third", strategy=Telling, pauses_s=(60.0,)
        )

    said = "the run before ended before the order was sent"
    assert [one for one in peer.timeline if one[0] == "order"] == [("order", "REJECTED", said)]
    assert ([*second.desk.tickets], [*third.desk.tickets]) == (["first-1"], [])
    kinds = [json.loads(one)["kind"] for one in path.read_bytes().splitlines()]
    assert kinds.count("begun") == 3
    assert len(peer.book.posts) == 1


@pytest.mark.parametrize("failing", ["account", "positions", "orders"])
def test_R13_what_cannot_be_read_is_never_taken_for_nothing(tmp_path: Path, failing: str) -> None:
    def fail(handler: Handler) -> bool:
        if handler.route[0] != failing:
            return False
        handler.answer(500, b"")
        return True

    with running(one_candle) as peer:
        peer.book.hold(AAPL, "1")
        peer.book.faults["GET"] = [fail] * 100
        with pytest.raises(ConnectError) as caught:
            drive_live(peer, tmp_path, foreign={"*": "adopt"})

    assert caught.value.id == "E610"
    assert peer.connections == 0


# After a gap


@pytest.mark.parametrize(
    ("status", "filled"), [("FILLED", "1"), ("CANCELLED", "0"), ("REJECTED", "0")]
)
def test_what_ended_during_a_gap_is_told_as_it_was(
    tmp_path: Path, status: str, filled: str
) -> None:
    def cut(client: Client) -> None:
        client.candles(0)
        client.ack()
        order = client.book.orders[0]
        order.update(status=status, filled_quantity=filled, average_fill_price="100")
        client.book.hold(AAPL, filled)
        client.cut()

    with running(cut, another_candle) as peer:
        _, session = drive_live(peer, tmp_path, buy_once)

    (order,) = session.desk.tickets.values()
    assert (order.status.value, order.filled_quantity) == (status, Decimal(filled))
    assert session.desk.portfolio.quantity(AAPL) == Decimal(filled)
    told = [one for one in peer.timeline if one[0] in ("order", "connection")]
    assert told[-2:] == [("order", status), ("connection", "RECONNECTED")]


def test_what_filled_in_part_during_a_gap_is_told(tmp_path: Path) -> None:
    def cut(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.book.orders[0].update(
            status="PARTIALLY_FILLED", filled_quantity="0.4", average_fill_price="100"
        )
        client.book.hold(AAPL, "0.4")
        client.cut()

    with running(cut, another_candle) as peer:
        _, session = drive_live(peer, tmp_path, buy_once)

    assert ("order", "PARTIALLY_FILLED") in peer.timeline
    assert session.desk.portfolio.quantity(AAPL) == Decimal("0.4")


def test_an_order_without_evidence_after_a_gap_is_in_doubt_until_it_is_found(
    tmp_path: Path,
) -> None:
    def cut(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.timeline.append(("hidden", client.book.orders.pop()))
        client.cut()

    def show_again(client: Client) -> None:
        client.wait_for(lambda: ("order", "UNKNOWN") in client.timeline)
        (hidden,) = [one[1] for one in client.timeline if one[0] == "hidden"]
        client.book.orders.append(hidden)
        client.wait_for(lambda: ("order", "OPEN") in client.timeline)
        another_candle(client)

    with running(cut, show_again) as peer:
        _, session = drive_live(peer, tmp_path, buy_once, pauses_s=(0.05,) * 20)

    assert [one.status.value for one in session.desk.tickets.values()] == ["OPEN"]


def test_F15_an_execution_that_is_told_twice_counts_once(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        for _ in range(2):
            client.execution("t-1", client.book.orders[0], "0.5")
        client.complete()
        client.ack()

    with running(script) as peer:
        _, session = drive_live(peer, tmp_path, buy_once)

    assert session.desk.portfolio.quantity(AAPL) == Decimal("0.5")
    assert len(session.desk.portfolio.fills) == 1
