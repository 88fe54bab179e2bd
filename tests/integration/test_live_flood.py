"""A strategy that is slower than its gateway: the reader never waits for it."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, ClassVar

from runner.protocol.codec import encode
from runner.protocol.messages import Candle, Quote, Trade
from runner.protocol.times import from_ms
from runner.strategy.order import Order
from tests.helpers import AAPL, MSFT, START_MS, candle, quote
from tests.integration.gateway import ended, gateway, send_signal, strategy_in
from tests.integration.peer import (
    PATIENCE_S,
    Client,
    Noting,
    candle_frame,
    drive,
    drive_live,
    running,
)

FLOOD_S, EVERY_S = 2.0, 0.01
AT_ONCE = 10
"""Quotes every `EVERY_S`: a thousand a second."""
PING = b'{"type":"ping","timestamp":"2024-01-01T00:00:00Z"}'


def quoted(number: int, symbol: str = AAPL) -> bytes:
    """Return the `number`-th quote of a flood: it can be told by its time."""
    made = quote(100 + number / 1000, time=START_MS + number, symbol=symbol)
    return encode(made, timestamp=from_ms(0))


class Slow(Noting):
    """Takes its time over every quote, and notes what it is told."""

    handled: ClassVar[list[Any]]
    pause: ClassVar[Any]

    def on_quote(self, quote: Quote) -> None:
        type(self).pause()
        self.handled.append((quote.symbol, quote.time - START_MS))

    def on_candle(self, candle: Candle) -> None:
        self.handled.append(("candle", round(candle.close - 100)))
        if not self.orders:
            self.buy(quantity=1, limit=1)

    def on_order(self, order: Order) -> None:
        self.handled.append(("order", str(order.filled_quantity)))

    def on_trade(self, trade: Trade) -> None:
        self.handled.append(("trade", trade.id))

    def on_error(self, error: Any) -> None:
        self.timeline.append(("error", error.code))


def slow(pause: Any) -> type[Slow]:
    return type("Slow", (Slow,), {"handled": [], "pause": staticmethod(pause)})


def ponged(client: Client) -> None:
    """Ask for a sign of life and wait for it."""
    client.send(PING)
    assert client.read() == {"type": "pong"}


def test_L5_a_thousand_quotes_a_second_do_not_hold_up_orders_candles_or_pings(
    tmp_path: Path,
) -> None:
    sent: dict[str, int] = {"quote": 0}
    told: list[tuple[str, str]] = []

    def flood(client: Client) -> None:
        client.candles(0)
        client.ack()
        (placed,) = client.book.orders
        until = time.monotonic() + FLOOD_S
        rounds = 0
        while time.monotonic() < until:
            first = sent["quote"]
            symbols = [AAPL, MSFT] * (AT_ONCE // 2)
            client.send(*(quoted(first + n, symbol) for n, symbol in enumerate(symbols)))
            sent["quote"] += AT_ONCE
            rounds += 1
            if rounds % 20 == 0:
                filled = f"0.{rounds // 20:02}"
                client.order(
                    {**placed, "status": "PARTIALLY_FILLED", "filled_quantity": filled},
                    "ORDER_PARTIALLY_FILLED",
                )
                client.execution(f"t-{rounds}", placed, "0.01")
                told.extend([("order", filled), ("trade", f"t-{rounds}")])
            if rounds % 50 == 0:
                ponged(client)
            time.sleep(EVERY_S)
        ponged(client)
        client.complete()
        client.ack()

    strategy = slow(lambda: time.sleep(0.1))
    with running(flood) as peer:
        ending, session = drive_live(peer, tmp_path, strategy=strategy)

    handled = strategy.handled
    quotes = [one for one in handled if one[0] in (AAPL, MSFT)]
    assert ending.why == "complete"
    assert sent["quote"] == len(quotes) + session.conflated
    assert session.conflated > len(quotes)
    assert session.lost == 0
    assert [one for one in handled if one[0] in ("order", "trade")] == told
    for symbol in (AAPL, MSFT):
        moments = [moment for name, moment in quotes if name == symbol]
        assert moments == sorted(moments)
    # Whatever was replaced, the last word was heard.
    assert max(moment for _, moment in quotes) == sent["quote"] - 1


def test_L5_pings_are_answered_while_a_handler_does_not_come_back(tmp_path: Path) -> None:
    released = threading.Event()

    def flood(client: Client) -> None:
        client.send(quoted(0))
        client.wait_for(lambda: released.is_set() or bool(waiting))
        for number in range(1, 3001):
            client.send(quoted(number))
        ponged(client)  # the handler is still in the first quote
        released.set()
        client.complete()
        client.ack()

    waiting: list[int] = []

    def pause() -> None:
        waiting.append(1)
        released.wait(PATIENCE_S)

    strategy = slow(pause)
    with running(flood) as peer:
        _, session = drive_live(peer, tmp_path, strategy=strategy)

    assert strategy.handled == [(AAPL, 0), (AAPL, 3000)]
    assert session.conflated == 2999


def test_L5_more_than_may_wait_halts_trading_and_reads_the_state_again(tmp_path: Path) -> None:
    released = threading.Event()
    waiting: list[int] = []

    def pause() -> None:
        waiting.append(1)
        released.wait(PATIENCE_S)

    def flood(client: Client) -> None:
        client.candles(0)
        client.ack()
        (placed,) = client.book.orders
        client.send(quoted(0))
        client.wait_for(lambda: bool(waiting))
        minutes = (candle(100 + n, time=START_MS + n * 60_000, timeframe="1m") for n in range(40))
        client.send(*(encode(one, timestamp=from_ms(0)) for one in minutes))
        ponged(client)
        released.set()
        # What was lost is made up for: the gateway's word on the order is asked for again.
        client.wait_for(lambda: peer.book.state_reads == 2)
        client.wait_for(lambda: placed["status"] == "CANCELLED")
        client.send(candle_frame(1, "late"))
        client.ack()
        client.complete()
        client.ack()

    strategy = slow(pause)
    with running(flood) as peer:
        _, session = drive_live(peer, tmp_path, strategy=strategy, inbox=16)

    assert ("error", "OVERRUN") in peer.timeline
    assert session.guard is not None
    assert session.guard.breach is not None
    assert session.guard.breach.limit == "overrun"
    assert session.lost == 40
    assert ("candle", 1) in strategy.handled
    assert len(peer.book.posts) == 1


def test_L5_a_run_that_lost_messages_exits_with_9_and_says_so(tmp_path: Path) -> None:
    text = """
