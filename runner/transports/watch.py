"""What watches over a live run between its events: the gateway's condition, and what it holds.

Ties `conditions` and `reconciling` together for the driver. Lives on the strategy's thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from runner.protocol.messages import ErrorNotice
from runner.session import Arrival, Closed, Missed, Regained, Session, Stop
from runner.transports.conditions import Conditions
from runner.transports.reconciling import Gateway, Reconciling
from runner.transports.settings import ConnectionSettings
from runner.transports.stop import StopRequest

TICK_S = 1.0
"""Longest wait for an event before looking around."""


class Watch:
    """Watches over one live run."""

    def __init__(
        self,
        session: Session,
        gateway: Gateway | None,
        settings: ConnectionSettings,
        stop: StopRequest,
        *,
        ignored: Callable[[str], bool] = lambda _: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to watch; every order is preceded by a look from now on.

        Args:
            session: the run; it has a guard.
            gateway: is read now and then; None for a dry run.
            settings: how often, and what silence is too long.
            stop: asked to end a run in which nothing will come any more.
            ignored: tells whether what the gateway holds of a symbol is none of the run's.
            clock: monotonic seconds.
        """
        assert session.guard is not None
        self._rereading: Regained | Missed | None = None
        """What the session was given that makes it read the state."""
        self._reconciling = Reconciling(
            session,
            gateway,
            lambda notice: self._conditions.news.append(notice),
            every_s=settings.reconcile_every_s,
            ignored=ignored,
            clock=clock,
        )
        self._conditions = Conditions(
            session.guard,
            lambda why, message, after: self._reconciling.want(why, message, after=after),
            lambda: stop.ask(Stop("halted")),
            stale_after_s=settings.stale_after_s,
            clock=clock,
        )
        session.guard.consult = self._before_an_order

    def hear(self, arrival: Arrival | Regained | Missed | Closed | Stop) -> None:
        """Draw the consequences of what came, before the session does."""
        if type(arrival) is Arrival:
            self._conditions.hear(arrival.message)
        elif isinstance(arrival, Regained | Missed):
            self._rereading = arrival

    def next(self, *, is_idle: bool) -> ErrorNotice | Missed | None:
        """Return what the session is to be told now, None for nothing.

        Args:
            is_idle: whether no message waits for the strategy.

        Raises:
            ConnectError: E602, the gateway does not let us in any more.
        """
        conditions, reconciling = self._conditions, self._reconciling
        if self._rereading is not None:
            # The session asks for more: it has read the state, and told what was missing.
            if isinstance(self._rereading, Regained):
                conditions.regained()
            self._rereading = None
            reconciling.agreed()
        conditions.look()
        if not conditions.news:
            self._rereading = reconciling.look(is_idle=is_idle)
            if self._rereading is not None:
                return self._rereading
        return conditions.news.popleft() if conditions.news else None

    def wait_s(self) -> float:
        """Return how long the driver may wait for an event."""
        if self._conditions.news:
            return 0.0
        return min(TICK_S, self._reconciling.wait_s())

    def _before_an_order(self) -> None:
        self._conditions.look(now=True)
