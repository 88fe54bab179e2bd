"""One HTTP exchange at a time over a connection that is kept: bytes in, bytes out.

No retries, no redirects, no decompression, no proxy on loopback, a bounded body. Every failure is
sorted by the one question that matters for an order: can the request have reached the peer?
"""

from __future__ import annotations

import http.client
import math
import ssl
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProxyError, SSLError

from runner.errors import ConfigError, ProtocolError
from runner.protocol.urls import is_loopback
from runner.transports import network

BODY_LIMIT = 16 * 1024 * 1024
"""Largest answer read, in bytes: a hundred thousand orders, and no danger to memory."""
SHORTEST_S = 0.2
"""What a request is given in any case."""
_PIECE = 65_536
REST_HINT = "an engine's REST is on port 8080 and its WebSocket on 8081; a gateway has both on 8080"


class NotSent(Exception):
    """Nothing has left this machine: the peer cannot have acted."""


class NoAnswer(Exception):
    """The request may have arrived; no whole answer came."""


class Answer(NamedTuple):
    """A whole answer, whatever its status."""

    status: int
    body: bytes
    date: str = ""
    """The peer's wall clock, as HTTP writes it; empty where it does not say."""


class HttpClient:
    """Sends requests to one host, one after another."""

    def __init__(self, base_url: str, *, headers: Mapping[str, str], timeout_s: float) -> None:
        """Prepare to talk to `base_url`; nothing is opened yet.

        A proxy named by the environment is used, except towards this machine.

        Raises:
            ConfigError: E341, the environment names a proxy that cannot be used.
        """
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers)
        self._timeout_s = timeout_s
        self.left_s: Callable[[], float] = lambda: math.inf
        """Asked before each request: how long it may take at most, whatever its timeout."""
        self.proxy = proxy_for(base_url)
        self._pool, self._root = self._make_pool()

    def request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Send one request and return the whole answer.

        Raises:
            NotSent: no connection, so the peer knows nothing of it.
            NoAnswer: timeout, reset, or an answer that is cut, too large or too slow.
            ProtocolError: E741, what answers does not speak HTTP.
        """
        try:
            return self._request(method, path, body)
        except TimeoutError as error:  # raised from outside: nobody waits for the answer any more
            raise NoAnswer(str(error)) from None

    def _request(self, method: str, path: str, body: bytes | None) -> Answer:
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        timeout_s = min(self._timeout_s, max(self.left_s(), SHORTEST_S))
        until = network.monotonic() + timeout_s
        try:
            answer = self._pool(
                method,
                self._root + path,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
                timeout=timeout_s,
            )
        except ConnectTimeoutError as error:
            raise NotSent(_reason(error)) from None
        except SSLError as error:
            # Only a certificate is surely judged before anything else is sent.
            if isinstance(error.args[0], ssl.SSLCertVerificationError):
                raise NotSent(str(error.args[0])) from None
            raise NoAnswer(str(error)) from None
        except ProxyError as error:
            raise NotSent(f"proxy {place_of(self.proxy or '')}: {_reason(error)}") from None
        except HTTPError as error:
            raise self._without_answer(error) from None
        try:
            body = _body(answer, until)
        except BaseException as error:
            answer.close()  # what is left unread must not be taken for the next answer
            if isinstance(error, (HTTPError, OSError)):
                raise NoAnswer(f"the answer broke off: {_reason(error)}") from None
            raise
        answer.release_conn()
        return Answer(answer.status, body, answer.headers.get("Date", ""))

    def _make_pool(self) -> tuple[Callable[..., Any], str]:
        path = urlsplit(self._base_url).path
        if self.proxy is None:
            return urllib3.connection_from_url(self._base_url, maxsize=1).urlopen, path
        try:
            return urllib3.ProxyManager(self.proxy, maxsize=1).urlopen, self._base_url
        except (ValueError, AssertionError) as error:
            raise ConfigError(
                f"the environment names a proxy that cannot be used: {error}",
                where="http_proxy, https_proxy",
                fix="correct it, or list the host in no_proxy",
                id="E341",
            ) from None

    def _without_answer(self, error: HTTPError) -> Exception:
        cause = error.args[1] if len(error.args) > 1 else None
        if isinstance(cause, http.client.BadStatusLine) and not isinstance(cause, ConnectionError):
            return ProtocolError(
                "what answers there does not speak HTTP",
                where=self._base_url,
                why=f"the answer begins with {str(cause)[:60]!r}",
                fix=REST_HINT,
                id="E741",
            )
        return NoAnswer(_reason(error))


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for `url`, None for none and on loopback."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies_environment().get(parts.scheme)


def place_of(url: str) -> str:
    """Return host and port of a URL, without the password that it may hold."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _body(answer: Any, until: float) -> bytes:
    pieces = []
    size = 0
    for piece in answer.stream(_PIECE, decode_content=False):
        size += len(piece)
        if size > BODY_LIMIT:
            raise NoAnswer(f"the answer is larger than {BODY_LIMIT} bytes")
        if network.monotonic() > until:
            raise NoAnswer("the answer did not end in time")
        pieces.append(piece)
    return b"".join(pieces)


def _reason(error: BaseException) -> str:
    # urllib3 wraps what the system said in its own objects' names.
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror.lower()
        following = inner.__cause__ or inner.__context__
        if following is None and inner.args and isinstance(inner.args[-1], BaseException):
            following = inner.args[-1]
        inner = following
    return str(error).rpartition(": ")[2] or type(error).__name__
