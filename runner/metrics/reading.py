"""From a run that is going on to plain numbers, read on a thread that is not the run's.

It takes no lock of the run's. What it sees may be torn, one value of before and one of after an
event; a counter never goes back for that, and the next look mends the rest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from runner.session import Session
from runner.strategy.order import Order
from runner.transports.vitals import Vitals

T = TypeVar("T")
_TRIES = 5
_CHUNK = 65_536
"""Points of the equity curve that are looked at in one go, between which the run gets its turn."""


def copied(take: Callable[[], T]) -> T:
    """Return what `take` copies from a collection that the run may be changing.

    Raises:
        RuntimeError: it changed under every one of several attempts.
    """
    for _ in range(_TRIES - 1):
        try:
            return take()
        except RuntimeError:
            continue
    return take()


@dataclass(frozen=True, slots=True)
class Reading:
    """A run at one moment. Money is in the currency of the account, times are seconds."""

    candles: int
    quotes: int
    executions: int
    placed: int
    working: int
    ended: Mapping[str, int]
    """Orders that have come to their end, by status."""
    denied: Mapping[str, int]
    """Orders that a limit held back, by limit."""
    state: str
    """What may be sent: a `TradingState`."""
    restricted: Mapping[str, int]
    """How many symbols each restriction that holds now is about, by its name; all count as one."""
    failures: int
    unreadable: int
    equity: float
    peak: float
    balance: float
    positions: Mapping[str, float]
    """Signed quantities by symbol."""
    clock_s: float | None
    """Simulated time, Unix seconds; None before the first event."""
    last_event_s: float | None
    """When the last event arrived, Unix seconds; None in process, or before the first."""

    @property
    def drawdown(self) -> float:
        return max((self.peak - self.equity) / self.peak, 0.0) if self.peak > 0 else 0.0


def _counted(restrictions: Iterable[tuple[str, str | None]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for why, _ in restrictions:
        found[why] = found.get(why, 0) + 1
    return found


class Reader:
    """Looks at one run, as often as somebody asks."""

    def __init__(self, session: Session, vitals: Vitals) -> None:
        self.vitals = vitals
        self._session = session
        self._turn = threading.Lock()  # two who ask at once take turns
        self._done = 0
        self._tickets = 0
        self._open: list[Order] = []
        self._ended: dict[str, int] = {}
        self._points = 0
        self._peak = 0.0

    def read(self) -> Reading:
        """Return the run as it is now, at a cost that grows with what is new since the last look.

        Raises:
            RuntimeError: something changed under every attempt to copy it; look again.
        """
        with self._turn:
            return self._read()

    def _read(self) -> Reading:
        session, desk = self._session, self._session.desk
        portfolio, guard = desk.portfolio, session.guard
        # The run adds before it takes away: a torn look counts too much, and the next ones wait.
        self._done = done = max(self._done, desk.market_events)
        self._count_orders()
        equity = copied(portfolio.equity)
        self._climb(equity)
        return Reading(
            candles=done - min(desk.quotes, done),
            quotes=desk.quotes,
            executions=len(portfolio.fills),
            placed=self._tickets,
            working=len(desk.working),
            ended=dict(self._ended),
            denied=copied(lambda: dict(guard.denied)) if guard is not None else {},
            state=guard.standing.value if guard is not None else "ACTIVE",
            restricted=_counted(guard.restrictions if guard is not None else {}),
            failures=len(session.failures),
            unreadable=session.malformed,
            equity=equity,
            peak=self._peak,
            balance=portfolio.balance,
            positions=copied(lambda: {name: one.size for name, one in portfolio.positions.items()}),
            clock_s=desk.progress_ms / 1000 or None,
            last_event_s=self._arrived(),
        )

    def _count_orders(self) -> None:
        # Tickets are only ever added, and one that has ended stays as it is.
        tickets = self._session.desk.tickets
        new = copied(lambda: list(islice(tickets.values(), self._tickets, None)))
        self._tickets += len(new)
        still_open = []
        for order in (*self._open, *new):
            if order.is_done:
                self._ended[order.status.value] = self._ended.get(order.status.value, 0) + 1
            else:
                still_open.append(order)
        self._open = still_open

    def _climb(self, equity: float) -> None:
        portfolio = self._session.desk.portfolio
        equities = portfolio.equities
        end = len(equities) - 1  # the last point may still move
        while self._points < end:
            upto = min(self._points + _CHUNK, end)
            self._peak = max(self._peak, max(equities[self._points : upto]))
            self._points = upto
        self._peak = max(self._peak, equity, portfolio.starting_equity)

    def _arrived(self) -> float | None:
        arrived = self.vitals.arrived_at
        if arrived is None:
            return None
        return round(time.time() - (time.perf_counter() - arrived), 3)
