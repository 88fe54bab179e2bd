"""`runner strategies`: which strategies there are, whether they can run, and their parameters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.completion import strategies_and_configs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.results.layout import Page
    from runner.strategy.listing import Listed

SCHEMA = "runner.strategies/1"
"""Raised when a key is removed or changes its meaning; new keys do not raise it."""


def strategies(
    places: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, names, configurations (YAML); by default the folder strategies "
            "and what is installed.",
            show_default=False,
            autocompletion=strategies_and_configs,
        ),
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Load strategies from a place others can write to.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the list as one JSON document.")
    ] = False,
) -> None:
    """List strategies: whether each can be loaded, its parameters, and what it does."""
    import json
    import os
    import sys

    from runner.cli.output import result_output
    from runner.dashboard.capture import Capture, captured
    from runner.errors import StrategyLoadError
    from runner.results.layout import Page

    with captured(Capture(sys.stderr)):  # what their modules print is no part of the list
        found = list(_found(places or [], trust=trust))
    with result_output():
        if as_json:
            document = {"schema": SCHEMA, "strategies": [_document(one) for one in found]}
            typer.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))
        else:
            typer.echo("\n".join(_text(found, Page.of(sys.stdout, os.environ))))
    if any(one.problem for one in found):
        raise typer.Exit(StrategyLoadError.exit_code)


def _found(places: list[str], *, trust: bool) -> Iterator[Listed]:
    from runner.strategy.listing import list_strategies

    if not places:
        yield from list_strategies([], cwd=Path.cwd(), trust=trust)
    for place in places:
        if place.endswith((".yaml", ".yml")):
            yield _of_configuration(place, trust=trust)
        else:
            yield from list_strategies([place], cwd=Path.cwd(), trust=trust)


def _of_configuration(file: str, *, trust: bool) -> Listed:
    """Return the strategy that a configuration names, with the parameters it gives it."""
    import os

    from runner.config.load import load_config
    from runner.errors import RunnerError, UsageError
    from runner.strategy.listing import Listed, list_strategy

    try:
        config = load_config(Path(file), flags={}, environ=os.environ, cwd=Path.cwd()).config
    except RunnerError as problem:
        return Listed(file, problem=problem)
    if config.strategy is None:
        missing = UsageError(
            "the configuration names no strategy",
            where=file,
            fix="add a line to it: strategy: strategies/sma_cross.py",
            id="E202",
        )
        return Listed(file, problem=missing)
    return list_strategy(
        file,
        config.strategy,
        cwd=Path.cwd(),
        params=config.params,
        trust=trust or config.trust,
    )


def _text(found: list[Listed], page: Page) -> Iterator[str]:
    if not found:
        yield "no strategy found: none is installed, and the places that were looked at have none"
        yield "make one: runner new my_strategy.py; look into this folder: runner strategies ."
    for one in found:
        status = page.style("ok  ", "green") if one.problem is None else page.style("FAIL", "red")
        spec = f"  ({page.plain(one.spec)})" if one.spec else ""
        yield f"{status}  {page.style(page.plain(one.name), 'bold')}{spec}"
        if one.doc:
            yield from page.wrap(one.doc, indent=6)
        if one.problem is None:
            for name, declared in one.params.items():
                said = (
                    f"{declared.help}  ({declared.bounds()})"
                    if declared.bounds()
                    else declared.help
                )
                yield from page.wrap(f"{name}={declared.default}  {said}", indent=8)
        else:
            for line in one.problem.lines():
                yield from page.wrap(line.strip(), indent=8)


def _document(one: Listed) -> dict[str, object]:
    problem = one.problem
    return {
        "name": one.name,
        "strategy": one.spec or one.name,
        "class": one.found.__name__ if one.found else None,
        "doc": one.doc,
        "ok": problem is None,
        "params": {
            name: {
                "default": declared.default,
                "type": type(declared.default).__name__,
                "bounds": declared.bounds(),
                "help": declared.help,
            }
            for name, declared in one.params.items()
        },
        "problem": None
        if problem is None
        else {
            "error": problem.id,
            "what": problem.what,
            "where": problem.where,
            "why": problem.why,
            "fix": problem.fix,
        },
    }
