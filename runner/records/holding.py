"""Who holds a record: a lock of the system, which ends with its process however that ends.

A process that was killed cannot say so. The kernel lets go of its lock, and that is how a run that
died is told from one that goes on. Only the
standard library, `processes` and `files` may be imported here.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from runner.processes import living, mark
from runner.records.files import open_existing, open_new, write_all

LOCK = "lock"


class Hold:
    """A lock on a folder, held from its making to `release` or the end of the process."""

    def __init__(self, folder: Path) -> None:
        """Take the lock of a folder that nobody else knows of yet.

        Raises:
            OSError: the file cannot be made, or is there already.
        """
        self._descriptor = open_new(folder / LOCK)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        write_all(self._descriptor, mark())

    def release(self) -> None:
        """Let go; once is enough, more does no harm."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def holder_of(folder: Path) -> int | None:
    """Return the process that holds the lock of `folder`, None if nobody does any more."""
    try:
        descriptor = open_existing(folder / LOCK)
    except OSError:
        return None
    try:
        try:
            # Shared, so that two who look at once do not take each other for the run.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            # A child of the strategy's inherits the lock and may outlive the run: the pid counts.
            return living(os.read(descriptor, 100))
        return None
    finally:
        os.close(descriptor)
