"""Whether time has passed that a live run has not lived through: asleep, stopped, or set ahead.

Two clocks are compared, again and again. One that runs only while the machine does, and that of the
wall, which somebody may also set. Where they part, or where this process did not get to compare
them for long, events may have been missed. Standard library only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Clocks:
    """Looks for gaps in the time of one run; from any thread."""

    def __init__(
        self,
        limit_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Begin now.

        Args:
            limit_s: the shortest gap that counts, seconds.
            clock: monotonic seconds.
            wall: Unix seconds.
        """
        self._limit_s = limit_s
        self._clock = clock
        self._wall = wall
        self._turn = threading.Lock()
        self._last = (clock(), wall())
        self._gap = ""
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Compare again and again, on a thread: a run that handles an event does not get to it."""
        self._thread = threading.Thread(target=self._watch, name="runner-clocks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Compare no more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def compare(self) -> None:
        """Compare the clocks with what they showed the last time."""
        with self._turn:
            before, then = self._last
            now, shown = self._clock(), self._wall()
            self._last = (now, shown)
            lived, passed = now - before, shown - then
            if lived > self._limit_s:
                self._gap = f"this process stood still for {lived:.0f} s"
            elif abs(passed - lived) > self._limit_s:
                how = "forward" if passed > lived else "back"
                self._gap = (
                    f"the clock went {abs(passed - lived):.0f} s {how}: "
                    "it was set, or the machine slept"
                )

    def gap(self) -> str:
        """Compare, and return what has happened since the last call, in words; empty if nothing."""
        self.compare()
        with self._turn:
            gap, self._gap = self._gap, ""
        return gap

    def _watch(self) -> None:
        # Several times within the limit, so that a thread that is a little late finds no gap.
        while not self._over.wait(min(self._limit_s / 8, 1.0)):
            self.compare()
