"""Measure what the engine's server costs per event: encoding, writing, and taking acknowledgments.

    python -m tests.benchmarks.server [--steps 20000]

The server runs in a process of its own; the client is a bare socket that does as little as a client
can. Wall time is that of a whole round trip on this machine, server time is the CPU time of the
server's process alone. Best of `ROUNDS`, because other processes only ever make a round slower.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import time
from collections.abc import Callable
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.engine.server.replay import Replay
from runner.engine.server.serving import EngineServer

ROUNDS = 3
MINUTE_MS = 60_000
FORK = multiprocessing.get_context("fork")


def walk(symbol: str, count: int) -> Series:
    """Return `count` one-minute candles of a price that goes up and down."""
    made = Series(symbol, "1m")
    for step in range(count):
        price = 100 + (step * 7919 % 997) / 100
        made.times.append(step * MINUTE_MS)
        made.opens.append(price)
        made.highs.append(price + 0.5)
        made.lows.append(price - 0.5)
        made.closes.append(price + 0.25)
        made.volumes.append(1000.0 + step)
    return made


def factory(symbols: int, steps: int) -> Callable[[], Exchange]:
    feed = Feed([walk(f"S:T{place:03}", steps) for place in range(symbols)])
    return lambda: Exchange(feed)


def serve(symbols: int, steps: int, pipe: Connection) -> None:
    """Serve one run, then report the CPU seconds it took this process."""

    async def main() -> None:
        server = EngineServer(factory(symbols, steps), ws_port=0, rest_port=0, once=True)
        await server.start()
        pipe.send((server.ws_url, server.rest_url))
        began = time.process_time()
        await server.wait()
        pipe.send(time.process_time() - began)
        await server.close()

    asyncio.run(main())


class BareClient:
    """A WebSocket client that knows nothing but how to find the ids of a batch."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self.socket = socket.create_connection((place.hostname, place.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(
            f"GET / HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        head, _, self.rest = self.socket.recv(65_536).partition(b"\r\n\r\n")
        assert b" 101 " in head, head

    def send(self, text: bytes) -> None:
        # A mask of zeros leaves the payload as it is.
        size = len(text)
        if size < 126:
            header = bytes((0x81, 0x80 | size))
        elif size < 65_536:
            header = b"\x81\xfe" + size.to_bytes(2, "big")
        else:
            header = b"\x81\xff" + size.to_bytes(8, "big")
        self.socket.sendall(header + b"\0\0\0\0" + text)

    def run(self) -> int:
        """Acknowledge everything that is drained at once, to the end; return the events."""
        events = 0
        buffer = self.rest
        while True:
            ids, buffer, complete = scan(buffer)
            if ids:
                events += len(ids)
                self.send(
                    b'{"type":"event_ack","correlation_id":"c","events_processed":["'
                    + b'","'.join(ids)
                    + b'"],"timestamp":1700000000000}'
                )
            if complete:
                self.socket.close()
                return events
            buffer += self.socket.recv(262_144)


def scan(buffer: bytes) -> tuple[list[bytes], bytes, bool]:
    """Return the ids of the whole frames in `buffer`, what is left, and whether the run ended."""
    ids: list[bytes] = []
    place = 0
    complete = False
    while len(buffer) >= place + 4:
        size = buffer[place + 1]
        start = place + 2
        if size == 126:
            start = place + 4
            size = int.from_bytes(buffer[place + 2 : start], "big")
        if len(buffer) < start + size:
            break
        at = buffer.find(b'"event_id":"', start, start + size)
        if at >= 0:
            ids.append(buffer[at + 12 : buffer.find(b'"', at + 12)])
        complete = complete or buffer.find(b'"type":"backtest_complete"', start, start + size) >= 0
        place = start + size
    return ids, buffer[place:], complete


def over_sockets(symbols: int, steps: int) -> tuple[float, float]:
    """Return wall and server-CPU seconds per event of one whole run."""
    here, there = multiprocessing.Pipe()
    process = FORK.Process(target=serve, args=(symbols, steps, there))
    process.start()
    ws_url, _ = here.recv()
    client = BareClient(ws_url)
    began = time.perf_counter()
    events = client.run()
    wall = time.perf_counter() - began
    cpu: float = here.recv()
    process.join()
    assert events == symbols * steps + 1
    return wall / events, cpu / events


def without_sockets(symbols: int, steps: int) -> float:
    """Return seconds per event of the pure part: exchange, ids, encoding, acknowledgments."""
    replay = Replay(factory(symbols, steps)())
    began = time.perf_counter()
    replay.start()
    while not replay.is_over:
        replay.acknowledge(replay.pending)
    return (time.perf_counter() - began) / replay.sent


def orders_over_rest(count: int) -> float:
    """Return seconds per limit order placed over one kept-alive connection."""
    here, there = multiprocessing.Pipe()
    process = FORK.Process(target=serve, args=(1, 10, there))
    process.start()
    ws_url, rest_url = here.recv()
    connection = HTTPConnection(urlsplit(rest_url).netloc)
    body = json.dumps(
        {
            "symbol": "S:T000",
            "side": "BUY",
            "quantity": "1",
            "order_type": "LIMIT",
            "limit_price": "1",
        }
    )
    began = time.perf_counter()
    for _ in range(count):
        connection.request("POST", "/v1/orders", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()
        answer.read()
    seconds = (time.perf_counter() - began) / count
    BareClient(ws_url).run()
    here.recv()
    process.join()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20_000, help="time steps of the lock-step run")
    steps = parser.parse_args().steps
    many = max(1, steps // 50)
    print(f"{os.cpu_count()} CPUs, best of {ROUNDS}; microseconds per event")
    print(f"{'':34}{'wall':>8}{'server':>8}")
    for name, symbols, count in (
        ("lock-step, one candle a step", 1, steps),
        ("one hundred symbols a step", 100, many),
    ):
        runs = [over_sockets(symbols, count) for _ in range(ROUNDS)]
        wall, cpu = min(one[0] for one in runs), min(one[1] for one in runs)
        print(f"{name:34}{wall * 1e6:8.1f}{cpu * 1e6:8.1f}")
        pure = min(without_sockets(symbols, count) for _ in range(ROUNDS))
        print(f"{'  of it without sockets':34}{'':8}{pure * 1e6:8.1f}")
    rest = min(orders_over_rest(500) for _ in range(ROUNDS))
    print(f"{'POST /v1/orders, per order':34}{rest * 1e6:8.1f}")


if __name__ == "__main__":
    main()
