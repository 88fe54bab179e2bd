"""Progress of a run on stderr: a bar on a terminal, a line now and then elsewhere, or JSON lines.

It only ever pulls: a thread of its own asks `snapshot` a few times a second, and nothing in the
path of an event knows of it. Runs that are over within a second show nothing. A stream that cannot
be written to any more silences it; it never ends a run. May import the protocol's times; rich is
imported when the first bar is drawn. Never writes to stdout.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Literal, TextIO

from runner.protocol.times import iso_ms

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

Ui = Literal["auto", "live", "plain", "json", "none"]
Mode = Literal["live", "plain", "json", "none"]
Snapshot = Callable[[], tuple[int, int]]
"""Returns how many candles are done, and the simulated time in Unix milliseconds (0: not known)."""

QUIET_S = 1.0
"""How long a run must last before anything is shown: most are over by then."""
_EVERY_S: dict[Mode, float] = {"live": 0.1, "plain": 4.0, "json": 1.0}


def choose_ui(ui: Ui, stream: TextIO, environ: Mapping[str, str]) -> Mode:
    """Return the form of output for `stream`.

    `auto` is `live` on a terminal, and `plain` elsewhere and under CI. Where there is no terminal
    that could be drawn on, or one without a size, `live` becomes `plain`.
    """
    if ui in ("plain", "json", "none"):
        return ui
    can_redraw = environ.get("TERM", "") not in ("", "dumb") and _is_terminal(stream)
    unattended = environ.get("CI", "").lower() not in ("", "0", "false")
    return "live" if can_redraw and (ui == "live" or not unattended) else "plain"


class Progress:
    """Show how far a run is, for as long as the `with` block lasts.

    Args:
        total: candles that will come; None when nobody knows.
        snapshot: asked from another thread; must be quick and must not change anything.
        stream: where to, usually stderr.
        mode: as `choose_ui` returned it.
        quiet: seconds before the first output.
        every: seconds between two outputs; by default what suits the mode.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        total: int | None,
        snapshot: Snapshot,
        stream: TextIO | None = None,
        mode: Mode = "plain",
        *,
        quiet: float = QUIET_S,
        every: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._snapshot = snapshot
        self._stream = sys.stderr if stream is None else stream
        self._mode = mode
        self._quiet = quiet
        self._every = _EVERY_S.get(mode, 1.0) if every is None else every
        self._clock = clock
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._started = 0.0
        self._before = (0.0, 0)

    def __enter__(self) -> Progress:
        self._started = self._clock()
        self._before = (self._started, 0)
        if self._mode != "none":
            self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout=2.0)  # a terminal that blocks must not hold up the result

    def _watch(self) -> None:
        if self._over.wait(self._quiet):
            return
        try:
            if self._mode == "live":
                self._draw()
            else:
                self._print_lines()
        except Exception:  # noqa: BLE001 - whatever is wrong with a stream, the run goes on
            return

    def _print_lines(self) -> None:
        while True:
            line = self._json_line() if self._mode == "json" else self._plain_line()
            if line:
                self._stream.write(line + "\n")
                self._stream.flush()
            if self._over.wait(self._every):
                return

    def _plain_line(self) -> str:
        done, time_ms, rate = self._look()
        if not done:
            return ""  # still connecting, which tells about itself
        moment = _shown(time_ms)
        known = "" if self._total is None else f" of {self._total:,}"
        return f"... {moment}  {done:,}{known} candles  {rate:,.0f}/s"

    def _json_line(self) -> str:
        done, time_ms, rate = self._look()
        return json.dumps(
            {
                "type": "progress",
                "done": done,
                "total": self._total,
                "time": iso_ms(time_ms) if time_ms else None,
                "per_second": round(rate, 1),
                "seconds": round(self._clock() - self._started, 3),
            }
        )

    def _look(self) -> tuple[int, int, float]:
        # The rate is that since the last look: a run speeds up and slows down.
        done, time_ms = self._snapshot()
        now = self._clock()
        then, before = self._before
        self._before = (now, done)
        return done, time_ms, (done - before) / (now - then) if now > then else 0.0

    def _draw(self) -> None:
        bar, task = _bar(self._stream, self._total)
        with bar:
            while True:
                done, time_ms, _ = self._look()
                rate = done / max(self._clock() - self._started, 1e-9)
                bar.update(task, completed=done, moment=_shown(time_ms), rate=f"{rate:,.0f}/s")
                bar.refresh()
                if self._over.wait(self._every):
                    return


@contextmanager
def announced(what: str, stream: TextIO, mode: Mode, *, after: float = QUIET_S) -> Iterator[None]:
    """Say what is going on if the `with` block takes longer than `after` seconds."""

    def say() -> None:
        with suppress(OSError, ValueError):
            stream.write(f"... {what}\n")
            stream.flush()

    timer = threading.Timer(after, say)
    timer.daemon = True
    if mode in ("live", "plain"):
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _bar(stream: TextIO, total: int | None) -> tuple[Bar, TaskID]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    class Quiet(Console):
        def on_broken_pipe(self) -> None:
            # The default would send stdout to nowhere, and the result with it.
            raise BrokenPipeError

        def show_cursor(self, show: bool = True) -> bool:
            # Never hidden, so that a run which is killed outright leaves the terminal as it was.
            return show

    console = Quiet(file=stream, no_color=bool(os.environ.get("NO_COLOR")) or None)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[moment]}"),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %" if total else "{task.completed:,} candles"),
        TextColumn("{task.fields[rate]}"),
        *([TimeRemainingColumn(compact=True)] if total else []),
    )
    # It wipes itself when done, so that only the result stays on the screen.
    bar = Bar(*columns, console=console, transient=True, auto_refresh=False, expand=True,
              redirect_stdout=False, redirect_stderr=False)  # fmt: skip
    return bar, bar.add_task("run", total=total, moment=_shown(0), rate="")


def _shown(time_ms: int) -> str:
    return iso_ms(time_ms)[:16].replace("T", " ") if time_ms else "starting"


def _is_terminal(stream: TextIO) -> bool:
    """Tell whether a person sees what is written to `stream`, on a surface that has a size."""
    try:
        return stream.isatty() and 0 not in os.get_terminal_size(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return False
