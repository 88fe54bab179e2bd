"""The line to a peer: one connection after another, as far as the kind of run allows.

A backtest stands or falls with its connection once an event has been delivered: what was missed
cannot be had again. Unless the engine has named the run: then it keeps what was not acknowledged,
and the run goes on over a new connection as if nothing had happened. A live run goes on as well,
and is told of the gap. Decides when to try again; reads and writes nothing itself.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from runner.errors import ConnectError, ProtocolError
from runner.protocol import messages
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
from runner.session import Arrival, Closed, Missed, Regained, Stop
from runner.transports import network
from runner.transports.backoff import Attempts, TemporaryFailure
from runner.transports.connection import Connection, Silence
from runner.transports.guard import Guard
from runner.transports.http import place_of, proxy_for
from runner.transports.inbox import Inbox, Overrun
from runner.transports.opening import PORT_HINT, RUN_HEADER, RunGone, Taken, open_connection
from runner.transports.patience import Patience, usable_cores
from runner.transports.settings import ConnectionSettings
from runner.transports.stop import CLOSING_S, StopRequest
from runner.transports.vitals import Vitals
from runner.transports.waker import Interrupted, Waker
from runner.transports.wire import ABNORMAL, Ended, Wire

NORMAL, GOING_AWAY = 1000, 1001
_SENT_NOTHING = "the peer opened it, then sent nothing"
_BEGUN_ANEW = "it broke off, and the engine has begun anew without what on_start had ordered"
_PATIENCE_HINT = "look at the engine's log; raise connection.open_timeout if it only loads for long"
SETTLE_ATTEMPTS = 5
"""Attempts to repeat the last acknowledgment of a run that is complete on our side."""
SAID = 8
"""How many of the acknowledgments said last are repeated then: more than one may have been lost."""
OVERRUN = "OVERRUN"
"""Names what happens when more messages wait for a strategy than may."""
MAX_RUN_ID = 256
"""Longest name of a run that is taken, in characters: it has to fit into an address."""
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
        run_id: str | None = None,
        vitals: Vitals | None = None,
        overrun: Callable[[str], None] = lambda _: None,
        is_same_run: Callable[[], bool] = lambda: True,
    ) -> None:
        proxy = proxy_for(url.replace("ws", "http", 1))
        if proxy is not None:
            _LOG.warning("only REST uses the proxy %s, the WebSocket does not", place_of(proxy))
        self._url = url
        self._settings = settings
        self._waker = waker
        self._stop = stop
        self._backtest = backtest
        self._draw = draw
        self._attempts = Attempts(settings, draw)
        self._is_same_run = is_same_run
        """Asked where a backtest is begun once more: whether the peer still has what was ordered
        before the connection was opened."""
        self._client = str(uuid.uuid4()) if backtest else None
        """How an engine recognises us that has named the run to a connection which then broke."""
        self._run_id = run_id
        """What a broken backtest is come back to with; None for one that cannot be."""
        self._is_welcome = False
        """Whether the `CONNECTED` of the run was handed over; coming back brings another one."""
        self._said: deque[bytes] = deque(maxlen=SAID)
        """What was sent last."""
        self._vitals = vitals or Vitals("connecting")
        self._overrun = overrun
        """Told at once, on whichever thread reads, that too many messages wait."""
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
        self._blind_since = network.monotonic()
        """Since when events of a live run may have been missed, on the monotonic clock."""

    def next(
        self, limit_s: float | None = None
    ) -> Arrival | Closed | Regained | Missed | Stop | None:
        """Wait for what comes next and return it; None if nothing came within `limit_s`.

        Without a limit, and while there is no connection, the wait ends with what comes only.

        Raises:
            ConnectError: the peer cannot be reached, refused us, or is lost for good.
            ProtocolError: it is not a peer of ours, broke the protocol, or went silent.
        """
        while True:
            connection = self._connection
            if connection is None:
                news = self._open()
                if news is not None:
                    return news
                continue
            raw = connection.receive(self._timeout_s if limit_s is None else limit_s)
            frame = decode(raw) if type(raw) is bytes else raw
            if type(frame) is Frame:
                if not self._is_useful and self._greeted(frame):
                    continue
                queue = self._vitals.queue = len(connection.messages)
                return Arrival(frame.message, frame.event_id, queue > 0)
            if raw is Silence.TIMED_OUT and limit_s is not None and connection.ended is None:
                return None
            if isinstance(raw, Silence):
                over = self._nothing_came(connection, raw)
                if over is not None:
                    return over
            elif isinstance(raw, Malformed):
                return Arrival(raw, None, bool(connection.messages))
            elif isinstance(raw, Overrun):
                return Missed(OVERRUN, raw.what, halts=True)

    def send(self, text: bytes) -> None:
        """Send a message; lost with the connection, if that is lost."""
        self._said.append(text)
        if self._connection is not None:
            self._connection.send(text)

    def settle(self) -> None:
        """Make sure that the peer has read what was sent last, where it keeps the run.

        A connection that breaks off instead of closing may have lost it: come back and repeat it,
        and the acknowledgments before it, which the peer ignores where it has them.
        The run is complete on our side, so that a failure to do so is none of the run.
        """
        self._attempts = Attempts(replace(self._settings, max_attempts=SETTLE_ATTEMPTS), self._draw)
        for _ in range(SETTLE_ATTEMPTS):
            if self._connection is None:
                return
            ended = self._drop(NORMAL, self._closing_s())
            if self._run_id is None or ended is None or ended.code != ABNORMAL:
                return
            while self._connection is None:
                if self._open() is not None:
                    return
            for text in reversed(tuple(self._said)):
                self.send(text)

    def close(self, *, in_order: bool) -> None:
        """Close the connection, and wait for the peer to do so only if the run ended in order."""
        self._drop(
            NORMAL if in_order else GOING_AWAY,
            self._closing_s() if in_order else 0.0,
        )

    def _closing_s(self) -> float:
        longest = self._settings.close_timeout_s
        return min(longest, CLOSING_S) if self._stop.is_urgent else longest

    def _drop(self, code: int, timeout_s: float) -> Ended | None:
        if self._guard is not None:
            self._guard.stop()
            self._guard = None
        if self._connection is None:
            return None
        self._connection.close(code, timeout_s=timeout_s)
        ended, self._connection = self._connection.ended, None
        return ended

    def _open(self) -> Closed | Regained | Stop | None:
        settings = self._settings
        is_again = self._attempts.failures > 0
        try:
            sock, protocol, (answer, *arrived) = open_connection(
                self._url, settings, self._waker, run_id=self._run_id, client=self._client
            )
        except TemporaryFailure as failure:
            return self._pause(failure)
        except Taken as failure:
            if not is_again:
                raise
            return self._pause(failure)  # it may not have noticed yet that we were cut off
        except RunGone as failure:
            if not self._delivered:
                raise
            return Closed(ABNORMAL, f"it broke off, and {failure.what}: {failure.why}")
        except Interrupted:
            return self._stop.asked
        inbox = None
        if not self._backtest:
            inbox = Inbox(settings.inbox, self._vitals, self._overrun, clock=network.monotonic)
        self._connection = Connection(
            Wire(sock, protocol, arrived, write_timeout_s=settings.open_timeout_s, inbox=inbox),
            self._waker,
            settings,
            patience=self._patience,
            keepalive=not self._backtest,
        )
        self._guard = Guard(self._connection, self._waker, after_s=settings.guard_after_s)
        self._guard.start()
        if self._backtest and self._run_id is None:
            self._run_id = _name_in(answer.headers.get(RUN_HEADER))
        self._is_greeted = self._is_useful = False
        self._timeout_s = settings.open_timeout_s if self._backtest else None
        self._vitals.connected(is_again=is_again and self._delivered)
        may_be_another = is_again and not self._delivered and self._run_id is None
        if self._backtest and may_be_another and not self._is_same_run():
            self._drop(GOING_AWAY, 0.0)
            return Closed(ABNORMAL, _BEGUN_ANEW)
        gap_ms = round((network.monotonic() - self._blind_since) * 1000)
        return Regained(gap_ms) if is_again and not self._backtest else None

    def _greeted(self, frame: Frame) -> bool:
        """Note how a connection begins; return whether the strategy has been told so before."""
        self._is_greeted = True
        if self._backtest:
            self._timeout_s = self._settings.stall_timeout_s
        message = frame.message
        if self._backtest and isinstance(message, messages.Connection):
            run_id = _name_in(message.run_id)
            if message.event == "CONNECTED" and run_id is not None:
                is_again, self._is_welcome = self._is_welcome, True
                self._run_id = run_id
                return is_again
        if frame.event_id is not None or isinstance(message, _USEFUL):
            self._is_useful = self._delivered = True
            self._attempts.succeeded()
        return False

    def _nothing_came(self, connection: Connection, silence: Silence) -> Closed | Stop | None:
        if connection.ended is not None and not connection.messages:
            return self._lost(connection.ended)
        if silence is Silence.TIMED_OUT:
            if self._is_greeted:
                raise self._stalled()
            connection.give_up(_SENT_NOTHING)
            return self._lost(connection.ended or Ended(ABNORMAL, _SENT_NOTHING))
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
        # An engine that closes has decided to; only what just broke can be come back to.
        is_kept = self._run_id is not None and ended.code == ABNORMAL
        if self._backtest and (self._delivered or ended.code == NORMAL) and not is_kept:
            return Closed(ended.code, ended.reason)
        self._blind_since = network.monotonic()
        said = f"{ended.code} {ended.reason}".strip()
        if ended.code == ABNORMAL:
            said = ended.reason or "it broke off"
        what = f"the connection ended: {said}"
        fix = _PATIENCE_HINT if said == _SENT_NOTHING else ""
        return self._pause(ConnectError(what, where=self._url, fix=fix, id="E604"))

    def _pause(self, failure: ConnectError) -> Closed | Stop | None:
        self._vitals.failed(failure.what)
        try:
            self._waker.sleep(self._attempts.failed(failure))
        except Interrupted:
            return self._stop.asked
        except ConnectError as last:
            if not (self._backtest and self._delivered):
                raise
            return Closed(
                ABNORMAL, f"it broke off, and coming back failed: {last.what}, {last.why}"
            )
        return None


def _name_in(run_id: str | None) -> str | None:
    """Return the name of a run, None for none and for one that cannot be sent back."""
    return run_id if run_id and len(run_id) <= MAX_RUN_ID else None
