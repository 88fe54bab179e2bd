"""A relay before an engine's REST port that breaks requests off, and answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

CHUNK = 65_536
CUTS = ("cut before", "cut behind", "cut in the answer")


class Requests:
    """Passes requests on until `decide`, asked with their number and text, names one of `CUTS`."""

    def __init__(self, target: str) -> None:
        self.decide: Callable[[int, bytes], str | None] = lambda number, head: None
        self.number = 0
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._own = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"http://{self._own}"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:  # a client may keep one open for its next request
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for one in self._threads:
            one.join(5.0)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        # One request at a time: the client sends none before it has the answer to the last.
        host, _, port = self._target.partition(":")
        with client, suppress(OSError), socket.create_connection((host, int(port))) as engine:
            for one in (client, engine):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while request := _whole(client):
                self.number += 1
                cut = self.decide(self.number, request)
                if cut == "cut before":
                    return
                engine.sendall(request.replace(self._own.encode(), self._target.encode(), 1))
                answer = _whole(engine)
                if cut == "cut in the answer":
                    client.sendall(answer[: len(answer) // 2])
                if cut is not None or not answer:
                    return
                client.sendall(answer)


def _whole(source: socket.socket) -> bytes:
    """Return one message with its body; nothing when the other side is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = source.recv(CHUNK)
        if not more:
            return b""
        data += more
    head = data.partition(b"\r\n\r\n")[0]
    size = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            size = int(value)
    while len(data) < len(head) + 4 + size:
        more = source.recv(CHUNK)
        if not more:
            return b""
        data += more
    return data


@contextmanager
def rough(rest_url: str) -> Iterator[Requests]:
    """Stand between a runner and the engine whose REST port is at `rest_url`."""
    made = Requests(urlsplit(rest_url).netloc)
    try:
        yield made
    finally:
        made.close()
