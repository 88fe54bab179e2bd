"""The program in a terminal of its own: a real one to the program, an emulated one to the test."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fcntl import ioctl
from pathlib import Path
from struct import pack

import pyte

from tests.integration.test_cli import ROOT, clean_environment

WAIT_S = 30.0
"""A deadline for what takes a second; reached only when something is broken."""
_SHELL = """
import fcntl, os, signal, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
to_test = int(sys.argv[1])
out = open(sys.argv[2], "wb") if sys.argv[2] else None
started = subprocess.Popen([sys.executable, "-m", "runner", *sys.argv[3:]], stdout=out)
signal.signal(signal.SIGINT, lambda *_: None)
signal.signal(signal.SIGHUP, lambda *_: started.send_signal(signal.SIGHUP))
os.write(to_test, b"%d\\n" % started.pid)
os.write(to_test, b"%d\\n" % started.wait())
signal.pause()
"""
"""A shell in the one respect that matters: the terminal is its own, and outlives the program."""
OTHER_SCREEN, BACK = b"\x1b[?1049h", b"\x1b[?1049l"


class Terminal:
    """A terminal, and the program that was started in it."""

    def __init__(
        self,
        arguments: Sequence[str],
        size: tuple[int, int],
        environ: dict[str, str],
        cwd: Path,
        out: Path | None,
    ) -> None:
        self.near, self._far = pty.openpty()
        os.set_blocking(self.near, False)
        self.emulator = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.emulator)
        self.raw = b""
        self.set_size(*size)
        self.before = termios.tcgetattr(self._far)
        reader, writer = os.pipe()
        self._shell = subprocess.Popen(
            [sys.executable, "-c", _SHELL, str(writer), str(out or ""), *arguments],
            stdin=self._far,
            stdout=self._far,
            stderr=self._far,
            cwd=cwd,
            env=clean_environment() | {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | environ,
            start_new_session=True,
            pass_fds=(writer,),
        )
        os.close(writer)
        self._told = os.fdopen(reader)
        self.pid = int(self._told.readline())

    def set_size(self, width: int, height: int) -> None:
        """Resize the terminal; the emulator keeps at least one cell."""
        ioctl(self._far, termios.TIOCSWINSZ, pack("HHHH", height, width, 0, 0))
        self.emulator.resize(max(height, 1), max(width, 1))

    def press(self, keys: str) -> None:
        os.write(self.near, keys.encode())

    def read(self, seconds: float = 0.05) -> None:
        """Show what the program has written, waiting for the first of it at most so long."""
        if self.near < 0:
            time.sleep(seconds)
        while self.near >= 0 and select.select([self.near], [], [], seconds)[0]:
            try:
                data = os.read(self.near, 65_536)
            except OSError:
                return
            if not data:
                return
            self.raw += data
            self._stream.feed(data)
            seconds = 0

    def lines(self) -> list[str]:
        """Return what a person sees now."""
        return [line.rstrip() for line in self.emulator.display]

    def wait_for(self, what: str | Callable[[list[str]], bool]) -> list[str]:
        """Return the screen as soon as it shows a text, or satisfies a condition."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            self.read()
            lines = self.lines()
            if any(what in line for line in lines) if isinstance(what, str) else what(lines):
                return lines
        raise AssertionError(f"the screen never showed {what!r}:\n" + "\n".join(self.lines()))

    def finish(self) -> int:
        """Return the exit code of the program, with everything read that it wrote."""
        until = time.monotonic() + WAIT_S
        while not self.is_over():
            assert time.monotonic() < until, "\n".join(self.lines())
            self.read()
        code = int(self._told.readline())
        self.read(0.2)
        return code

    def is_over(self) -> bool:
        """Tell whether the program has ended."""
        return bool(select.select([self._told], [], [], 0)[0])

    def finish_unread(self) -> int:
        """Return the exit code of the program; nobody reads what it writes on the terminal."""
        assert select.select([self._told], [], [], WAIT_S)[0], "the program waits for its terminal"
        return int(self._told.readline())

    def is_as_before(self) -> bool:
        """Tell whether echo, line editing and all else is as it was."""
        return termios.tcgetattr(self._far) == self.before

    def hang_up(self) -> None:
        """Close the terminal, as closing its window does."""
        for descriptor in (self.near, self._far):
            if descriptor >= 0:
                os.close(descriptor)
        self.near = self._far = -1

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait()
        self._told.close()
        self.hang_up()


@contextmanager
def terminal(
    *arguments: str,
    size: tuple[int, int] = (80, 24),
    cwd: Path = ROOT,
    out: Path | None = None,
    **environ: str,
) -> Iterator[Terminal]:
    """Run `runner` with `arguments` in a terminal of `size` columns and rows; `out` is a file that
    takes its stdout."""
    made = Terminal(arguments, size, environ, cwd, out)
    try:
        yield made
    finally:
        made.close()
