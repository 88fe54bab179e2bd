"""Who holds a record: a lock of the system, which ends with its process however that ends.

A process that was killed cannot say so. The kernel lets go of its lock, and that is how a run that
died is told from one that goes on. Only the standard library and `files` may be imported here.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

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
        write_all(self._descriptor, f"{os.getpid()} {_start_of(os.getpid())}\n".encode())

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
            return _living(os.read(descriptor, 100))
        return None
    finally:
        os.close(descriptor)


def _living(said: bytes) -> int | None:
    # A child of the strategy's inherits the lock and may outlive the run, so the pid counts too.
    words = said.decode("ascii", "replace").split()
    if len(words) != 2 or not words[0].isdigit():
        return 0
    pid = int(words[0])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return pid
    return pid if _start_of(pid) == words[1] else None


def _start_of(pid: int) -> str:
    """Return when a process began, in the kernel's own count; `-` where it does not tell.

    A pid is used again after a while, a pid with its start is not.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            # The name of the program, in brackets, may hold anything, so count from behind it.
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "-"
