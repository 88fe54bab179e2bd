"""Read a small text file that a person named, and report precisely when that is not possible.

Never raises for what the file is or contains, never reads more than `MAX_BYTES`.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from runner.config.problems import Problem

MAX_BYTES = 1024 * 1024
"""A configuration a person wrote is a few kilobytes; a megabyte is something else by mistake."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class SourceFile:
    """A file that was read: what to call it, its lines, and the problems found in it so far."""

    name: str
    lines: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def line_text(self, line: int) -> str:
        """Return a line without its end, or "" where there is none."""
        return self.lines[line - 1] if 0 < line <= len(self.lines) else ""

    def report(self, line: int, column: int, what: str, hint: str = "", key: str = "") -> None:
        """Add a problem at a line and a column, both counted from 1."""
        where = f"{self.name}:{line}:{column}"
        self.problems.append(Problem(where, key, what, hint, self.line_text(line), column, line))


def read_text(path: Path, source: SourceFile) -> str | None:
    """Return the text of a file, or None after reporting why there is none."""

    try:
        content = _content(path)
    except (FileNotFoundError, NotADirectoryError):
        _refuse(source, "does not exist", "check the path and the folder you started in")
        return None
    except IsADirectoryError:
        _refuse(source, "is a directory", "name the file in it")
        return None
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or error).lower()
        _refuse(source, f"cannot be read: {reason}", "check the path and its permissions")
        return None
    if len(content) > MAX_BYTES:
        _refuse(source, "is larger than 1 MiB", "name a configuration, not data")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        source.report(line, 1, "is not UTF-8 text", "save the file as UTF-8")
        return None
    source.lines = re.split(r"\r\n|[\r\n]", text)
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        before = text[: unprintable.start()]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        what = f"holds a control character (code {ord(unprintable[0])})"
        where = f"{source.name}:{line}:{column}"
        # The line is not shown: a control character in it could write over the screen.
        source.problems.append(Problem(where, "", what, "remove it or name a text file", line=line))
        return None
    return text


def _content(path: Path) -> bytes:
    mode = path.stat().st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise ValueError("it is a device")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _refuse(source: SourceFile, what: str, hint: str) -> None:
    source.problems.append(Problem(source.name, "", what, hint))
