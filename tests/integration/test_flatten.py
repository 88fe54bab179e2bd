"""`runner flatten` and `runner explain-order`, against a scripted gateway and a record of it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.gateway import gateway, stays, strategy_in
from tests.integration.peer import Client
from tests.integration.terminal import terminal

ACCOUNT = {"RUNNER_GATEWAY__ACCOUNT": "mock/USD"}
WORKS = """
from runner import Strategy

class Works(Strategy):
    def on_candle(self, candle):
        self.buy(quantity=1, limit=50, reason="a dip")
        self.buy(quantity=900, limit=50, reason="too much")
"""


def one_candle(client: Client) -> None:
    client.connected()
    client.candles(0)
    client.ack()
    stays(client)


def test_positions_are_closed_and_entries_of_earlier_runs_cancelled(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, WORKS)
    with gateway(one_candle) as peer:
        left = peer.run(tmp_path, "run", name, "--max-events", "2", "--set", "on_exit=leave")
        assert left.returncode == 0, left.stderr
        theirs = peer.book.place(
            {"symbol": "S:AAPL", "side": "BUY", "quantity": "9", "order_type": "LIMIT",
             "limit_price": "10", "client_order_id": "theirs-1"}
        )  # fmt: skip
        peer.book.fills = True
        peer.book.hold("S:AAPL", "3")
        peer.book.hold("S:MSFT", "-4")
        done = peer.run(tmp_path, "flatten", **ACCOUNT)

        assert done.returncode == 0, done.stderr
        assert "closes 3 S:AAPL" in done.stderr
        assert "flat: the gateway shows no positions any more" in done.stdout
        assert peer.book.held() == {}
        assert peer.book.orders[0]["status"] == "CANCELLED"
        assert theirs["status"] == "OPEN"


def test_O3_entries_of_a_killed_run_without_a_record_are_known_from_its_journal(
    tmp_path: Path,
) -> None:
    name = strategy_in(tmp_path, WORKS)
    bare = {"RUNNER_RECORDS__ENABLED": "false", "RUNNER_ON_DEATH": "leave"}
    with gateway(one_candle) as peer:
        process = peer.start(tmp_path, "run", name, **bare)
        peer.wait_for_posts(2)
        process.kill()
        process.communicate(timeout=60)
        peer.book.fills = True
        peer.book.hold("S:AAPL", "3")
        done = peer.run(tmp_path, "flatten", **ACCOUNT)

        assert done.returncode == 0, done.stderr
        assert [one["status"] for one in peer.book.orders] == ["CANCELLED", "CANCELLED", "FILLED"]
    (path,) = (tmp_path / ".runner" / "live").glob("by-command@*/journal.jsonl")
    lines = [json.loads(one) for one in path.read_text().splitlines()]
    closing = peer.book.posts[-1]["client_order_id"]
    kinds = [one["kind"] for one in lines if one.get("client_order_id") == closing]
    assert kinds == ["intent", "sent", "outcome", "seen"]


def test_only_the_symbols_that_are_named(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        peer.book.fills = True
        peer.book.hold("S:AAPL", "3")
        peer.book.hold("S:MSFT", "-4")
        done = peer.run(tmp_path, "flatten", "--symbols", "S:MSFT", **ACCOUNT)

        assert done.returncode == 0, done.stderr
        assert peer.book.held() == {"S:AAPL": 3}


def test_nothing_is_sent_without_a_confirmation(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        peer.book.hold("S:AAPL", "3")
        done = peer.run(tmp_path, "flatten")

        assert done.returncode == 3
        assert "error[E347]" in done.stderr
        assert peer.writes == []


def test_the_confirmation_can_be_typed(tmp_path: Path) -> None:
    with gateway(one_candle) as peer:
        peer.book.fills = True
        peer.book.hold("S:AAPL", "3")
        with terminal("flatten", cwd=tmp_path, GATEWAY_URL=peer.url) as shown:
            shown.wait_for("Type mock/USD to close these")
            shown.press("mock/USD\n")

            assert shown.finish() == 0
        assert peer.book.held() == {}


def test_an_order_tells_its_story(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, WORKS)
    with gateway(one_candle) as peer:
        done = peer.run(
            tmp_path, "run", name, "--max-events", "2", RUNNER_RISK__MAX_ORDER_QUANTITY="5"
        )
        assert done.returncode == 0, done.stderr
        sent = peer.book.posts[0]["client_order_id"]
        told = peer.run(tmp_path, "explain-order", "last", sent)
        denied = peer.run(tmp_path, "explain-order", "last", sent.replace("-1", "-2"), "--json")
        unknown = peer.run(tmp_path, "explain-order", "last", "no-such-order")

    assert told.returncode == 0, told.stderr
    for part in ("BUY 1 S:AAPL LIMIT limit 50", "a dip", "CANCELLED", "gateway paper mock/USD"):
        assert part in told.stdout
    story = json.loads(denied.stdout)
    assert story["denied"]
    assert story["order"]["reject_reason"] == "DENIED_MAX_ORDER_QUANTITY"
    assert (unknown.returncode, "error[E396]" in unknown.stderr) == (3, True)
