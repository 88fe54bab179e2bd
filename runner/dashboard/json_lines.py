"""stderr as lines for programs: whatever is written becomes one JSON object a line.

It takes the place of stderr for the whole process, so that nothing can get past it: logs, prints,
progress and errors. Control characters are escaped, so that one event is always one line; what is
secret is masked. Standard library and the protocol's times only; no lock, because a signal handler
writes here, too.
"""

from __future__ import annotations

import io
import json
import logging
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

from runner.protocol.times import iso_ms

_UNWRITABLE = (OSError, ValueError, RuntimeError)
LONGEST = 1 << 20
"""Characters of a line without an end, after which it is written as it is."""
OUTPUT = "output"
"""The logger of what was printed, and not logged."""


def _nowhere() -> int:
    return 0


@dataclass(slots=True)
class LogContext:
    """What every line says of the run, as far as it is known yet."""

    mask: Callable[[str], str] = str
    """Replaces secrets."""
    run_id: str = ""
    simulated_ms: Callable[[], int] = _nowhere
    """The strategy's clock, Unix milliseconds; 0 before the first event."""


class JsonLines(io.TextIOBase):
    """A stream that takes the place of stderr, and writes lines to it."""

    def __init__(self, stream: TextIO, context: LogContext) -> None:
        self.stream = stream
        self.context = context
        self._begun = threading.local()  # half a line of one thread is not continued by another

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self.stream.fileno()

    def write(self, text: str) -> int:
        *lines, self._begun.text = (getattr(self._begun, "text", "") + text).split("\n")
        for line in lines:
            self._pass_on(line)
        if len(self._begun.text) > LONGEST:
            self._pass_on(self._begun.text)
            self._begun.text = ""
        return len(text)

    def flush(self) -> None:
        with suppress(*_UNWRITABLE):
            self.stream.flush()

    def finish(self) -> None:
        """Write what has no end of line yet."""
        if getattr(self._begun, "text", ""):
            self.write("\n")

    def say(
        self, level: str, logger: str, message: str, *, at: float | None = None, **more: object
    ) -> None:
        """Write one line.

        Args:
            level: such as `info`.
            logger: who says it.
            message: what is said.
            at: when, Unix seconds; now by default.
            more: further fields.
        """
        context = self.context
        moment = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
        simulated = context.simulated_ms()
        self._put(
            {
                "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "level": level,
                "logger": logger,
                "message": message,
                "run_id": context.run_id or None,
                "simulated_time": iso_ms(simulated) if simulated else None,
                **more,
            }
        )

    def _pass_on(self, line: str) -> None:
        line = line.rstrip("\r")
        if not line.strip():
            return
        if line.startswith("{"):
            # Progress for programs, and what a strategy prints for them: an object as it is.
            with suppress(ValueError, RecursionError):
                found = json.loads(line)
                if isinstance(found, dict):
                    self._put(found)
                    return
        self.say("info", OUTPUT, line)

    def _put(self, fields: dict[str, object]) -> None:
        # ASCII only: no character of any text can end the line, or be obeyed by a terminal.
        line = json.dumps(_masked(fields, self.context.mask), default=str)
        with suppress(*_UNWRITABLE):
            self.stream.write(line + "\n")
            self.stream.flush()


class JsonHandler(logging.Handler):
    """Logs as lines."""

    def __init__(self, lines: JsonLines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        try:
            more = {}
            if record.exc_info and record.exc_info[1] is not None:
                more["exception"] = "".join(traceback.format_exception(record.exc_info[1]))
            level = record.levelname.lower()
            self._lines.say(level, record.name, record.getMessage(), at=record.created, **more)
        except Exception:  # noqa: BLE001 - logging may fail, and the run goes on
            self.handleError(record)


class MaskedFormatter(logging.Formatter):
    """Logs as text, with secrets masked."""

    def __init__(self, context: LogContext) -> None:
        super().__init__("%(levelname)s: %(message)s")
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        return self._context.mask(super().format(record))


# Before it is written as JSON: there, a secret may look different.
def _masked(value: object, mask: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(str(name)): _masked(one, mask) for name, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, mask) for one in value]
    return value
