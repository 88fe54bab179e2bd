"""What a network and a peer do over time, over real lines: silence, floods, doubles, restarts."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from runner.engine.server import SessionRules
from runner.errors import ConnectError, ProtocolError
from runner.protocol.codec import encode
from runner.protocol.messages import Connection
from runner.protocol.times import from_ms
from runner.transports.settings import ConnectionSettings
from tests.helpers import series
from tests.integration.engine_process import engine
from tests.integration.gateway import gateway
from tests.integration.peer import PATIENCE_S, Client, candle_frame, drive, running
from tests.integration.relay import Action, Passing, Relay, relay
from tests.integration.test_cli import SMA
from tests.integration.test_resume import (
    CLOSES,
    EVENTS,
    KEPT,
    event,
    once,
    run,
    trader,
    uninterrupted,
)
from tests.integration.toxic import ToxicLine, toxic_line

__all__ = ["trader"]
LIVE = {"backtest": False}
PING = b'{"type":"ping","timestamp":"2024-01-01T00:00:00Z"}'


def the_end(client: Client) -> None:
    client.candles(1)
    client.ack()
    client.complete()
    client.ack()


# Connections


def test_N7_a_peer_that_closes_well_again_and_again_is_given_up() -> None:
    def greet_and_close(client: Client) -> None:
        client.connected()
        client.socket.close(1000)

    with running(greet_and_close) as peer, pytest.raises(ConnectError) as caught:
        drive(peer, session=LIVE, max_attempts=4)

    assert (caught.value.id, caught.value.exit_code) == ("E604", 6)
    assert peer.connections == 4


def test_N8_a_line_that_is_half_open_is_left_for_a_new_one() -> None:
    lines: list[ToxicLine] = []

    def falls_silent(client: Client) -> None:
        client.candles(0)
        client.ack()
        lines[0].swallow()
        client.wait_for(lambda: peer.connections == 2)

    with (
        running(falls_silent, the_end) as peer,
        toxic_line(peer.ws_url, peer.rest_url) as line,
    ):
        lines.append(line)
        peer.ws_url = line.ws_url
        drive(peer, session=LIVE, ping_interval_s=0.05, ping_timeout_s=0.05)

    assert peer.acked == ["e0", "e1", "end"]
    assert ("connection", "RECONNECTED") in peer.timeline


def test_N8_a_half_open_line_is_noticed_within_45_seconds() -> None:
    settings = ConnectionSettings()

    assert settings.ping_interval_s + settings.ping_timeout_s <= 45


def test_N9_ten_thousand_pings_are_all_answered_and_no_event_waits_for_them() -> None:
    pings, candles = 10_000, 20
    flood = Frame(Opcode.TEXT, PING).serialize(mask=False) * (pings // candles)

    def script(client: Client) -> None:
        pongs = 0
        for index in range(candles):
            client.write(flood)
            client.candles(index)
            acked = False
            while not acked:
                message = client.read()
                acked = message["type"] == "event_ack"
                pongs += message["type"] == "pong"
        while pongs < pings:
            pongs += client.read()["type"] == "pong"
        client.timeline.append(("pongs", pongs))
        client.complete()
        client.ack()

    with running(script) as peer:
        drive(peer)

    assert ("pongs", pings) in peer.timeline
    assert [one for one in peer.timeline if one[0] == "handled"] == [
        ("handled", index) for index in range(candles)
    ]


# Frames


def test_F4_a_compressed_frame_that_nobody_agreed_to_is_exit_7_and_never_inflated() -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.write(b"\xc1\x7d" + b"\x00" * 125)
        client.wait_until_closed()

    with running(script) as peer, pytest.raises(ProtocolError) as caught:
        drive(peer)

    assert caught.value.id == "E742"
    assert "uncompressed" in caught.value.why
    assert peer.connections == 1


def test_F5_a_message_in_one_byte_fragments_is_one_message() -> None:
    raw = candle_frame(0)
    last = len(raw) - 1

    def script(client: Client) -> None:
        for at, byte in enumerate(raw):
            opcode = Opcode.CONT if at else Opcode.TEXT
            client.write(Frame(opcode, bytes((byte,)), fin=at == last).serialize(mask=False))
        client.ack()
        client.complete()
        client.ack()

    with running(script) as peer:
        drive(peer)

    assert peer.acked == ["e0", "end"]


def test_F5_a_message_that_never_ends_is_a_stall() -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.write(Frame(Opcode.TEXT, b"{", fin=False).serialize(mask=False))
        while True:
            client.write(Frame(Opcode.CONT, b" ", fin=False).serialize(mask=False))
            client.book.released.wait(0.02)

    with running(script) as peer, pytest.raises(ProtocolError) as caught:
        drive(peer, stall_timeout_s=0.2)

    assert caught.value.id == "E743"


def test_F5_a_live_run_leaves_a_line_on_which_a_message_never_ends() -> None:
    def trickle(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.write(Frame(Opcode.TEXT, b"{", fin=False).serialize(mask=False))
        until = time.monotonic() + PATIENCE_S
        while client.book.clients[-1] is client:
            client.write(Frame(Opcode.CONT, b" ", fin=False).serialize(mask=False))
            client.book.released.wait(0.01)
            if time.monotonic() > until:
                raise TimeoutError("the line was not left")

    with running(trickle, the_end) as peer:
        drive(peer, session=LIVE, ping_interval_s=0.3, ping_timeout_s=0.3)

    assert peer.acked == ["e0", "e1", "end"]
    assert ("connection", "RECONNECTED") in peer.timeline


# Acknowledgments


def test_A6_an_ack_that_was_lost_is_given_again_when_the_event_comes_again() -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()  # and lost
        client.candles(0)
        client.ack()
        client.complete()
        client.ack()

    with running(script) as peer:
        drive(peer)

    assert peer.acked == ["e0", "e0", "end"]
    assert peer.timeline.count(("handled", 0)) == 1


def test_A7_frames_and_acks_that_pass_twice_change_nothing(trader: Path) -> None:
    def twice(passing: Passing) -> Action:
        return "twice" if passing.ids else "pass"

    with engine(series(*CLOSES), rules=KEPT) as serving, relay(serving.server.ws_url) as line:
        expected = uninterrupted(serving, trader)
        line.decide = twice
        document, error = run(trader, line.url, serving.server.rest_url)

    assert error is None
    assert json.dumps(document) == json.dumps(expected)


def test_A8_an_ack_says_its_moment_in_whole_milliseconds_and_names_itself() -> None:
    sent: list[dict[str, Any]] = []

    def script(client: Client) -> None:
        client.candles(0)
        sent.append(client.read())
        client.complete()
        client.ack()

    with running(script) as peer:
        drive(peer)

    assert set(sent[0]) == {"type", "correlation_id", "events_processed", "timestamp"}
    assert sent[0]["events_processed"] == ["e0"]
    assert type(sent[0]["timestamp"]) is int
    assert len(sent[0]["correlation_id"]) == 36


SLOW = """
import time

