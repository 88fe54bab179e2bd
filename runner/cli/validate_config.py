"""`runner validate-config`: check a configuration and show where every value comes from.

It opens no socket. The strategy, if one is named, is loaded and its parameters are checked, since
that is where most mistakes are.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runner.cli.options import (
    ParamOption,
    RuntimeOption,
    SettingsOption,
    StrategyOption,
    SubscriptionOption,
)


class Format(StrEnum):
    """How the outcome is printed."""

    TEXT = "text"
    JSON = "json"


def validate_config(
    file: Annotated[
        Path | None, typer.Argument(help="A configuration file (YAML).", show_default=False)
    ] = None,
    strategy: StrategyOption = None,
    subscription: SubscriptionOption = None,
    param: ParamOption = None,
    runtime: RuntimeOption = None,
    settings: SettingsOption = None,
    output: Annotated[
        Format, typer.Option("--format", help="How to print the outcome.")
    ] = Format.TEXT,
) -> None:
    """Check a configuration; print every value and where it came from. Opens no connection."""
    import json
    import os

    from runner.errors import RunnerError

    try:
        from runner.config.explain import as_document, as_table, problems_document
        from runner.config.load import load_config, proxies_in_environment

        flags = {
            "strategy": strategy,
            "subscriptions": subscription,
            "params": param,
            "runtime": runtime,
            "set": settings,
        }
        loaded = load_config(file, flags=flags, environ=os.environ, cwd=Path.cwd())
        if loaded.config.strategy is not None:
            from runner.strategy.loader import load_strategy
            from runner.strategy.params import resolve_params

            found = load_strategy(loaded.config.strategy, cwd=Path.cwd(), trust=loaded.config.trust)
            resolve_params(found, loaded.config.params)
    except RunnerError as error:
        if output is Format.TEXT:
            raise
        typer.echo(json.dumps(problems_document(error), indent=2, ensure_ascii=False))
        raise typer.Exit(error.exit_code) from None
    proxies = proxies_in_environment(os.environ)
    if output is Format.JSON:
        typer.echo(json.dumps(as_document(loaded, proxies), indent=2, ensure_ascii=False))
    else:
        typer.echo(as_table(loaded, proxies))
