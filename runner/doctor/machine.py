"""The machine: terminal, clocks, working directory, `.env`, and room on the disk."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from runner.doctor.finding import Finding, failure, ok, warning
from runner.errors import MachineError
from runner.results.layout import Page, is_terminal

NARROW, LOW = 80, 24
"""A smaller terminal shows less."""
COARSE_S = 0.02
"""A coarser monotonic clock makes timeouts and rates inexact."""
EARLIEST_YEAR, LATEST_YEAR = 2025, 2100
"""A wall clock beyond these has not been set."""
LITTLE, TOO_LITTLE = 1024**3, 64 * 1024**2
"""Free bytes below which long runs may fail, and below which nearly everything does."""
_REFUSED = MachineError.exit_code


def terminal_findings(stream: TextIO, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at what the terminal can show."""
    if not is_terminal(stream):
        yield ok("terminal", "the output goes to a file or a pipe: plain lines, no colour")
    else:
        columns, lines = shutil.get_terminal_size((80, 24))
        page = Page.of(stream, environ)
        kind = environ.get("TERM", "unknown")
        colour = "colour" if page.color else "no colour"
        said = f"{kind}, {columns} x {lines}, {colour}"
        if columns < NARROW or lines < LOW:
            yield warning("terminal", said, f"at least {NARROW} x {LOW} shows everything")
        else:
            yield ok("terminal", said)
    encoding = getattr(stream, "encoding", None) or "unknown"
    if encoding.lower().replace("-", "").startswith("utf"):
        yield ok("characters", encoding)
    else:
        said = f"{encoding}: curves are drawn in plain ASCII"
        yield warning(
            "characters", said, "set PYTHONUTF8=1, or a UTF-8 locale such as LANG=C.UTF-8"
        )


def clock_findings(now: datetime | None = None) -> Iterator[Finding]:
    """Look at the monotonic clock and at the wall clock, which is `now` unless one is given."""
    clock = time.get_clock_info("monotonic")
    first = time.monotonic()
    if not clock.monotonic or time.monotonic() < first:
        yield failure(
            "clock", "the monotonic clock goes back", "look at the machine's clock source", _REFUSED
        )
    elif clock.resolution > COARSE_S:
        said = f"the monotonic clock moves in steps of {clock.resolution * 1000:g} ms"
        yield warning("clock", said, "look at the machine's clock source")
    else:
        yield ok("clock", f"monotonic, resolution {clock.resolution * 1e9:g} ns")
    moment = now or datetime.now(UTC)
    said = moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    if EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        yield ok("wall clock", said)
    else:
        yield failure("wall clock", said, "set the clock; let it be kept by NTP", _REFUSED)


def folder_findings(folder: Path) -> Iterator[Finding]:
    """Look at the permissions of the working directory and its `.env`, and at the free disk."""
    mode = folder.stat().st_mode
    if not os.access(folder, os.R_OK | os.X_OK):
        yield failure("directory", f"{folder} cannot be read", f"chmod u+rx {folder}", _REFUSED)
    elif not os.access(folder, os.W_OK):
        fix = "run where you may write, or make it writable"
        yield warning("directory", f"{folder} cannot be written to: no new files", fix)
    elif mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        said = f"everybody on this machine may write to {folder}, and so change your strategies"
        yield warning("directory", said, f"chmod o-w {folder}")
    else:
        yield ok("directory", f"{folder} can be read and written")
    yield from _dotenv(folder / ".env")
    free = shutil.disk_usage(folder).free
    said = f"{_size(free)} free"
    if free < TOO_LITTLE:
        yield failure("disk", said, "make room: remove what is no longer needed", _REFUSED)
    elif free < LITTLE:
        yield warning("disk", said, "make room before long runs")
    else:
        yield ok("disk", said)


def _dotenv(file: Path) -> Iterator[Finding]:
    if not file.is_file():
        yield ok(".env", "there is none, which is fine")
    elif not os.access(file, os.R_OK):
        yield failure(".env", "it cannot be read", "chmod u+r .env", _REFUSED)
    elif file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield warning(
            ".env", "others on this machine can read it, and keys in it", "chmod 600 .env"
        )
    else:
        yield ok(".env", "only you can read it")


def _size(count: int) -> str:
    return f"{count / 1024**3:,.1f} GiB" if count >= 1024**3 else f"{count / 1024**2:,.0f} MiB"
