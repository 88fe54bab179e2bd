"""Find an entry by its id, or say which ids are near."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import import_module

from runner.errors import UsageError
from runner.explained.entry import Entry

FAMILIES = (
    "usage", "configuration", "data_files", "serving", "records", "loading", "strategies",
    "connecting", "protocol", "gates", "machine",
)  # fmt: skip
"""The files of entries, in the order of their ids."""


def all_entries() -> dict[str, Entry]:
    """Return every entry by its id, in ascending order of the ids."""
    found = {one.id: one for one in _entries()}
    return dict(sorted(found.items(), key=lambda item: int(item[0][1:])))


def find_entry(id: str) -> Entry:
    """Return the entry of an id; case and a missing E do not matter, `error[E301]` does as well.

    Raises:
        UsageError: E206, there is no such id.
    """
    wanted = id.strip().upper().removeprefix("ERROR").strip("[]: ")
    wanted = wanted if wanted.startswith("E") else f"E{wanted}"
    entries = all_entries()
    if wanted in entries:
        return entries[wanted]
    near = _near(wanted, entries)
    raise UsageError(
        f"there is no error {id!r}",
        fix=f"did you mean {' or '.join(near)}?" if near else "see them all: runner explain",
        id="E206",
    )


def _near(wanted: str, entries: Iterable[str]) -> list[str]:
    if re.fullmatch(r"E\d{1,2}", wanted, re.ASCII):
        return [one for one in entries if one.startswith(wanted)][:3]
    if not re.fullmatch(r"E\d{3,4}", wanted, re.ASCII):
        return []
    # Ids of one exit code stand together: a slip is likelier in the last digits.
    number = int(wanted[1:])
    family = [one for one in entries if int(one[1:]) // 100 == number // 100]
    return sorted(family, key=lambda one: abs(int(one[1:]) - number))[:3]


def _entries() -> Iterator[Entry]:
    for name in FAMILIES:
        yield from import_module(f"runner.explained.{name}").ENTRIES
