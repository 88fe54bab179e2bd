"""What the shell offers while a command is typed. Nothing is loaded: it must answer at once.

`runner --install-completion` sets it up; the shell then asks with an environment variable.
"""

from __future__ import annotations

from pathlib import Path

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
