"""The dashboard on a terminal: a thread that looks, draws and reads keys, a few times a second.

It drops frames and never events: nothing in the path of an event knows of it. A frame is followed
by a pause in proportion to what it cost, so that a run at full speed keeps its speed. Whatever
goes wrong with the terminal ends the dashboard, and never the run.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from runner.dashboard.capture import LEVELS, Capture
from runner.dashboard.keys import SUSPEND, Keys
from runner.dashboard.observer import Observer
from runner.dashboard.snapshot import Snapshot
from runner.session import Stop
from runner.transports.pace import Pace
from runner.transports.stop import StopRequest

if TYPE_CHECKING:
    from runner.dashboard.screen import Screen

QUIET_S = 0.5
"""How long a run must last before anything is drawn: a screen must not flash."""
FRAME_S = 0.2
"""Shortest time between two frames. Every one interrupts the run, which costs it more than what
drawing takes, so there is one waking for each, and none for keys: those wake by themselves."""
AFRESH_S = 3.0
"""How often everything is drawn anew, in case something else wrote on the screen."""
SHARE = 0.02
"""Most of one core's time that drawing may take."""
_PATIENCE_S = 2.0
"""Longest wait for a terminal that takes nothing."""
_STOPPING_S = 0.1
_LOG = logging.getLogger(__name__)


class Live:
    """Shows a run for as long as the `with` block lasts."""

    def __init__(
        self,
        observer: Observer,
        stop: StopRequest,
        pace: Pace | None,
        capture: Capture,
        environ: Mapping[str, str],
        *,
        halt: Callable[[], None] = lambda: None,
        keyboard: int | None = None,
        quiet: float = QUIET_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            observer: looks at the run.
            stop: asked to stop by a key.
            pace: paused, stepped and changed by keys; None where time cannot be held.
            capture: stands in for a terminal; holds what is printed while that is drawn on.
            environ: decides on colour and characters.
            halt: pulls the kill switch.
            keyboard: descriptor of the terminal that keys come from; stdin by default.
            quiet: seconds before the first frame.
            clock: monotonic seconds.
        """
        self._observer = observer
        self._stop = stop
        self._pace = pace
        self._environ = environ
        self._capture = capture
        self._stream = capture.stream
        self._keys = Keys(_stdin() if keyboard is None else keyboard)
        self._halt = halt
        self._quiet = quiet
        self._clock = clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="dashboard", daemon=True)
        self._turn = threading.RLock()
        """Held by the thread that draws on the terminal or gives it back."""
        self._give_back: Callable[[], None] = lambda: None

    def __enter__(self) -> Live:
        self._stop.on_leave(self._end)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The thread may wait for a key for a moment longer; it touches nothing any more.
        self._end()

    def _end(self) -> None:
        """Give the terminal back, in a thread of its own: one that takes nothing must not hold up
        the run, nor what it still has to do."""
        self._over.set()
        giving = threading.Thread(target=self._restore, name="give back", daemon=True)
        giving.start()
        giving.join(_PATIENCE_S)

    def _restore(self) -> None:
        with self._turn:
            self._give_back()

    def _watch(self) -> None:
        if self._over.wait(self._quiet):
            return
        try:
            self._show()
        except OSError:
            self._end()  # the terminal is gone, and with it whoever could be told
        except Exception as error:  # noqa: BLE001 - a picture is not worth a run
            is_over = self._over.is_set()
            self._end()
            if not is_over:
                said = f"{type(error).__name__}: {error}"
                _LOG.warning("the dashboard ended, the run goes on: %s", said)

    def _show(self) -> None:
        # Here and not above: most runs are over before anything is drawn.
        from runner.dashboard.charts import glyphs_for
        from runner.dashboard.keeper import Keeper
        from runner.dashboard.layout import screen_lines
        from runner.dashboard.screen import Screen
        from runner.dashboard.view import HALT, View, disarmed, looked

        screen = Screen(self._stream.fileno(), self._environ)
        glyphs = glyphs_for(self._stream.encoding, self._environ)
        with self._turn:
            if self._over.is_set():
                return
            keeper = Keeper(self._stream.fileno())

            def give_back() -> None:
                self._keys.close()
                screen.leave()
                self._capture.release()
                keeper.dismiss()

            self._give_back = give_back
            self._capture.hold()
            self._capture.is_lent = True
            screen.enter()
            has_keys = self._keys.open()
        view, snapshot = View(), self._look(None)
        due = afresh_at = 0.0
        pressed: list[str] = []
        while True:
            now, size = self._clock(), screen.size()
            if now >= due or pressed or size != screen.drawn_size:
                began = time.thread_time()
                if not view.is_held:
                    snapshot = self._look(snapshot)
                lines = screen_lines(snapshot, size, glyphs, view, has_keys=has_keys)
                with self._turn:
                    if self._over.is_set():
                        return
                    screen.draw(lines, size, afresh=now >= afresh_at)
                if now >= afresh_at:
                    afresh_at = now + AFRESH_S
                due = now + max(0.9 * FRAME_S, (time.thread_time() - began) / SHARE)
            if self._pace is not None:
                self._pace.insist()
            pressed = self._pressed()
            for key in pressed:
                if key == SUSPEND:
                    has_keys = self._suspend(screen)
                elif key == HALT and view.is_armed:
                    self._halt()
                    view = disarmed(view)
                elif self._act(key):
                    view = disarmed(view)
                else:
                    view = looked(view, key)

    def _pressed(self) -> list[str]:
        """Wait for keys, for as long as a frame lasts at most."""
        found = self._keys.read()
        if found is None:
            self._over.wait(FRAME_S)
        return found or []

    def _look(self, before: Snapshot | None) -> Snapshot:
        level = logging.getLevelName(logging.getLogger().level).lower()
        for _ in range(3):
            try:
                return self._observer.look(self._capture.lines(), level)
            except RuntimeError:
                continue  # the run changed what was looked at; a frame is dropped, no more
        return before or Snapshot(self._observer.facts)

    def _act(self, key: str) -> bool:
        """Do what a key does to the run itself; return whether it does anything."""
        pace = self._pace
        if key == "q":
            self._stop.ask(Stop("interrupted"))
        elif key == "l":
            root = logging.getLogger()
            later = [one for one in LEVELS if one > root.level]
            root.setLevel(later[0] if later else LEVELS[0])
        elif pace is None:
            return False
        elif key == "space":
            pace.resume() if pace.is_paused else pace.pause()
        elif key == "s":
            pace.step()
        elif key == "+":
            pace.set_speed(pace.speed.faster())
        elif key == "-":
            pace.set_speed(pace.speed.slower())
        else:
            return False
        return True

    def _suspend(self, screen: Screen) -> bool:
        """Stop as Ctrl-Z does, with the terminal in order, and come back when continued."""
        with self._turn:
            if self._over.is_set():
                return False
            self._keys.close()
            screen.leave()
            os.killpg(os.getpgrp(), signal.SIGTSTP)
            time.sleep(_STOPPING_S)  # the stop may reach another thread first
            screen.enter()
            return self._keys.open()


def _stdin() -> int:
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return -1
