"""The memory of a run: looked at twice a second, and the run ended when it is beyond its limit.

A strategy that keeps a little of every event is found out before the system has to kill something.
Nothing of it is in the path of an event.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from runner.errors import StrategyFailed
from runner.session import Session, Stop
from runner.transports.stop import StopRequest

LOOK_S = 0.5
_MIB = 1 << 20


class MemoryLimit:
    """Ends one run that takes more memory than it may."""

    def __init__(self, limit: int | None, session: Session, stop: StopRequest) -> None:
        """Prepare to hold a run to `limit` bytes; None for no limit."""
        self._limit = limit
        self._session = session
        self._stop = stop
        self._found = 0
        self._last = ""
        self._over = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at the memory of this process while this lasts."""
        if self._limit is None:
            yield
            return
        thread = threading.Thread(target=self._watch, args=[self._limit], daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def trouble(self) -> StrategyFailed | None:
        """Return what the run ended with, None if it has kept to its limit."""
        if not self._found or self._limit is None:
            return None
        return StrategyFailed(
            f"the run takes {self._found / _MIB:,.0f} MiB of memory, "
            f"max_memory is {self._limit / _MIB:,.0f} MiB",
            where=self._last,
            why="most likely the strategy keeps something of every event",
            fix="keep what you need only (collections.deque with a maxlen), or raise max_memory",
            id="E506",
        )

    def _watch(self, limit: int) -> None:
        while not self._over.wait(LOOK_S):
            found = resident_bytes()
            if found > limit:
                desk = self._session.desk
                symbol = f" of {desk.symbol}" if desk.symbol else ""
                name = type(self._session.strategy).__name__
                self._last = f"{name}, after event {desk.market_events}{symbol}"
                self._found = found
                self._stop.ask(Stop("memory"))
                return


def resident_bytes() -> int:
    """Return how much memory this process takes, in bytes; its most ever where that is all known.

    Source: proc(5), getrusage(2).
    """
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
