"""A scripted gateway that goes on where it stood, in a process of its own.

    python -m tests.integration.market_gateway

Reads orders, one JSON object a line, from stdin, and answers each with one line on stdout:
`{"do": "begin", "candles": N}` opens a fresh market of so many minutes and says its addresses,
`{"do": "report"}` says what became of it. Every candle waits for the acknowledgment of the one
before, and comes again where a connection was lost without it. Market orders fill at once; the
stream tells of it before the next candle.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from runner.protocol.codec import encode
from runner.protocol.messages import Candle
from runner.protocol.times import from_ms
from tests.helpers import candle
from tests.integration.peer import Book, Client, running
from tests.integration.test_cli import ROOT

PATIENCE_S = 60.0


def minute(index: int) -> Candle:
    """Return the candle of one minute; the price wanders between 99 and 101."""
    return candle(100 + (index % 41 - 20) / 20, index=index, timeframe="1m")


class Market:
    """The minutes of a market, over whatever connections come and go."""

    def __init__(self, candles: int) -> None:
        self.candles = candles
        self.next = 0
        """The first minute that nobody has acknowledged."""
        self.told = 0
        """Orders of the book that the stream has told of."""
        self.connections = 0
        self.book: Book | None = None

    def __call__(self, client: Client) -> None:
        self.connections += 1
        self.book = client.book
        client.connected()
        while self.next < self.candles:
            self.before(client)
            self.tell(client)
            name = f"m{self.next}"
            moment = from_ms(0)
            client.send(encode(minute(self.next), event_id=name, timestamp=moment))
            self.wait_for(client, name)
            self.next += 1
        self.tell(client)
        client.complete()
        self.wait_for(client, "end")
        client.wait_until_closed(PATIENCE_S)

    def before(self, client: Client) -> None:
        """Do what is to be done before the next candle."""

    def tell(self, client: Client) -> None:
        """Tell of the orders that were filled since the last candle."""
        orders = client.book.orders
        while self.told < len(orders):
            order = orders[self.told]
            self.told += 1
            client.order(order, "ORDER_FILLED")
            client.execution(f"t-{order['id']}", order, order["quantity"])

    def wait_for(self, client: Client, name: str) -> None:
        """Return when a candle is acknowledged."""
        while True:
            heard = json.loads(client.socket.recv(timeout=PATIENCE_S))
            if heard["type"] == "event_ack" and name in heard["events_processed"]:
                return

    def report(self) -> dict[str, Any]:
        book = self.book
        held = {} if book is None else {name: str(size) for name, size in book.held().items()}
        return {
            "candles": self.next,
            "connections": self.connections,
            "posted": [] if book is None else [one["client_order_id"] for one in book.posts],
            "placed": [] if book is None else [one["client_order_id"] for one in book.orders],
            "held": held,
        }


@contextmanager
def served(market: Market) -> Iterator[dict[str, str]]:
    """Serve a market and give the addresses of its two sides."""
    with suppress(AssertionError), running(market) as peer:
        peer.book.fills = True
        yield {"ws": peer.ws_url, "rest": peer.rest_url}


def main() -> None:
    """Do as stdin says, until it ends."""
    market = Market(0)
    with ExitStack() as stack:
        for line in sys.stdin:
            order = json.loads(line)
            if order["do"] == "begin":
                stack.close()
                market = Market(order["candles"])
                said: dict[str, Any] = dict(stack.enter_context(served(market)))
            else:
                said = market.report()
            print(json.dumps(said), flush=True)


class GatewayProcess:
    """The other end of it, for a test."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """Have it do something and return what it answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


if __name__ == "__main__":
    main()
