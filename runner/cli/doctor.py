"""`runner doctor`: what could keep a run from working here, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.doctor import Finding
    from runner.results.layout import Page

SCHEMA = "runner.doctor/1"
"""Raised when a key is removed or changes its meaning; new keys do not raise it."""


def doctor(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Look at the addresses of this file (YAML) as well."),
    ] = None,
    timeout: Annotated[
        str, typer.Option("--timeout", help="Longest wait for the answer of one address.")
    ] = "3s",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found as one JSON document.")
    ] = False,
) -> None:
    """Look at Python, packages, terminal, clock, permissions, disk, and configured peers."""
    import json
    import os
    import sys

    from runner.cli.options import read
    from runner.cli.output import result_output
    from runner.config.fields import duration
    from runner.doctor import Status, examine
    from runner.results.layout import Page

    found: list[Finding] = []
    examined = examine(
        config,
        environ=os.environ,
        cwd=Path.cwd(),
        stream=sys.stdout,
        timeout_s=read("--timeout", duration(0.001, 60.0).parse, timeout),
    )
    page = Page.of(sys.stdout, os.environ)
    with result_output():
        for one in examined:
            found.append(one)
            if not as_json:
                typer.echo("\n".join(_text(one, page)))
        if as_json:
            typer.echo(json.dumps(_document(found), indent=2, ensure_ascii=False))
        else:
            typer.echo(_verdict(found))
    failed = [one for one in found if one.status is Status.FAIL]
    if failed:
        raise typer.Exit(failed[0].exit_code)


_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
_INDENT = 24


def _text(one: Finding, page: Page) -> Iterator[str]:
    plain = replace(page, color=False)
    name = page.plain(one.name)[: _INDENT - 7]
    first, *more = plain.wrap(one.said, label=f"{one.status:6}{name}", indent=_INDENT)
    status = str(one.status)
    yield page.style(status, _COLOURS[status]) + first[len(status) :]
    yield from more
    if one.fix:
        yield from plain.wrap(f"fix: {one.fix}", indent=_INDENT)


def _verdict(found: list[Finding]) -> str:
    counts = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for status, word in (("fail", "failure"), ("warn", "warning"))
        if (count := sum(one.status == status for one in found))
    ]
    return f"\n{' and '.join(counts)}" if counts else "\nall is well"


def _document(found: list[Finding]) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "ok": all(one.status != "fail" for one in found),
        "findings": [
            {"name": one.name, "status": str(one.status), "said": one.said, "fix": one.fix or None}
            for one in found
        ],
    }
