"""Whether a strategy does the same twice: runs of their own processes, compared event by event.

What must not decide anything differs between them: the seed of Python's hashes, which decides the
order of a set, the wall clock, and what random numbers without a seed begin from. The runs keep all
their events in a directory that is removed afterwards. May import what the application may.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path

from runner.protocol.commands import ReadState
from runner.protocol.messages import Candle, Quote
from runner.protocol.times import iso_ms
from runner.records.reading import Record, read_record
from runner.records.shelf import Shelf
from runner.records.tape import read_tape
from runner.transports.replaying import Heard

AHEAD = timedelta(days=410, hours=5, minutes=17, seconds=23)
"""How far each run's clock is ahead of the one before: another year, month, weekday and hour."""
COMPARABLE = (0, 8, 9)
"""Exit codes of runs that came to their end, whatever was said of it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One of the runs."""

    number: int
    """Counted from 1."""
    exit_code: int
    said: str
    """What it wrote to stderr."""
    record: Record | None
    """None where it did not begin."""

    @property
    def is_comparable(self) -> bool:
        return self.record is not None and self.exit_code in COMPARABLE


@dataclass(frozen=True, slots=True)
class Parting:
    """Where a run does something else than the first one did."""

    event: int
    """The number of the event that they answered in two ways; 0 is the start."""
    time: str | None
    """When that was in simulated time; None before the first price."""
    first: Heard | None
    """What came next in the first run; None for nothing."""
    other: Heard | None


def tried(
    number: int, arguments: Sequence[str], directory: Path, *, cwd: Path, environ: Mapping[str, str]
) -> Trial:
    """Run a backtest in a process of its own, and return what became of it.

    Args:
        number: which run it is, counted from 1; the seed of the hashes and the clock follow it.
        arguments: those of `runner run`.
        directory: where it keeps its record; not there yet.
        cwd: where it runs.
        environ: its environment, but for what is set here.
    """
    ahead = AHEAD.total_seconds() * (number - 1)
    # `python -m` finds modules in the working directory, a script does not: as for this process.
    path = [] if {"", str(cwd)} & set(sys.path) else ["-P"]
    done = subprocess.run(  # noqa: S603 - the same program, with what the user typed
        [
            *(sys.executable, *path, "-m", "runner.cli.elsewhen", str(ahead), "run", *arguments),
            *("--runtime", "embedded", "--record", "--quiet", "--json"),
            *("--set", f"records.dir={directory}"),
        ],
        cwd=cwd,
        env={
            **{key: one for key, one in environ.items() if not key.startswith("GITHUB_")},
            "PYTHONHASHSEED": str(number),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    shelf = Shelf(directory)
    ids = shelf.ids() if directory.is_dir() else []
    return Trial(
        number,
        done.returncode,
        done.stderr.decode("utf-8", "replace"),
        read_record(shelf.folder(ids[0])) if ids else None,
    )


def parting(first: Iterable[Heard], other: Iterable[Heard]) -> Parting | None:
    """Return the first thing that is not the same in both, None if nothing is."""
    number, moment = 0, None
    for one, two in zip_longest(first, other):
        if one != two:
            return Parting(number, moment, one, two)
        if one.command is None:
            number += 1
            if isinstance(one.answer, Candle):
                moment = iso_ms(one.answer.close_time)
            elif isinstance(one.answer, Quote):
                moment = iso_ms(one.answer.time)
    return None


def heard(trial: Trial) -> Iterable[Heard]:
    """Return all that a run was told, in order."""
    file = trial.record.events_file if trial.record else None
    return () if file is None else read_tape(file)


def counts(trial: Trial) -> tuple[int, int, int]:
    """Return how many events, requests and trades a run had."""
    events = requests = 0
    for one in heard(trial):
        if one.command is None:
            events += 1
        elif not isinstance(one.command, ReadState):
            requests += 1
    return events, requests, len(trial.record.trades) if trial.record else 0
