"""A network in memory: who listens where, and all that production code asks a network for."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable
from typing import Any

from tests.simulation.pipes import HOST, Link, Transport, Weather
from tests.simulation.sockets import Bell, Poll, Socket
from tests.simulation.virtual_time import SimLoop

_FIRST_FILE = 1_000_000
"""Numbers of sockets in memory begin here: none of them may be taken for a file of the system."""


class Listener:
    """A listening socket."""

    def __init__(self, net: Net, port: int) -> None:
        self._net = net
        self._port = port

    def getsockname(self) -> tuple[str, int]:
        return HOST, self._port

    def serve(self, make_protocol: Callable[[], Any]) -> Listener:
        """Hand connections over from now on."""
        self._net.listeners[self._port] = make_protocol
        return self

    def close(self) -> None:
        self._net.listeners.pop(self._port, None)


class Net:
    """All sockets of one simulated run."""

    def __init__(self, loop: SimLoop) -> None:
        self.loop = loop
        self.weather: Weather
        self.sockets: dict[int, Any] = {}
        self.listeners: dict[int, Callable[[], Any]] = {}
        self.links: list[Link] = []
        self._numbers = itertools.count(_FIRST_FILE)

    def enlist(self, one: Any) -> int:
        """Give a socket a number."""
        number = next(self._numbers)
        self.sockets[number] = one
        return number

    def strike(self, number: int) -> None:
        """Forget a socket that was closed."""
        self.sockets.pop(number, None)

    def room(self, link: Link, size: int = 1) -> int:
        """Return how many of so many bytes a socket takes now."""
        return self.weather.room(link, size)

    def connect(self, socket: Socket, port: int) -> None:
        """Try to open a connection; the socket is told how it went."""
        link = socket.link = Link(self, len(self.links) + 1, port, socket)
        self.links.append(link)
        self.weather.connect(link, lambda: self._accept(link))

    def _accept(self, link: Link) -> None:
        make_protocol = self.listeners.get(link.port)
        if make_protocol is None:
            link.socket.connected(errno.ECONNREFUSED)
            return
        link.transport = Transport(link, make_protocol())
        link.socket.connected(0)

    # What production code calls

    def open_port(self, host: str, port: int, *, option: str) -> Any:
        """Return a socket that listens; in the place of the engine's `listen`."""
        assert host == HOST, option
        return Listener(self, port)

    def new_socket(self, *_: Any) -> Socket:
        return Socket(self)

    def socket_pair(self) -> tuple[Bell, Bell]:
        one, other = Bell(self), Bell(self)
        one.other, other.other = other, one
        return one, other

    def poller(self) -> Poll:
        return Poll(self)

    def create_connection(self, address: tuple[str, int], timeout: Any, **_: Any) -> Socket:
        """Return a connected socket that blocks; in the place of urllib3's."""
        socket = Socket(self)
        socket.settimeout(timeout if isinstance(timeout, (int, float)) else None)
        try:
            socket.connect(address)
        except OSError:
            socket.close()
            raise
        return socket
