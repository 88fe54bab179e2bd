"""The process that stands over a run: it waits, passes signals on, and acts when the run is dead.

A program of its own (`python -I -S guarding.py`) that loads next to nothing and keeps the pid that
was started, so a shell or a service manager finds it where they look. What is to be done after a
death is done by a third process, made then. Standard library only; nothing of the project may be
imported.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from contextlib import suppress

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)
KEYS = (signal.SIGINT, signal.SIGQUIT)
QUIET = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""A run that had nothing to leave in order may end by these, as other programs do."""
DUMP = signal.SIGVTALRM
DUMP_S = 1.0
"""How long a run that is blocked may take to write down where it stands."""
ONCE_S = 0.2
"""Within this time one signal is one request: some tools send it to a pid and to its group."""
LOOK_S = 0.5
_FROM_KERNEL = 0x80
"""`si_code` of what a terminal sends, to all processes in its foreground. Source: sigaction(2)."""
_NEEDS_A_PERSON = 9


class Guarding:
    """Stands over one process."""

    def __init__(self, child: int, up: int, down: int, plan: bytes, limit_s: float) -> None:
        """Prepare.

        Args:
            child: the run.
            up: the pipe from it, for reading.
            down: the pipe to it, for writing.
            plan: what the process that acts after a death is given.
            limit_s: silence after which the run is blocked in a library; 0 for no limit.
        """
        self._child = child
        self._up = up
        self._down = down
        self._plan = plan
        self._limit_s = limit_s
        self._rest = b""
        self._said: dict[str, str] = {}
        """What the run has told last, by what it is about."""
        self._dump = b""
        self._is_blocked = False
        self._passed: dict[int, float] = {}
        self._done, self._finish = os.pipe()

    def run(self) -> int:
        """Stay until the run is over and return the exit code that tells how."""
        listener = threading.Thread(target=self._listen, daemon=True)
        listener.start()
        status = None
        while status is None:
            number, is_known = next_signal()
            if number == signal.SIGCHLD:
                status = self._reaped()
            elif not is_known:
                self._pass_on(number)
        os.write(self._finish, b"\0")
        listener.join()
        return self._judge(os.waitstatus_to_exitcode(status))

    def _reaped(self) -> int | None:
        # Also those that a strategy has left behind, where this is the first process of all.
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == self._child:
                    return status
                if pid == 0:
                    return None
        return None

    def _pass_on(self, number: int) -> None:
        now = time.monotonic()
        if now - self._passed.get(number, -ONCE_S) < ONCE_S:
            return
        self._passed[number] = now
        with suppress(OSError):
            os.write(self._down, bytes([number]))

    # What the run says

    def _listen(self) -> None:
        poll = select.poll()
        poll.register(self._up, select.POLLIN)
        poll.register(self._done, select.POLLIN)
        silent, before = 0.0, time.monotonic()
        while True:
            ready = [number for number, _ in poll.poll(LOOK_S * 1000)]
            now = time.monotonic()
            # Time in which this process did not run either is nobody's silence.
            passed, before = min(now - before, 2 * LOOK_S), now
            if self._up in ready:
                silent = 0.0
                if not self._hear():
                    poll.unregister(self._up)
            elif "beat" in self._said and "over" not in self._said and not self._is_stopped():
                silent += passed
            if self._done in ready:
                return
            if self._limit_s and silent >= self._limit_s and not self._is_blocked:
                self._is_blocked = True
                self._end()

    def _hear(self) -> bool:
        data = os.read(self._up, 65_536)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not line.startswith(b"@"):
                self._dump += line + b"\n"  # where the run stands, or stood when it crashed
                continue
            word, _, rest = line[1:].decode("utf-8", "replace").partition(" ")
            self._said[word] = rest
            if word == "notify":
                _tell_manager(rest.replace("\x1f", "\n"))
        return bool(data)

    def _is_stopped(self) -> bool:
        """Tell whether somebody has stopped the run, or looks into it with a debugger."""
        try:
            with open(f"/proc/{self._child}/stat", encoding="ascii", errors="replace") as file:
                return file.read().rpartition(")")[2].split()[0] in ("T", "t")
        except (OSError, IndexError):
            return False

    def _end(self) -> None:
        with suppress(OSError):
            os.kill(self._child, DUMP)
            until = time.monotonic() + DUMP_S
            while (left := until - time.monotonic()) > 0:
                if not select.select([self._up], [], [], left)[0] or not self._hear():
                    break
                if self._dump:
                    until = min(until, time.monotonic() + DUMP_S / 10)
            os.kill(self._child, signal.SIGKILL)

    # When it is over

    def _judge(self, code: int) -> int:
        said = self._said
        shown = code if code >= 0 else 128 - code
        if self._is_blocked:
            cause = "blocked"
        elif code < 0:
            if "begun" not in said and -code in QUIET:
                return shown
            cause = "signal"
        elif "abandoned" in said:
            cause = "abandoned"
        elif "begun" in said and "over" not in said:
            cause = "exit"
        else:
            return shown
        if "over" in said and "abandoned" not in said:
            return shown  # it fell over its own end, with nothing left to do
        return self._act(cause, shown)

    def _act(self, cause: str, code: int) -> int:
        reader, writer = os.pipe()
        command = [sys.executable, "-m", "runner.cli.aftermath", cause, str(code)]
        command += [self._said.get("begun", ""), self._said.get("record", "")]
        pid = os.fork()
        if pid == 0:
            try:
                os.dup2(reader, 0)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [*PASSED_ON, signal.SIGCHLD])
                for number in (signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)  # it does what they would ask for
                os.execv(sys.executable, command)  # noqa: S606 - our own program
            finally:
                os._exit(_NEEDS_A_PERSON)
        os.close(reader)
        with suppress(OSError), os.fdopen(writer, "wb") as stream:
            stream.write(self._plan + b"\n" + self._dump)
        _, status = os.waitpid(pid, 0)
        acted = os.waitstatus_to_exitcode(status)
        return acted if acted >= 0 else _NEEDS_A_PERSON


def next_signal() -> tuple[int, bool]:
    """Wait for a signal and return it, and whether the run has surely had it, too."""
    # A key is told to all in the foreground of the terminal, its end perhaps to its owner alone.
    if hasattr(signal, "sigwaitinfo"):
        found = signal.sigwaitinfo(_awaited())
        return found.si_signo, found.si_signo in KEYS and found.si_code == _FROM_KERNEL
    number = signal.sigwait(_awaited())
    return number, number in KEYS and _is_in_foreground()


def _awaited() -> set[int]:
    # Who began us under nohup has told the terminal's end to be ignored, by the run, too.
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    passed = [one for one in PASSED_ON if one != signal.SIGHUP or not ignored]
    return {*passed, signal.SIGCHLD}


def _is_in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _tell_manager(text: str) -> None:
    import socket  # few runs have a manager

    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    place = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.sendto(text.encode(), place)


def main(arguments: list[str]) -> int:
    """Stand over the process that the arguments name and return its exit code."""
    child, up, down, plan = (int(one) for one in arguments[:4])
    signal.pthread_sigmask(signal.SIG_BLOCK, _awaited())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with os.fdopen(plan, "rb") as stream:
        what_to_do = stream.read()
    return Guarding(child, up, down, what_to_do, float(arguments[4])).run()


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
