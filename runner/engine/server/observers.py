"""Who watches a run: connections that receive every frame and move nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from runner.engine.server.farewells import LAGGING
from runner.engine.server.stream import Line

OBSERVER_BYTES = 4 * 1024 * 1024
"""What may wait for an observer; one that lags further behind is dropped."""


class Observers:
    """The observers of one run, also when it begins anew."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._lines: list[Line] = []

    def __iter__(self) -> Iterator[Line]:
        return iter(list(self._lines))

    def __bool__(self) -> bool:
        return bool(self._lines)

    def add(self, line: Line) -> None:
        """Have a connection receive every frame from now on."""
        self._lines.append(line)

    def remove(self, line: Line) -> None:
        """Send nothing more to a connection, whether it was an observer or not."""
        if line in self._lines:
            self._lines.remove(line)

    def clear(self) -> None:
        """Send nothing more to anybody."""
        self._lines.clear()

    def show(self, batch: bytes) -> None:
        """Send framed bytes to all, and drop those that do not keep up."""
        for line in self:
            if line.backlog > OBSERVER_BYTES:
                self._report("an observer does not keep up, and is dropped")
                self._lines.remove(line)
                line.end(*LAGGING)
            else:
                line.write(batch)
