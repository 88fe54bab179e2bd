"""The line to a peer: one connection after another, as far as the kind of run allows.

A backtest stands or falls with its connection once an event has been delivered: what was missed
cannot be had again. A live run goes on over a new connection and is told of the gap. Decides when
to try again; reads and writes nothing itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from runner.errors import ConnectError, ProtocolError
from runner.protocol.codec import decode
from runner.protocol.messages import (
    AccountUpdate,
    BacktestComplete,
    Candle,
    Financing,
    Frame,
    Malformed,
    OrderUpdate,
    PositionUpdate,
    Quote,
    TradeUpdate,
)
from runner.session import Arrival, Closed, Regained, Stop
from runner.transports.backoff import Attempts, TemporaryFailure
from runner.transports.connection import Connection, Silence
from runner.transports.guard import Guard
from runner.transports.http import place_of, proxy_for
from runner.transports.opening import PORT_HINT, open_connection
from runner.transports.patience import Patience, usable_cores
from runner.transports.settings import ConnectionSettings
from runner.transports.stop import StopRequest
from runner.transports.waker import Interrupted, Waker
from runner.transports.wire import ABNORMAL, Ended, Wire

NORMAL, GOING_AWAY = 1000, 1001
_SENT_NOTHING = "the peer opened it, then sent nothing"
_PATIENCE_HINT = "look at the engine's log; raise connection.open_timeout if it only loads for long"
_LOG = logging.getLogger(__name__)
_USEFUL = (
    Candle,
    Quote,
    OrderUpdate,
    TradeUpdate,
    PositionUpdate,
    AccountUpdate,
    Financing,
    BacktestComplete,
)


class Line:
    """Delivers what a peer sends, over as many connections as it takes."""

    def __init__(
        self,
        url: str,
        settings: ConnectionSettings,
        waker: Waker,
        stop: StopRequest,
        *,
        backtest: bool,
        draw: Callable[[], float],
    ) -> None:
        proxy = proxy_for(url.replace("ws", "http", 1))
        if proxy is not None:
            _LOG.warning("only REST uses the proxy %s, the WebSocket does not", place_of(proxy))
        self._url = url
        self._settings = settings
        self._waker = waker
        self._stop = stop
        self._backtest = backtest
        self._attempts = Attempts(settings, draw)
        self._patience: Patience | None = None
        if backtest and settings.spin_us > 0 and usable_cores() > 1:
            self._patience = Patience(settings.spin_us / 1e6)
        self._connection: Connection | None = None
        self._guard: Guard | None = None
        self._timeout_s: float | None = None
        self._is_greeted = False
        """Whether this connection has delivered anything."""
        self._is_useful = False
        """Whether it has delivered an event; all before that is only a greeting."""
        self._delivered = False
        """Whether any connection has."""
        self._blind_since = time.monotonic()
        """Since when events of a live run may have been missed, on the monotonic clock."""

    def next(self) -> Arrival | Closed | Regained | Stop:
        """Wait for what comes next and return it.

        Raises:
            ConnectError: the peer cannot be reached, refused us, or is lost for good.
            ProtocolError: it is not a peer of ours, broke the protocol, or went silent.
        """
        while True:
            connection = self._connection
            if connection is None:
                regained = self._open()
                if regained is not None:
                    return regained
                continue
            raw = connection.receive(self._timeout_s)
            if type(raw) is bytes:
                frame = decode(raw)
                if not self._is_useful:
                    self._greeted(frame)
                return Arrival(frame.message, frame.event_id, bool(connection.messages))
            if isinstance(raw, Silence):
                over = self._nothing_came(connection, raw)
                if over is not None:
                    return over
            elif isinstance(raw, Malformed):
                return Arrival(raw, None, bool(connection.messages))

    def send(self, text: bytes) -> None:
        """Send a message; lost with the connection, if that is lost."""
        if self._connection is not None:
            self._connection.send(text)

    def close(self, *, in_order: bool) -> None:
        """Close the connection, and wait for the peer to do so only if the run ended in order."""
        self._drop(
            NORMAL if in_order else GOING_AWAY,
            self._settings.close_timeout_s if in_order else 0.0,
        )

    def _drop(self, code: int, timeout_s: float) -> None:
        if self._guard is not None:
            self._guard.stop()
            self._guard = None
        if self._connection is not None:
            self._connection.close(code, timeout_s=timeout_s)
            self._connection = None

    def _open(self) -> Regained | Stop | None:
        settings = self._settings
        is_again = self._attempts.failures > 0
        try:
            sock, protocol, arrived = open_connection(self._url, settings, self._waker)
        except TemporaryFailure as failure:
            return self._pause(failure)
        except Interrupted:
            return self._stop.asked
        self._connection = Connection(
            Wire(sock, protocol, arrived, write_timeout_s=settings.open_timeout_s),
            self._waker,
            settings,
            patience=self._patience,
            keepalive=not self._backtest,
        )
        self._guard = Guard(self._connection, self._waker, after_s=settings.guard_after_s)
        self._guard.start()
        self._is_greeted = self._is_useful = False
        self._timeout_s = settings.open_timeout_s if self._backtest else None
        gap_ms = round((time.monotonic() - self._blind_since) * 1000)
        return Regained(gap_ms) if is_again and not self._backtest else None

    def _greeted(self, frame: Frame) -> None:
        self._is_greeted = True
        if self._backtest:
            self._timeout_s = self._settings.stall_timeout_s
        if frame.event_id is not None or isinstance(frame.message, _USEFUL):
            self._is_useful = self._delivered = True
            self._attempts.succeeded()

    def _nothing_came(self, connection: Connection, silence: Silence) -> Closed | Stop | None:
        if connection.ended is not None and not connection.messages:
            return self._lost(connection.ended)
        if silence is Silence.TIMED_OUT:
            if self._is_greeted:
                raise self._stalled()
            return self._lost(Ended(ABNORMAL, _SENT_NOTHING))
        return self._stop.asked

    def _stalled(self) -> ProtocolError:
        return ProtocolError(
            f"the backtest stalled: nothing came for {self._settings.stall_timeout_s:g} s",
            where=self._url,
            why="every event is acknowledged, so the engine owes the next one or the end",
            fix="look at the engine's log; raise connection.stall_timeout if it is only slow",
            id="E743",
        )

    def _lost(self, ended: Ended) -> Closed | Stop | None:
        self._drop(NORMAL, 0.0)
        if ended.fault is not None:
            raise ProtocolError(
                f"the peer broke the WebSocket protocol: {ended.reason}",
                where=self._url,
                why=f"frames may have up to {self._settings.max_frame_bytes} bytes, "
                "uncompressed and unmasked",
                fix=f"raise connection.max_frame_bytes if frames are that large; {PORT_HINT}",
                id="E742",
            )
        if self._backtest and (self._delivered or ended.code == NORMAL):
            return Closed(ended.code, ended.reason)
        self._blind_since = time.monotonic()
        said = f"{ended.code} {ended.reason}".strip()
        if ended.code == ABNORMAL:
            said = ended.reason or "it broke off"
        what = f"the connection ended: {said}"
        fix = _PATIENCE_HINT if said == _SENT_NOTHING else ""
        return self._pause(ConnectError(what, where=self._url, fix=fix, id="E604"))

    def _pause(self, failure: ConnectError) -> Stop | None:
        try:
            self._waker.sleep(self._attempts.failed(failure))
        except Interrupted:
            return self._stop.asked
        return None
