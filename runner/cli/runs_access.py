"""How the commands that deal with records find them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from runner.records.index import Index
    from runner.records.reading import Record
    from runner.records.shelf import Shelf

DirOption = Annotated[
    str | None,
    typer.Option("--dir", help="Directory of the records; by default that of records.dir."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
RunArgument = Annotated[
    str,
    typer.Argument(
        help="The id of a run, its beginning, `last`, or `last~1`.",
        show_default=False,
        metavar="ID",
    ),
]


def shelf_at(directory: str | None) -> Shelf:
    """Return the records in a directory, or where the configuration says they are."""
    import os

    from runner.config.load import load_config
    from runner.records.shelf import Shelf

    cwd = Path.cwd()
    if directory is None:
        config = load_config(None, flags={}, environ=os.environ, cwd=cwd).config
        directory = config.records.dir
    return Shelf(cwd / directory)


@contextmanager
def opened(shelf: Shelf) -> Iterator[Index]:
    """Open the index of a shelf, up to date."""
    from runner.records.index import open_index

    with open_index(shelf) as index:
        yield index


def full_ids(shelf: Shelf, *typed: str) -> list[str]:
    """Return the ids that are meant.

    Raises:
        ConfigError: E390 or E391, there is none, or several fit.
    """
    from runner.records.shelf import matching

    if not shelf.ids():
        return [matching(one, [], shelf=str(shelf.root)) for one in typed]
    with opened(shelf) as index:
        ids = index.ids()
    return [matching(one, ids, shelf=str(shelf.root)) for one in typed]


def records(shelf: Shelf, *typed: str) -> list[Record]:
    """Return the records that are meant.

    Raises:
        ConfigError: E390, E391, as for `full_ids`; E394, one cannot be read.
    """
    from runner.records.reading import read_record

    return [read_record(shelf.folder(one)) for one in full_ids(shelf, *typed)]


def print_json(document: object) -> None:
    """Print one JSON document."""
    import msgspec

    from runner.cli.output import result_output

    with result_output():
        typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
