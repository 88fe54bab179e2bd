"""What a run leaves at a gateway when it ends: verified by the gateway's own books."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway import (
    Gateway,
    ended,
    gateway,
    send_signal,
    stays,
    strategy_in,
)
from tests.integration.peer import Client, Handler

WORKS = """
from runner import Strategy

class Works(Strategy):
    def on_candle(self, candle):
        self.buy(quantity=1, limit=50)
        self.sell(quantity=1, stop=40, reduce_only=True)
"""
HOLDS = """
from runner import Strategy

class Holds(Strategy):
    def on_candle(self, candle):
        self.buy(quantity=3)
        self.sell(quantity=3, stop=40, reduce_only=True)
"""


def one_candle(client: Client) -> None:
    client.connected()
    client.candles(0)
    client.ack()
    stays(client)


def foreign(peer: Gateway, **more: Any) -> dict[str, Any]:
    body = {"symbol": "S:AAPL", "side": "BUY", "quantity": "9", "order_type": "LIMIT", **more}
    return peer.book.place({"limit_price": "10", "client_order_id": "theirs-1", **body})


def stopped(
    peer: Gateway, folder: Path, text: str, *arguments: str, number: int = signal.SIGTERM
) -> tuple[int, dict[str, Any], str]:
    """Run until two orders have been placed, then ask for the end."""
    ignoring = ("--set", "gateway.foreign=ignore")
    process = peer.start(folder, "run", strategy_in(folder, text), "--json", *ignoring, *arguments)
    peer.wait_for_posts(2)
    send_signal(process, number)
    return ended(process)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_entries_of_ours_are_cancelled_by_id_and_nothing_else(
    tmp_path: Path, number: int, code: int
) -> None:
    with gateway(one_candle) as peer:
        theirs = foreign(peer)
        left, document, said = stopped(peer, tmp_path, WORKS, number=number)
        entry, stop = peer.book.orders[1:]
        deletes = [path for method, path in peer.writes if method == "DELETE"]

    assert left == code, said
    assert (theirs["status"], entry["status"], stop["status"]) == ("OPEN", "CANCELLED", "OPEN")
    assert deletes == [f"/v1/orders/{entry['id']}"]
    assert document["working_orders"] == 1  # the stop; theirs are none of ours


def test_on_exit_leave_changes_nothing(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        stopped(peer, tmp_path, WORKS, "--set", "on_exit=leave")

        assert {one["status"] for one in peer.book.orders} == {"OPEN"}


def test_on_exit_flatten_closes_what_the_run_holds_and_its_exits(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        peer.book.fills = True
        peer.book.hold("S:THEIRS", "5")
        code, document, said = stopped(peer, tmp_path, HOLDS, "--set", "on_exit=flatten")
        _, stop, close = peer.book.orders

    assert code == 143, said
    assert (close["side"], close["quantity"], close["reduce_only"]) == ("SELL", "3", True)
    assert "position_id" not in close
    assert stop["status"] == "CANCELLED"
    assert peer.book.held() == {"S:THEIRS": 5}
    assert [one["symbol"] for one in document["open_positions"]] == ["S:THEIRS"]


def journal_of(folder: Path, name: str) -> list[dict[str, Any]]:
    (path,) = (folder / ".runner" / "live").glob(f"{name}@*/journal.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_I6_an_order_that_closes_is_written_down_before_it_leaves_and_what_came_of_it(
    tmp_path: Path,
) -> None:
    written: dict[str, list[str]] = {}

    def look() -> None:
        name = peer.book.posts[-1]["client_order_id"]
        lines = journal_of(tmp_path, "Holds")
        written[name] = [one["kind"] for one in lines if one.get("client_order_id") == name]

    with gateway(one_candle) as peer:
        peer.book.fills = True
        peer.book.on_post = look
        code, document, said = stopped(peer, tmp_path, HOLDS, "--set", "on_exit=flatten")
        close = peer.book.orders[-1]
        # What was done is known: the next run finds nothing that it cannot account for.
        again = peer.run(tmp_path, "run", "s.py", "--max-events", "1")

    assert code == 143, said
    assert again.returncode == 0, again.stderr
    assert list(written.values()) == [["intent", "sent"]] * 3
    lines = journal_of(tmp_path, "Holds")
    (intent,) = [
        one
        for one in lines
        if one["kind"] == "intent" and one["client_order_id"] == close["client_order_id"]
    ]
    assert (intent["order"]["reduce_only"], intent["reason"]) == (True, "on_exit: flatten")
    (seen,) = [one for one in lines if one["kind"] == "seen" and one["order_id"] == close["id"]]
    assert (seen["status"], seen["filled"]) == ("FILLED", "3")
    assert [one["side"] for one in document["trades"]] == ["BUY", "SELL"]


def test_O3_entries_of_an_earlier_run_that_was_killed_are_cancelled_as_ours(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        theirs = foreign(peer)
        ignoring = ("--set", "gateway.foreign=ignore", "--set", "on_death=leave")
        name = strategy_in(tmp_path, WORKS)
        first = peer.start(tmp_path, "run", name, "--json", *ignoring)
        peer.wait_for_posts(2)
        send_signal(first, signal.SIGKILL)
        first.communicate(timeout=60)
        second = peer.start(tmp_path, "run", name, "--json", *ignoring)
        peer.wait_for_posts(4)
        send_signal(second)
        code, _, said = ended(second)
        statuses = [one["status"] for one in peer.book.orders]

    assert code == 143, said
    assert statuses == ["OPEN", "CANCELLED", "OPEN", "CANCELLED", "OPEN"]
    assert theirs["status"] == "OPEN"


@pytest.mark.parametrize("is_first", [True, False], ids=["not ours", "of a run under way"])
def test_a_run_that_may_not_begin_closes_nothing(tmp_path: Path, is_first: bool) -> None:
    def patient(client: Client) -> None:
        client.connected()
        client.candles(0)
        client.ack()
        client.wait_until_closed(60.0)  # while a second program starts

    with gateway(patient) as peer:
        peer.book.fills = True
        name = strategy_in(tmp_path, HOLDS)
        flattening = ("--set", "on_exit=flatten")
        if is_first:
            peer.book.hold("S:AAPL", "3")
            refused = peer.run(tmp_path, "run", name, *flattening)
        else:
            first = peer.start(tmp_path, "run", name, "--json", "--set", "on_exit=leave")
            peer.wait_for_posts(2)
            refused = peer.run(tmp_path, "run", name, *flattening)
        held = peer.book.held()
        if not is_first:
            send_signal(first)
            ended(first)

    assert refused.returncode == (9 if is_first else 10)
    assert held == {"S:AAPL": 3}


def test_a_limit_that_halts_closes_positions_where_that_was_asked_for(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        peer.book.fills = True
        process = peer.start(
            tmp_path, "run", strategy_in(tmp_path, HOLDS), "--json",
            "--set", "risk.on_breach=flatten",
        )  # fmt: skip
        peer.wait_for_posts(2)
        send_signal(process, signal.SIGUSR1)
        code, _, said = ended(process)

    assert code == 9, said
    assert peer.book.held() == {}


def test_a_strategy_that_raises_leaves_no_entry_behind(tmp_path: Path) -> None:
    def two_candles(client: Client) -> None:
        client.connected()
        client.candles(0)
        client.ack()
        client.candles(1)
        stays(client)

    text = WORKS.replace("    def on_candle(self, candle):", "    def on_candle(self, candle):\n"
        "        if self.orders: raise ValueError('no')")  # fmt: skip
    with gateway(two_candles) as peer:
        done = peer.run(tmp_path, "run", strategy_in(tmp_path, text))
        entry, stop = peer.book.orders

    assert done.returncode == 5
    assert (entry["status"], stop["status"]) == ("CANCELLED", "OPEN")


def test_a_gateway_that_does_not_cancel_is_told_of(tmp_path: Path) -> None:
    def refuse(handler: Handler) -> bool:
        handler.refuse(503, "PROVIDER_UNAVAILABLE")
        return True

    with gateway(one_candle) as peer:
        peer.book.faults["DELETE"] = [refuse] * 1000
        code, document, said = stopped(peer, tmp_path, WORKS)

    assert code == 9
    assert "error[E924]: 1 entry orders still work" in said
    assert document["error"]["id"] == "E924"


def test_a_gateway_that_is_gone_leaves_it_unknown(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:

        def refuse(handler: Handler) -> bool:
            handler.refuse(503, "PROVIDER_UNAVAILABLE")
            return True

        process = peer.start(tmp_path, "run", strategy_in(tmp_path, WORKS), "--json")
        peer.wait_for_posts(2)
        peer.book.faults["GET"] = [refuse] * 1000
        send_signal(process)
        code, _, said = ended(process)

    assert code == 9
    assert "error[E926]: nobody knows" in said


def test_an_end_by_itself_cancels_too(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        done = peer.run(
            tmp_path, "run", strategy_in(tmp_path, WORKS), "--json", "--max-events", "2"
        )
        entry, stop = peer.book.orders

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ending"]["why"] == "max_events"
    assert (entry["status"], stop["status"]) == ("CANCELLED", "OPEN")
