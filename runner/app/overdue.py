"""Handlers that do not come back: told of, then ended, by a thread that looks at their stack.

Nothing of it is in the path of an event: twice a second the thread looks where the strategy's
thread stands. A handler that is held by a debugger, or whose process is stopped, has all the time
in the world. Python's own means only: a signal that raises in the handler, and nowhere else.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

import runner
import runner.session
from runner.app.records import Keeping
from runner.config.models import RunConfig, Runtime
from runner.dashboard.json_lines import JsonLines
from runner.errors import RiskHalt, RunnerError
from runner.protocol.times import from_ms
from runner.session import Overdue, Session
from runner.session.calling import overdue
from runner.supervision.link import Link
from runner.transports.stop import HANDLERS_S, SIGNAL_EXITS, StopRequest

LIVE_LIMIT_S, BACKTEST_LIMIT_S = 30.0, 60.0
"""How long a handler may take where the configuration says nothing."""
WARN_AFTER_S = 2.5
"""When a handler is told of for the first time: half of what an engine usually waits for an ack."""
SOON_S = 0.3
"""What a handler, or a request, is given in any case when the run was asked to end."""
INTERRUPT = signal.SIGUSR2
_LOOK_S, _LOOK_SOON_S = 0.5, 0.1
_INSIST_S, _INSIST_SOON_S, _TIMES = 0.5, 0.2, 3
"""How often, and how many times, a handler that swallows the interruption is interrupted again."""
_OURS = str(Path(runner.__file__).parent)
_HTTP = str(Path(runner.__file__).parent / "transports" / "http.py")
_SESSION = str(Path(runner.session.__file__).parent)
_DEBUGGERS = frozenset({"bdb", "pdb", "ipdb", "pudb", "IPython", "pydevd", "debugpy", "code"})
_LOG = logging.getLogger(__name__)


def limit_of(config: RunConfig) -> float | None:
    """Return how long a handler may take, in seconds; None for ever."""
    if config.handler_timeout is None:
        return LIVE_LIMIT_S if config.runtime is Runtime.GATEWAY else BACKTEST_LIMIT_S
    return config.handler_timeout or None


@contextmanager
def handlers_watched(
    session: Session,
    stop: StopRequest,
    *,
    limit_s: float | None,
    abandon: Callable[[RunnerError | None], None],
) -> Iterator[None]:
    """End handlers that take longer than `limit_s`, or go on after the run was asked to end.

    A handler that cannot be ended, because it swallows the interruption or waits in a library, is
    abandoned: `abandon` is called with the error, None where the run was asked to end, from a
    thread of its own, and is to end the process.

    Outside the main thread, where Python delivers no signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    watch = _Watch(session, stop, limit_s, abandon)
    before = signal.signal(INTERRUPT, watch.interrupted)
    watch.start()
    try:
        yield
    finally:
        watch.end()
        signal.signal(INTERRUPT, signal.SIG_DFL if before is None else before)


