"""Progress: quiet for quick runs, a bar on a terminal, lines elsewhere, and never in the way."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import ioctl
from itertools import count
from struct import pack
from typing import TextIO

import pytest

from runner.dashboard.progress import Mode, Progress, Snapshot, Ui, announced, choose_ui

MARCH_2007 = 1_172_707_200_000
WAIT_S = 10.0
"""A deadline for what takes milliseconds; reached only when something is broken."""


class Lines(io.StringIO):
    """A stream that lets the test wait for the lines written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Semaphore(0)

    def flush(self) -> None:
        self.written.release()

    def wait_for(self, lines: int) -> None:
        for _ in range(lines):
            assert self.written.acquire(timeout=WAIT_S)


def halfway() -> tuple[int, int]:
    return 123_456, MARCH_2007


def show(
    mode: Mode, stream: TextIO, *, total: int | None = 1_000_000, snapshot: Snapshot = halfway
) -> Progress:
    """Return a progress that shows something at once, by a clock that ticks a second a look."""
    ticks = count()
    return Progress(
        total, snapshot, stream, mode, quiet=0, every=0.001, clock=lambda: float(next(ticks))
    )


@contextmanager
def terminal() -> Iterator[tuple[TextIO, int]]:
    """Yield a real terminal to write to, and the other end of it."""
    near, far = pty.openpty()
    ioctl(far, termios.TIOCSWINSZ, pack("HHHH", 24, 80, 0, 0))
    stream = os.fdopen(far, "w", encoding="utf-8")
    try:
        yield stream, near
    finally:
        stream.close()
        os.close(near)


def read_until(near: int, wanted: str) -> str:
    """Return what a terminal has shown once `wanted` is among it."""
    shown = ""
    while wanted not in shown:
        ready, _, _ = select.select([near], [], [], WAIT_S)
        assert ready, f"the terminal never showed {wanted!r}, only {shown!r}"
        shown += os.read(near, 65_536).decode("utf-8", "replace")
    return shown


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
    with terminal() as (stream, _):
        assert expected == choose_ui(ui, stream, environ)


@pytest.mark.parametrize("ui", ["auto", "live"])
def test_what_is_no_terminal_gets_plain_lines(ui: Ui) -> None:
    closed = io.StringIO()
    closed.close()

    assert choose_ui(ui, io.StringIO(), {"TERM": "xterm"}) == "plain"
    assert choose_ui(ui, closed, {"TERM": "xterm"}) == "plain"


@pytest.mark.parametrize("mode", ["live", "plain", "json"])
def test_a_quick_run_shows_nothing(mode: Mode) -> None:
    stream = io.StringIO()

    with Progress(10, halfway, stream, mode, quiet=3600):
        pass

    assert stream.getvalue() == ""


def test_mode_none_never_asks_for_a_snapshot() -> None:
    def snapshot() -> tuple[int, int]:
        raise AssertionError("nobody should have asked")

    with show("none", io.StringIO(), snapshot=snapshot):
        pass


def test_a_plain_line_says_date_candles_and_speed() -> None:
    stream = Lines()

    with show("plain", stream):
        stream.wait_for(1)

    first = stream.getvalue().splitlines()[0]
    assert first == "... 2007-03-01 00:00  123,456 of 1,000,000 candles  123,456/s"


def test_a_plain_line_without_a_known_end_or_time_says_what_is_known() -> None:
    stream = Lines()

    with show("plain", stream, total=None, snapshot=lambda: (3, 0)):
        stream.wait_for(1)

    assert stream.getvalue().splitlines()[0] == "... starting  3 candles  3/s"


def test_the_speed_of_a_line_is_that_since_the_line_before() -> None:
    stream = Lines()
    done = count(1000, 500)

    with show("plain", stream, snapshot=lambda: (next(done), MARCH_2007)):
        stream.wait_for(2)

    first, second = stream.getvalue().splitlines()[:2]
    assert first.endswith("1,000 of 1,000,000 candles  1,000/s")
    assert second.endswith("1,500 of 1,000,000 candles  500/s")


def test_json_lines_are_one_object_each() -> None:
    stream = Lines()

    with show("json", stream):
        stream.wait_for(2)

    first, *_ = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (first["type"], first["done"], first["total"]) == ("progress", 123_456, 1_000_000)
    assert first["time"] == "2007-03-01T00:00:00Z"
    assert first["per_second"] == 123_456.0


@pytest.mark.parametrize(
    ("total", "wanted"), [(1_000_000, "12 %"), (None, "123,456 candles")], ids=["known", "unknown"]
)
def test_a_terminal_gets_a_bar_that_wipes_itself(
    total: int | None, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    with terminal() as (stream, near):
        with show("live", stream, total=total):
            shown = read_until(near, wanted)
        stream.write("after")
        stream.flush()
        shown += read_until(near, "after")

    assert "2007-03-01 00:00" in shown
    assert shown.endswith("\x1b[2Kafter"), "the line of the bar is empty again"
    assert "\x1b[?25l" not in shown, "the cursor is never hidden"


def test_no_color_draws_the_bar_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    with terminal() as (stream, near):
        with show("live", stream):
            shown = read_until(near, "12 %")
        stream.write("after")
        stream.flush()
        shown += read_until(near, "after")

    assert not re.search(r"\x1b\[(3|4|9)\d[;m]", shown)


@pytest.mark.parametrize("mode", ["live", "plain", "json"])
def test_a_stream_that_cannot_be_written_to_silences_it_and_nothing_else(mode: Mode) -> None:
    closed = io.StringIO()
    closed.close()

    with show(mode, closed) as progress:
        pass

    assert progress is not None


@pytest.mark.parametrize("mode", ["plain", "live"])
def test_a_pipe_whose_reader_has_gone_leaves_the_process_as_it_was(
    mode: Mode, capfd: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w")

    asked = threading.Event()

    def snapshot() -> tuple[int, int]:
        asked.set()
        return halfway()

    with show(mode, stream, snapshot=snapshot):
        assert asked.wait(WAIT_S)
    with suppress(BrokenPipeError):
        stream.close()
    os.write(1, b"the result")

    assert capfd.readouterr().out == "the result"


def test_a_snapshot_that_fails_ends_the_progress_and_not_the_run() -> None:
    asked = threading.Event()

    def snapshot() -> tuple[int, int]:
        asked.set()
        raise RuntimeError("changed while looked at")

    stream = io.StringIO()
    with show("plain", stream, snapshot=snapshot):
        assert asked.wait(WAIT_S)

    assert stream.getvalue() == ""


def test_an_error_in_the_run_passes_through() -> None:
    with pytest.raises(ValueError, match="mine"), show("plain", Lines()):
        raise ValueError("mine")


def test_what_takes_long_is_announced() -> None:
    stream = Lines()

    with announced("reading big.csv", stream, "plain", after=0):
        stream.wait_for(1)

    assert stream.getvalue() == "... reading big.csv\n"


@pytest.mark.parametrize("mode", ["json", "none"])
def test_nothing_is_announced_where_only_a_program_reads(mode: Mode) -> None:
    stream = Lines()

    with announced("reading big.csv", stream, mode, after=0):
        assert not stream.written.acquire(timeout=0.05)

    assert stream.getvalue() == ""


def test_plain_lines_begin_with_the_first_candle() -> None:
    stream = Lines()
    arrived = iter([(0, 0), (0, 0), (7, MARCH_2007)])

    with show("plain", stream, snapshot=lambda: next(arrived, (7, MARCH_2007))):
        stream.wait_for(1)

    assert stream.getvalue().splitlines()[0].startswith("... 2007-03-01 00:00  7 of 1,000,000")
