"""The shelf: the directory that holds all records, and how a run in it is named.

    .runner/.gitignore          so that no record is committed by mistake
    .runner/index.sqlite        made from what follows, and made again when it is lost
    .runner/runs/<id>/          one run

An id is the day and four letters, `20260131-kqzm`. Any part of it that begins it, or begins its
letters, is enough where no other run shares it; `last` is the latest, `last~1` the one before. What
a user types never becomes a path before it has the form of an id. May import the errors and this
room's files.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from random import random

from runner.errors import ConfigError
from runner.records.files import make_private, write_whole
from runner.records.holding import Hold, holder_of

LETTERS = "bcdfghjkmnpqrstvwxz"
"""No vowels, so that no id is a word, and nothing that looks like a digit."""
_LAST = re.compile(r"last(?:~(\d{1,6}))?", re.ASCII)
_ID = re.compile(r"\d{8}-[a-z]{4,8}", re.ASCII)
_TYPED = re.compile(r"[0-9]{1,8}(-[a-z]{0,8})?|[a-z]{1,8}", re.ASCII)
_ATTEMPTS = 100
_HALF_MADE_S = 60.0


class Shelf:
    """All records below one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.runs = root / "runs"

    def prepare(self) -> None:
        """Make the directories.

        Raises:
            OSError: they cannot be made.
        """
        make_private(self.root)
        make_private(self.runs)
        mark = self.root / ".gitignore"
        if not mark.exists():
            write_whole(mark, b"*\n", durable=False)

    def add(
        self,
        started: datetime,
        begin: Callable[[Path, str], None],
        draw: Callable[[], float] = random,
    ) -> tuple[Path, Hold]:
        """Make the folder of a new run, held by this process, and return both.

        Args:
            started: when the run began, UTC; its day is part of the id.
            begin: writes the first files, into a folder that nobody sees yet, for an id.
            draw: returns 0 to 1, for the letters of the id.

        Raises:
            OSError: the folder or its first files cannot be made.
        """
        for _ in range(_ATTEMPTS):
            letters = "".join(LETTERS[int(draw() * len(LETTERS))] for _ in range(4))
            name = f"{started:%Y%m%d}-{letters}"
            folder, hidden = self.runs / name, self.runs / f".{name}.{os.getpid()}"
            hidden.mkdir(mode=0o700)
            hold = None
            try:
                hold = Hold(hidden)
                begin(hidden, name)
                hidden.rename(folder)  # refused by the system where there is such a run already
            except OSError:
                if hold is not None:
                    hold.release()
                shutil.rmtree(hidden, ignore_errors=True)
                if not folder.exists():
                    raise
                continue
            return folder, hold
        raise FileExistsError(f"{_ATTEMPTS} names in {self.runs} are taken")

    def sweep(self) -> None:
        """Remove what processes that were killed left half made or half removed."""
        for one in self.runs.glob(".*"):
            if holder_of(one) is None and not _is_young(one):
                shutil.rmtree(one, ignore_errors=True)

    def ids(self) -> list[str]:
        """Return the ids of all records, sorted by day; empty where there is no such directory."""
        try:
            with os.scandir(self.runs) as entries:
                return sorted(
                    one.name
                    for one in entries
                    if _ID.fullmatch(one.name) and one.is_dir(follow_symlinks=False)
                )
        except OSError:
            return []

    def folder(self, id: str) -> Path:
        """Return the folder of a record by its full id."""
        assert _ID.fullmatch(id)
        return self.runs / id


def matching(typed: str, ids: Sequence[str], *, shelf: str) -> str:
    """Return the one id that `typed` means.

    Args:
        typed: an id, its beginning, or the beginning of its letters; `last` for the last of `ids`,
            `last~1` for the one before.
        ids: all there are, the oldest run first.
        shelf: where they are, for people.

    Raises:
        ConfigError: E390, there is none or `typed` is no id; E391, several fit.
    """
    text = typed.lower()
    last = _LAST.fullmatch(text)
    if last and int(last[1] or 0) < len(ids):
        return ids[-1 - int(last[1] or 0)]
    found = [one for one in ids if one.startswith(text) or _letters(one).startswith(text)]
    if not ids:
        raise ConfigError(
            "there are no records yet",
            where=shelf,
            fix="make one: runner run strategies/sma_cross.py",
            id="E390",
        )
    if not _TYPED.fullmatch(text) or not found:
        shown = typed[:40] if typed.isprintable() else "something that is no text"
        near = get_close_matches(text[:40], ids, n=1, cutoff=0.5)
        letters = {_letters(one): one for one in ids}
        near = near or [letters[one] for one in get_close_matches(text[:40], letters, n=1)]
        raise ConfigError(
            f"there is no record of a run {shown!r}",
            where=shelf,
            fix=(f"did you mean {near[0]}? " if near else "") + "all of them: runner runs",
            id="E390",
        )
    exact = [one for one in found if one == text]
    if len(found) > 1 and not exact:
        raise ConfigError(
            f"{typed} fits {len(found)} records: {', '.join(found[:5])}"
            + (", ..." if len(found) > 5 else ""),
            where=shelf,
            fix="type one more letter, or `last` for the latest",
            id="E391",
        )
    return (exact or found)[0]


def _is_young(folder: Path) -> bool:
    # Between the making of a folder and of its lock nobody holds it.
    try:
        return time.time() - folder.stat().st_mtime < _HALF_MADE_S
    except OSError:
        return True


def _letters(id: str) -> str:
    return id.partition("-")[2]