import time
from runner import Strategy


class Late(Strategy):
    def on_candle(self, candle):
        time.sleep(1)
"""
    minutes = [candle(100, time=START_MS + n * 60_000, timeframe="1m") for n in range(100)]

    def flood(client: Client) -> None:
        before = client.book.state_reads
        client.send(*(encode(one, timestamp=from_ms(0)) for one in minutes))
        ponged(client)
        client.wait_for(lambda: client.book.state_reads > before)
        send_signal(run)
        client.wait_until_closed()

    with gateway(flood) as there:
        name = strategy_in(tmp_path, text)
        run = there.start(tmp_path, "run", name, "--json", "--set", "connection.inbox=16")
        code, document, said = ended(run)

    assert code == 9, said
    assert "error[E940]: trading was halted: more than 16 messages waited" in said
    assert any("messages were lost" in one for one in document["warnings"])


def test_L5_a_backtest_is_shown_every_quote_however_slow_it_is(tmp_path: Path) -> None:
    def flood(client: Client) -> None:
        quotes = [
            encode(quote(100 + n, time=START_MS + n), event_id=f"e{n}", timestamp=from_ms(0))
            for n in range(300)
        ]
        client.send(*quotes)
        client.acks(300)
        client.complete()
        client.ack()

    with running(flood) as peer:
        _, session = drive(peer)

    assert session.desk.quotes == 300
    assert session.conflated == 0
