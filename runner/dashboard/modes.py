"""In which form a run is shown, by what there is to show it on.

Standard library only: asked on every run, also on those that are over at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Literal, TextIO

Ui = Literal["auto", "live", "plain", "json", "none"]
Mode = Literal["live", "plain", "json", "none"]
QUIET_S = 1.0
"""How long reading data must take before it is announced."""


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


def _is_terminal(stream: TextIO) -> bool:
    """Tell whether a person sees what is written to `stream`, on a surface that has a size."""
    try:
        return stream.isatty() and 0 not in os.get_terminal_size(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return False
