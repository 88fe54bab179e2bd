"""What the gateway holds, held against what the run takes it to hold: now and then, and when asked.

A difference may be news that the stream is about to bring, so it counts when it is there a second
time, a little later. What cannot be read is never taken for nothing: as long as it cannot, nothing
is traded. Lives on the strategy's thread, between two events.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from runner.errors import ProtocolError
from runner.protocol.commands import Command, ReadState, Reply, State
from runner.protocol.decimals import plain
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import ErrorNotice
from runner.session import Missed, Session
from runner.strategy.desk import Desk
from runner.transports.backoff import TemporaryFailure

UNREADABLE = "STATE_UNREADABLE"
"""The restriction while nobody knows what the gateway holds."""
RECONCILED = "RECONCILED"
"""The notice that the gateway's word was taken over."""
SETTLE_S = 2.0
"""How long the stream may still bring what a reading shows already."""
_AGAIN_S, _AGAIN_AT_MOST_S = 1.0, 30.0
_SHOWN = 4
_ZERO = Decimal(0)
_LOG = logging.getLogger(__name__)


class Gateway(Protocol):
    """What the state is read from; `RestClient` is one."""

    def execute(self, command: Command) -> Reply:
        """Carry out a command and return the answer."""
        ...


class Reconciling:
    """Compares one run with its gateway."""

    def __init__(
        self,
        session: Session,
        gateway: Gateway | None,
        tell: Callable[[ErrorNotice], None],
        *,
        every_s: float,
        ignored: Callable[[str], bool] = lambda _: False,
        settle_s: float = SETTLE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; the first comparison is due after `every_s`.

        Args:
            session: the run; it has a guard.
            gateway: is read; None for a dry run, whose orders it does not have.
            tell: takes what the strategy is to be told.
            every_s: seconds between two comparisons.
            ignored: tells whether what the gateway holds of a symbol is none of the run's.
            settle_s: seconds after which a difference is looked at again.
            clock: monotonic seconds.
        """
        assert session.guard is not None
        self._desk, self._guard = session.desk, session.guard
        self._gateway = gateway
        self._tell = tell
        self._every_s = every_s
        self._ignored = ignored
        self._settle_s = settle_s
        self._clock = clock
        self._due = clock() + every_s
        self._reasons: dict[str, str] = {}
        """The pauses that end with the next agreement, and what is said then."""
        self._seen: tuple[str, ...] = ()
        self._taken_over: tuple[str, ...] = ()
        self._failures = 0

    def want(self, why: str, message: str, *, after: str) -> None:
        """Send no order until the state was read.

        Args:
            why: names the pause.
            message: says why, for people.
            after: says what is the case when it is over.
        """
        self._guard.restrict(why, message, pauses=True)
        self._reasons[why] = after
        self._due = self._clock()

    def is_wanted_for(self, why: str) -> bool:
        """Tell whether trading is paused for this until a comparison has been made."""
        return why in self._reasons

    def wait_s(self) -> float:
        """Return how long nothing has to be done, seconds."""
        return max(self._due - self._clock(), 0.0)

    def look(self, *, is_idle: bool) -> Missed | None:
        """Compare, if it is time to; return what the session must take over, None for nothing.

        While messages wait for the strategy (not `is_idle`), a difference may be among them.

        Raises:
            ConnectError: E602, the gateway does not let us in any more.
        """
        if self._clock() < self._due:
            return None
        if self._gateway is None:
            self.agreed()
            return None
        try:
            state = self._gateway.execute(ReadState())
        except (TemporaryFailure, ProtocolError) as failure:
            self._failed(failure.what)
            return None
        assert isinstance(state, State)
        self._failures = 0
        found = differences(state, self._desk, self._ignored)
        if not found or found == self._taken_over:
            self.agreed()
        elif found == self._seen and is_idle:
            self._taken_over = found
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            what = f"the gateway held something else: {'; '.join(found[:_SHOWN])}{more}"
            _LOG.warning("%s; its word is taken over", what)
            return Missed(RECONCILED, what)
        else:
            self._seen = found
            self._due = self._clock() + self._settle_s
        return None

    def agreed(self) -> None:
        """Go on: what the gateway holds is known."""
        self._seen = ()
        self._due = self._clock() + self._every_s
        reasons = dict(self._reasons)
        self._reasons.clear()
        for why, after in reasons.items():
            self._guard.lift(why)
            _LOG.info("%s", after)
            self._tell(ErrorNotice("LIFTED", after, {"why": why}))

    def _failed(self, what: str) -> None:
        if UNREADABLE not in self._reasons:
            said = f"account, orders and positions cannot be read: {what}"
            self.want(UNREADABLE, said, after="account, orders and positions were read again")
            _LOG.warning("%s: no order is sent until they can", said)
            self._tell(ErrorNotice(UNREADABLE, said))
        pause = min(_AGAIN_S * 2**self._failures, _AGAIN_AT_MOST_S)
        self._failures += 1
        self._due = self._clock() + pause


def differences(state: State, desk: Desk, ignored: Callable[[str], bool]) -> tuple[str, ...]:
    """Return in what a gateway's state is not what a desk holds, in words, in a fixed order.

    Orders in doubt are left out: they are looked for in their own way.
    """
    found = []
    theirs = {one.client_order_id or one.id: one for one in state.orders if not ignored(one.symbol)}
    doubtful = {name for name, one in desk.tickets.items() if one.status is OrderStatus.UNKNOWN}
    for name, order in theirs.items():
        ticket = desk.working.get(name)
        if ticket is None and name not in doubtful:
            found.append(f"order {name} works there and not here")
        elif ticket is not None and ticket.filled_quantity != order.filled_quantity:
            was = f"{plain(order.filled_quantity)} there and {plain(ticket.filled_quantity)} here"
            found.append(f"of order {name} is filled {was}")
    found += [
        f"order {name} works here and not there"
        for name, one in desk.working.items()
        if one.id is not None and name not in theirs and name not in doubtful
        if not ignored(one.symbol)
    ]
    held: dict[str, Decimal] = {}
    for position in state.positions:
        if not ignored(position.symbol):
            held[position.symbol] = held.get(position.symbol, _ZERO) + position.signed_quantity
    for symbol in sorted({*held, *(one for one in desk.portfolio.positions if not ignored(one))}):
        there, here = held.get(symbol, _ZERO), desk.portfolio.quantity(symbol)
        if there != here:
            found.append(f"a position of {plain(there)} {symbol} there and {plain(here)} here")
    return tuple(found)
