"""What a gateway says of its own condition, over real sockets: orders wait until it is over."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from runner.errors import ConnectError
from runner.protocol.messages import Candle
from runner.strategy.order import Order
from runner.transports.watch import TICK_S
from tests.helpers import AAPL
from tests.integration.gateway import ended, gateway, stays, strategy_in
from tests.integration.peer import (
    Client,
    Handler,
    Noting,
    candle_frame,
    drive_live,
    raw_server,
    running,
    upgrade,
)

AT = "2024-01-01T00:00:00Z"


def frame(kind: str, event: str, **fields: Any) -> str:
    return json.dumps({"type": kind, "event": event, "timestamp": AT, **fields})


STALE = frame("data_staleness", "STALE", symbols=[AAPL], broker="mock")
FRESH = frame("data_staleness", "FRESH", symbols=[AAPL])
LOST = frame("connection", "BROKER_DISCONNECTED", broker="mock", error="reset")
BACK = frame("connection", "BROKER_RECONNECTED", broker="mock", gap_duration_ms=8421)
LIMITED = frame(
    "rate_limit", "RATE_LIMIT_HIT", requests_remaining=0, reset_at="2099-01-01T00:00:00Z"
)


class Told(Noting):
    """Buys on each candle, and notes what is denied and what it is told."""

    def on_candle(self, candle: Candle) -> None:
        self.timeline.append(("handled", round(candle.close - 100)))
        self.buy(quantity=1, limit=round(candle.close))

    def on_order(self, order: Order) -> None:
        if order.is_rejected:
            self.timeline.append(("denied", order.reject_reason))

    def on_error(self, error: Any) -> None:
        self.timeline.append(("told", error.code))


def wait_until_told(client: Client, code: str) -> None:
    client.wait_for(lambda: ("told", code) in client.timeline)


def events(timeline: list[Any]) -> list[Any]:
    """Return what the strategy noted, and what was sent, without the rest."""
    return [one for one in timeline if one[0] in ("handled", "denied", "told", "post", "state")]


def finish(client: Client) -> None:
    client.complete()
    client.ack()


def test_L6_no_order_opens_a_position_on_stale_prices(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.send(STALE)
        wait_until_told(client, "DATA_STALE")
        client.candles(0)
        client.ack()
        client.send(FRESH)
        wait_until_told(client, "LIFTED")
        client.candles(1)
        client.ack()
        finish(client)

    with running(script) as peer:
        drive_live(peer, tmp_path, strategy=Told)

    assert events(peer.timeline)[1:] == [
        ("told", "DATA_STALE"),
        ("handled", 0),
        ("denied", "DENIED_DATA_STALE"),
        ("told", "LIFTED"),
        ("handled", 1),
        ("post", "first-2"),
    ]


def test_L6_after_a_lost_broker_the_state_is_read_before_an_order_is_sent(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.send(LOST)
        wait_until_told(client, "BROKER_DISCONNECTED")
        client.candles(0)
        client.ack()
        client.send(BACK)
        wait_until_told(client, "LIFTED")
        client.candles(1)
        client.ack()
        finish(client)

    with running(script) as peer:
        drive_live(peer, tmp_path, strategy=Told)

    assert events(peer.timeline)[1:] == [
        ("told", "BROKER_DISCONNECTED"),
        ("handled", 0),
        ("denied", "DENIED_BROKER_DISCONNECTED"),
        ("state",),
        ("told", "LIFTED"),
        ("handled", 1),
        ("post", "first-2"),
    ]


def test_L6_what_the_broker_did_meanwhile_is_taken_over_and_told(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.send(LOST)
        wait_until_told(client, "BROKER_DISCONNECTED")
        client.book.fill(client.book.orders[0])
        client.send(BACK)
        wait_until_told(client, "RECONCILED")
        wait_until_told(client, "LIFTED")
        finish(client)

    with running(script) as peer:
        _, session = drive_live(peer, tmp_path, strategy=Told)

    (order,) = session.desk.tickets.values()
    assert order.status.value == "FILLED"
    assert session.desk.portfolio.quantity(AAPL) == 1


def test_L8_orders_wait_for_the_limit_of_requests_and_cancellations_do_not(tmp_path: Path) -> None:
    class Cancelling(Told):
        def on_candle(self, candle: Candle) -> None:
            for order in self.orders:
                self.cancel(order)
            super().on_candle(candle)

    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.send(LIMITED)
        wait_until_told(client, "RATE_LIMITED")
        client.candles(1)
        client.ack()
        finish(client)

    with running(script) as peer:
        drive_live(peer, tmp_path, strategy=Cancelling)

    assert ("denied", "DENIED_RATE_LIMITED") in peer.timeline
    assert [one["status"] for one in peer.book.orders] == ["CANCELLED"]
    assert len(peer.book.posts) == 1


def test_R13_positions_that_cannot_be_read_in_a_run_pause_it_and_are_not_flat(
    tmp_path: Path,
) -> None:
    failing = True

    def fail(handler: Handler) -> bool:
        if handler.route != ["positions"] or not failing:
            return False
        handler.answer(500, b"")
        return True

    def script(client: Client) -> None:
        nonlocal failing
        client.book.faults["GET"] = [fail] * 10_000
        wait_until_told(client, "STATE_UNREADABLE")
        client.candles(0)
        client.ack()
        failing = False
        wait_until_told(client, "LIFTED")
        client.candles(1)
        client.ack()
        finish(client)

    with running(script) as peer:
        peer.book.hold(AAPL, "3")
        _, session = drive_live(
            peer, tmp_path, strategy=Told, foreign={"*": "adopt"}, reconcile_every_s=0.05
        )

    assert ("denied", "DENIED_STATE_UNREADABLE") in peer.timeline
    assert len(peer.book.posts) == 1
    assert session.desk.portfolio.quantity(AAPL) == 3


def test_a_gateway_that_agrees_is_read_quietly_now_and_then(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.wait_for(lambda: client.book.state_reads > 4)
        finish(client)

    with running(script) as peer:
        drive_live(peer, tmp_path, strategy=Told, reconcile_every_s=0.02)

    assert [one for one in peer.timeline if one[0] in ("told", "denied")] == []


def test_N8_a_silent_peer_is_given_up_though_the_run_looks_around_meanwhile(
    tmp_path: Path,
) -> None:
    """The run looks around every second, which must not count as a sign of life."""

    def talk(sock: socket.socket) -> None:
        upgrade(sock)
        sock.sendall(Frame(Opcode.TEXT, candle_frame(0)).serialize(mask=False))
        while sock.recv(65_536):
            pass

    with running(finish) as peer, raw_server(talk) as (place, visits):
        peer.ws_url = f"ws://{place}"
        with pytest.raises(ConnectError) as caught:
            drive_live(
                peer, tmp_path, ping_interval_s=TICK_S * 1.2, ping_timeout_s=0.02, max_attempts=1
            )

    assert "no longer answers" in caught.value.what
    assert len(visits) == 1


def test_L6_a_broker_that_is_given_up_ends_the_run_with_9(tmp_path: Path) -> None:
    text = """
