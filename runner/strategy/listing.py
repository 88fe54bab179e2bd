"""Which strategies can be run: those of given files and folders, and those that are installed.

Each is loaded as a run would load it, under the same guard, since only that tells whether it can
run. May import errors and the strategy floor.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.errors import RunnerError, StrategyLoadError
from runner.strategy.base import Strategy
from runner.strategy.inspection import check_strategy
from runner.strategy.loader import installed_strategies, load_strategy, strategies_in
from runner.strategy.location import shown_path
from runner.strategy.params import Param, declared_params, resolve_params

FOLDER = "strategies"
"""Where strategies are looked for unless places are named."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One strategy, or what was tried to be one."""

    name: str
    """What to type after `runner run`."""
    found: type[Strategy] | None = None
    problem: RunnerError | None = None
    """Why it cannot run; None when it can."""
    spec: str = ""
    """What the configuration `name` says to run; empty where `name` is the strategy itself."""

    @property
    def doc(self) -> str:
        """The first line of its docstring, or nothing."""
        text = self.found.__dict__.get("__doc__") if self.found else None
        return inspect.cleandoc(text).partition("\n")[0] if text else ""

    @property
    def params(self) -> dict[str, Param]:
        """Its declared parameters by name."""
        return declared_params(self.found) if self.found else {}


def list_strategies(places: Iterable[str], *, cwd: Path, trust: bool = False) -> list[Listed]:
    """Return the strategies of files and folders, and then, without any places, the installed ones.

    A folder is looked through without those below it; files of tests and those whose names begin
    with `_` or `.` are left out, and so are those without a strategy.

    Args:
        places: files, folders, and whatever else names a strategy; without any, the folder
            `strategies` and what is installed.
        cwd: the folder that relative paths start from.
        trust: load files also from where others can write.
    """
    named = list(places)
    found: list[Listed] = []
    for place in named or [FOLDER]:
        if (cwd / place).is_dir():
            for file in _files(cwd / place):
                found += _of_file(shown_path(file, cwd), cwd, trust=trust, whole_folder=True)
        elif place.endswith(".py"):
            found += _of_file(place, cwd, trust=trust, whole_folder=False)
        elif named:
            found.append(_named(place, cwd, trust=trust))
    if not named:
        found += [_named(name, cwd, trust=trust) for name in sorted(installed_strategies())]
    return found


def list_strategy(
    name: str, spec: str, *, cwd: Path, params: Mapping[str, object], trust: bool = False
) -> Listed:
    """Return the strategy `spec` under another name, checked with these parameters."""
    found = None
    try:
        found = load_strategy(spec, cwd=cwd, trust=trust)
        resolve_params(found, params)
    except RunnerError as problem:
        return Listed(name, found, problem, spec)
    return Listed(name, found, spec=spec)


def _files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.glob("*.py")):
        stem = file.stem
        of_tests = stem.startswith("test_") or stem.endswith("_test") or stem == "conftest"
        if file.is_file() and not of_tests and not stem.startswith(("_", ".")):
            yield file


def _of_file(typed: str, cwd: Path, *, trust: bool, whole_folder: bool) -> list[Listed]:
    try:
        classes = strategies_in(typed, cwd=cwd, trust=trust)
    except StrategyLoadError as problem:
        # Strategies may share a file of helpers, which is none itself.
        return [] if whole_folder and problem.id == "E420" else [Listed(typed, problem=problem)]
    except RunnerError as problem:
        return [Listed(typed, problem=problem)]
    if len(classes) == 1:
        return [_checked(typed, classes[0], cwd)]
    return [_checked(f"{typed}:{one.__name__}", one, cwd) for one in classes]


def _checked(name: str, found: type[Strategy], cwd: Path) -> Listed:
    try:
        resolve_params(check_strategy(found, cwd), {})
    except RunnerError as problem:
        return Listed(name, found, problem)
    return Listed(name, found)


def _named(name: str, cwd: Path, *, trust: bool) -> Listed:
    try:
        return _checked(name, load_strategy(name, cwd=cwd, trust=trust), cwd)
    except RunnerError as problem:
        return Listed(name, problem=problem)
