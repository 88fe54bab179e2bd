"""What the shell offers while a command is typed. It must answer at once, and never complain.

Nothing is executed: the parameters of a strategy are read from the text of its file. Whatever goes
wrong, there is nothing to offer. `runner --install-completion` sets it up; the shell then asks with
an environment variable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import typer

MOST = 200
"""Most suggestions: a shell shows no more, and a folder may hold any number of files."""


def strategies_and_configs(incomplete: str) -> list[str]:
    """Return strategy files, configuration files and installed strategies that begin so."""
    return _files(incomplete, (".py", ".yaml", ".yml")) + _installed(incomplete)


def strategy_names(incomplete: str) -> list[str]:
    """Return strategy files and installed strategies that begin so."""
    return _files(incomplete, (".py",)) + _installed(incomplete)


def runtimes(incomplete: str) -> list[str]:
    """Return the runtimes that begin so."""
    return [one for one in ("embedded", "engine", "gateway") if one.startswith(incomplete)]


def parameters(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return `name=` of each parameter that the strategy on the line declares and begins so.

    A single one comes with its default as well: a shell then adds no space after `name=`.
    """
    with suppress(Exception):
        from runner.cli.reading import declared_in

        defaults = {
            name: default
            for source in _sources(ctx)
            for name, default in declared_in(source, Path.cwd()).params.items()
        }
        name, equals, _ = incomplete.partition("=")
        if equals:
            return [f"{name}={defaults[name]}"] if defaults.get(name) else []
        found = [one for one in defaults if one.startswith(incomplete)]
        if len(found) == 1 and defaults[found[0]]:
            return [f"{found[0]}=", f"{found[0]}={defaults[found[0]]}"]
        return [f"{one}=" for one in found]
    return []


def subscriptions(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return subscriptions that begin so: symbols first, and the forms of one whose name is whole.

    The symbols are those of the sample and of the strategy on the line.
    """
    with suppress(Exception):
        from runner.cli.reading import declared_in
        from runner.engine.data import SAMPLE_SYMBOLS
        from runner.protocol.subscriptions import LIST_TYPES

        done, comma, item = incomplete.rpartition(",")
        asked = [one for source in _sources(ctx) for one in declared_in(source, Path.cwd()).asked]
        offered = dict.fromkeys([*asked, *(f"{symbol}:candle" for symbol in SAMPLE_SYMBOLS)])
        symbol, colon, _ = item.rpartition(":")
        if colon and ":" in symbol:  # S:AAPL:can
            offered = dict.fromkeys(f"{symbol}:{form}" for form in LIST_TYPES)
        return [f"{done}{comma}{one}" for one in offered if one.startswith(item)]
    return []


def _sources(ctx: typer.Context) -> Iterator[str]:
    # An option whose value is only now being typed keeps the words before it in `ctx.args`.
    named = [ctx.params.get("strategy"), *ctx.args, ctx.params.get("config")]
    file = ctx.params.get("file")
    yield from (str(one) for one in [*named, file] if one)


def _files(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    typed = incomplete.rpartition("/")[0]
    folders = [Path(typed or "/")] if "/" in incomplete else [Path(), *map(Path, _HOMES)]
    found = [
        str(file)
        for folder in folders
        if folder.is_dir()
        for file in sorted(folder.iterdir())
        if file.suffix in endings and not _is_other(file)
    ]
    return [one for one in found if one.startswith(incomplete)][:MOST]


_HOMES = ("strategies", "configs")


def _is_other(file: Path) -> bool:
    stem = file.stem
    return stem.startswith(("test_", "_", ".")) or stem.endswith("_test") or stem == "conftest"


def _installed(incomplete: str) -> list[str]:
    from runner.strategy.loader import installed_strategies

    return sorted(one for one in installed_strategies() if one.startswith(incomplete))
