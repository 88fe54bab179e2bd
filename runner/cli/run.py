"""`runner run`: run a strategy and print what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    strategy: Annotated[
        str | None,
        typer.Argument(
            help="path.py, path.py:Class, package.module:Class, an installed name, or a YAML file.",
            show_default=False,
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="A configuration file (YAML).")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="A parameter of the strategy: name=value."),
    ] = None,
    subscription: Annotated[
        list[str] | None,
        typer.Option("--subscription", "-s", help="What to receive, such as S:AAPL:candle."),
    ] = None,
    runtime: Annotated[
        str | None, typer.Option("--runtime", help="embedded, engine or gateway.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", help="sample, a CSV file, or a pattern: prices/{symbol}.csv."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="First date to replay, e.g. 2008-01-01.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Last date to replay, included.")
    ] = None,
    max_events: Annotated[
        str | None, typer.Option("--max-events", help="Stop after this many events.")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", help="Stop after this long: 30s, 5m.")
    ] = None,
    ui: Annotated[
        str | None, typer.Option("--ui", help="auto, live, plain, json or none.")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Load a strategy from a place others can write to.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON document.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, no log; the result only.")
    ] = False,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="More log; twice for all of it.")
    ] = 0,
) -> None:
    """Run a strategy: on real bundled prices, or wherever the configuration says."""
    import os

    from runner.app import RunOptions, execute
    from runner.config.load import load_config

    if strategy is not None and strategy.endswith((".yaml", ".yml")):
        from runner.errors import UsageError

        if config is not None:
            raise UsageError(
                f"two configuration files: {strategy} and --config {config}",
                fix="name the strategy itself, or only one file",
                id="E201",
            )
        config, strategy = Path(strategy), None
    flags = {
        "strategy": strategy,
        "params": param,
        "subscriptions": subscription,
        "runtime": runtime,
        "data.path": data,
        "data.from": start,
        "data.to": end,
        "max_events": max_events,
        "timeout": timeout,
        "ui": "none" if quiet and ui is None else ui,
        "trust": True if trust else None,
    }
    loaded = load_config(config, flags=flags, environ=os.environ, cwd=Path.cwd())
    options = RunOptions(as_json=as_json, verbosity=-1 if quiet else verbose)
    raise typer.Exit(execute(loaded, options, cwd=Path.cwd(), environ=os.environ))
