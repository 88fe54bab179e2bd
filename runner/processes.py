"""Which process it was: its id and when it began, since an id is used again after a while.

Only the standard library may be imported here.
"""

from __future__ import annotations

import os


def mark() -> bytes:
    """Return one line that tells of this process, for `living`."""
    return f"{os.getpid()} {_start_of(os.getpid())}\n".encode()


def living(said: bytes) -> int | None:
    """Return the process that a line tells of, None if it has ended, 0 if it tells of none."""
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
    """Return when a process began, in the kernel's own count; `-` where it does not tell."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            # The name of the program, in brackets, may hold anything, so count from behind it.
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "-"
