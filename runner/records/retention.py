"""How much is kept: the oldest finished runs without a tag go first. May import this room."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from runner.errors import MachineError
from runner.records.index import Row
from runner.records.reading import RUNNING
from runner.records.shelf import Shelf


def surplus(rows: Sequence[Row], *, max_runs: int, max_bytes: int, keep: str = "") -> list[str]:
    """Return the ids of the runs that are over the bounds, oldest first.

    Runs that go on, that have a tag, and the run `keep` are never among them.

    Args:
        rows: all runs, the oldest first.
        max_runs, max_bytes: how many runs may stay, and how many bytes all of them may take.
        keep: the run that has just ended.
    """
    runs, size = len(rows), sum(one.size for one in rows)
    found = []
    for one in rows:
        if runs <= max_runs and size <= max_bytes:
            break
        if one.status == RUNNING or one.tags or one.id == keep:
            continue
        found.append(one.id)
        runs -= 1
        size -= one.size
    return found


def remove(shelf: Shelf, id: str) -> None:
    """Remove a record.

    Raises:
        MachineError: E1020, it cannot be removed.
    """
    folder = shelf.folder(id)
    # Out of sight first: a removal that is cut short must not leave half a record.
    hidden = folder.with_name(f".{id}.{os.getpid()}.removed")
    try:
        folder.rename(hidden)
        shutil.rmtree(hidden)
    except FileNotFoundError:
        return
    except OSError as error:
        raise MachineError(
            f"the record {id} cannot be removed: {(error.strerror or str(error)).lower()}",
            where=str(folder),
            fix="check the permissions of the directory",
            id="E1020",
        ) from None
