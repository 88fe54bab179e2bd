"""How fast simulated time may pass: as a multiple of real time, or one step per line of input.

A speed only ever holds time back; the strategy's acknowledgments are awaited all the same.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

CHUNK = 4096


class Speed(Protocol):
    """What a run asks before each of its time steps."""

    async def turn(self, moment_ms: int) -> None:
        """Return once simulated time may move to `moment_ms`, Unix milliseconds."""

    def moved(self, moment_ms: int) -> None:
        """Note that simulated time has moved to `moment_ms`."""


class Multiple:
    """Simulated time passes at most `factor` times as fast as real time; the first step is free."""

    def __init__(
        self,
        factor: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._factor = factor
        self._clock = clock
        self._sleep = sleep
        self._last: tuple[int, float] | None = None

    async def turn(self, moment_ms: int) -> None:
        if self._last is None:
            return
        last_ms, when = self._last
        due = when + (moment_ms - last_ms) / 1000 / self._factor
        remaining = due - self._clock()
        if remaining > 0:
            await self._sleep(remaining)

    def moved(self, moment_ms: int) -> None:
        self._last = (moment_ms, self._clock())


class Steps:
    """One time step per line read from a file descriptor; the end of the input lets the rest run.

    Lines count even if they come before they are asked for, and across the runs of a server.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._lines = 0
        self._is_over = False
        self._changed = asyncio.Event()
        self._reader: threading.Thread | None = None

    async def turn(self, _: int) -> None:
        if self._reader is None:
            # A thread, because a file cannot be polled; a daemon, because nothing can wake it.
            arguments = (asyncio.get_running_loop(),)
            self._reader = threading.Thread(target=self._read, args=arguments, daemon=True)
            self._reader.start()
        while not (self._lines or self._is_over):
            self._changed.clear()
            await self._changed.wait()
        if self._lines:
            self._lines -= 1

    def moved(self, moment_ms: int) -> None:
        pass

    # Not through `sys.stdin`: a sleeping daemon would hold its lock while the interpreter ends.
    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while chunk := os.read(self._descriptor, CHUNK):
                loop.call_soon_threadsafe(self._add, chunk.count(b"\n"))
        except OSError:
            pass  # no input at all is as good as its end
        except RuntimeError:
            return  # the loop has ended
        try:
            loop.call_soon_threadsafe(self._end)
        except RuntimeError:
            return

    def _add(self, lines: int) -> None:
        self._lines += lines
        self._changed.set()

    def _end(self) -> None:
        self._is_over = True
        self._changed.set()
