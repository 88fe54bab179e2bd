"""What a record costs: a run at full speed with and without one, in turn, in one process.

A round is one run without and one with a record, in processor time of the whole process, so that
the ratio holds on a machine that others use too. The directory is in memory where there is one:
what is measured is the program, not the disk.

    python -m tests.benchmarks.records [candles]
"""

from __future__ import annotations

import gc
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from runner.app import relax_garbage_collection
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.records.recording import Recording
from runner.records.tape import Tape
from runner.session import Session
from runner.strategy.base import Strategy, seat
from runner.strategy.desk import Desk
from runner.strategy.params import resolve_params
from runner.transports.local import run_local
from strategies.sma_cross import SmaCross
from tests.benchmarks.embedded import Averages
from tests.benchmarks.synthetic import synthetic

ROUNDS = 9
EVENTFUL_ROUNDS = 3
"""Rounds in which all events are kept, which take several times as long."""


def ran(series: Series, strategy: type[Strategy], folder: Path | None, *, events: bool) -> float:
    """Return the processor seconds of a run that leaves a record in `folder`, or none."""
    desk = Desk()
    session = Session(seat(strategy, desk, resolve_params(strategy, {})), desk)
    exchange = Exchange(Feed([series]))
    gc.collect()
    began = time.process_time()
    if folder is None:
        run_local(session, exchange)
        return time.process_time() - began
    recording = Recording(folder, desk, candles=len(series.times))
    if events:
        tape = Tape(folder / "events.jsonl.gz")
        session.hear = tape.hear
        recording.also(tape.flush)
    recording.start()
    run_local(session, exchange)
    recording.stop()
    if events:
        tape.close()
    return time.process_time() - began


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    series = synthetic(count)
    relax_garbage_collection()  # as every run does
    memory = Path("/dev/shm")
    print(f"{count:,} candles, {ROUNDS} rounds, record off and on in turn")
    for name, strategy, events in (
        ("averages, no orders", Averages, False),
        ("SMA cross, an order every 28 candles", SmaCross, False),
        ("SMA cross, all events kept (--record)", SmaCross, True),
    ):
        rounds = []
        size = 0
        for _ in range(EVENTFUL_ROUNDS if events else ROUNDS):
            folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
            try:
                rounds.append(
                    (
                        ran(series, strategy, None, events=False),
                        ran(series, strategy, folder, events=events),
                    )
                )
                size = sum(one.stat().st_size for one in folder.iterdir())
            finally:
                shutil.rmtree(folder)
        off, on = (min(pair[side] for pair in rounds) for side in (0, 1))
        ratios = [with_ / without for without, with_ in rounds]
        print(
            f"{name:40} off {off:6.2f} s   on {on:6.2f} s   best {on / off - 1:+6.1%}"
            f"   median {statistics.median(ratios) - 1:+6.1%}   {size / 1e6:6.1f} MB"
        )


if __name__ == "__main__":
    main()
