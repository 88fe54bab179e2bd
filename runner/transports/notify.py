"""Telling the service manager how a run stands, over the datagram socket that it names.

What is sent are a few lines of text; nothing is read. A manager that does not listen ends nothing.
Standard library only. Source: sd_notify(3).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

SOCKET = "NOTIFY_SOCKET"
POLL_S = 0.25
"""How often a run is looked at until it is ready, and whether it is stopping."""


class Manager:
    """The service manager that has started this process."""

    def __init__(
        self,
        address: str,
        *,
        watchdog_s: float | None = None,
        through: Callable[[bytes], None] | None = None,
    ) -> None:
        """Prepare.

        Args:
            address: of its socket: a path, or a name that begins with @ for one without a file.
            watchdog_s: silence after which it takes the process for dead; None for never.
            through: sends in our place; it may listen to one process only. None sends itself.
        """
        self.watchdog_s = watchdog_s
        self._through = through
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    @classmethod
    def of(
        cls,
        environ: Mapping[str, str],
        *,
        pid: int,
        through: Callable[[bytes], None] | None = None,
    ) -> Manager | None:
        """Return the manager that the environment names, None where there is none.

        Args:
            environ: the environment.
            pid: of the process that it has started; a watchdog may be meant for another one.
            through: sends in our place.
        """
        address = environ.get(SOCKET, "")
        if not address.startswith(("/", "@")):
            return None
        watched = environ.get("WATCHDOG_USEC", "")
        is_ours = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        microseconds = int(watched) if watched.isascii() and watched.isdigit() and is_ours else 0
        return cls(address, watchdog_s=microseconds / 1e6 or None, through=through)

    def tell(self, *lines: str) -> None:
        """Send lines such as `READY=1`; lost where nobody listens."""
        if self._through is not None:
            self._through("\n".join(lines).encode())
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)  # a manager that is busy must not hold up a run
            sock.sendto("\n".join(lines).encode(), self._address)


@contextmanager
def reported(
    manager: Manager | None,
    *,
    reluctance: Callable[[], str],
    complaint: Callable[[], str],
    poll_s: float = POLL_S,
) -> Iterator[None]:
    """Tell the manager of the run inside: ready, alive, and that it ends.

    `READY=1` is sent once the run is ready, `WATCHDOG=1` from the beginning and twice as often as
    is asked for, as long as there is no complaint, and `STOPPING=1` at the end.

    Args:
        manager: None tells nobody.
        reluctance: returns why the run is not ready; empty when it is.
        complaint: returns why the run counts as dead; empty while it is alive.
        poll_s: seconds between two looks.
    """
    if manager is None:
        yield
        return
    over = threading.Event()

    def watch() -> None:
        is_ready, said, beat_in = False, "", 0.0
        beat_s = manager.watchdog_s / 2 if manager.watchdog_s else None
        wait_s = poll_s if beat_s is None else min(poll_s, beat_s)
        while not over.is_set():
            why, wrong = reluctance(), complaint()
            if not why and not is_ready:
                is_ready = True
                manager.tell("READY=1")
            status = wrong or why or "running"
            if status != said:
                said = status
                manager.tell(f"STATUS={status}")
            if beat_s is not None and beat_in <= 0 and not wrong:
                beat_in = beat_s
                manager.tell("WATCHDOG=1")
            over.wait(wait_s)
            beat_in -= wait_s

    thread = threading.Thread(target=watch, name="service manager", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        manager.tell("STOPPING=1")
