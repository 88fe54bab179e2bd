"""Live runs that are asked to end at any moment: gone within the five seconds that are promised."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.integration.gateway import ended, gateway, send_signal, strategy_in
from tests.integration.peer import Handler
from tests.integration.sigterm import BOUND_S, play, slowness_s
from tests.integration.test_on_exit import WORKS, one_candle
from tests.integration.test_overdue import BEGINNING, STUBBORN


@pytest.mark.parametrize("point", range(6))
def test_O2_a_run_leaves_within_five_seconds_with_a_valid_journal(
    tmp_path: Path, point: int
) -> None:
    play(point, 7, tmp_path)


@pytest.mark.parametrize("method", ["POST", "DELETE", "GET"])
def test_O2_a_gateway_that_answers_nothing_more_does_not_hold_up_the_end(
    tmp_path: Path, method: str
) -> None:
    with gateway(one_candle) as peer:

        def silence(_: Handler) -> bool:
            return peer.book.released.wait(60)

        process = peer.start(tmp_path, "run", strategy_in(tmp_path, WORKS), "--json")
        if method == "POST":
            peer.book.faults["POST"] = [silence] * 100
            peer.wait_for_posts(1)
        else:
            peer.wait_for_posts(2)
        peer.book.faults[method] = [silence] * 100
        began = time.monotonic()
        send_signal(process)
        code, _, said = ended(process)

        assert time.monotonic() - began < BOUND_S + slowness_s()
    assert code == 9, said
    assert {"POST": "error[E932]", "DELETE": "error[E924]", "GET": "error[E926]"}[method] in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_O1_O2_a_handler_that_swallows_every_interruption_does_not_hold_up_the_end(
    tmp_path: Path, number: int
) -> None:
    text = BEGINNING + "    def on_candle(self, candle):\n        self.buy(quantity=1, limit=50)\n"
    text += f"\n    def on_order(self, order):\n        print('in', flush=True)\n{STUBBORN}"
    with gateway(one_candle) as peer:
        process = peer.start(tmp_path, "run", strategy_in(tmp_path, text), "--ui", "none")
        peer.wait_for_posts(1)
        client = peer.book.clients[0]
        client.wait_for(lambda: bool(peer.book.orders))
        client.order(peer.book.orders[0], "ORDER_CREATED")
        assert process.stderr is not None
        assert "in\n" in iter(process.stderr.readline, "")
        began = time.monotonic()
        send_signal(process, number)
        code, _, said = ended(process)

        assert time.monotonic() - began < BOUND_S + slowness_s()
        assert peer.book.orders[0]["status"] == "CANCELLED"
    assert code == 128 + number, said
