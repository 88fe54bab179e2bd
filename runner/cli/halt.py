"""`runner halt`: stop runs that trade, from another terminal, and see that they have stopped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.runs_access import DirOption, shelf_at

if TYPE_CHECKING:
    from runner.records.shelf import Shelf

WAIT_S = 15.0
"""How long a run may take to leave before a person is told to look."""


def halt(
    run: Annotated[
        str | None,
        typer.Argument(
            help="The id of a run, or `last`; without one, every run of this directory.",
            show_default=False,
            metavar="[ID]",
        ),
    ] = None,
    release: Annotated[
        bool, typer.Option("--release", help="Let runs at a gateway begin here again.")
    ] = False,
    directory: DirOption = None,
) -> None:
    """Halt runs at once: no order passes, entries are cancelled, exits stay."""
    from runner.errors import UsageError

    shelf = shelf_at(directory)
    if release:
        if run is not None:
            raise UsageError(
                f"--release is for all runs of a directory, was {run}",
                fix="runner halt --release",
                id="E212",
            )
        _release(shelf)
        return
    raise typer.Exit(_halt(shelf, run))


def _release(shelf: Shelf) -> None:
    from runner.records.lines import KILL

    file = shelf.root / KILL
    if file.exists():
        file.unlink()
        typer.echo("released: runs may begin here again")
    else:
        typer.echo("nothing was halted here")


def _halt(shelf: Shelf, run: str | None) -> int:
    from runner.cli.runs_access import full_ids
    from runner.errors import RiskHalt
    from runner.records.holding import holder_of

    if run is None:
        shelf.prepare()
        ids = [one for one in shelf.ids() if holder_of(shelf.folder(one)) is not None]
        _touch(shelf.root)
    else:
        ids = full_ids(shelf, run)
        if holder_of(shelf.folder(ids[0])) is None:
            typer.echo(f"{ids[0]} does not run any more")
            return 0
        _touch(shelf.folder(ids[0]))
    until = time.monotonic() + WAIT_S
    left = ids
    while left and time.monotonic() < until:
        time.sleep(0.1)
        left = [one for one in left if holder_of(shelf.folder(one)) is not None]
    for one in ids:
        typer.echo(f"{one} {'has not ended yet' if one in left else 'has ended'}")
    if run is None:
        what = "no run was going on here" if not ids else "all runs of this directory are halted"
        typer.echo(f"{what}; none begins at a gateway before `runner halt --release`")
    if left:
        raise RiskHalt(
            f"{len(left)} of {len(ids)} runs have not ended",
            where=", ".join(left),
            why="no order of theirs passes any more, but they have not left: a handler may block",
            fix="look at the account; a process is ended with kill PID (runner runs show ID)",
            id="E923",
        )
    return 0


def _touch(folder: Path) -> None:
    from runner.records.lines import KILL

    (folder / KILL).touch(mode=0o600)
