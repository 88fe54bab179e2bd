"""The long run: `python -m tests.simulation 200000` plays that many seeds on all cores.

Prints each finding with its seed and the faults it takes, then the count and the rate; exits with
1 if there was a finding. `--from SEED` begins elsewhere, `--wire` plays the whole program instead
of sessions, `--live` does so against a gateway, `--jobs N` takes so many processes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator

from tests.simulation.checking import prepare, told
from tests.simulation.live_checking import told as told_live
from tests.simulation.wire_checking import told as told_wire

CHUNK = 50
"""Seeds that a process is given at a time."""


def play(seeds: range, examine: Callable[[int], str | None], processes: int) -> Iterator[str]:
    """Play seeds in several processes and yield what they find, as it is found."""
    # Started afresh, not forked: a seed must not depend on what the parent has done.
    with multiprocessing.get_context("spawn").Pool(processes, prepare) as pool:
        for done, finding in enumerate(pool.imap(examine, seeds, chunksize=CHUNK), 1):
            if finding is not None:
                yield finding
            if done % 10_000 == 0:
                print(f"{done} of {len(seeds)}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("count", type=int, help="how many seeds")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--wire", action="store_true", help="the whole program")
    parser.add_argument("--live", action="store_true", help="the whole program, live")
    given = parser.parse_args()
    examine = told_live if given.live else told_wire if given.wire else told
    began, findings = time.perf_counter(), 0
    for finding in play(range(given.first, given.first + given.count), examine, given.jobs):
        findings += 1
        print(finding, flush=True)
    took = time.perf_counter() - began
    rate = given.count / took
    print(f"{given.count} seeds, {findings} findings, {took:.0f} s, {rate:.0f} seeds a second")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
