"""Who has a journal: a lock of the system on its file, and beside it the name of the process.

The lock ends with its process however that ends, so nothing is left to be cleared away. May import
the floor of processes only.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from runner.processes import living, mark

HOLDER = "holder"
_PATIENCE_S = 2.0
"""How long one who was refused looks for the name of the holder, which writes it after locking."""
_AGAIN_S = 0.02


def lock(descriptor: int, journal: Path) -> int | None:
    """Lock a journal; return None if that was done, else the process that has it, 0 if unknown.

    Raises:
        OSError: the system knows no locks there.
    """
    file = journal.with_name(HOLDER)
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _named(file)
        else:
            _name(file)
            return None
        # What stands there may still tell of the one before: of a process that has ended.
        if pid or time.monotonic() > until:
            return pid or 0
        time.sleep(_AGAIN_S)


def _name(file: Path) -> None:
    # Without the name a second run is refused all the same.
    with suppress(OSError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(file, flags, 0o600)
        try:
            os.ftruncate(descriptor, os.pwrite(descriptor, mark(), 0))
        finally:
            os.close(descriptor)


def _named(file: Path) -> int | None:
    try:
        return living(file.read_bytes()[:100])
    except OSError:
        return None