from runner import Strategy


class Quiet(Strategy):
    def on_connection(self, connection):
        print("TOLD", connection.event)
"""

    def script(client: Client) -> None:
        client.send(frame("connection", "BROKER_CONNECTION_FAILED", broker="mock"))
        stays(client)

    with gateway(script) as there:
        code, document, said = ended(
            there.start(tmp_path, "run", strategy_in(tmp_path, text), "--json")
        )

    assert code == 9, said
    assert document["ending"]["why"] == "halted"
    assert "error[E941]: trading was halted: the gateway has given its broker up" in said


@pytest.mark.parametrize("code", ["LIQUIDATION", "OCO_DOUBLE_EXIT"])
def test_L6_a_report_that_makes_the_books_doubtful_cancels_what_opens(
    tmp_path: Path, code: str
) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.send(json.dumps({"type": "error", "code": code, "message": "m", "timestamp": AT}))
        client.wait_for(lambda: client.book.orders[0]["status"] == "CANCELLED")
        client.candles(1)
        client.ack()
        finish(client)

    with running(script) as peer:
        _, session = drive_live(peer, tmp_path, strategy=Told)

    assert ("denied", "DENIED_HALTED") in peer.timeline
    assert session.guard is not None
    assert session.guard.breach is not None
    assert session.guard.breach.limit == code.lower()
