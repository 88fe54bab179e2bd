"""`runner new`: a strategy with its test and its configuration, ready to run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runner.scaffold.template import Template


def new(
    file: Annotated[
        str,
        typer.Argument(help="The strategy's file; all names follow from it.", show_default=False),
    ],
    template: Annotated[
        Template, typer.Option("--template", "-t", help="What to begin with.")
    ] = Template.SMA,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the files if they are already there.")
    ] = False,
) -> None:
    """Write a new strategy with its test and its configuration, all of which pass at once."""
    from runner.cli.output import result_output
    from runner.scaffold.names import names_of
    from runner.scaffold.writing import write_strategy

    names = names_of(file)
    made = write_strategy(names, template, cwd=Path.cwd(), replace=force)
    width = max(len(str(one.path)) for one in made)
    with result_output():
        for one in made:
            typer.echo(f"{one.path!s:{width}}  {one.what}")
        typer.echo(
            f"\nnext: runner run {names.config}\n"
            f"      pytest {names.test}\n"
            f"      runner validate-config {names.config}"
        )
