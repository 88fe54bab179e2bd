"""What watching costs: a run at full speed with the dashboard on and off, in turn, in one process.

The dashboard draws on a real terminal of 120 by 40 that somebody reads as fast as it comes, or only
once a second. A round is one run without and one with it, in processor time of the whole process,
so that the ratio holds on a machine that others use too.

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
from collections.abc import Callable

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

ROUNDS = 7


def unwatched(series: Series, strategy: type[Strategy]) -> float:
    """Return the processor seconds of a run that nobody watches."""
    session, exchange = _seated(series, strategy)
    began = time.process_time()
    run_local(session, exchange)
    return time.process_time() - began


def watched(series: Series, strategy: type[Strategy], descriptor: int) -> float:
    """Return the processor seconds of a run that is drawn on a terminal."""
    session, exchange = _seated(series, strategy)
    stop = StopRequest()
    pace = Pace(stop, between=session.desk.catch_up, attention=session.desk.interrupt)
    facts = Facts(strategy.__name__, (("fast", "10"), ("slow", "30")), total=len(exchange.feed))
    observer = Observer(facts, session, stop=stop, pace=pace)
    environ = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
    with open(descriptor, "w", closefd=False, encoding="utf-8") as stream:
        capture = Capture(stream)
        live = Live(observer, stop, pace, capture, environ, keyboard=descriptor, quiet=0.0)
        with captured(capture), live:
            began = time.process_time()
            run_local(session, exchange, pace=pace, stop=stop)
            return time.process_time() - began


def _seated(series: Series, strategy: type[Strategy]) -> tuple[Session, Exchange]:
    desk = Desk()
    session = Session(seat(strategy, desk, resolve_params(strategy, {})), desk)
    return session, Exchange(Feed([series]))


def reader(near: int, pause: float) -> Callable[[], None]:
    """Read a terminal until it is closed, every `pause` seconds; return what ends it."""
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            try:
                os.read(near, 1 << 20)
            except OSError:
                return
            if pause:
                over.wait(pause)

    threading.Thread(target=read, daemon=True).start()
    return over.set


def measure(series: Series, strategy: type[Strategy], pause: float) -> list[tuple[float, float]]:
    """Return the seconds of each round without and with the dashboard."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    end = reader(near, pause)
    try:
        watched(synthetic(200_000), strategy, far)  # imports are paid once for each process
        return [
            (unwatched(series, strategy), watched(series, strategy, far)) for _ in range(ROUNDS)
        ]
    finally:
        end()
        os.close(far)


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    series = synthetic(count)
    relax_garbage_collection()  # as every run does
    print(f"{count:,} candles, {ROUNDS} rounds, dashboard off and on in turn")
    for name, strategy, pause in (
        ("averages, no orders", Averages, 0.0),
        ("SMA cross, many orders", SmaCross, 0.0),
        ("averages, a terminal that is read once a second", Averages, 1.0),
    ):
        rounds = measure(series, strategy, pause)
        off, on = (min(pair[side] for pair in rounds) for side in (0, 1))
        ratios = [with_ / without for without, with_ in rounds]
        print(
            f"{name:50} off {off:6.2f} s   on {on:6.2f} s   best {on / off - 1:+6.1%}"
            f"   median {statistics.median(ratios) - 1:+6.1%}"
        )


if __name__ == "__main__":
    main()
