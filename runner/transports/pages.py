"""A few pages over HTTP for programs that watch: metrics, health. Served by threads of their own.

Nothing is ever changed through it: it answers GET and HEAD, with a body made at that moment, and
closes. A page that tells of money needs the token where there is one. On a loopback address only
requests that name this machine are answered, so that no web page can read it under a name of its
own. Whoever holds connections open is cut off, the oldest first. Standard library, protocol and
errors only.
"""

from __future__ import annotations

import errno
import hmac
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from runner.errors import ConfigError, MachineError, RunnerError
from runner.protocol.urls import is_loopback, shown_place

TEXT = "text/plain; charset=utf-8"
MOST_CONNECTIONS = 32
"""Connections at once; one more ends the oldest."""
TIMEOUT_S = 5.0
"""Longest wait for the next piece of a request."""
_POLL_S = 0.2
"""How often the server looks whether it is to end; the run waits at most that long for it."""
_LOG = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What a page says."""

    body: bytes
    status: int = 200
    content_type: str = TEXT


@dataclass(frozen=True, slots=True)
class Page:
    """One page."""

    make: Callable[[str], Answer]
    """Called on a thread of the server, with the `Accept` header of the request."""
    is_open: bool = False
    """Whether it answers without the token."""


@contextmanager
def pages_at(
    host: str, port: int, pages: Mapping[str, Page], *, token: str | None = None
) -> Iterator[int]:
    """Serve `pages`, by their paths, inside the `with` block; yield the port.

    Args:
        host: a name or an address of this machine.
        port: 0 takes a free one.
        pages: what to serve.
        token: what a request for a page that is not open must present; None for nothing.

    Raises:
        ConfigError: E332, the host is no address of this machine.
        MachineError: E1001, the port is in use; E1002, the machine refuses it.
    """
    server = _server(host, port, pages, token)
    thread = threading.Thread(
        target=server.serve_forever, args=(_POLL_S,), name="pages", daemon=True
    )
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _server(host: str, port: int, pages: Mapping[str, Page], token: str | None) -> _Server:
    place = shown_place(host, port)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return _Server(host, found[0][0], found[0][4][:2], pages, token)
    except (OSError, UnicodeError, OverflowError) as error:
        raise _refused(place, error) from None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = MOST_CONNECTIONS

    def __init__(
        self,
        host: str,
        family: int,
        address: Any,
        pages: Mapping[str, Page],
        token: str | None,
    ) -> None:
        self.address_family = family
        self.pages = pages
        self.token = token
        self.is_local = is_loopback(host)
        self._open: dict[socket.socket, None] = {}
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # The base looks up the name of this machine, which may take seconds and serves nothing.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open[request] = None
            oldest = next(iter(self._open)) if len(self._open) > MOST_CONNECTIONS else None
            if oldest is not None:
                del self._open[oldest]
                with suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)  # its thread notices, and closes it
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        # A client that went away; and whatever it is, it is none of the run's.
        _LOG.debug("a page could not be served", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = TIMEOUT_S
    server_version = "runner"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self, *, with_body: bool) -> None:
        page = self.server.pages.get(urlsplit(self.path).path)
        if not self._names_this_machine():
            answer = Answer(b"Host must name this machine\n", HTTPStatus.FORBIDDEN)
        elif page is None:
            known = ", ".join(self.server.pages)
            answer = Answer(f"there are {known}\n".encode(), HTTPStatus.NOT_FOUND)
        elif not page.is_open and not self._has_token():
            answer = Answer(b"a token is needed\n", HTTPStatus.UNAUTHORIZED)
        else:
            try:
                answer = page.make(self.headers.get("Accept", ""))
            except RuntimeError:
                # What was looked at changed under every attempt to copy it.
                answer = Answer(b"busy: ask again\n", HTTPStatus.SERVICE_UNAVAILABLE)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)

    def _names_this_machine(self) -> bool:
        named = self.headers.get("Host")
        if not self.server.is_local or named is None:
            return True
        try:
            host = urlsplit(f"//{named}").hostname
        except ValueError:
            return False
        return is_loopback(host or "")

    def _has_token(self) -> bool:
        token = self.server.token
        if not token:
            return True
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        presented = given.strip().encode(errors="backslashreplace")
        return kind.lower() == "bearer" and hmac.compare_digest(presented, token.encode())


def _refused(place: str, error: Exception) -> RunnerError:
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EADDRINUSE:
        return MachineError(
            f"the port of {place} is in use",
            where="metrics.listen",
            why="another program, perhaps another run, is listening there",
            fix="stop it, or choose another port with --metrics (0 takes a free one)",
            id="E1001",
        )
    if code in (errno.EACCES, errno.EPERM):
        return MachineError(
            f"cannot listen on {place}",
            where="metrics.listen",
            why=str(error),
            fix="choose a port from 1024 to 65535 with --metrics (0 takes a free one)",
            id="E1002",
        )
    return ConfigError(
        f"cannot listen on {place}: it is no address of this machine",
        where="metrics.listen",
        why=str(error),
        fix="write 127.0.0.1:9108 for this machine only, or 0.0.0.0:9108 for all its addresses",
        id="E332",
    )
