"""When to try again, and when to stop trying: pure arithmetic and a counter.

May import errors and settings only. Nothing here sleeps or opens anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from runner.errors import ConnectError
from runner.transports.settings import ConnectionSettings

START_HINT = "start it (an engine, here: runner engine serve), or correct the address"
_MAX_DOUBLINGS = 60

_LOG = logging.getLogger(__name__)


class TemporaryFailure(ConnectError):
    """An attempt failed in a way that another attempt may not."""


def pause_s(failures: int, *, initial_s: float, longest_s: float, chance: float) -> float:
    """Return the pause after so many failures in a row, seconds.

    The pause is drawn evenly between zero and a limit that starts at `initial_s`, doubles with
    every failure and stays at `longest_s`: clients that were cut off together do not come back
    together. `chance` is the draw, 0 to 1; `failures` counts from 1.
    """
    limit = initial_s * 2.0 ** min(failures - 1, _MAX_DOUBLINGS)
    return min(limit, longest_s) * chance


class Attempts:
    """Counts attempts that brought nothing, and says how long to pause before the next one."""

    def __init__(self, settings: ConnectionSettings, draw: Callable[[], float]) -> None:
        self._settings = settings
        self._draw = draw
        self.failures = 0

    def succeeded(self) -> None:
        """Start counting anew: something useful has arrived."""
        self.failures = 0

    def failed(self, error: ConnectError) -> float:
        """Count a failure and return how long to pause, seconds.

        Raises:
            ConnectError: that was the last attempt; it says what went wrong in it.
        """
        settings = self._settings
        self.failures += 1
        if 0 < settings.max_attempts <= self.failures:
            times = "once" if self.failures == 1 else f"{self.failures} times in a row"
            raise ConnectError(
                error.what,
                where=error.where,
                why=f"tried {times}" + (f": {error.why}" if error.why else ""),
                fix=error.fix or START_HINT,
                id=error.id,
            ) from error
        pause = pause_s(
            self.failures,
            initial_s=settings.backoff_initial_s,
            longest_s=settings.backoff_max_s,
            chance=self._draw(),
        )
        _LOG.warning(
            "%s (%s)%s; trying again in %.1f s, attempt %d%s",
            error.what,
            error.where,
            f": {error.why}" if error.why else "",
            pause,
            self.failures + 1,
            f" of {settings.max_attempts}" if settings.max_attempts else "",
        )
        return pause
