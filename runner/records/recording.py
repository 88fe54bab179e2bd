"""Writing a record while its run goes on: from a thread of its own, a few times a second.

The run knows nothing of it. What is new on the desk since the last look is appended: executions,
orders that have changed, points of the equity curve. A run that is killed leaves what was written
by then. May import the session's desk and this room; nothing here is called for an event.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
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
from runner.records.points import POINT_BYTES, Thinning, encode_points
from runner.strategy.desk import Desk
from runner.strategy.order import Order

EVERY_S = 0.5
"""Between two looks: what a killed run loses at most."""
CURVE_BYTES = 500_000_000
"""Most bytes of an equity curve, of which no point is left out before."""
_BATCH = 200
"""Lines made and written at once. Few enough that the next ones find the memory of these ones free:
asking the system for more costs a multiple of making them."""


class Recording:
    """Appends what happens on a desk to the files of a record.

    Args:
        folder: the record's own.
        desk: only ever read.
        candles: how many will come; None when nobody knows.
        curve_bytes: most that the equity curve may take; a longer one is thinned.
        durable: whether every look ends on the disk, for runs that trade with real money.
        on_failure: called once, from any thread, when the record cannot be written any more.
    """

    def __init__(
        self,
        folder: Path,
        desk: Desk,
        *,
        candles: int | None = None,
        curve_bytes: int = CURVE_BYTES,
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
        self._working: dict[str, tuple[Order, OrderLine]] = {}
        self._points = Thinning(candles, most=max(1, curve_bytes // POINT_BYTES))
        self._failed = False
        self._also: list[Callable[[], None]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="record", daemon=True)

    def also(self, write: Callable[[], None]) -> None:
        """Call `write` at every look, too."""
        self._also.append(write)

    @property
    def every(self) -> int:
        """Every how many-th point of the equity curve is kept: 1 unless it is too long."""
        return self._points.every

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
        changed = self._changed()
        while batch := list(islice(changed, _BATCH)):
            self._append(ORDERS, batch)

    def _changed(self) -> Iterator[OrderLine]:
        working = self._working
        for key, (order, before) in list(working.items()):
            is_done = order.is_done  # read first, see `order_line`
            line = order_line(key, order)
            if is_done:
                del working[key]
            else:
                working[key] = (order, line)
            if line != before:
                yield line
        tickets = self._desk.tickets
        if len(tickets) > self._orders:
            # Made in one step of the interpreter, so the run cannot add a ticket meanwhile.
            new = list(islice(tickets.items(), self._orders, None))
            self._orders += len(new)
            for key, order in new:
                is_done = order.is_done
                line = order_line(key, order)
                if not is_done:
                    working[key] = (order, line)
                yield line

    def _take_points(self, *, finished: bool) -> None:
        portfolio = self._desk.portfolio
        for points in self._points.new(portfolio.times, portfolio.equities, finished=finished):
            write_all(self._files[EQUITY], encode_points(points))

    def _append(self, name: str, lines: Sequence[object]) -> None:
        write_all(self._files[name], encode_lines(lines))
