"""The request to stop a run, made by a signal handler or a timer and read by the driver."""

from __future__ import annotations

from collections.abc import Callable

from runner.session import Stop


class StopRequest:
    """Nothing until somebody asks; the first one to ask gives the reason."""

    __slots__ = ("_wake", "asked")

    def __init__(self) -> None:
        self.asked: Stop | None = None
        self._wake: list[Callable[[], None]] = []

    def ask(self, stop: Stop) -> None:
        """Ask for the run to end; safe in a signal handler and from any thread."""
        if self.asked is None:
            self.asked = stop
        for wake in self._wake:
            wake()

    def on_ask(self, wake: Callable[[], None]) -> None:
        """Call `wake` when somebody asks, so that a driver that waits stops waiting."""
        self._wake.append(wake)
