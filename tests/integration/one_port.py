"""A gateway has one port for both sides: this puts one in front of a scripted peer's two."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.integration.peer import Peer

CHUNK = 65_536


@contextmanager
def one_port(peer: Peer) -> Iterator[str]:
    """Serve both sides of `peer` on one port and give its address, as a gateway's base."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            head = client.recv(CHUNK)
            url = peer.ws_url if head.startswith(b"GET /v1/ws ") else peer.rest_url
            parts = urlsplit(url)
            with socket.create_connection((parts.hostname or "", parts.port or 0)) as server:
                server.sendall(head)
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server)
                back.join()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
