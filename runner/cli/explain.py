"""`runner explain`: what an error id means, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.explained import Entry
    from runner.results.layout import Page

SCHEMA = "runner.explain/1"
"""Raised when a key is removed or changes its meaning; new keys do not raise it."""


def _ids(incomplete: str) -> list[tuple[str, str]]:
    from runner.explained import all_entries

    return [(one.id, one.title) for one in all_entries().values() if one.id.startswith(incomplete)]


def explain(
    id: Annotated[
        str | None,
        typer.Argument(
            help="The id in the brackets of a message; without one, all are listed.",
            show_default=False,
            autocompletion=_ids,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what is known as one JSON document.")
    ] = False,
) -> None:
    """Explain an error id: what it means, usual causes, and what to do."""
    import json
    import os
    import sys

    from runner.cli.output import result_output
    from runner.explained import all_entries, find_entry
    from runner.results.layout import Page

    found = list(all_entries().values()) if id is None else [find_entry(id)]
    page = Page.of(sys.stdout, os.environ)
    with result_output():
        if as_json:
            document = {"schema": SCHEMA, "errors": [_document(one) for one in found]}
            typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        elif id is None:
            typer.echo("\n".join(_contents(found, page)))
        else:
            typer.echo("\n".join(_text(found[0], page)))


def _document(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "title": entry.title,
        "exit_code": entry.exit_code,
        "means": entry.means,
        "causes": list(entry.causes),
        "fixes": list(entry.fixes),
        "example": entry.example,
    }


def _contents(entries: list[Entry], page: Page) -> Iterator[str]:
    code = 0
    for one in entries:
        if one.exit_code != code:
            if code:
                yield ""
            code = one.exit_code
            yield page.style(f"Exit code {code}: {_family(code)}", "bold")
        yield from page.wrap(one.title, label=f"  {one.id}", indent=9)
    yield ""
    yield "More about one of them: runner explain E301"


def _text(entry: Entry, page: Page) -> Iterator[str]:
    yield page.style(f"{entry.id}: {entry.title}", "bold")
    yield from page.wrap(f"Exit code {entry.exit_code}: {_family(entry.exit_code)}")
    yield ""
    yield from page.wrap(entry.means)
    yield ""
    yield "Usual causes"
    for cause in entry.causes:
        yield from page.wrap(cause, label="  -", indent=4)
    yield ""
    yield "What to do"
    for number, fix in enumerate(entry.fixes, 1):
        yield from page.wrap(fix, label=f"  {number}.", indent=5)
    yield ""
    yield "Example"
    yield from page.wrap(entry.example, indent=2)


def _family(code: int) -> str:
    import inspect

    from runner import errors

    if code == errors.RunnerError.exit_code:
        return "an internal error, ours"
    # The class that stands first in the file is the family's; others derive from it.
    family = next(
        one
        for one in vars(errors).values()
        if inspect.isclass(one) and issubclass(one, errors.RunnerError) and one.exit_code == code
    )
    said = (inspect.getdoc(family) or "").splitlines()[0].rstrip(".")
    return said[:1].lower() + said[1:]
