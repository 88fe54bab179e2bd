"""What may be chosen about the session between an engine and its strategy, and how it counts.

Plain values and counting only: no clock, no socket.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from runner.engine.server.dialect import NORMALISED, Dialect
from runner.engine.server.faults import Faults
from runner.engine.server.speed import Speed


@dataclass(frozen=True, slots=True)
class SessionRules:
    """The rules of one server; the defaults are those of an engine that is waited for."""

    dialect: Dialect = NORMALISED
    start_on: Literal["connect", "ack"] = "connect"
    """Whether the replay starts at once, or with the first acknowledgment, which may be empty."""
    speed: Callable[[], Speed] | None = None
    """Makes what holds back the time of one run; None for as fast as the strategy goes."""
    ack_seconds: float = 0.0
    """How long an acknowledgment is awaited before time goes on without it; 0 is for ever."""
    ack_grace: int = 24
    """Waits in a row that end a run whose strategy has not acknowledged anything yet."""
    ack_limit: int = 5
    """Waits in a row that end a run afterwards."""
    resume_seconds: float = 0.0
    """How long a run is kept for a strategy that has lost its connection; 0 is not at all."""
    faults: Faults | None = None
    """What goes wrong on the strategy's connection, on purpose."""


class Patience:
    """Counts the acknowledgments in a row that did not come in time."""

    def __init__(self, grace: int, limit: int) -> None:
        self._limit = grace
        self._later_limit = limit
        self.missed = 0

    @property
    def limit(self) -> int:
        """How many in a row end the run."""
        return self._limit

    @property
    def is_over(self) -> bool:
        return self.missed >= self._limit

    def matched(self) -> None:
        """Note an acknowledgment of something that was awaited; nothing else resets the count."""
        self._limit = self._later_limit
        self.missed = 0

    def miss(self) -> None:
        """Note one that did not come in time."""
        self.missed += 1
