"""What is done for a run that is dead: leave its gateway as it was told to, and say how it died.

Works from the journal alone, in a process of its own: nothing of the run is left to ask.
"""

from __future__ import annotations

import re
import signal
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

import runner
from runner.app.departing import trouble_of
from runner.app.peers import enquiry_of
from runner.app.supervising import Plan
from runner.config.models import (
    ConnectionConfig,
    GatewayConfig,
    OnExit,
    RunConfig,
    Runtime,
)
from runner.errors import MachineError, RunnerError, StrategyFailed
from runner.journal import Journal
from runner.records.files import write_whole
from runner.records.lines import END, End, Failure, encode_document

Cause = Literal["signal", "blocked", "exit", "abandoned"]
CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL})
_FRAME = re.compile(r'^ *File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<name>\S+)')
_OURS = str(Path(runner.__file__).parent)


def death_of(cause: Cause, code: int, dump: str, plan: Plan) -> RunnerError | None:
    """Return what a run died of, None if it has said so itself.

    Args:
        cause: what the guard saw.
        code: its exit code, 128 and more for a signal.
        dump: where its thread stood, as far as the system could write it down.
        plan: what the run said of itself.
    """
    where = _place_in(dump)
    again = "start it again" + (": it goes on from its journal" if plan.url else "")
    if cause == "abandoned":
        return None
    if cause == "blocked":
        return StrategyFailed(
            f"a handler has not returned after {plan.limit_s:g} s",
            where=where,
            why="a library holds Python, so that not even a heartbeat went out: it was killed",
            fix="look at the line above (a regular expression? a native library?), and bound it",
            id="E502",
        )
    if cause == "exit":
        return StrategyFailed(
            f"the process of the run ended by itself, with exit code {code}",
            where=where,
            why="it left without its strategy having been stopped: os._exit, or a defect of runner",
            fix="raise an exception to end a run; see what was said above",
            id="E505",
        )
    name = _name_of(code - 128)
    if code - 128 in CRASHES:
        return StrategyFailed(
            f"the process of the run crashed: {name}",
            where=where,
            why="native code went wrong: a library that the strategy uses, most likely",
            fix=f"bring that library up to date, or do without it, then {again}",
            id="E504",
        )
    return MachineError(
        f"the process of the run was killed: {name}",
        where=where,
        why="memory was short and the system took it, or somebody killed it",
        fix=f"look for what needed the memory (dmesg tells), then {again}",
        id="E1050",
    )


def leave(plan: Plan, journal: Path) -> tuple[str, RunnerError | None]:
    """Leave the gateway as `on_death` says; return what was done, and what a person must look at.

    Raises:
        RunnerError: the journal cannot be read, or another run has it.
    """
    if plan.on_death == OnExit.LEAVE or not plan.url or not journal.exists():
        return "orders and positions stay as they are", None
    config = RunConfig(
        runtime=Runtime.GATEWAY,
        gateway=GatewayConfig(
            url=plan.url, api_key=None if plan.key is None else SecretStr(plan.key)
        ),
        connection=ConnectionConfig(request_timeout=plan.request_timeout_s),
    )
    enquiry = enquiry_of(config)
    kept = Journal(journal)  # held to the end: no other run begins in the meantime
    try:
        past, numbers = kept.past, count(1)
        runs = past.runs
        departure = enquiry.departure(
            runs,
            lambda: f"{past.run}-death-{next(numbers)}",
            journal=kept,
            reason="on_death: flatten",
        )
        if plan.on_death == OnExit.CANCEL:
            done, left = "entries were cancelled, what protects stays", departure.cancel()
        else:
            symbols = {*past.positions(), *(one.symbol for one in past.open())}
            done, left = "entries were cancelled, positions closed", departure.flatten(symbols)
    finally:
        kept.close()
    return done, trouble_of(left, where=plan.url)


def note_death(record: Path, error: RunnerError) -> None:
    """Write into the record of a run how it ended, if nobody has; a record is not worth a fuss."""
    end = End(
        finished=datetime.now(UTC),
        why="killed",
        exit_code=error.exit_code,
        error=Failure(error.id, error.what, error.where, error.why, error.fix),
        digest=None,
        data_digest=None,
        result=None,
    )
    with suppress(OSError):
        if not (record / END).exists():
            write_whole(record / END, encode_document(end))


def frames_in(dump: str) -> list[str]:
    """Return the strategy's own frames of what the system wrote down, the innermost last."""
    found = []
    for line in reversed(dump.splitlines()):
        frame = _FRAME.match(line)
        if frame and not frame["file"].startswith((_OURS, "<frozen")):
            found.append(f'  File "{frame["file"]}", line {frame["line"]}, in {frame["name"]}')
    # Above the first handler stand the frames of the command line.
    inner = [n for n, one in enumerate(found) if ", in on_" in one]
    return found[inner[0] :] if inner else []


def _place_in(dump: str) -> str:
    frames = frames_in(dump)
    if not frames:
        return ""
    found = [one for one in frames if one.split('"')[1] == frames[0].split('"')[1]][-1]
    file, line, name = found.split('"')[1], found.split("line ")[1].split(",")[0], found.split()[-1]
    return f"{file}:{line} in {name}"


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
