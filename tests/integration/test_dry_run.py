"""A dry run: the gateway's prices, our exchange, and not one request that changes anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from runner.protocol.codec import encode
from runner.protocol.messages import OrderUpdate, Quote
from runner.protocol.times import from_ms
from tests.helpers import START_MS, snapshot
from tests.integration.gateway import gateway, stays, strategy_in
from tests.integration.peer import Client
from tests.integration.test_cli import runner

TRADES = """
from runner import Strategy

class Trades(Strategy):
    count = 0

    def on_candle(self, candle):
        self.count += 1
        if self.count == 1:
            self.buy(quantity=10, reason="in")
            self.buy(quantity=1, limit=50)
        if self.count == 3:
            self.close(reason="out")

    def on_stop(self):
        for order in self.orders:
            self.cancel(order)
"""
CLOSES = (100.0, 101.0, 102.0, 103.0, 104.0)


def five_candles(client: Client) -> None:
    client.connected()
    for index in range(len(CLOSES)):
        client.candles(index)
        client.ack()
    stays(client)


def trades_of(document: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [
        (one["side"], one["quantity"], one["price"], one["reason"]) for one in document["trades"]
    ]


def test_no_request_that_changes_anything_leaves(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, TRADES)
    with gateway(five_candles, platforms=["alpaca-live"]) as peer:
        done = peer.run(tmp_path, "run", name, "--dry-run", "--json", "--max-events", "6")

        assert done.returncode == 0, done.stderr
        assert peer.writes == []
    document = json.loads(done.stdout)
    assert len(document["trades"]) == 2
    assert document["orders"] == 3
    assert document["runtime"]["mode"] == "dry"
    assert document["conventions"]["fills"].startswith("DRY RUN")
    assert "DRY RUN: alpaca-live/USD" in done.stderr


def test_the_record_says_dry_in_every_line_of_an_order(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, TRADES)
    with gateway(five_candles) as peer:
        done = peer.run(tmp_path, "run", name, "--dry-run", "--max-events", "6")
    assert done.returncode == 0, done.stderr
    (record,) = (tmp_path / "kept" / "runs").iterdir()

    assert json.loads((record / "begin.json").read_text())["mode"] == "dry"
    lines = [json.loads(one) for one in (record / "orders.jsonl").read_text().splitlines()]
    assert lines
    assert all(one["id"].startswith("dry-") for one in lines)
    assert "DRY RUN" in done.stdout


def test_limits_deny_as_they_would(tmp_path: Path) -> None:
    name = strategy_in(tmp_path, TRADES)
    with gateway(five_candles) as peer:
        done = peer.run(
            tmp_path, "run", name, "--dry-run", "--json", "--max-events", "6",
            RUNNER_RISK__MAX_ORDER_QUANTITY="5",
        )  # fmt: skip

    reasons = [one["reason"] for one in json.loads(done.stdout)["rejections"]]
    assert "DENIED_MAX_ORDER_QUANTITY" in reasons


def test_what_happens_to_the_real_account_does_not_reach_the_strategy(tmp_path: Path) -> None:
    def with_an_order_of_others(client: Client) -> None:
        client.connected()
        client.candles(0)
        client.ack()
        order = OrderUpdate("ORDER_FILLED", snapshot(filled=10, price=100))
        client.send(encode(order, event_id="theirs", timestamp=from_ms(0)))
        assert client.ack() == ["theirs"]
        client.candles(1)
        stays(client)

    name = strategy_in(tmp_path, TRADES)
    with gateway(with_an_order_of_others) as peer:
        done = peer.run(tmp_path, "run", name, "--dry-run", "--json", "--max-events", "4")

    document = json.loads(done.stdout)
    assert [one["quantity"] for one in document["trades"]] == ["10"]
    assert document["orders"] == 2


def test_a_quote_fills_at_its_own_side(tmp_path: Path) -> None:
    text = """
from runner import Strategy

class Quotes(Strategy):
    def on_quote(self, quote):
        if self.is_flat:
            self.buy(quantity=1)
        else:
            self.close()
