"""A process that outlives this one: it gives the terminal back when nobody else can any more.

A run that is killed outright, or that crashes in a library, restores nothing. The keeper waits at
the end of a pipe; if that ends without a word, it restores screen, cursor and echo. It has a
session of its own, so that no Ctrl-C reaches it. Standard library only.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress

from runner.dashboard.screen import LEAVE

_SHELL = "/bin/sh"
_SCRIPT = r"""
read -r word
[ "$word" = over ] && exit
printf '%b' "$1"
stty icanon echo min 1 time 0 susp '^Z' <&1
"""
_WAIT_S = 2.0


class Keeper:
    """Watches over one terminal while the dashboard has it."""

    def __init__(self, descriptor: int) -> None:
        """Start to watch; where that is not possible, go without."""
        self._process: subprocess.Popen[bytes] | None = None
        with suppress(OSError):
            self._process = subprocess.Popen(  # noqa: S603 - a fixed program and script
                [_SHELL, "-c", _SCRIPT, "keeper", LEAVE.replace("\x1b", r"\033")],
                stdin=subprocess.PIPE,
                stdout=descriptor,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def dismiss(self) -> None:
        """Say that the terminal is in order."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        with suppress(OSError):
            process.stdin.write(b"over\n")
            process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_WAIT_S)