from runner import Candle, Strategy


class Slow(Strategy):
    def on_candle(self, candle: Candle) -> None:
        time.sleep(0.3)
"""


def test_A9_a_strategy_slower_than_the_window_for_its_acks_is_exit_7(tmp_path: Path) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text(SLOW)
    rules = SessionRules(ack_seconds=0.02, ack_grace=1, ack_limit=1)
    with engine(series(*CLOSES), rules=rules) as serving:
        document, error = run(slow, serving.server.ws_url, serving.server.rest_url)

    assert error is not None
    assert (error.id, error.exit_code) == ("E730", 7)
    assert "acknowledgments did not come in time" in error.what
    assert document["ending"]["confirmed"] is False


def test_A13_an_event_that_was_handled_and_not_acked_is_not_handled_again() -> None:
    handled: list[float] = []
    greeting = encode(Connection("CONNECTED", run_id="kept"), timestamp=from_ms(0))

    def script(client: Client) -> None:
        client.send(greeting)
        client.candles(0)
        client.read()
        client.cut()

    def again(client: Client) -> None:
        client.send(greeting)
        client.candles(0)
        client.ack()
        client.complete()
        client.ack()

    with running(script, again) as peer:
        drive(peer, lambda strategy, candle: handled.append(candle.close))

    assert handled == [100.0]
    assert peer.acked == ["e0", "end"]


# Engines that come and go


def test_L1_an_engine_that_was_restarted_at_any_event_is_exit_7_and_says_where(
    trader: Path,
) -> None:
    for number in range(1, EVENTS + 1):
        with (
            engine(series(*CLOSES), rules=KEPT) as before,
            engine(series(*CLOSES), rules=KEPT) as after,
            relay(before.server.ws_url) as line,
        ):
            line.decide = once(event(number), "cut after")
            line.on_connect = partial(lead_on, line, after.server.ws_url)
            document, error = run(trader, line.url, before.server.rest_url)

        assert error is not None, number
        assert (error.id, error.exit_code) == ("E730", 7), number
        assert "the engine does not keep this run" in error.what
        assert "market events, at 2024-" in error.where
        assert document["ending"]["exit_code"] == 7


def lead_on(line: Relay, ws_url: str) -> None:
    """Lead to another engine from the second connection on."""
    if line.connections == 2:
        line.lead_to(ws_url)


def test_L2_a_broken_live_run_reads_the_state_before_it_goes_on() -> None:
    def leave(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.send(
            b'{"type":"connection","event":"DISCONNECTING","timestamp":"2024-01-01T00:00:00Z"}'
        )
        client.socket.close(1001, "going down")

    with running(leave, the_end) as peer:
        drive(peer, session=LIVE)

    kinds = [one for one in peer.timeline if one[0] in ("state", "handled")]
    assert kinds == [("state",), ("handled", 0), ("state",), ("handled", 1)]


def test_L3_a_run_without_a_candle_says_so_and_does_not_pass(tmp_path: Path) -> None:
    with gateway(lambda client: (client.complete(), client.ack())) as found:
        done = found.run(tmp_path, "run", SMA, "--trust", "--ui", "none")

    assert done.returncode == 8
    assert "error[E801]: the run finished, but not one candle or quote arrived" in done.stderr
