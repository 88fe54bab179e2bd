"""A run's end of the two pipes between it and the process that guards it.

Up go lines that begin with `@`: a beat every second, where journal and record are, that the run has
left in good order. Down come the numbers of signals that the guard was sent; that pipe ends when
the guard does. Standard library only.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

BEAT_S = 1.0
"""Between two signs of life."""
DUMP = signal.SIGVTALRM
"""Has the system write down where the run's thread stands, also while a library holds Python."""
MARK, BREAK = "@", "\x1f"
"""What lines for the guard begin with, and what stands for a newline in one."""


class Link:
    """Tells the guard how the run fares, and takes in what the guard was told."""

    def __init__(self, up: int, down: int, *, guard: int) -> None:
        """Prepare.

        Args:
            up: the pipe to the guard, for writing.
            down: the pipe from the guard, for reading.
            guard: its process.
        """
        self.guard = guard
        self.on_signal: Callable[[int], None] = _to_myself
        """What to do with a signal that the guard was sent, on a thread of its own."""
        self._up = up
        self._down = down

    def start(self) -> None:
        """Begin to give signs of life, and to listen."""
        os.set_blocking(self._up, False)  # a guard that is stopped must not hold up the run
        faulthandler.register(DUMP, file=self._up, all_threads=False)
        faulthandler.enable(file=self._up, all_threads=False)
        for work in (self._beat, self._listen):
            threading.Thread(target=work, name=f"guard{work.__name__}", daemon=True).start()

    def begun(self, journal: Path | None) -> None:
        """Say that the run has begun, so that from now on it must leave in good order.

        `journal` is where it writes down what it orders; None where it leaves nothing behind.
        """
        self._tell(f"begun {os.fsencode(journal or '').hex()}")

    def record_at(self, path: Path) -> None:
        """Say where the record of the run is."""
        self._tell(f"record {os.fsencode(path).hex()}")

    def notify(self, data: bytes) -> None:
        """Have the guard, which the service manager knows, tell it something."""
        self._tell("notify " + data.decode().replace("\n", BREAK))

    def over(self) -> None:
        """Say that the run has left in good order, or was told to leave all as it is."""
        self._tell("over")

    def abandoned(self) -> None:
        """Say that the run ends at once, has said why, and leaves the rest to the guard."""
        self._tell("abandoned")

    def _tell(self, line: str) -> None:
        with suppress(OSError):
            os.write(self._up, f"{MARK}{line}\n".encode())

    def _beat(self) -> None:
        while True:
            self._tell("beat")
            time.sleep(BEAT_S)

    def _listen(self) -> None:
        while numbers := os.read(self._down, 64):
            for number in numbers:
                self.on_signal(number)
        # Whoever watches over a run that trades is gone: it leaves as if it had been asked to.
        self.on_signal(signal.SIGTERM)


def _to_myself(number: int) -> None:
    os.kill(os.getpid(), number)
