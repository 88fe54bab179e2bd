"""The form in which a run is shown, by what there is to show it on."""

from __future__ import annotations

import io
import os
import pty
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from struct import pack
from typing import TextIO

import pytest

from runner.dashboard.modes import Mode, Ui, announced, choose_ui

WAIT_S = 10.0
"""A deadline for what takes milliseconds; reached only when something is broken."""


class Lines(io.StringIO):
    """A stream that lets the test wait for what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Semaphore(0)

    def flush(self) -> None:
        self.written.release()


@contextmanager
def terminal(columns: int = 80, rows: int = 24) -> Iterator[TextIO]:
    """Yield a real terminal to write to."""
    near, far = pty.openpty()
    ioctl(far, termios.TIOCSWINSZ, pack("HHHH", rows, columns, 0, 0))
    stream = os.fdopen(far, "w", encoding="utf-8")
    try:
        yield stream
    finally:
        stream.close()
        os.close(near)


@pytest.mark.parametrize(
    ("ui", "environ", "expected"),
    [
        pytest.param("auto", {"TERM": "xterm"}, "live", id="terminal"),
        pytest.param("auto", {"TERM": "xterm", "CI": "true"}, "plain", id="CI"),
        pytest.param("auto", {"TERM": "xterm", "CI": "false"}, "live", id="CI that is none"),
        pytest.param("auto", {"TERM": "dumb"}, "plain", id="dumb"),
        pytest.param("auto", {}, "plain", id="no TERM"),
        pytest.param("live", {"TERM": "xterm", "CI": "true"}, "live", id="live is obeyed"),
        pytest.param("live", {"TERM": "dumb"}, "plain", id="live, but dumb"),
        pytest.param("plain", {"TERM": "xterm"}, "plain", id="plain"),
        pytest.param("json", {"TERM": "xterm"}, "json", id="json"),
        pytest.param("none", {"TERM": "xterm"}, "none", id="none"),
    ],
)
def test_what_is_shown_on_a_terminal(ui: Ui, environ: dict[str, str], expected: str) -> None:
    with terminal() as stream:
        assert expected == choose_ui(ui, stream, environ)


@pytest.mark.parametrize("ui", ["auto", "live"])
def test_what_is_no_terminal_gets_plain_lines(ui: Ui) -> None:
    closed = io.StringIO()
    closed.close()

    assert choose_ui(ui, io.StringIO(), {"TERM": "xterm"}) == "plain"
    assert choose_ui(ui, closed, {"TERM": "xterm"}) == "plain"


@pytest.mark.parametrize(("columns", "rows"), [(0, 0), (0, 24), (80, 0)])
def test_a_terminal_without_a_size_gets_plain_lines(columns: int, rows: int) -> None:
    with terminal(columns, rows) as stream:
        assert choose_ui("live", stream, {"TERM": "xterm"}) == "plain"


def test_what_takes_long_is_announced() -> None:
    stream = Lines()

    with announced("reading big.csv", stream, "plain", after=0):
        assert stream.written.acquire(timeout=WAIT_S)

    assert stream.getvalue() == "... reading big.csv\n"


@pytest.mark.parametrize("mode", ["json", "none"])
def test_nothing_is_announced_where_only_a_program_reads(mode: Mode) -> None:
    stream = Lines()

    with announced("reading big.csv", stream, mode, after=0):
        assert not stream.written.acquire(timeout=0.05)

    assert stream.getvalue() == ""
