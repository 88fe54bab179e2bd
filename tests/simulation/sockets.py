"""Sockets in memory, for a program that blocks or polls: what it does with them is real.

Each stands for one of the system's, and fails as that would. To wait is to let the rest of the
world go on.
"""

from __future__ import annotations

import errno
import io
import select
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.simulation.pipes import END, RESET, Link

if TYPE_CHECKING:
    from tests.simulation.net import Net


class Socket:
    """The end of a connection that belongs to a program which blocks, or polls."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._loop = net.loop
        self._number = net.enlist(self)
        self._timeout: float | None = None
        self._received = bytearray()
        self._error = 0
        self._is_connected = self._is_at_end = self._is_closed = self._is_shut = False
        self.link: Link | None = None

    # What arrives

    def connected(self, code: int) -> None:
        """Note how the attempt to connect went: 0, or the number of an error."""
        self._error, self._is_connected = code, code == 0
        self._loop.wake()

    def take(self, item: bytes | None) -> None:
        """Note what has arrived: bytes, the end, or that the connection was reset."""
        if self._is_closed:
            return
        if item is RESET:
            self._error = errno.ECONNRESET
        elif item:
            self._received += item
        else:
            self._is_at_end = True
        self._loop.wake()

    @property
    def is_readable(self) -> bool:
        return bool(self._received or self._is_at_end or self._error)

    @property
    def is_writable(self) -> bool:
        if self._error:
            return True
        return self._is_connected and self.link is not None and self._net.room(self.link) > 0

    # What sockets do

    def fileno(self) -> int:
        return -1 if self._is_closed else self._number

    def setblocking(self, flag: bool) -> None:
        self._timeout = None if flag else 0.0

    def settimeout(self, seconds: float | None) -> None:
        self._timeout = seconds

    def setsockopt(self, *_: Any) -> None:
        pass

    def getsockopt(self, *_: Any) -> int:
        code, self._error = self._error, 0
        return code

    def connect_ex(self, address: tuple[Any, ...]) -> int:
        self._net.connect(self, address[1])
        return errno.EINPROGRESS

    def _until(self) -> float | None:
        return None if self._timeout is None else self._loop.now + self._timeout

    def _await(self, is_over: Callable[[], bool]) -> None:
        if self._timeout == 0.0:
            if not is_over():
                raise BlockingIOError(errno.EAGAIN, "would block")
        elif not self._loop.wait(is_over, self._until()):
            raise TimeoutError("timed out")

    def connect(self, address: tuple[Any, ...]) -> None:
        """Connect, and wait for it.

        Raises:
            OSError: it did not come about.
        """
        self._net.connect(self, address[1])
        self._await(lambda: self._is_connected or bool(self._error))
        self._raise_error()

    def recv(self, size: int) -> bytes:
        self._await(lambda: self.is_readable)
        if self._received:
            data = bytes(self._received[:size])
            del self._received[:size]
            return data
        self._raise_error(keep=True)
        return b""

    def recv_into(self, buffer: Any) -> int:
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def send(self, data: Any) -> int:
        self._raise_error(keep=True)
        if self.link is None or self._is_shut or self._is_closed:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        self._await(lambda: self.is_writable)
        data = bytes(data)
        data = data[: self._net.room(self.link, len(data))]
        self._net.weather.pass_up(self.link, data)
        return len(data)

    def sendall(self, data: Any) -> None:
        rest = bytes(data)
        while rest:
            rest = rest[self.send(rest) :]

    def shutdown(self, _: int) -> None:
        if self.link is None or self._error:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")
        if not self._is_shut:
            self._is_shut = True
            self.link.up.put(END, self._net.weather.delay())

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        if self.link is not None and not self._error:
            # What was not read is lost, and the other side hears of that.
            if self._received:
                self.link.up.put(RESET, self._net.weather.delay())
            elif not self._is_shut:
                self.link.up.put(END, self._net.weather.delay())
        self._net.strike(self._number)

    def abandon(self) -> None:
        """End as the sockets of a killed process do: the other side hears of it, and no more."""
        if self.link is not None and not self._is_closed:
            self.link.up.put(RESET, self._net.weather.delay())
            self.link.down.is_dead = True
        self._is_closed = True
        self._error = errno.ECONNRESET

    def makefile(self, mode: str, *_: Any, **__: Any) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(_Reader(self))

    def _raise_error(self, *, keep: bool = False) -> None:
        code = self._error
        if code:
            if not keep:
                self._error = 0
            kind = ConnectionRefusedError if code == errno.ECONNREFUSED else ConnectionResetError
            raise kind(code, errno.errorcode[code].lower())


class _Reader(io.RawIOBase):
    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._socket.recv_into(buffer)


class Bell:
    """One of two sockets that are connected with one another, within one program."""

    def __init__(self, net: Net) -> None:
        self._loop = net.loop
        self._number = net.enlist(self)
        self._net = net
        self.other: Bell | None = None
        self._received = bytearray()

    is_writable = True

    @property
    def is_readable(self) -> bool:
        return bool(self._received)

    def fileno(self) -> int:
        return self._number

    def setblocking(self, flag: bool) -> None:
        pass

    def send(self, data: bytes) -> int:
        assert self.other is not None
        self.other._received += data
        self._loop.wake()
        return len(data)

    def recv(self, size: int) -> bytes:
        if not self._received:
            raise BlockingIOError(errno.EAGAIN, "would block")
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    def close(self) -> None:
        self._net.strike(self._number)


class Poll:
    """Waits for sockets of this network, as `select.poll` does for those of the system."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._wanted: dict[int, int] = {}

    def register(self, one: Any, events: int) -> None:
        self._wanted[one.fileno()] = events

    def poll(self, milliseconds: float | None = None) -> list[tuple[int, int]]:
        loop = self._net.loop
        until = None if milliseconds is None else loop.now + milliseconds / 1000
        loop.wait(lambda: bool(self._ready()), until)
        return self._ready()

    def _ready(self) -> list[tuple[int, int]]:
        ready = []
        for number, events in self._wanted.items():
            one = self._net.sockets.get(number)
            if one is None:
                ready.append((number, select.POLLNVAL))
            elif events & select.POLLIN and one.is_readable:
                ready.append((number, select.POLLIN))
            elif events & select.POLLOUT and one.is_writable:
                ready.append((number, select.POLLOUT))
        return ready
