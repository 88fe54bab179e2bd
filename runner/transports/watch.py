"""What watches over a live run between its events: the gateway's condition, what it holds, time.

Ties `conditions`, `reconciling` and `clocks` together for the driver. Lives on the strategy's
thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from runner.protocol.messages import ErrorNotice
from runner.session import Arrival, Closed, Missed, Regained, Session, Stop
from runner.transports.clocks import Clocks
from runner.transports.conditions import Conditions
from runner.transports.reconciling import Gateway, Reconciling
from runner.transports.settings import ConnectionSettings
from runner.transports.stop import StopRequest

TIME_GAP = "TIME_GAP"
"""The pause after time that the run has not lived through, until the state was read."""
SHARED = "GATEWAY_SHARED"
"""The notice that other strategies are connected to the same gateway."""
COUNT_AFTER_S = 2.0
"""After the start, when a run is surely connected itself; then as often as the state is read."""
TICK_S = 1.0
"""Longest wait for an event before looking around."""


_LOG = logging.getLogger(__name__)


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
        clocks: Clocks | None = None,
        company: Callable[[], int | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to watch; every order is preceded by a look from now on.

        Args:
            session: the run; it has a guard.
            gateway: is read now and then; None for a dry run.
            settings: how often, and what silence is too long.
            stop: asked to end a run in which nothing will come any more.
            ignored: tells whether what the gateway holds of a symbol is none of the run's.
            clocks: tell of time that was missed; None for those of the machine.
            company: returns how many strategies the gateway has; None for one that cannot say.
            clock: monotonic seconds, for what is due when.
        """
        assert session.guard is not None
        self._admits = session.admits
        self._company, self._clock = company, clock
        self._every_s = settings.reconcile_every_s
        self._count_at = clock() + min(COUNT_AFTER_S, self._every_s)
        self._clocks = clocks or Clocks(settings.gap_after_s)
        self._clocks.start()
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
            message = arrival.message
            # What nobody has subscribed to is not traded, and may come and go.
            if self._admits is None or self._admits(message):
                self._conditions.hear(message)
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
        self._look_at_the_clocks()
        conditions.look()
        self._look_at_the_company()
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

    def close(self) -> None:
        """Watch no more."""
        self._clocks.stop()

    def _before_an_order(self) -> None:
        self._look_at_the_clocks()
        self._conditions.look(now=True)

    def _look_at_the_company(self) -> None:
        if self._company is None or self._clock() < self._count_at:
            return
        count = self._company()
        self._count_at = self._clock() + self._every_s
        if count is None:
            self._company = None  # it does not tell, and is not asked again
        elif count > 1:
            said = (
                f"{count} strategies are connected to this gateway, which is made for one: each is "
                "told of the orders of all, and may acknowledge the events of the others"
            )
            _LOG.warning("%s", said)
            self._conditions.news.append(ErrorNotice(SHARED, said))
            self._company = None

    def _look_at_the_clocks(self) -> None:
        gap = self._clocks.gap()
        if gap and not self._reconciling.is_wanted_for(TIME_GAP):
            said = f"{gap}, so that events may have been missed"
            _LOG.warning("%s: no order is sent before the state was read", said)
            self._conditions.news.append(ErrorNotice(TIME_GAP, said))
            self._reconciling.want(TIME_GAP, said, after=f"the state was read after {gap}")
