"""Open a WebSocket: name, TCP, TLS, upgrade, all within one deadline, on a socket without blocking.

What can go wrong is sorted here: `TemporaryFailure` may be tried again, `ConnectError` and
`ProtocolError` are final. May import the `websockets` library's parts without I/O only.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
from typing import Any
from urllib.parse import urlencode

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus, InvalidURI
from websockets.http11 import Response
from websockets.uri import WebSocketURI, parse_uri

from runner.errors import ConfigError, ConnectError, ProtocolError
from runner.transports import network
from runner.transports.backoff import START_HINT, TemporaryFailure
from runner.transports.rejections import envelope_of
from runner.transports.settings import ConnectionSettings
from runner.transports.waker import Waker

PORT_HINT = (
    "an engine's WebSocket is on port 8081 and its REST on 8080; "
    "a gateway's WebSocket is at /v1/ws of its port 8080"
)
RUN_ID = "run_id"
"""Names the run to come back to, in the query of the address."""
RUN_HEADER = "Run-Id"
"""Says in the answer to the upgrade which run that is, where the engine keeps runs."""
CLIENT_ID = "Client-Id"
"""Names this process, in a header of the request."""
_HELD = "RUN_HELD"
NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
CHUNK = 65_536
"""Bytes asked for in one read: hundreds of candles, and small enough to allocate for each one."""


class RunGone(ConnectError):
    """The engine does not keep the run that was named."""


class Taken(ConnectError):
    """Somebody is connected to the engine; it may be ourselves, over a connection just lost."""


def run_gone(where: str, body: bytes) -> RunGone:
    """Return what a 404 means when a run was named; `body` is that of the answer."""
    return RunGone(
        "the engine does not keep this run",
        where=where,
        why=envelope_of(404, body).message,
        fix="leave --resume out to begin a new run",
        id="E606",
    )


def open_connection(
    url: str,
    settings: ConnectionSettings,
    waker: Waker,
    *,
    run_id: str | None = None,
    client: str | None = None,
) -> tuple[socket.socket, ClientProtocol, list[Any]]:
    """Open a WebSocket; return its socket, its protocol and the answer with what came behind it.

    The socket does not block and sends without delay. No proxy is used, whatever the environment
    says. `run_id` names the run to come back to, None for a new one. `client` names this process,
    None does not: an engine lets it come back to a run of which it does not know the name yet.

    Raises:
        TemporaryFailure: E601, refused, unknown name, timeout, TLS failure, busy (429, 5xx).
        ConnectError: E602, the peer does not let us in (401, 403); E605, it keeps the run of
            another strategy (409).
        Taken: E605, another strategy is connected (409).
        RunGone: E606, it does not keep the run that is named.
        ProtocolError: E740, what answers there is not the WebSocket of an engine or gateway.
        Interrupted: the run was asked to end.
    """
    try:
        uri = parse_uri(_named(url, run_id))
    except InvalidURI as error:
        raise ConfigError(f"not a WebSocket address: {error}", where=url, id="E340") from None
    until = network.monotonic() + settings.open_timeout_s
    sock = _connect_tcp(uri, until, waker, url)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if uri.secure:
            sock = _start_tls(sock, uri, until, waker, url)
        protocol = ClientProtocol(uri, max_size=settings.max_frame_bytes)
        request = protocol.connect()
        request.headers.update(Headers(settings.headers))
        if client is not None:
            request.headers[CLIENT_ID] = client
        protocol.send_request(request)
        events = _upgrade(sock, protocol, until, waker, url)
    except InvalidStatus as error:
        sock.close()
        raise _refusal(error.response, url, is_named=run_id is not None) from None
    except BaseException:
        sock.close()
        raise
    return sock, protocol, events


def _named(url: str, run_id: str | None) -> str:
    if run_id is None:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode({RUN_ID: run_id})}"


def _temporary(url: str, what: str, why: str = "") -> TemporaryFailure:
    return TemporaryFailure(what, where=url, why=why, fix=START_HINT, id="E601")


def _connect_tcp(uri: WebSocketURI, until: float, waker: Waker, url: str) -> socket.socket:
    try:
        places = network.places_of(uri.host, uri.port)
    except (OSError, UnicodeError) as error:
        raise _temporary(url, f"no such host: {uri.host}", str(error)) from None
    why = "no address"
    for number, (family, kind, proto, address) in enumerate(places):
        # One address that swallows everything must not use up the time of the others.
        share = until - (until - network.monotonic()) * (1 - 1 / (len(places) - number))
        sock = network.new_socket(family, kind, proto)
        try:
            sock.setblocking(False)
            code = sock.connect_ex(address)
            if code and waker.wait(sock, select.POLLOUT, share):
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            elif code:
                raise TimeoutError("no answer in time")
            if code:
                raise OSError(code, os.strerror(code).lower())
            return sock
        except OSError as error:
            why = error.strerror or str(error)
            sock.close()
        except BaseException:
            sock.close()
            raise
    raise _temporary(url, "cannot connect", why)


def _start_tls(
    sock: socket.socket, uri: WebSocketURI, until: float, waker: Waker, url: str
) -> socket.socket:
    context = ssl.create_default_context()
    try:
        secure = context.wrap_socket(sock, server_hostname=uri.host, do_handshake_on_connect=False)
    except (OSError, ValueError) as error:
        raise _temporary(url, "cannot connect securely", str(error)) from None
    try:
        while True:
            try:
                secure.do_handshake()
            except ssl.SSLWantReadError:
                ready = waker.wait(secure, select.POLLIN, until)
            except ssl.SSLWantWriteError:
                ready = waker.wait(secure, select.POLLOUT, until)
            else:
                return secure
            if not ready:
                raise TimeoutError("no answer in time")
    except OSError as error:
        secure.close()
        raise _temporary(url, "cannot connect securely", str(error)) from None
    except BaseException:
        secure.close()
        raise


def _upgrade(
    sock: socket.socket, protocol: ClientProtocol, until: float, waker: Waker, url: str
) -> list[Any]:
    answered = False
    try:
        request = b"".join(protocol.data_to_send())
        while request:
            try:
                request = request[sock.send(request) :]
            except NOT_YET:
                if not waker.wait(sock, select.POLLOUT, until):
                    raise TimeoutError from None
        while True:
            try:
                data = sock.recv(CHUNK)
            except NOT_YET:
                if not waker.wait(sock, select.POLLIN, until):
                    raise TimeoutError from None
                continue
            answered = answered or bool(data)
            if data:
                protocol.receive_data(data)
            else:
                protocol.receive_eof()
            if protocol.handshake_exc is not None:
                raise _no_handshake(protocol.handshake_exc, url)
            events = protocol.events_received()
            if events:
                return events
            if not data:
                raise ConnectionError("the connection was closed during the handshake")
    except TimeoutError:
        what = "the answer to the opening request broke off" if answered else "nobody answers"
        raise _temporary(url, what, "the connection was accepted, then nothing came") from None
    except OSError as error:
        raise _temporary(url, "the connection broke while opening", str(error)) from None


def _no_handshake(error: Exception, url: str) -> Exception:
    if isinstance(error, InvalidStatus):
        return error
    if isinstance(error.__cause__, EOFError):
        return _temporary(url, "the connection was closed while opening")
    return ProtocolError(
        "what answers there does not speak WebSocket",
        where=url,
        why=str(error.__cause__ or error),
        fix=PORT_HINT,
        id="E740",
    )


def _refusal(response: Response, url: str, *, is_named: bool) -> Exception:
    """Return what an answer other than "switching protocols" means."""
    status = response.status_code
    body = bytes(response.body or b"")
    said = f"{status} {response.reason_phrase}".strip()
    if status in (401, 403):
        return ConnectError(
            f"the peer does not let us in: HTTP {said}",
            where=url,
            why="the key is missing or wrong, or this address is not allowed",
            fix="set GATEWAY_API_KEY to the key that the gateway was started with",
            id="E602",
        )
    if status == 409:
        envelope = envelope_of(status, body)
        return (ConnectError if envelope.code == _HELD else Taken)(
            "the engine serves another strategy",
            where=url,
            why=envelope.message,
            fix="wait until that run is over, or start another engine",
            id="E605",
        )
    if status == 404 and is_named:
        return run_gone(url, body)
    if status == 429 or status >= 500:
        return _temporary(url, f"the peer is not ready: HTTP {said}")
    if 300 <= status < 400:
        where = response.headers.get("Location", "elsewhere")
        why = f"it redirects to {where!r}; redirects are never followed"
    elif parse_uri(url).port == 8080:
        why = "8080 answers HTTP; the engine's WebSocket is on 8081"
    else:
        why = "there is a web server, but no WebSocket at this port and path"
    return ProtocolError(
        f"no WebSocket there: HTTP {said}", where=url, why=why, fix=PORT_HINT, id="E740"
    )
