"""Where a strategy's file may lie: what a path typed by a user leads to, and whether to trust it.

A strategy is code that trades. A path in somebody's configuration must not lead out of the project
unnoticed, and a file that anybody may write to is anybody's strategy. An absolute path is taken as
typed: it says openly where it leads. May import errors only.
"""

from __future__ import annotations

import os
import re
import stat
from difflib import get_close_matches
from pathlib import Path

from runner.errors import ConfigError, StrategyLoadError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|file:|data:", re.ASCII)
_PROJECT_MARKS = (".git", "pyproject.toml")


def refuse_url(spec: str) -> None:
    """Refuse an address: code from a network is never run.

    Raises:
        ConfigError: E341.
    """
    if _URL.match(spec):
        raise ConfigError(
            "a strategy cannot be an address",
            where=spec,
            why="code is run from this machine only",
            fix="download the file, read it, and give its path",
            id="E341",
        )


def is_path(spec: str) -> bool:
    """Tell whether a strategy is given as a file rather than by a name."""
    return "/" in spec or os.sep in spec or spec.endswith(".py") or ".py:" in spec


def shown_path(path: Path, cwd: Path) -> str:
    """Return a path as a user would type it: relative where it lies below `cwd`."""
    try:
        return str(path.relative_to(cwd))
    except ValueError:
        return str(path)


def checked_path(typed: str, cwd: Path, *, trust: bool) -> Path:
    """Return the file that `typed` leads to, as an absolute path.

    Raises:
        StrategyLoadError: E401, there is no such file.
        ConfigError: E342 the path leaves the project, E343 others may write to the file.
    """
    relative = Path(typed).expanduser()
    path = cwd / relative
    try:
        details = path.stat()
    except FileNotFoundError:
        raise _missing(typed, path, cwd) from None
    except (OSError, ValueError) as error:
        raise StrategyLoadError(
            "the strategy file cannot be read: "
            + str(getattr(error, "strerror", None) or error).lower(),
            where=typed,
            fix="check the path and its permissions",
            id="E401",
        ) from None
    if stat.S_ISDIR(details.st_mode):
        raise _directory(typed, path, cwd)
    if not stat.S_ISREG(details.st_mode):
        raise StrategyLoadError("the strategy is not a file", where=typed, id="E401")
    if not trust:
        _refuse_untrusted(typed, relative, path, cwd, details)
    return path


def _refuse_untrusted(
    typed: str, relative: Path, path: Path, cwd: Path, details: os.stat_result
) -> None:
    if not relative.is_absolute():
        lexical = Path(os.path.normpath(path))
        if ".." in relative.parts and not lexical.is_relative_to(os.path.normpath(cwd)):
            raise ConfigError(
                "the strategy's path leads out of this directory",
                where=typed,
                why="a path that climbs with .. may lead to code of somebody else",
                fix=f"give the absolute path {lexical}, or --trust",
                id="E342",
            )
        real, project = path.resolve(), _project(cwd).resolve()
        if not real.is_relative_to(project):
            raise ConfigError(
                "the strategy's path leads out of the project by a symbolic link",
                where=typed,
                why=f"it leads to {real}, which is not below {project}",
                fix=f"give the absolute path {real}, or --trust",
                id="E342",
            )
    if details.st_mode & stat.S_IWOTH:
        raise ConfigError(
            "everybody on this machine may write to the strategy file",
            where=typed,
            why="whoever changes it trades in your name",
            fix=f"chmod o-w {typed}, or --trust",
            id="E343",
        )


def _project(cwd: Path) -> Path:
    for folder in (cwd, *cwd.parents):
        if any((folder / mark).exists() for mark in _PROJECT_MARKS):
            return folder
    return cwd


def _missing(typed: str, path: Path, cwd: Path) -> StrategyLoadError:
    folders = [path.parent, cwd, cwd / "strategies"]
    files = [
        file
        for folder in dict.fromkeys(folders)
        if folder.is_dir()
        for file in sorted(folder.glob("*.py"))
    ]
    # A file of that very name elsewhere is likelier meant than one of a similar name here.
    same = [file for file in files if path.name in (file.name, file.stem)]
    names = get_close_matches(path.name, [file.name for file in files], n=3)
    near = same or [file for name in names for file in files if file.name == name]
    listed = [shown_path(file, cwd) for file in dict.fromkeys(near)][:3]
    return StrategyLoadError(
        "there is no such strategy file",
        where=typed,
        why="" if path.parent.is_dir() else f"there is no directory {path.parent}",
        fix=f"did you mean {' or '.join(listed)}?" if listed else "check the path",
        id="E401",
    )


def _directory(typed: str, path: Path, cwd: Path) -> StrategyLoadError:
    files = [shown_path(file, cwd) for file in sorted(path.glob("*.py"))]
    return StrategyLoadError(
        "the strategy is a directory",
        where=typed,
        why=f"it holds {', '.join(files[:8])}" if files else "it holds no .py file",
        fix=f"name a file, e.g. {files[0]}" if files else "name a .py file",
        id="E401",
    )
