"""What the service manager is told, over a real datagram socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.transports.notify import Manager, reported

PATIENCE_S = 5.0


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """Return the manager's end of its socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        sock.bind(str(tmp_path / "notify"))
        yield sock


def told(listener: socket.socket, last: str) -> list[str]:
    """Return what was told, up to `last`."""
    seen: list[str] = []
    while last not in seen:
        seen += listener.recv(4096).decode().split("\n")
    return seen


def test_ready_is_told_when_the_run_is_and_stopping_at_its_end(listener: socket.socket) -> None:
    why = ["connecting"]
    manager = Manager(listener.getsockname())

    with reported(manager, reluctance=lambda: why[0], complaint=lambda: "", poll_s=0.01):
        before = told(listener, "STATUS=connecting")
        why[0] = ""
        ready = told(listener, "STATUS=running")

    assert before == ["STATUS=connecting"]
    assert ready == ["READY=1", "STATUS=running"]
    assert told(listener, "STOPPING=1") == ["STOPPING=1"]


def test_ready_is_told_once_and_a_lost_connection_as_a_status(listener: socket.socket) -> None:
    why = [""]
    manager = Manager(listener.getsockname())

    with reported(manager, reluctance=lambda: why[0], complaint=lambda: "", poll_s=0.01):
        told(listener, "STATUS=running")
        why[0] = "reconnecting"
        lost = told(listener, "STATUS=reconnecting")
        why[0] = ""
        back = told(listener, "STATUS=running")

    assert (lost, back) == (["STATUS=reconnecting"], ["STATUS=running"])


def test_the_watchdog_is_fed_while_the_run_moves_and_not_when_it_is_stuck(
    listener: socket.socket,
) -> None:
    wrong = [""]
    manager = Manager(listener.getsockname(), watchdog_s=0.02)

    with reported(manager, reluctance=lambda: "", complaint=lambda: wrong[0]):
        for _ in range(3):
            told(listener, "WATCHDOG=1")
        wrong[0] = "nothing has moved"
        told(listener, "STATUS=nothing has moved")
        looks = threading.Event()
        looks.wait(0.1)

    assert "WATCHDOG=1" not in told(listener, "STOPPING=1")


def test_a_manager_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    with reported(
        Manager(str(tmp_path / "nobody")), reluctance=lambda: "", complaint=lambda: "", poll_s=0.01
    ):
        pass


def test_a_name_without_a_file_is_understood() -> None:
    name = f"runner-test-{threading.get_ident()}-{id(object())}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        sock.bind(f"\0{name}")
        Manager(f"@{name}").tell("READY=1")

        assert sock.recv(100) == b"READY=1"


@pytest.mark.parametrize(
    ("environ", "watchdog_s"),
    [
        ({"NOTIFY_SOCKET": "/run/x"}, None),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "60000000"}, 60.0),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "7"}, 5.0),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "8"}, None),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "soon"}, None),
    ],
    ids=["none", "a minute", "ours", "of another", "nonsense"],
)
def test_the_watchdog_is_that_of_the_environment(
    environ: dict[str, str], watchdog_s: float | None
) -> None:
    manager = Manager.of(environ, pid=7)

    assert manager is not None
    assert manager.watchdog_s == watchdog_s


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative"])
def test_without_a_socket_that_can_be_used_nobody_is_told(address: str) -> None:
    assert Manager.of({"NOTIFY_SOCKET": address}, pid=7) is None