"""

    def quotes(client: Client) -> None:
        client.connected()
        for index in range(3):
            bid = 100.0 + index
            quote = Quote("S:AAPL", START_MS + index, bid, bid + 0.5, bid)
            client.send(encode(quote, event_id=f"q{index}", timestamp=from_ms(0)))
            client.ack()
        stays(client)

    name = strategy_in(tmp_path, text)
    with gateway(quotes) as peer:
        done = peer.run(
            tmp_path, "run", name, "--dry-run", "--json", "--max-events", "4",
            SUBSCRIPTIONS="S:AAPL:quote",
        )  # fmt: skip

    trades = trades_of(json.loads(done.stdout))
    assert [one[:3] for one in trades] == [("BUY", "1", "101.5"), ("SELL", "1", "102")]


def trading_gateway(client: Client) -> None:
    """Send the candles; market orders execute at the next one's price, and the stream says so."""
    book = client.book
    client.connected()
    for index, close in enumerate(CLOSES):
        for order in book.orders:
            if order["order_type"] == "MARKET" and order["status"] == "OPEN":
                order.update(status="FILLED", filled_quantity=order["quantity"])
                order.update(remaining_quantity="0", average_fill_price=str(close))
                book.hold(order["symbol"], order["quantity"] if order["side"] == "BUY" else "0")
                client.order(order, "ORDER_FILLED")
                client.execution(f"t-{order['id']}", order, order["quantity"], str(close))
        client.candles(index)
        client.ack()
    stays(client)


def decisions_of(folder: Path) -> list[tuple[Any, ...]]:
    """Return the orders that a run has placed, as its record has them, in their order."""
    (record,) = (folder / "kept" / "runs").iterdir()
    kept = [json.loads(line) for line in (record / "orders.jsonl").read_text().splitlines()]
    names = ("symbol", "side", "type", "quantity", "limit", "reason")
    first = {one["id"]: tuple(one.get(name) for name in names) for one in reversed(kept)}
    return [first[name] for name in sorted(first, key=lambda name: int(name.rpartition("-")[2]))]


def test_the_same_file_decides_and_trades_alike_in_a_backtest_a_dry_run_and_at_a_gateway(
    tmp_path: Path,
) -> None:
    name = strategy_in(tmp_path, TRADES)
    rows = "".join(
        f"2024-01-0{index + 1},{one},{one},{one},{one},1000\n" for index, one in enumerate(CLOSES)
    )
    (tmp_path / "p.csv").write_text("date,open,high,low,close,volume\n" + rows)
    folders = [tmp_path / one for one in ("back", "dry", "live")]
    for folder in folders:
        folder.mkdir()
    arguments = ("run", str(tmp_path / name), "--json")

    back = runner(
        *arguments, "--data", str(tmp_path / "p.csv"), "-s", "S:AAPL:candle",
        RUNNER_RECORDS__ENABLED="true", RUNNER_RECORDS__DIR=str(folders[0] / "kept"),
    )  # fmt: skip
    with gateway(five_candles) as peer:
        dry = peer.run(folders[1], *arguments, "--dry-run", "--max-events", "6")
        assert peer.writes == []
    with gateway(trading_gateway) as peer:
        # The orders and executions that the stream tells of count as events, too.
        live = peer.run(folders[2], *arguments, "--max-events", "10")
        posts = [(one["side"], one["quantity"], one["order_type"]) for one in peer.book.posts]

    for done in (back, dry, live):
        assert done.returncode == 0, done.stderr
    traded = [trades_of(json.loads(done.stdout)) for done in (back, dry, live)]
    assert traded == [[("BUY", "10", "101", "in"), ("SELL", "10", "103", "out")]] * 3
    profits = [
        [one["realized_pnl"] for one in json.loads(done.stdout)["trades"]]
        for done in (back, dry, live)
    ]
    assert profits == [[None, "20"]] * 3
    decided = [decisions_of(folder) for folder in folders]
    assert decided[0] == decided[1] == decided[2]
    assert posts == [("BUY", "10", "MARKET"), ("BUY", "1", "LIMIT"), ("SELL", "10", "MARKET")]
    sources = {json.loads(one.stdout)["strategy"]["sha256"] for one in (back, dry, live)}
    assert len(sources) == 1


def test_a_dry_run_without_a_gateway_is_told() -> None:
    done = runner("run", "strategies/sma_cross.py", "--dry-run")

    assert done.returncode == 3
    assert "error[E344]: --dry-run, but the runtime is embedded" in done.stderr
