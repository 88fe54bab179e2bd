"""Whether a run is well: alive, that is moving or waiting with reason, and ready to trade.

A run that waits for its peer, for its pace or in a pause is alive. One that stays in a handler, or
anywhere else, for longer than it was given is not: only starting it again may help.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from runner.session import Session
from runner.transports.pace import Pace
from runner.transports.stop import StopRequest
from runner.transports.vitals import Vitals


class Health:
    """Judges one run, whenever somebody asks."""

    def __init__(
        self,
        session: Session,
        vitals: Vitals,
        stop: StopRequest,
        pace: Pace | None,
        *,
        stalled_after_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to judge.

        Args:
            session, vitals, stop, pace: of the run; only ever read.
            stalled_after_s: longest time without progress of a run that is well.
            clock: monotonic seconds.
        """
        self._session = session
        self._vitals = vitals
        self._stop = stop
        self._pace = pace
        self._stalled_after_s = stalled_after_s
        self._clock = clock
        self._turn = threading.Lock()
        self._seen: tuple[object, ...] = ()
        self._moved_at = clock()

    def complaint(self) -> str:
        """Return why the run counts as dead; empty while it is alive."""
        with self._turn:
            now, seen = self._clock(), self._progress()
            if seen != self._seen or self._waits():
                self._seen, self._moved_at = seen, now
            still = now - self._moved_at
        if still <= self._stalled_after_s:
            return ""
        return f"nothing has moved for {still:.0f} s, and the run is not waiting for anything"

    def reluctance(self) -> str:
        """Return why the run is not ready; empty when it is connected and its state was read."""
        if self._stop.asked is not None:
            return "stopping"
        standing = self._vitals.standing
        if standing not in ("connected", "in process"):
            return standing
        if self._session.desk.portfolio.account is None:
            return "the account has not been read"
        return ""

    def _waits(self) -> bool:
        return self._vitals.is_waiting or (self._pace is not None and self._pace.is_waiting)

    def _progress(self) -> tuple[object, ...]:
        desk, vitals = self._session.desk, self._vitals
        return (
            desk.market_events,
            len(desk.tickets),
            len(desk.portfolio.fills),
            desk.portfolio.account is None,
            vitals.arrived_at,
            vitals.acks,
            vitals.requests,
            vitals.standing,
        )
