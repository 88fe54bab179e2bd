"""The request to stop a run, made by a signal or a timer and read by the driver."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from runner.session import Stop
from runner.supervision.link import Link
from runner.transports import network

SIGNAL_EXITS = {"interrupted": 130, "terminated": 143}
"""Exit codes of a run that a signal ended in good order."""


HANDLERS_S, REQUESTS_S, GONE_S = 1.5, 2.0, 3.5
"""A run that is asked to end is gone after five seconds. Until the first of these a handler may go
on, until the second a request of the strategy's, and until the third entries are cancelled. What
is left is for putting all in order, on a machine that has other things to do."""
CLOSING_S = 0.5
"""How long it then waits for its peer to close the connection, too."""


class StopRequest:
    """Nothing until somebody asks; the first one to ask gives the reason."""

    __slots__ = ("_leave", "_wake", "asked", "asked_at")

    def __init__(self) -> None:
        self.asked: Stop | None = None
        self.asked_at = 0.0
        """When, on the monotonic clock."""
        self._wake: list[Callable[[], None]] = []
        self._leave: list[Callable[[], None]] = []

    def ask(self, stop: Stop) -> None:
        """Ask for the run to end; safe in a signal handler and from any thread."""
        if self.asked is None:
            self.asked_at = network.monotonic()
            self.asked = stop
        for wake in self._wake:
            wake()

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits for the run to be gone; a time limit of its own is no hurry."""
        return self.asked is not None and self.asked.why != "timeout"

    def left_s(self, within_s: float) -> float:
        """Return how long is left of so many seconds since somebody asked; without end before."""
        return self.asked_at + within_s - network.monotonic() if self.is_urgent else math.inf

    def on_ask(self, wake: Callable[[], None]) -> None:
        """Call `wake` when somebody asks, so that a driver that waits stops waiting."""
        self._wake.append(wake)

    def on_leave(self, leave: Callable[[], None]) -> None:
        """Call `leave` before the process leaves at once, so that a terminal is given back."""
        self._leave.append(leave)

    def leave(self) -> None:
        """Put in order what a process that leaves at once would leave in disorder."""
        for leave in self._leave:
            leave()


def outlive_terminal() -> None:
    """Ignore from now on that the terminal is closed, as `nohup` does; what we start does, too."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@contextmanager
def stop_on_signals(stop: StopRequest, link: Link | None = None) -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into a stop request; a second leaves at once.

    SIGHUP, which a terminal sends when it is closed, counts as SIGTERM, but never as a second
    request: the shell in it sends one, too. A run that was started to outlive its terminal
    (`--headless`, `nohup`) ignores it, and goes on.

    What the process that guards the run was sent counts, too, but once: a terminal, and some tools,
    send a signal to both of them.

    Outside the main thread, where Python delivers no signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    came = {"here": 0, "to the guard": 0}

    def asked(number: int, _frame: FrameType | None, to: str = "here") -> None:
        before = max(came.values())
        if number == signal.SIGHUP and before:
            return
        came[to] += 1
        if max(came.values()) == before:
            return
        if stop.asked is not None and stop.asked.why in ("interrupted", "terminated"):
            # The strategy may be stuck in its own code, where an exception could be swallowed.
            stop.leave()
            sys.stderr.write("\nleaving at once: orders and positions stay as they are\n")
            sys.stderr.flush()
            os._exit(128 + number)
        if number == signal.SIGINT:
            sys.stderr.write("\nstopping after the current event; once more leaves at once\n")
        stop.ask(Stop("interrupted" if number == signal.SIGINT else "terminated"))

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, asked) for number in numbers}
    if link is not None:
        stop.on_leave(link.over)
        on_signal = link.on_signal

        def passed_on(number: int) -> None:
            if number in before:
                asked(number, None, "to the guard")
            else:
                on_signal(number)

        link.on_signal = passed_on
    try:
        yield
    finally:
        if link is not None:
            link.on_signal = on_signal
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stop_after(stop: StopRequest, seconds: float | None) -> Iterator[None]:
    """Ask for a stop after so many seconds of real time; None never does."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, stop.ask, [Stop("timeout")])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
