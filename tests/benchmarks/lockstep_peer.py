"""The two ends to compare with: a server and a client of a few lines each, on bare sockets.

The server sends one batch of candles per time step and waits until every id is acknowledged. It
runs as a process of its own, is the same for both clients, and is as fast as plain Python allows,
so that the clients are what is measured.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import socket
import sys
import time

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONNECTED = b'{"type":"connection","event":"CONNECTED","timestamp":"2025-01-02T14:30:00Z"}'
_COMPLETE = (
    b'{"type":"backtest_complete","event_id":"evt-99999999","timestamp":"2025-01-02T14:30:00Z"}'
)
_MARK = b'"event_id":"'
_DAY_S = 86_400


def _frame(text: bytes) -> bytes:
    size = len(text)
    head = bytes([0x81, size]) if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")
    return head + text


def _masked(text: bytes) -> bytes:
    size = len(text)
    key = os.urandom(4)
    head = bytes([0x81, 0x80 | size]) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + key + _mask(text, key)


def _mask(data: bytes, key: bytes) -> bytes:
    size = len(data)
    pattern = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(pattern, "big")).to_bytes(size, "big")


def _head(buffer: bytes | bytearray, *, masked: bool) -> tuple[int, int]:
    """Return where the payload of the first frame begins and ends, (0, 0) while unknown."""
    if len(buffer) < 2:
        return 0, 0
    size = buffer[1] & 0x7F
    start = 2
    if size == 126:
        if len(buffer) < 4:
            return 0, 0
        size, start = int.from_bytes(buffer[2:4], "big"), 4
    elif size == 127:
        if len(buffer) < 10:
            return 0, 0
        size, start = int.from_bytes(buffer[2:10], "big"), 10
    start += 4 * masked
    return (start, start + size) if len(buffer) >= start + size else (0, 0)


def serve(steps: int, symbols: int) -> None:
    """Serve one run per connection, for ever; print the port first."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    moments = [time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(n * _DAY_S)) for n in range(steps)]
    batches = [
        b"".join(
            _frame(
                b'{"type":"candle","event_id":"evt-%08d","timestamp":"2025-01-02T14:30:00Z",'
                b'"bar":{"symbol":"S:SYM%02d","provider":"bench","timeframe":"1d","timestamp":"%s",'
                b'"open":"100.25","high":"101.5","low":"99.75","close":"100.5","volume":"12345"}}'
                % (step * symbols + number, number, moments[step].encode())
            )
            for number in range(symbols)
        )
        for step in range(steps)
    ]
    while True:
        sock, _ = listener.accept()
        with sock, contextlib.suppress(ConnectionError):
            _serve_one(sock, batches, symbols)


def _serve_one(sock: socket.socket, batches: list[bytes], symbols: int) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = b""
    while b"\r\n\r\n" not in request:
        request += sock.recv(4096) or _gone()
    lines = (line.split(b": ", 1) for line in request.split(b"\r\n")[1:] if b": " in line)
    key = {name.lower(): value for name, value in lines}[b"sec-websocket-key"]
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    sock.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n\r\n%s" % (accept, _frame(_CONNECTED))
    )
    buffer = bytearray()
    for batch, expected in [*((batch, symbols) for batch in batches), (_frame(_COMPLETE), 1)]:
        sock.sendall(batch)
        while expected > 0:
            start, end = _head(buffer, masked=True)
            if not end:
                buffer += sock.recv(65_536) or _gone()
                continue
            text = _mask(buffer[start:end], bytes(buffer[start - 4 : start]))
            del buffer[:end]
            expected -= text.count(b'"evt-')
    sock.sendall(b"\x88\x02\x03\xe8")
    while sock.recv(4096):
        pass


def _gone() -> bytes:
    raise ConnectionError("the client is gone")


def run_bare(port: int) -> float:
    """Run a whole backtest on a bare socket and return the seconds it took.

    Acknowledges like the product: one ack for what one read brought. Reads no JSON beyond cutting
    out the id, and runs no strategy.
    """
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16))
    sock.sendall(
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n" % (port, key)
    )
    buffer = b""
    while b"\r\n\r\n" not in buffer:
        buffer += sock.recv(4096) or _gone()
    buffer = buffer.partition(b"\r\n\r\n")[2]
    started = time.perf_counter()
    number = 0
    is_over = False
    while not is_over:
        ids = []
        while True:
            start, end = _head(buffer, masked=False)
            if not end:
                break
            text = buffer[start:end]
            buffer = buffer[end:]
            place = text.find(_MARK)
            if place >= 0:
                place += len(_MARK)
                ids.append(text[place : text.index(b'"', place)])
                is_over = b'"backtest_complete"' in text
        if ids:
            number += 1
            ack = (
                b'{"type":"event_ack","correlation_id":"0f7c2c7e-5d0a-4a36-9a55-%012x",'
                b'"events_processed":["%s"],"timestamp":%d}'
                % (number, b'","'.join(ids), time.time_ns() // 1_000_000)
            )
            sock.sendall(_masked(ack))
        if not is_over:
            buffer += sock.recv(65_536) or _gone()
    took = time.perf_counter() - started
    sock.close()
    return took


if __name__ == "__main__":
    if len(sys.argv) > 3:
        os.sched_setaffinity(0, {int(core) for core in sys.argv[3].split(",")})
    serve(int(sys.argv[1]), int(sys.argv[2]))
