"""Keys as they are pressed, without an echo.

The terminal itself waits for them, for a moment at most: that costs a run at full speed nothing,
where looking for keys again and again would interrupt it.

Needs a terminal of the POSIX kind; elsewhere, and while the program runs in the background, there
are no keys and nothing is changed. Standard library only.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

try:
    import termios
except ImportError:  # Windows: the dashboard is drawn, and Ctrl-C stops the run
    termios = None  # type: ignore[assignment]

SUSPEND = "ctrl-z"
_NAMES = {
    "\t": "tab",
    "\r": "enter",
    "\n": "enter",
    " ": "space",
    "\x1a": SUSPEND,
    "=": "+",
    "_": "-",
}
_SEQUENCES = {
    "A": "up", "B": "down", "C": "right", "D": "left", "Z": "backtab",
    "5~": "page up", "6~": "page down",
}  # fmt: skip
_AT_ONCE = 256
WAIT_TENTHS = 2
"""Longest wait for a key, in tenths of a second, as terminals count."""


def names_of(data: bytes) -> list[str]:
    """Return the names of the keys that sent `data`; what is no key of ours is left out."""
    text = data.decode("utf-8", "replace")
    found = []
    at = 0
    while at < len(text):
        one = text[at]
        at += 1
        if one != "\x1b":
            name = _NAMES.get(one, one if one.isprintable() else "")
        elif at < len(text) and text[at] in "[O":
            start = at = at + 1
            while at < len(text) and not "@" <= text[at] <= "~":
                at += 1
            at += 1
            name = _SEQUENCES.get(text[start:at], "")
        else:
            name = "esc"
        if name:
            found.append(name)
    return found


class Keys:
    """The keys of one terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before: list[Any] | None = None

    @property
    def is_open(self) -> bool:
        return self._before is not None

    def open(self) -> bool:
        """Begin to read keys; return whether there are any."""
        if termios is None or not self._is_ours():
            return False
        try:
            before = termios.tcgetattr(self._descriptor)
            changed = termios.tcgetattr(self._descriptor)
            # Signals stay as they are, but for the one that stops us with the screen in disorder.
            off = os.fpathconf(self._descriptor, "PC_VDISABLE")
            changed[3] &= ~(termios.ICANON | termios.ECHO)
            changed[6][termios.VMIN], changed[6][termios.VTIME] = 0, WAIT_TENTHS
            changed[6][termios.VSUSP] = bytes([off & 0xFF])
            termios.tcsetattr(self._descriptor, termios.TCSANOW, changed)
        except (termios.error, OSError, ValueError):
            return False
        self._before = before
        return True

    def read(self) -> list[str] | None:
        """Wait for keys and return them, none after `WAIT_TENTHS`; None where there are none.

        Raises:
            OSError: the terminal is gone.
        """
        # A program in the background that reads from its terminal is stopped.
        if self._before is None or not self._is_ours():
            return None
        return names_of(os.read(self._descriptor, _AT_ONCE))

    def close(self) -> None:
        """Give the terminal back as it was."""
        before, self._before = self._before, None
        if before is not None:
            with suppress(termios.error, OSError):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, before)

    def _is_ours(self) -> bool:
        try:
            return os.isatty(self._descriptor) and os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:
            return False
