"""One thing that was looked at, and how it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How something is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and how it is."""

    name: str
    status: Status
    said: str
    fix: str = ""
    """What to do; also for something that is fine and could be more."""
    exit_code: int = 0
    """What a failure makes the program exit with."""


def ok(name: str, said: str, fix: str = "") -> Finding:
    """Return something that is as it should be."""
    return Finding(name, Status.OK, said, fix)


def warning(name: str, said: str, fix: str) -> Finding:
    """Return something that works and may surprise."""
    return Finding(name, Status.WARN, said, fix)


def failure(name: str, said: str, fix: str, exit_code: int) -> Finding:
    """Return something with which a run cannot work."""
    return Finding(name, Status.FAIL, said, fix, exit_code)
