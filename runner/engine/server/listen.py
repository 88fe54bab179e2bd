"""Listening sockets, opened first of all: a taken port is said before anything is loaded."""

from __future__ import annotations

import errno
import socket

from runner.engine.server.security import WILDCARDS
from runner.errors import ConfigError, MachineError, RunnerError

BACKLOG = 128


def listen(host: str, port: int, *, option: str) -> socket.socket:
    """Return a socket listening on `host` and `port`; port 0 takes a free one.

    `option` is the command-line option that names the port, for the advice in an error.

    Raises:
        ConfigError: E373, the host does not name an address of this machine.
        MachineError: E1001, the port is in use; E1002, the machine refuses it.
    """
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError, OverflowError) as error:
        raise _unknown_host(host, error) from None
    family, kind, protocol, _, address = places[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # A port whose last connection has just ended is free, whatever the kernel still remembers.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except (OSError, OverflowError) as error:
        listener.close()
        raise _refused(host, port, option, error) from None
    return listener


def address_of(listener: socket.socket, host: str) -> str:
    """Return `host:port` under which a client on this machine reaches a listening socket."""
    port: int = listener.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _refused(host: str, port: int, option: str, error: OSError | OverflowError) -> RunnerError:
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EADDRINUSE:
        return MachineError(
            f"port {port} is in use",
            where=f"{host}:{port}",
            why="another program, perhaps another engine, is listening there",
            fix=f"stop it, or choose another port with {option} (0 takes a free one)",
            id="E1001",
        )
    if code == errno.EADDRNOTAVAIL:
        return _unknown_host(host, error)
    return MachineError(
        f"cannot listen on port {port}",
        where=f"{host}:{port}",
        why=str(error),
        fix=f"choose a port from 1024 to 65535 with {option} (0 takes a free one)",
        id="E1002",
    )


def _unknown_host(host: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"{host} is no address of this machine",
        where="--host",
        why=str(error),
        fix=f"leave --host out to serve this machine only, or use {WILDCARDS[0]} for all addresses",
        id="E373",
    )
