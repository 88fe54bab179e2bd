"""The options that several commands share, each declared once: its name, help and completion.

Also reads the text of an option, so that a mistake names its option and the fix. Nothing heavy may
be imported here: every start of the program comes through.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from runner.cli.completion import (
    parameters,
    runtimes,
    strategies_and_configs,
    strategy_names,
    subscriptions,
)

Value = TypeVar("Value")

StrategyArgument = Annotated[
    str | None,
    typer.Argument(
        help="path.py, path.py:Class, package.module:Class, an installed name, or a YAML file.",
        show_default=False,
        autocompletion=strategies_and_configs,
    ),
]
StrategyOption = Annotated[
    str | None,
    typer.Option(
        "--strategy",
        "-S",
        help="Check this strategy instead of the file's.",
        autocompletion=strategy_names,
    ),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="A configuration file (YAML).")
]
ParamOption = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        "-p",
        help="A parameter of the strategy: name=value.",
        autocompletion=parameters,
    ),
]
SubscriptionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--subscription",
        "-s",
        help="What to receive, such as S:AAPL:candle.",
        autocompletion=subscriptions,
    ),
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any other key of the configuration: exchange.cash=5000."),
]
RuntimeOption = Annotated[
    str | None,
    typer.Option("--runtime", help="embedded, engine or gateway.", autocompletion=runtimes),
]
TrustOption = Annotated[
    bool, typer.Option("--trust", help="Load a strategy from a place others can write to.")
]

DataOption = Annotated[
    str | None,
    typer.Option("--data", help="sample, a file, or a pattern: prices/{symbol}.csv."),
]
QuotesDataOption = Annotated[
    str | None,
    typer.Option("--quotes-data", help="A file or pattern of quotes, which then fill orders."),
]
FromOption = Annotated[
    str | None, typer.Option("--from", help="First date to replay, e.g. 2008-01-01.")
]
ToOption = Annotated[str | None, typer.Option("--to", help="Last date to replay, included.")]
TimezoneOption = Annotated[
    str | None,
    typer.Option("--timezone", help="Time zone of the data's days and clocks; else UTC."),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option("--columns", help="Which column is which: time=Date,open=O; else detected."),
]
SortOption = Annotated[
    bool, typer.Option("--sort", help="Put candles into the order of their times.")
]
DedupeOption = Annotated[
    bool, typer.Option("--dedupe", help="Keep the last of several candles of one moment.")
]
SkipBadOption = Annotated[
    str | None,
    typer.Option("--skip-bad", help="Leave out up to this many rows that cannot be used."),
]


def read(option: str, parse: Callable[[str], Value], text: str) -> Value:
    """Return what `parse` makes of the text of an option.

    Raises:
        ConfigError: E375, the text does not fit.
    """
    from runner.config.units import UnfitError
    from runner.errors import ConfigError

    try:
        return parse(text)
    except UnfitError as problem:
        raise ConfigError(
            f"{option} {problem.what}", where="command line", fix=problem.hint, id="E375"
        ) from None
