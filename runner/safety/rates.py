"""How many orders there were, by the strategy's clock: a token bucket, a day's count, repeats."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

_SECOND_MS = 1000
_DAY_MS = 86_400_000
REPEAT_WINDOW_MS = 2000
BURST = 2
"""How many seconds' worth of orders may come at once."""

Likeness = tuple[str, str, Decimal, Decimal | None]
"""What makes two orders alike: symbol, side, quantity, price."""


class Bucket:
    """Tokens that come back with time; one order takes one."""

    def __init__(self, per_second: Decimal) -> None:
        self._per_second = float(per_second)
        self._most = max(self._per_second * BURST, 1.0)
        self._tokens = self._most
        self._at_ms = 0

    def take(self, now_ms: int) -> bool:
        """Take a token if there is one. A clock that stands still gives none back."""
        passed = max(now_ms - self._at_ms, 0) / _SECOND_MS
        self._at_ms = max(now_ms, self._at_ms)
        self._tokens = min(self._most, self._tokens + passed * self._per_second)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class DayCount:
    """Orders on the present UTC day."""

    def __init__(self) -> None:
        self._day = -1
        self.count = 0

    def add(self, now_ms: int) -> int:
        """Count one more and return how many there are today."""
        day = now_ms // _DAY_MS
        if day != self._day:
            self._day, self.count = day, 0
        self.count += 1
        return self.count


class Repeats:
    """Orders of the last two seconds, to find those that are alike."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, Likeness]] = deque()

    def add(self, now_ms: int, order: Likeness) -> int:
        """Count one more and return how many like it there were in the window, itself included."""
        recent = self._recent
        while recent and recent[0][0] <= now_ms - REPEAT_WINDOW_MS:
            recent.popleft()
        recent.append((now_ms, order))
        return sum(one == order for _, one in recent)
