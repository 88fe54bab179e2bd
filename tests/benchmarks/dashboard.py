"""What watching costs: a run at full speed with the dashboard on and off, in turn, in one process.

The dashboard draws on a real terminal of 120 by 40 that somebody reads as fast as it comes, once a
second, or not at all. A round is one run without and one with it, in processor time of the whole
process and in time on the wall; every second round begins with the other one. The ratios hold on a
machine that others use too.

    python -m tests.benchmarks.dashboard [candles]
"""

from __future__ import annotations

import fcntl
import os
import pty
import statistics
import struct
import sys
import termios
import threading
import time
from contextlib import suppress
from typing import NamedTuple

from runner.app import relax_garbage_collection
from runner.dashboard.capture import Capture, captured
from runner.dashboard.live import Live
from runner.dashboard.observer import Observer
from runner.dashboard.snapshot import Facts
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.session import Session
from runner.strategy.base import Strategy, seat
from runner.strategy.desk import Desk
from runner.strategy.params import resolve_params
from runner.transports.local import run_local
from runner.transports.pace import Pace
from runner.transports.stop import StopRequest
from strategies.sma_cross import SmaCross
from tests.benchmarks.embedded import Averages
from tests.benchmarks.synthetic import synthetic

ROUNDS, LONG_ROUNDS = 18, 6
FASTEST = 3
"""One of so many rounds counts, the fastest: what else the machine does only ever adds."""
FRAME = b"\x1b[?2026h"
"""Begins every frame."""
NEVER = float("inf")


class Spent(NamedTuple):
    """What one run took, seconds."""

    processor: float
    wall: float
    frames: int = 0


def unwatched(series: Series, strategy: type[Strategy]) -> Spent:
    """Run while nobody watches."""
    session, exchange = _seated(series, strategy)
    wall, processor = time.perf_counter(), time.process_time()
    run_local(session, exchange)
    return Spent(time.process_time() - processor, time.perf_counter() - wall)


def watched(series: Series, strategy: type[Strategy], pause: float) -> Spent:
    """Run while it is drawn on a terminal that is read every `pause` seconds."""
    session, exchange = _seated(series, strategy)
    stop = StopRequest()
    pace = Pace(stop, between=session.desk.catch_up, attention=session.desk.interrupt)
    facts = Facts(strategy.__name__, (("fast", "10"), ("slow", "30")), total=len(exchange.feed))
    observer = Observer(facts, session, stop=stop, pace=pace)
    environ = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
    with (
        Reader(pause) as terminal,
        open(terminal.far, "w", closefd=False, encoding="utf-8") as stream,
    ):
        capture = Capture(stream)
        live = Live(observer, stop, pace, capture, environ, keyboard=terminal.far, quiet=0.0)
        with captured(capture), live:
            wall, processor = time.perf_counter(), time.process_time()
            run_local(session, exchange, pace=pace, stop=stop)
            spent = Spent(time.process_time() - processor, time.perf_counter() - wall)
            terminal.hurry()
    return spent._replace(frames=terminal.frames)


def _seated(series: Series, strategy: type[Strategy]) -> tuple[Session, Exchange]:
    desk = Desk()
    session = Session(seat(strategy, desk, resolve_params(strategy, {})), desk)
    return session, Exchange(Feed([series]))


class Reader:
    """A terminal, and somebody who reads it every so often."""

    def __init__(self, pause: float) -> None:
        self.near, self.far = pty.openpty()
        fcntl.ioctl(self.far, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.frames = 0
        self._pause = pause
        if pause == NEVER:
            self._fill()
        self._hurries = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.far)
        self._thread.join()
        os.close(self.near)

    def hurry(self) -> None:
        """Read as fast as it comes from now on."""
        self._pause = 0.0
        self._hurries.set()

    def _fill(self) -> None:
        os.set_blocking(self.far, False)
        with suppress(BlockingIOError):
            while True:
                os.write(self.far, b" " * 1024)
        os.set_blocking(self.far, True)

    def _read(self) -> None:
        while True:
            if self._pause:
                self._hurries.wait(None if self._pause == NEVER else self._pause)
            try:
                self.frames += os.read(self.near, 1 << 20).count(FRAME)
            except OSError:  # the other end is closed
                return


def measure(
    series: Series, strategy: type[Strategy], pause: float, rounds: int
) -> list[tuple[Spent, Spent]]:
    """Return what each round took without and with the dashboard."""
    found = []
    for number in range(rounds):
        if number % 2:
            on = watched(series, strategy, pause)
            found.append((unwatched(series, strategy), on))
        else:
            off = unwatched(series, strategy)
            found.append((off, watched(series, strategy, pause)))
    return found


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    many, some, few = synthetic(count), synthetic(count // 2), synthetic(count // 5)
    relax_garbage_collection()  # as every run does
    watched(few, Averages, 0.0)  # imports are paid once for each process
    print("off and on in turn; the fastest third of the rounds, and the median of all ratios")
    for name, series, strategy, pause, rounds in (
        ("averages, no orders", many, Averages, 0.0, ROUNDS),
        ("SMA cross 10/30, many orders", few, SmaCross, 0.0, ROUNDS),
        ("the same, terminal read once a second", some, SmaCross, 1.0, LONG_ROUNDS),
        ("the same, terminal full and not read", few, SmaCross, NEVER, ROUNDS),
    ):
        found = measure(series, strategy, pause, rounds)
        frames = sum(on.frames for _, on in found) / sum(on.wall for _, on in found)
        print(
            f"{name:38} processor {_cost(found, 0)}   wall {_cost(found, 1)}"
            f"   {frames:4.1f} frames/s"
        )


def _cost(rounds: list[tuple[Spent, Spent]], at: int) -> str:
    kept = max(len(rounds) // FASTEST, 1)
    off, on = (sum(sorted(pair[side][at] for pair in rounds)[:kept]) / kept for side in (0, 1))
    median = statistics.median(pair[1][at] / pair[0][at] for pair in rounds)
    return f"{off:5.2f} s {on / off - 1:+6.1%} {median - 1:+6.1%}"


if __name__ == "__main__":
    main()
