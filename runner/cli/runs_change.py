"""`runner runs rm`, `tag` and `note`: what people do to records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.runs_access import DirOption, RunArgument

if TYPE_CHECKING:
    from runner.records.lines import Remarks
    from runner.records.reading import Record
    from runner.records.shelf import Shelf

_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)
MAX_NOTE = 1000


def rm(
    ids: Annotated[
        list[str],
        typer.Argument(help="Ids of runs, or their beginnings.", show_default=False, metavar="ID"),
    ],
    directory: DirOption = None,
) -> None:
    """Remove the records of runs, for good."""
    from runner.cli.runs_access import full_ids, opened, shelf_at
    from runner.errors import MachineError
    from runner.records.holding import holder_of
    from runner.records.retention import remove

    shelf = shelf_at(directory)
    found = list(dict.fromkeys(full_ids(shelf, *ids)))
    for one in found:
        holder = holder_of(shelf.folder(one))
        if holder is not None:
            raise MachineError(
                f"the run {one} is still going on" + f", as process {holder}" * bool(holder),
                where=str(shelf.folder(one)),
                why="its record is being written",
                fix=f"stop it first: kill {holder}" if holder else "stop it first",
                id="E1024",
            )
    for one in found:
        remove(shelf, one)
        typer.echo(f"removed {one}", err=True)
    with opened(shelf):
        pass  # which brings the index up to date


def tag(
    run: RunArgument,
    tags: Annotated[
        list[str], typer.Argument(help="Short words, such as baseline.", show_default=False)
    ],
    remove: Annotated[bool, typer.Option("--remove", help="Take the tags away instead.")] = False,
    directory: DirOption = None,
) -> None:
    """Give a run tags; a run with a tag is never removed to make room."""
    import msgspec

    from runner.cli.runs_access import records, shelf_at
    from runner.errors import ConfigError

    for one in tags:
        if not _TAG.fullmatch(one):
            raise ConfigError(
                f"a tag is a short word, was {one[:60]!r}",
                where="command line",
                why="letters, digits, dots, dashes and underscores, 40 at most",
                fix="choose another, or write a sentence: runner runs note",
                id="E393",
            )
    shelf = shelf_at(directory)
    (record,) = records(shelf, run)
    kept = [one for one in record.remarks.tags if one not in tags]
    _save(
        shelf,
        record,
        msgspec.structs.replace(record.remarks, tags=kept if remove else [*kept, *tags]),
    )


def note(
    run: RunArgument,
    text: Annotated[
        str, typer.Argument(help="One sentence; an empty one removes it.", show_default=False)
    ],
    directory: DirOption = None,
) -> None:
    """Write a note to a run, in place of the one it has."""
    import msgspec

    from runner.cli.runs_access import records, shelf_at
    from runner.errors import ConfigError

    if len(text) > MAX_NOTE:
        raise ConfigError(
            f"a note has up to {MAX_NOTE} characters, was {len(text)}",
            where="command line",
            id="E393",
        )
    shelf = shelf_at(directory)
    (record,) = records(shelf, run)
    _save(shelf, record, msgspec.structs.replace(record.remarks, note=text.strip()))


def _save(shelf: Shelf, record: Record, remarks: Remarks) -> None:
    from runner.errors import MachineError
    from runner.records.files import write_whole
    from runner.records.index import open_index
    from runner.records.lines import REMARKS, encode_document

    try:
        write_whole(record.folder / REMARKS, encode_document(remarks))
    except OSError as error:
        raise MachineError(
            f"the record cannot be written: {(error.strerror or str(error)).lower()}",
            where=str(record.folder),
            fix="check the permissions of the directory and the room on the disk",
            id="E1025",
        ) from None
    with open_index(shelf, refresh=[record.id]):
        pass
