"""What a strategy prints and what is logged, kept for the log pane while it has the screen.

Until it is told to hold, everything goes where it would have gone. Lines go through deques and
never through a lock: a signal handler writes here too. Only `clean` and the snapshot's values
may be imported.
"""

from __future__ import annotations

import io
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal, TextIO

from runner.dashboard.clean import clean
from runner.dashboard.snapshot import LogLine

KEPT = 1000
"""Most lines kept: what scrolls past faster is counted."""
LONGEST = 10_000
"""Characters of the longest line that is kept: a strategy may print without ever ending one."""
LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)
_LOOK_S = 0.05
_UNWRITABLE = (OSError, ValueError, RuntimeError)
"""What a stream raises whose reader has gone, that is closed, or that a signal interrupted."""
_Level = Literal["print", "debug", "info", "warning", "error"]


class Capture(io.TextIOBase):
    """A stream that takes the place of stderr."""

    def __init__(self, stream: TextIO, mask: Callable[[str], str] = str) -> None:
        """Prepare.

        Args:
            stream: where everything goes that is not held.
            mask: replaces secrets in lines that are held.
        """
        self.stream = stream
        self._mask = mask
        self.is_lent = False
        """Whether the dashboard has it: it releases it as soon as the terminal takes that."""
        self._is_holding = False
        self._kept: deque[LogLine] = deque(maxlen=KEPT)
        self._open = ""
        self._dropped = 0

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.stream.encoding

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self.stream.fileno()

    def write(self, text: str) -> int:
        if not self._is_holding:
            # A reader that has gone is no reason to end a run that prints.
            with suppress(*_UNWRITABLE):
                self.stream.write(text)
            return len(text)
        *lines, self._open = (self._open + text).split("\n")
        for line in lines:
            self.add("print", line)
        if len(self._open) > LONGEST:
            self.add("print", self._open)
            self._open = ""
        return len(text)

    def flush(self) -> None:
        if not self._is_holding:
            with suppress(*_UNWRITABLE):
                self.stream.flush()

    def add(self, level: _Level, text: str) -> None:
        """Keep one line."""
        kept = self._kept
        self._dropped += len(kept) == kept.maxlen
        text = self._mask(text)
        kept.append(LogLine(level, text if len(text) <= LONGEST else text[:LONGEST] + "..."))

    @property
    def is_holding(self) -> bool:
        return self._is_holding

    def hold(self, *, limit: int | None = KEPT) -> None:
        """Keep lines from now on: the last `limit` of them, or all until they are drained."""
        self._kept = deque(maxlen=limit)
        self._is_holding = True

    def release(self) -> None:
        """Pass on what was kept, and everything from now on."""
        if not self._is_holding:
            return
        if self._open:
            self.add("print", self._open)
            self._open = ""
        # Lines may be added meanwhile: a stream that takes nothing holds up nobody but this thread.
        with suppress(*_UNWRITABLE):
            if self._dropped:
                self.stream.write(f"... {self._dropped:,} earlier lines; --ui plain shows all\n")
            self._pass_on()
            self.stream.flush()
            self._is_holding = False
            self._pass_on()
            self.stream.flush()
        self._is_holding = False
        self._kept.clear()
        self._dropped = 0
        self.is_lent = False

    def _pass_on(self) -> None:
        kept = self._kept
        while kept:
            line = kept.popleft()
            said = f"{line.level.upper()}: {clean(line.text)}"
            self.stream.write((line.text if line.level == "print" else said) + "\n")

    def drain(self, *, is_over: bool = False) -> list[LogLine]:
        """Return the lines kept, and keep them no longer; also one without an end when it
        `is_over`."""
        if is_over and self._open:
            self.add("print", self._open)
            self._open = ""
        kept = self._kept
        return [kept.popleft() for _ in range(len(kept))]

    def lines(self) -> tuple[LogLine, ...]:
        """Return the lines kept, the newest last; safe from another thread."""
        for _ in range(5):
            try:
                return tuple(self._kept)
            except RuntimeError:  # written to while it was copied
                continue
        return ()


class _Handler(logging.Handler):
    """Takes log records to a capture while that holds, and leaves the others alone."""

    def __init__(self, capture: Capture) -> None:
        super().__init__()
        self._capture = capture

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelno
        name: _Level = "debug"
        if level >= logging.ERROR:
            name = "error"
        elif level >= logging.WARNING:
            name = "warning"
        elif level >= logging.INFO:
            name = "info"
        for line in self.format(record).splitlines():
            self._capture.add(name, line)


@contextmanager
def captured(capture: Capture) -> Iterator[None]:
    """Let `capture` stand in for stdout and stderr, and for the handlers that log to them."""
    root = logging.getLogger()
    before = sys.stdout, sys.stderr
    kept = _Handler(capture)
    kept.addFilter(lambda _: capture.is_holding)
    printing = [one for one in root.handlers if getattr(one, "stream", None) in before]

    def is_printed(_: logging.LogRecord) -> bool:
        return not capture.is_holding

    sys.stdout = sys.stderr = capture
    for one in printing:
        one.addFilter(is_printed)
    root.addHandler(kept)
    try:
        yield
    finally:
        root.removeHandler(kept)
        for one in printing:
            one.removeFilter(is_printed)
        while capture.is_lent and before[0].isatty():
            # A result would go to the screen that is about to vanish. It waits for the terminal
            # anyway, and by now nothing else of the run does.
            time.sleep(_LOOK_S)
        if capture.is_lent:
            sys.stdout = before[0]
        else:
            capture.release()
            sys.stdout, sys.stderr = before
