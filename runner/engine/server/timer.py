"""One thing that happens later, unless it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timer:
    """Calls back once, a while after it was started; it can be stopped and started again."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        return self._handle is not None

    def start(self, seconds: float, call: Callable[[], None]) -> None:
        """Call back after so many seconds, instead of whatever was to be called before."""
        self.stop()
        self._handle = asyncio.get_running_loop().call_later(seconds, self._fire, call)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fire(self, call: Callable[[], None]) -> None:
        self._handle = None
        call()
