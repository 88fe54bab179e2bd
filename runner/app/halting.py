"""The kill switch of a run, and what a run that was halted ends with.

A file, a signal, a key, a command; one thing happens.

Whoever pulls it, no order passes from that moment, entries are cancelled, exits stay, and the run
ends with exit code 9. Nothing of it is in the path of an event: the file is looked for by a thread
of its own, twice a second.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from runner.errors import RiskHalt, RunnerError
from runner.protocol.times import from_ms
from runner.records.lines import KILL
from runner.safety import Guard, Limits
from runner.session import Session, Stop
from runner.transports.stop import StopRequest

EVERY_S = 0.5
"""Between two looks for the file."""
KILL_SWITCH = "kill_switch"
"""Names the halt, where others name their limit."""
OVERRUN = "overrun"
"""Likewise, where a strategy was so slow that messages were lost."""
AT_GATEWAY = ("broker_connection_failed", "liquidation", "oco_double_exit")
"""Likewise, where the gateway reported what a run cannot go on after."""


def halted(session: Session) -> RunnerError | None:
    """Return what a run ends with whose trading was halted, None if it was not."""
    guard = session.guard
    if guard is None:
        return None
    guard.heed()
    breach = guard.breach
    if breach is None:
        return None
    moment = from_ms(breach.time_ms).isoformat() if breach.time_ms else "the start"
    at_gateway = (
        "the gateway reported it, and no order was sent from then on; exits that protect stay",
        "look at orders and positions at the broker before another run is started",
        "E941",
    )
    why, fix, code = {
        **dict.fromkeys(AT_GATEWAY, at_gateway),
        KILL_SWITCH: (
            "no order was sent from then on; entries were cancelled, exits that protect stay",
            "look at the account before you start again",
            "E921",
        ),
        OVERRUN: (
            "messages were lost, so no order was sent from then on; orders and positions were "
            "read again",
            "do less in the handlers, subscribe to less, or raise connection.inbox",
            "E940",
        ),
    }.get(
        breach.limit,
        (
            "a limit of risk: was broken; the rest of the run went by without new orders",
            "look at what the strategy did before that moment",
            "E920",
        ),
    )
    return RiskHalt(
        f"trading was halted: {breach.message}",
        where=f"{type(session.strategy).__name__} at {moment}",
        why=why,
        fix=fix,
        id=code,
    )


class KillSwitch:
    """Halts one run, from any thread and from a signal handler."""

    def __init__(self, session: Session, stop: StopRequest) -> None:
        self._session = session
        self._stop = stop

    def pull(self, why: str) -> None:
        """Let no order pass any more, and end the run; `why` says who did it."""
        session = self._session
        if session.guard is None:
            # A run without limits has nothing that every order passes, until now.
            session.guard = Guard(Limits(), session.desk)
        session.guard.ask_halt(KILL_SWITCH, f"{why} pulled the kill switch")
        session.desk.interrupt()
        self._stop.ask(Stop("halted"))


def kill_files(shelf: Path, record: str) -> list[Path]:
    """Return the files that halt a run: that of its record, and that of all runs here."""
    files = [shelf / KILL]
    if record:
        files.append(shelf / "runs" / record / KILL)
    return files


def refuse_if_halted(shelf: Path) -> None:
    """Refuse to begin where a person has halted trading and nobody has released it.

    Raises:
        RiskHalt: E922.
    """
    if (shelf / KILL).exists():
        raise RiskHalt(
            "trading is halted in this directory",
            where=str(shelf / KILL),
            why="somebody has pulled the kill switch, and nobody has released it since",
            fix="look at the account, then: runner halt --release",
            id="E922",
        )


@contextmanager
def kill_switched(switch: KillSwitch, files: Sequence[Path]) -> Iterator[None]:
    """Pull the switch when one of the files appears, or SIGUSR1 comes, while this lasts.

    A file that is there already does nothing: a backtest may go on where trading is halted.
    """
    over = threading.Event()
    awaited = [one for one in files if not one.exists()]

    def watch() -> None:
        while not over.wait(EVERY_S):
            for file in awaited:
                with suppress(OSError):
                    if file.exists():
                        switch.pull(f"the file {file}")
                        return

    def signalled(_number: int, _frame: FrameType | None) -> None:
        switch.pull("SIGUSR1")

    thread = threading.Thread(target=watch, name="kill switch", daemon=True)
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGUSR1, signalled) if is_main else None
    thread.start()
    try:
        yield
    finally:
        over.set()
        if is_main:
            signal.signal(signal.SIGUSR1, before)
