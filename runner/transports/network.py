"""What a driver asks of the machine: the time, sockets, and to wait for them. One place, by name.

A driver calls these as `network.poller()` and takes no name out of this module, so that a whole run
can be played on a network and a clock that exist in memory only. What merely measures how long
something took does not decide anything, and may read a clock of its own. Standard library only.
"""

from __future__ import annotations

import select
import socket
import time
from typing import Any

monotonic = time.monotonic
"""Seconds on a clock that never goes back: all deadlines are on it."""
poller = select.poll
"""Makes what waits for sockets."""
new_socket = socket.socket
"""Makes a socket from its family, kind and protocol."""
socket_pair = socket.socketpair
"""Makes two sockets that are connected with one another."""


def wall_ms() -> int:
    """Return the time of day, Unix milliseconds."""
    return time.time_ns() // 1_000_000


def places_of(host: str, port: int) -> list[tuple[int, int, int, Any]]:
    """Return where a host can be reached over TCP: family, kind, protocol and address of each.

    Raises:
        OSError, UnicodeError: there is no such host.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, kind, protocol, address) for family, kind, protocol, _, address in found]
