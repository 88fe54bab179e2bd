from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from runner.transports.waker import Interrupted, Waker

LONG_S = 60.0


@pytest.fixture
def asked() -> list[bool]:
    return []


@pytest.fixture
def waker(asked: list[bool]) -> Iterator[Waker]:
    made = Waker(lambda: bool(asked))
    yield made
    made.close()


def test_a_wait_ends_when_its_time_is_over(waker: Waker) -> None:
    waker.sleep(0.001)

    assert not waker.wait(None, 0, time.monotonic())


def test_a_request_to_stop_ends_a_wait(waker: Waker, asked: list[bool]) -> None:
    def ask() -> None:
        asked.append(True)
        waker.wake()

    threading.Timer(0.01, ask).start()

    with pytest.raises(Interrupted):
        waker.sleep(LONG_S)


def test_a_request_made_before_the_wait_ends_it_as_well(waker: Waker, asked: list[bool]) -> None:
    asked.append(True)

    with pytest.raises(Interrupted):
        waker.sleep(LONG_S)


def test_a_wake_for_somebody_else_does_not_shorten_a_pause(waker: Waker) -> None:
    waker.wake()
    before = time.monotonic()

    waker.sleep(0.02)

    assert time.monotonic() - before >= 0.02


def test_a_wait_ends_when_the_socket_is_ready(waker: Waker) -> None:
    here, there = socket.socketpair()
    with here, there:
        there.send(b"x")

        assert waker.wait(here, select.POLLIN, time.monotonic() + LONG_S)


def test_wakes_that_nobody_reads_do_not_block(waker: Waker) -> None:
    for _ in range(100_000):
        waker.wake()
    waker.clear()

    assert not select.select([waker], [], [], 0)[0]


def test_waking_what_is_closed_is_harmless() -> None:
    waker = Waker(lambda: False)
    waker.close()

    waker.wake()
