"""Connections in memory: two pipes, a socket at one end, a transport of the server at the other.

A pipe keeps the order of what is put into it, whatever becomes of it on the way. What goes wrong on
the way is decided by `weather`; here stands only what comes of it.
"""

from __future__ import annotations

import asyncio
import errno
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from tests.simulation.virtual_time import SimLoop

if TYPE_CHECKING:
    from tests.simulation.net import Net
    from tests.simulation.sockets import Socket

HOST = "127.0.0.1"


class Weather(Protocol):
    """Decides how connections and what passes them fare; see `weather.Weather`."""

    def connect(self, link: Link, accept: Callable[[], None]) -> None: ...
    def pass_up(self, link: Link, data: bytes) -> None: ...
    def pass_down(self, link: Link, data: bytes) -> None: ...
    def arrived_up(self, link: Link, data: bytes) -> None: ...
    def arrived_down(self, link: Link, data: bytes) -> None: ...
    def delay(self) -> float: ...
    def room(self, link: Link, size: int) -> int: ...


END, RESET = b"", None


class Pipe:
    """One direction of a connection: first in, first out, however late."""

    def __init__(self, loop: SimLoop, deliver: Callable[[bytes | None], None]) -> None:
        self._loop = loop
        self._deliver = deliver
        self._waiting: deque[bytes | None] = deque()
        self._free_at = 0.0
        self._is_over = False
        self.is_dead = False
        """Whether nothing gets through any more, and nobody is told."""

    def put(self, item: bytes | None, delay: float) -> None:
        """Have something come out after so many seconds, and after all before it."""
        if self.is_dead or self._is_over or self._loop.is_closed():
            return
        self._is_over = not item
        # Timers with one and the same moment come in no particular order; the queue has one.
        self._free_at = max(self._free_at, self._loop.now + delay)
        self._waiting.append(item)
        self._loop.call_at(self._free_at, self._take)

    def hold(self, seconds: float) -> None:
        """Let nothing more come out for so long."""
        self._free_at = max(self._free_at, self._loop.now + seconds)

    def break_off(self, delay: float) -> None:
        """Lose what is on the way, and have the other end hear that it broke."""
        if not self._is_over:
            self._waiting.clear()
            self.put(RESET, delay)

    def _take(self) -> None:
        if self._waiting and not self.is_dead:
            self._deliver(self._waiting.popleft())


class Link:
    """One connection, from the attempt to open it to its end on both sides."""

    def __init__(self, net: Net, number: int, port: int, socket: Socket) -> None:
        self.net = net
        self.number = number
        self.port = port
        self.socket = socket
        self.transport: Transport | None = None
        self.up = Pipe(net.loop, self._arrive_up)
        self.down = Pipe(net.loop, self._arrive_down)
        self.sent = {"up": 0, "down": 0}
        """How many pieces each side has sent over it."""

    def cut(self) -> None:
        """Break it: what is on the way is lost, and each side hears of it after a while."""
        for pipe in (self.up, self.down):
            pipe.break_off(self.net.weather.delay())

    def kill(self) -> None:
        """Let nothing through any more, without a word to anybody."""
        self.up.is_dead = self.down.is_dead = True

    def _arrive_up(self, item: bytes | None) -> None:
        if self.transport is not None:
            if item:
                self.net.weather.arrived_up(self, item)
            self.transport.take(item)

    def _arrive_down(self, item: bytes | None) -> None:
        if item:
            self.net.weather.arrived_down(self, item)
        self.socket.take(item)


class Transport(asyncio.Transport):
    """The server's end of a connection."""

    def __init__(self, link: Link, protocol: Any) -> None:
        super().__init__()
        self._link = link
        self._loop = link.net.loop
        self._protocol = protocol
        self._is_closing = False
        self._is_reading = True
        self._held: deque[bytes | None] = deque()
        protocol.connection_made(self)

    def take(self, item: bytes | None) -> None:
        """Hand the protocol what has arrived."""
        if self._is_closing:
            return
        if not self._is_reading:
            self._held.append(item)
        elif item is RESET:
            self._lose(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
        elif item:
            self._protocol.data_received(item)
        elif not self._protocol.eof_received():
            self.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        places = {"peername": (HOST, 40_000), "sockname": (HOST, self._link.port)}
        return places.get(name, default)

    def write(self, data: Any) -> None:
        if data and not self._is_closing:
            self._link.net.weather.pass_down(self._link, bytes(data))

    def close(self) -> None:
        if not self._is_closing:
            self._link.down.put(END, self._link.net.weather.delay())
            self._lose(None)

    def abort(self) -> None:
        if not self._is_closing:
            self._link.down.put(RESET, self._link.net.weather.delay())
            self._lose(None)

    def is_closing(self) -> bool:
        return self._is_closing

    def _lose(self, error: Exception | None) -> None:
        self._is_closing = True
        self._loop.call_soon(self._protocol.connection_lost, error)

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Any:
        return self._protocol

    def is_reading(self) -> bool:
        return self._is_reading

    def pause_reading(self) -> None:
        self._is_reading = False

    def resume_reading(self) -> None:
        self._is_reading = True
        while self._held and self._is_reading:
            self.take(self._held.popleft())

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def can_write_eof(self) -> bool:
        return False
