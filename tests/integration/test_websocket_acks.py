"""When an ack leaves, and what it names, over real sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.errors import ProtocolError, StrategyFailed
from runner.protocol.codec import encode
from runner.protocol.messages import Connection
from runner.protocol.times import from_ms
from runner.session import Ending
from tests.integration.peer import Client, candle_frame, drive, running


def buy_one(strategy: Any, candle: Any) -> None:
    strategy.buy(quantity=1)


def lock_step(client: Client) -> None:
    client.connected()
    for index in range(3):
        client.candles(index)
        client.ack()
    client.complete()
    client.ack()
    client.wait_until_closed()


@pytest.mark.parametrize("spin_us", [0.0, 200.0], ids=["sleeping", "polling"])
def test_a_backtest_runs_to_its_end_and_is_closed_normally(spin_us: float) -> None:
    with running(lock_step) as peer:
        ending, _ = drive(peer, spin_us=spin_us)
        peer.done.wait()

    assert ending == Ending("complete", confirmed=True)
    assert peer.acked == ["e0", "e1", "e2", "end"]
    assert peer.timeline[-3:] == [("stopped",), ("ack", "end"), ("closed", 1000)]


def test_an_ack_follows_the_handler_and_the_answer_to_its_order() -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.complete()
        client.ack()

    with running(script) as peer:
        peer.book.on_post = lambda: peer.timeline.append(("answering",))
        drive(peer, buy_one)

    kinds = [entry[0] for entry in peer.timeline]
    assert kinds == ["state", "handled", "post", "answering", "ack", "stopped", "ack"]


def test_A10_state_is_read_and_orders_of_on_start_are_placed_before_the_socket_opens() -> None:
    def script(client: Client) -> None:
        client.timeline.append(("opened",))
        client.complete()
        client.ack()

    with running(script) as peer:
        drive(peer)

    assert peer.timeline[:2] == [("state",), ("opened",)]


def test_every_id_is_acked_exactly_once_whatever_its_frame() -> None:
    frames = [
        b'{"type":"hologram","event_id":"h1","depth":3}',
        b'{"type":"connection","event":"BROKER_DISCONNECTED","event_id":"c1",'
        b'"timestamp":"2024-01-01T00:00:00Z"}',
        b'{"type":"ping","event_id":"p1","timestamp":"2024-01-01T00:00:00Z"}',
        b'{"type":"hologram"}',
        candle_frame(0),
    ]

    def script(client: Client) -> None:
        for frame in frames:
            client.send(frame)
        ids: list[str] = []
        while len(ids) < 4 or ("pong",) not in client.timeline:
            message = client.read()
            ids += message.get("events_processed", ())
            if message["type"] == "pong":
                client.timeline.append(("pong",))
        client.timeline.append(("ack", *ids))
        client.complete()
        client.ack()

    with running(script) as peer:
        _, session = drive(peer)

    assert peer.acked == ["h1", "c1", "p1", "e0", "end"]
    assert peer.timeline.count(("pong",)) == 1
    assert session.unknown_types == {"hologram": 2}


def test_a_burst_is_acked_in_one_frame_after_its_last_handler() -> None:
    def script(client: Client) -> None:
        client.connected()
        client.candles(*range(50))
        client.ack()
        client.complete()
        client.ack()

    with running(script) as peer:
        drive(peer)

    assert [entry[0] for entry in peer.timeline[1:52]] == ["connection"] + ["handled"] * 50
    assert peer.timeline[52] == ("ack", *(f"e{index}" for index in range(50)))


def test_no_ack_names_more_than_256_ids() -> None:
    ids = [f"x{number}" for number in range(600)]

    def script(client: Client) -> None:
        client.send(*(json.dumps({"type": "x", "event_id": one}) for one in ids))
        client.timeline.append(("sizes", [len(one) for one in client.acks(600)]))
        client.complete()
        client.ack()

    with running(script) as peer:
        drive(peer)

    sizes = next(entry[1] for entry in peer.timeline if entry[0] == "sizes")
    assert max(sizes) == 256
    assert peer.acked == [*ids, "end"]


def test_A11_a_batch_with_a_failing_event_is_not_acked() -> None:
    def fail_at_the_second(strategy: Any, candle: Any) -> None:
        if candle.close == 101:
            raise ValueError("no")

    def script(client: Client) -> None:
        client.candles(0, 1, 2)
        client.timeline.append(("closed with", client.wait_until_closed()))

    with running(script) as peer:
        with pytest.raises(StrategyFailed):
            drive(peer, fail_at_the_second)
        peer.done.wait()

    assert peer.acked == []
    assert ("closed with", 1001) in peer.timeline


@pytest.mark.parametrize("greetings", [0, 1, 2], ids=["absent", "once", "twice"])
def test_N5_connected_may_come_or_not(greetings: int) -> None:
    def script(client: Client) -> None:
        for _ in range(greetings):
            client.connected()
        client.candles(0)
        client.ack()
        client.complete()
        client.ack()

    with running(script) as peer:
        ending, _ = drive(peer)

    assert ending.why == "complete"
    assert sorted(peer.acked) == ["e0", "end"]
    assert peer.timeline.count(("connection", "CONNECTED")) == greetings


def test_N5_connected_may_come_late() -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.connected()
        client.candles(1)
        client.ack()
        client.complete()
        client.ack()

    with running(script) as peer:
        drive(peer)

    assert peer.acked == ["e0", "e1", "end"]


def test_F10_F17_what_comes_after_the_end_is_neither_handled_nor_acknowledged() -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.complete()
        client.candles(1)
        client.complete()
        client.ack()
        client.wait_until_closed()

    with running(script) as peer:
        ending, _ = drive(peer)

    assert ending == Ending("complete", confirmed=True)
    assert peer.acked == ["e0", "end"]


def test_F17_a_normal_close_ends_well_but_unconfirmed() -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.socket.close(1000)

    with running(script) as peer:
        ending, _ = drive(peer)

    assert ending == Ending("closed", confirmed=False)
    assert peer.timeline[-1] == ("stopped",)


def test_F17_a_normal_close_is_a_failure_where_the_end_must_be_confirmed() -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.socket.close(1000)

    with running(script) as peer, pytest.raises(ProtocolError) as caught:
        drive(peer, session={"require_complete": True})

    assert caught.value.id == "E731"


def test_max_events_counts_messages_and_acknowledges_them() -> None:
    def script(client: Client) -> None:
        client.candles(0, 1, 2, 3)
        client.acks(2)
        client.wait_until_closed()

    with running(script) as peer:
        ending, _ = drive(peer, max_events=2)
        peer.done.wait()

    assert ending == Ending("max_events", confirmed=False)
    assert [entry for entry in peer.timeline if entry[0] == "handled"] == [
        ("handled", 0),
        ("handled", 1),
    ]
    assert peer.acked == ["e0", "e1"]
    assert peer.timeline[-1] == ("closed", 1000)


def test_A5_every_ack_that_may_be_lost_with_the_connection_is_repeated() -> None:
    def loses_both_acks(client: Client) -> None:
        client.send(encode(Connection("CONNECTED", run_id="kept"), timestamp=from_ms(0)))
        client.candles(0)
        client.read()
        client.complete()
        client.read()
        client.cut()

    def hears_them(client: Client) -> None:
        client.acks(2)
        client.wait_until_closed()

    # Now and then the peer's library answers our closing frame before the cut:
    # then nothing is lost.
    heard = set()
    for _ in range(8):
        with running(loses_both_acks, hears_them) as peer:
            ending, _ = drive(peer)
        assert ending == Ending("complete", confirmed=True)
        heard.add(tuple(sorted(peer.acked)))

    assert ("e0", "end") in heard
    assert heard <= {("e0", "end"), ()}
