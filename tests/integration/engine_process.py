"""A real engine server on ephemeral ports of 127.0.0.1, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.engine.server import Ended, EngineServer
from runner.engine.terms import Terms

WAIT = 10.0
"""Seconds after which a test that waits for something has failed."""


def factory(*data: Series | Feed, **options: Any) -> Callable[[], Exchange]:
    """Return what makes a fresh exchange over the same candles: series, or one whole feed."""
    feeds = [one for one in data if isinstance(one, Feed)]
    feed = feeds[0] if feeds else Feed([one for one in data if isinstance(one, Series)])
    return lambda: Exchange(feed, Terms(**options))


class EngineThread:
    """A server that runs until `stop`, or until it is done."""

    def __init__(self, server: EngineServer) -> None:
        self.server = server
        self.ended: Ended | None = None
        self.error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._opened: list[ClientConnection] = []
        self._thread = threading.Thread(target=self._main, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(WAIT)
        if self.error is not None:
            raise self.error

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self.error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            await self.server.start()
            self._ready.set()
            self.ended = await self.server.wait()
        finally:
            await self.server.close()

    def ask_to_stop(self) -> None:
        """Have the server stop as SIGINT would, without waiting for it."""
        assert self._loop is not None
        # The loop may end by itself between the look and the call.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.server.stop, "interrupted")

    def wait(self) -> Ended | None:
        """Return why the server ended, or None if it failed; see `error`."""
        self._thread.join(WAIT)
        assert not self._thread.is_alive()
        return self.ended

    def stop(self) -> None:
        if self._thread.is_alive():
            self.ask_to_stop()
        self._thread.join(WAIT)
        assert not self._thread.is_alive()

    # Clients

    def websocket(self, path: str = "", **options: Any) -> ClientConnection:
        """Open a WebSocket to the engine, on the WebSocket port unless `url` says otherwise."""
        url = options.pop("url", self.server.ws_url)
        return connect(url + path, proxy=None, compression=None, open_timeout=WAIT, **options)

    def open_websocket(self, path: str = "", **options: Any) -> ClientConnection:
        """Open a WebSocket that the test closes itself.

        Newer releases of the library open one only as a context manager, older ones return it
        opened; entering it is right for both. It is kept, so that it does not end by itself.
        """
        opened = self.websocket(path, **options)
        self._opened.append(opened)
        return opened.__enter__()

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        url: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Make one REST request; return the status and the JSON of the answer.

        A body that is bytes is sent as it is, without a content type.
        """
        connection = HTTPConnection(urlsplit(url or self.server.rest_url).netloc, timeout=WAIT)
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def delete(self, path: str) -> tuple[int, bytes]:
        """Make one DELETE request; return the status and the bytes of the answer."""
        connection = HTTPConnection(urlsplit(self.server.rest_url).netloc, timeout=WAIT)
        try:
            connection.request("DELETE", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Return the JSON of a GET that must succeed."""
        status, body = self.request("GET", path)
        assert status == 200, body
        return body


@contextmanager
def engine(
    *data: Series | Feed, exchange: dict[str, Any] | None = None, **options: Any
) -> Iterator[EngineThread]:
    """Serve exchanges over `data`; `options` are those of `EngineServer`."""
    server = EngineServer(
        factory(*data, **(exchange or {})), **{"ws_port": 0, "rest_port": 0, **options}
    )
    running = EngineThread(server)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def receive(websocket: ClientConnection) -> Any:
    """Return the next frame as JSON."""
    return json.loads(websocket.recv(timeout=WAIT))


def acknowledge(websocket: ClientConnection, *frames: Any) -> None:
    """Acknowledge the frames that carry an id."""
    websocket.send(
        json.dumps(
            {
                "type": "event_ack",
                "correlation_id": "c-1",
                "events_processed": [one["event_id"] for one in frames],
                "timestamp": 1_700_000_000_000,
            }
        )
    )


def play(websocket: ClientConnection) -> list[Any]:
    """Receive and acknowledge everything up to the terminal event; return all frames."""
    frames = []
    while not frames or frames[-1]["type"] != "backtest_complete":
        frames.append(receive(websocket))
        if "event_id" in frames[-1]:
            acknowledge(websocket, frames[-1])
    return frames


ORDER = {"symbol": "S:AAPL", "side": "BUY", "quantity": "10", "order_type": "MARKET"}