class _Watch:
    """Looks at one run's main thread."""

    def __init__(
        self,
        session: Session,
        stop: StopRequest,
        limit_s: float | None,
        abandon: Callable[[RunnerError | None], None],
    ) -> None:
        self._session = session
        self._stop = stop
        self._limit_s = limit_s
        self._abandon = abandon
        self._over = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="handlers", daemon=True)
        self._main = threading.get_ident()
        self._doomed: tuple[FrameType, BaseException] | None = None
        """The handler that is to end, and with what."""
        self._warned: set[str] = set()

    def start(self) -> None:
        self._stop.on_ask(self._wake.set)
        self._thread.start()

    def end(self) -> None:
        self._over = True
        self._doomed = None
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def interrupted(self, _number: int, frame: FrameType | None) -> None:
        """Raise in the handler that is to end; it may have returned in the meantime."""
        doomed = self._doomed
        while doomed is not None and frame is not None:
            if frame is doomed[0]:
                raise doomed[1]
            frame = frame.f_back

    def _watch(self) -> None:
        seen: FrameType | None = None
        spent, due, insisted = 0.0, 0.0, 0
        before = time.monotonic()
        while True:
            leaving = self._stop.is_urgent
            self._wake.wait(_LOOK_SOON_S if leaving or insisted else _LOOK_S)
            self._wake.clear()
            if self._over:
                return
            now = time.monotonic()
            # A process that was stopped, or a machine that slept, has not been waiting.
            passed, before = min(now - before, 2 * _LOOK_S), now
            handler = handler_of(self._main)
            frame = handler or (request_of(self._main) if leaving else None)
            if frame is not seen:
                seen, spent, insisted, self._doomed = frame, 0.0, 0, None
                continue
            if frame is None or is_debugged(self._main):
                continue
            spent += passed
            if handler is not None and spent >= WARN_AFTER_S:
                self._warn(handler, spent)
            late = self._late(frame, spent, is_handler=handler is not None)
            if late is None:
                continue
            if self._doomed is None:
                self._doomed, due = (frame, late), now
            if now < due:
                continue
            if insisted == _TIMES:
                self._give_up(frame, late)
                return
            insisted += 1
            due = now + (_INSIST_SOON_S if leaving else _INSIST_S)
            signal.pthread_kill(self._main, INTERRUPT)

    def _late(
        self, frame: FrameType, spent: float, *, is_handler: bool
    ) -> Overdue | TimeoutError | None:
        """Return what ends the handler, or the request, that has taken so many seconds."""
        if is_handler and self._limit_s is not None and spent >= self._limit_s:
            return Overdue(self._limit_s, is_leaving=False)
        if spent < SOON_S:
            return None
        if is_handler:
            is_over = self._stop.left_s(HANDLERS_S) <= 0
            return Overdue(HANDLERS_S, is_leaving=True) if is_over else None
        if frame.f_locals["self"].left_s() > 0:
            return None
        return TimeoutError("nobody answered before the run had to end")

    def _warn(self, frame: FrameType, spent: float) -> None:
        name = frame.f_code.co_name
        if name in self._warned:
            return
        self._warned.add(name)
        limit = "" if self._limit_s is None else f"; it is ended after {self._limit_s:g} s"
        where = f"{self._where(name)}, {place_in(self._main, frame)}"
        _LOG.warning("%s has been running for %.1f s: %s%s", name, spent, where, limit)

    def _where(self, name: str) -> str:
        desk = self._session.desk
        moment = from_ms(desk.progress_ms).isoformat() if desk.progress_ms else "the start"
        symbol = f" of {desk.symbol}" if desk.symbol else ""
        return f"{type(self._session.strategy).__name__}.{name}{symbol} at {moment}"

    def _give_up(self, frame: FrameType, late: BaseException) -> None:
        name = frame.f_code.co_name
        stack = _stack(self._main)
        inner = stack[stack.index(frame) :] if frame in stack else stack
        shown = "".join(
            traceback.format_list(
                traceback.StackSummary.from_list(
                    [
                        (one.f_code.co_filename, one.f_lineno, one.f_code.co_name, None)
                        for one in inner
                    ]
                )
            )
        ).rstrip()
        _LOG.error("%s cannot be interrupted, the process ends; it was in\n%s", name, shown)
        error = None
        if isinstance(late, Overdue) and not late.is_leaving:
            error = overdue(name, self._where(name), late.after_s)
            error.why = "it could not be interrupted either, so the process had to end"
        self._abandon(error)


def abandoned(
    error: RunnerError | None, stop: StopRequest, stream: TextIO, record: Keeping, link: Link | None
) -> NoReturn:
    """End the process at once: terminal and record in order, and nothing of the strategy run."""
    code = 1
    try:
        why = "failed" if stop.asked is None else stop.asked.why
        code = SIGNAL_EXITS.get(why, RiskHalt.exit_code) if error is None else error.exit_code
        stop.leave()
        if link is not None:
            link.abandoned()
        if isinstance(error, RunnerError) and isinstance(stream, JsonLines):
            stream.say("error", "runner", str(error), id=error.id, exit_code=code)
        elif error is not None:
            stream.write(f"{error}\n")
        stream.flush()
        record.cut("failed" if error is not None else why, error, exit_code=code)
    finally:
        os._exit(code)


def handler_of(thread: int) -> FrameType | None:
    """Return the frame of the handler that a thread is in, None outside of handlers.

    A handler is what the session calls that is not ours.
    """
    for outer, inner in pairwise(_stack(thread)):
        if outer.f_code.co_filename.startswith(_SESSION) and not _is_ours(inner):
            return inner
    return None


def request_of(thread: int) -> FrameType | None:
    """Return the frame of the request to a peer that a thread waits for, None without one."""
    for one in _stack(thread):
        if one.f_code.co_filename == _HTTP and one.f_code.co_name == "request":
            return one
    return None


def is_debugged(thread: int) -> bool:
    """Tell whether a debugger holds a thread, so that it is a person who takes the time."""
    return any(
        str(one.f_globals.get("__name__", "")).partition(".")[0] in _DEBUGGERS
        for one in _stack(thread)
    )


def place_in(thread: int, handler: FrameType) -> str:
    """Return file and line where a thread stands, in the file of its handler."""
    file, line = handler.f_code.co_filename, handler.f_lineno
    for one in _stack(thread):
        if one.f_code.co_filename == file:
            line = one.f_lineno
    return f"{file}:{line}"


def _stack(thread: int) -> list[FrameType]:
    # The outermost frame first.
    frame = sys._current_frames().get(thread)
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found[::-1]


def _is_ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_OURS)
