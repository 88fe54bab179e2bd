"""`runner report`: the report of a run that was kept."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runner.cli.runs_access import DirOption, RunArgument


class Form(StrEnum):
    """What a report is written as."""

    HTML = "html"
    MARKDOWN = "markdown"
    TEXT = "text"


def report(
    run: RunArgument = "last",
    form: Annotated[Form, typer.Option("--format", help="What to write.")] = Form.HTML,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Where to; else the page goes beside the record, text to stdout."
        ),
    ] = None,
    open_it: Annotated[
        bool, typer.Option("--open", help="Show the page in the browser of this machine.")
    ] = False,
    directory: DirOption = None,
) -> None:
    """Write the report of a run: one page that works offline, or Markdown, or text."""
    from runner.app.reporting import render_record, write_report
    from runner.cli.output import result_output
    from runner.cli.runs_access import records, shelf_at
    from runner.errors import UsageError

    if open_it and form is not Form.HTML:
        raise UsageError(
            f"only a page can be opened, was --format {form.value}",
            fix="leave out --open, or take --format html",
            id="E224",
        )
    (record,) = records(shelf_at(directory), run)
    if form is Form.TEXT:
        from runner.cli.runs_show import text_of

        text, missing = text_of(record) + "\n", ""
    else:
        suffix = ".md" if form is Form.MARKDOWN else ".html"
        text, missing = render_record(record, suffix, Path.cwd())
    if missing:
        typer.echo(f"warning: {missing}", err=True)
    if output is None and form is not Form.HTML:
        with result_output():
            typer.echo(text, nl=False)
        return
    target = output or record.folder / "report.html"
    write_report(target, text)
    with result_output():
        typer.echo(str(target))
    if open_it:
        import webbrowser

        webbrowser.open(target.resolve().as_uri())
