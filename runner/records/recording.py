"""Writing a record while its run goes on: from a thread of its own, a few times a second.

The run knows nothing of it. What is new on the desk since the last look is appended: executions,
orders that have changed, points of the equity curve. A run that is killed leaves what was written
by then. May import the session's desk and this room; nothing here is called for an event.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path

from runner.records.files import open_new, write_all
from runner.records.lines import (
    EQUITY,
    ORDERS,
    TRADES,
    OrderLine,
    encode_lines,
    order_line,
    trade_line,
)
from runner.strategy.desk import Desk
from runner.strategy.order import Order

EVERY_S = 0.5
"""Between two looks: what a killed run loses at most."""
MAX_POINTS = 10_000
"""About how many points of the equity curve are kept: enough to draw it at any width."""
_BATCH = 2000
"""Lines written at once, so that the interpreter is never held for long."""


class Recording:
    """Appends what happens on a desk to the files of a record.

    Args:
        folder: the record's own.
        desk: only ever read.
        candles: how many will come; None when nobody knows.
        durable: whether every look ends on the disk, for runs that trade with real money.
        on_failure: called once, from any thread, when the record cannot be written any more.
    """

    def __init__(
        self,
        folder: Path,
        desk: Desk,
        *,
        candles: int | None = None,
        durable: bool = False,
        on_failure: Callable[[OSError], None] = lambda _: None,
        every: float = EVERY_S,
    ) -> None:
        self._desk = desk
        self._durable = durable
        self._on_failure = on_failure
        self._every = every
        self._files = {name: open_new(folder / name) for name in (ORDERS, TRADES, EQUITY)}
        self._trades = 0
        self._orders = 0
        self._working: dict[str, tuple[Order, OrderLine | None]] = {}
        self._points = Thinning(candles)
        self._failed = False
        self._also: list[Callable[[], None]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="record", daemon=True)

    def also(self, write: Callable[[], None]) -> None:
        """Call `write` at every look, too."""
        self._also.append(write)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look a last time, after the run's last event, and close the files."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        self._look(finished=True)
        for descriptor in self._files.values():
            os.close(descriptor)

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            self._look(finished=False)

    def _look(self, *, finished: bool) -> None:
        if self._failed:
            return
        try:
            for write in self._also:
                write()
            self._take_orders()
            self._take_trades()
            self._take_points(finished=finished)
            if self._durable or finished:
                for descriptor in self._files.values():
                    os.fsync(descriptor)
        except OSError as error:
            self._failed = True
            self._on_failure(error)

    def _take_trades(self) -> None:
        fills = self._desk.portfolio.fills
        while new := fills[self._trades : self._trades + _BATCH]:
            self._append(TRADES, [trade_line(one) for one in new])
            self._trades += len(new)

    def _take_orders(self) -> None:
        tickets = self._desk.tickets
        looked_at: Iterable[tuple[str, tuple[Order, OrderLine | None]]]
        looked_at = list(self._working.items())
        if len(tickets) > self._orders:
            # Made in one step of the interpreter, so the run cannot add a ticket meanwhile.
            new = list(tickets.items())[self._orders :]
            self._orders += len(new)
            looked_at = chain(looked_at, ((key, (order, None)) for key, order in new))
        changed: list[OrderLine] = []
        for key, (order, before) in looked_at:
            is_done = order.is_done  # read first, see `order_line`
            line = order_line(key, order)
            if line != before:
                changed.append(line)
            if not is_done:
                self._working[key] = (order, line)
            elif before is not None:
                del self._working[key]
        for start in range(0, len(changed), _BATCH):
            self._append(ORDERS, changed[start : start + _BATCH])

    def _take_points(self, *, finished: bool) -> None:
        portfolio = self._desk.portfolio
        points = self._points.new(portfolio.times, portfolio.equities, finished=finished)
        for start in range(0, len(points), _BATCH):
            self._append(EQUITY, points[start : start + _BATCH])

    def _append(self, name: str, lines: Sequence[object]) -> None:
        write_all(self._files[name], encode_lines(lines))


class Thinning:
    """Chooses which points of an equity curve are kept: every one, then every second, and so on.

    The choice depends on the numbers of the points alone, never on when somebody looks.
    """

    def __init__(self, total: int | None, *, most: int = MAX_POINTS) -> None:
        self._most = most
        self._next = 0
        self._kept = 0
        self._stride = 1
        while total is not None and total > most * self._stride:
            self._stride *= 2

    def new(
        self, times: Sequence[int], equities: Sequence[float], *, finished: bool
    ) -> list[tuple[int, int, float]]:
        """Return the points that are due: number, Unix milliseconds, equity.

        The last point of a curve may still change, so it is due only when the run has `finished`.
        """
        # Times are extended before equities are.
        end = min(len(times), len(equities)) - (not finished)
        found: list[tuple[int, int, float]] = []
        while self._next < end:
            room = max(1, self._most - self._kept)
            stop = min(end, self._next + room * self._stride)
            numbers = range(self._next, stop, self._stride)
            found += zip(
                numbers,
                times[self._next : stop : self._stride],
                equities[self._next : stop : self._stride],
                strict=True,
            )
            self._next = numbers[-1] + self._stride
            self._kept += len(numbers)
            if self._kept >= self._most:
                self._stride *= 2
                self._kept //= 2
                self._next = -(-self._next // self._stride) * self._stride
        if finished and end and (not found or found[-1][0] != end - 1):
            found.append((end - 1, times[end - 1], equities[end - 1]))
        return found
