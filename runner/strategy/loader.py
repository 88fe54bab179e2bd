"""From what a user typed to a strategy class: four forms, one outcome.

    path.py    path.py:Class    package.module:Class    a name in the group `runner.strategies`

Loading runs the user's code, so its failures are told as the user's: with their file and line, and
never with a traceback of ours. A file is loaded by its path under a private name; `sys.path` stays
as it is, so a neighbour called json.py cannot take the place of the standard library's.

May import errors and the strategy floor. Nothing here makes an instance.
"""

from __future__ import annotations

import inspect
import os
import sys
import zlib
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from runner.errors import StrategyLoadError
from runner.strategy.base import Strategy
from runner.strategy.guard import guarded_import
from runner.strategy.inspection import check_strategy
from runner.strategy.location import checked_path, is_path, refuse_url, shown_path

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "runner.strategies"
_INSTALLED = frozenset(("site-packages", "dist-packages"))
_OURS = Path(__file__).resolve().parent.parent
FORMS = "path.py, path.py:Class, package.module:Class, or an installed strategy's name"


def load_strategy(spec: str, *, cwd: Path, trust: bool = False) -> type[Strategy]:
    """Return the strategy class that `spec` names.

    Args:
        spec: one of the four forms.
        cwd: the folder that relative paths start from.
        trust: load the file also when it lies outside `cwd` or others may write to it.

    Raises:
        StrategyLoadError: E401 to E432; there is none, its code fails, or it cannot run.
        ConfigError: E341 to E343, the place it comes from is not trusted.
    """
    spec = spec.strip()
    refuse_url(spec)
    if not spec:
        raise StrategyLoadError("no strategy is named", fix=f"give {FORMS}", id="E403")
    if is_path(spec) or os.path.isdir(cwd / spec):
        return _from_path(spec, cwd, trust=trust)
    module, colon, name = spec.partition(":")
    if colon:
        return _from_module(module, name, cwd)
    return _from_entry_point(spec, cwd)


def strategies_in(typed: str, *, cwd: Path, trust: bool = False) -> list[type[Strategy]]:
    """Return the strategies that a file defines and that can be named; none has been checked.

    Raises:
        StrategyLoadError: E401 to E420; there is no such file, its code fails, or it has none.
        ConfigError: E341 to E343, the place it comes from is not trusted.
    """
    refuse_url(typed)
    path = checked_path(typed, cwd, trust=trust)
    module = guarded_import(lambda: _execute(path), shown=typed, file=path, cwd=cwd)
    return _own(module) or [_only(module, typed, cwd)]


def installed_strategies() -> dict[str, EntryPoint]:
    """Return the entry points of the group `runner.strategies` by name."""
    from importlib.metadata import entry_points  # reads every installed package: only for names

    return {one.name: one for one in entry_points(group=GROUP)}


def source_of(strategy: type[Strategy]) -> bytes:
    """Return the file that a strategy was loaded from; empty where there is none."""
    file = getattr(sys.modules.get(strategy.__module__), "__file__", None)
    try:
        return Path(file).read_bytes() if file else b""
    except OSError:
        return b""


def modules_of(strategy: type[Strategy]) -> dict[str, bytes]:
    """Return the author's other modules that are loaded, by path: what the strategy imports.

    Those are the files below the folder of the strategy's own, or below its outermost package;
    installed packages are not among them. Paths are relative to that folder.
    """
    module = sys.modules.get(strategy.__module__)
    own = _source_file(module) if module else None
    if module is None or own is None:
        return {}
    depth = module.__name__.count(".") + hasattr(module, "__path__")
    home = own.parents[max(0, depth - 1)]
    found = {}
    for one in list(sys.modules.values()):
        path = _source_file(one)
        if path is None or path == own or not path.is_relative_to(home):
            continue
        if not _INSTALLED.isdisjoint(path.parts) or path.is_relative_to(_OURS):
            continue
        with suppress(OSError):
            found[path.relative_to(home).as_posix()] = path.read_bytes()
    return dict(sorted(found.items()))


def _source_file(module: ModuleType) -> Path | None:
    # Some modules make up attributes, and their names, when asked.
    file = getattr(module, "__dict__", {}).get("__file__")
    return Path(file).resolve() if isinstance(file, str) and file.endswith(".py") else None


def _from_path(spec: str, cwd: Path, *, trust: bool) -> type[Strategy]:
    typed, name = spec, ""
    if not spec.endswith(".py") and ".py:" in spec:
        typed, _, name = spec.rpartition(":")
    path = checked_path(typed, cwd, trust=trust)
    module = guarded_import(lambda: _execute(path), shown=typed, file=path, cwd=cwd)
    if name:
        return _named(module, name, typed, cwd)
    return _only(module, typed, cwd)


def _from_module(module_name: str, name: str, cwd: Path) -> type[Strategy]:
    if not all(part.isidentifier() for part in (*module_name.split("."), name)):
        raise StrategyLoadError(
            f"this names no strategy, was {module_name}:{name}", fix=f"give {FORMS}", id="E403"
        )
    module = guarded_import(
        lambda: import_module(module_name), shown=module_name, module=module_name, cwd=cwd
    )
    return _named(module, name, module_name, cwd)


def _from_entry_point(name: str, cwd: Path) -> type[Strategy]:
    installed = installed_strategies()
    point = installed.get(name)
    if point is None:
        raise _no_such_name(name, installed, cwd)
    found = guarded_import(point.load, shown=name, module=point.module, cwd=cwd)
    return _checked(found, point.attr, f"{name} ({point.value})", cwd)


def _no_such_name(name: str, installed: dict[str, EntryPoint], cwd: Path) -> StrategyLoadError:
    folders = [cwd, cwd / "strategies"]
    files = [
        shown_path(file, cwd)
        for folder in folders
        if folder.is_dir()
        for file in sorted(folder.glob("*.py"))
    ]
    by_stem = {Path(file).stem: file for file in reversed(files)}
    near = get_close_matches(name, [*installed, *by_stem], n=1)
    known = ", ".join(sorted(installed)) or "none"
    return StrategyLoadError(
        f"no strategy is called {name!r}",
        why=f"installed strategies: {known}; a file is named with its ending .py",
        fix=f"did you mean {by_stem.get(near[0], near[0])}?" if near else f"give {FORMS}",
        id="E402",
    )


class _SourceLoader(SourceFileLoader):
    # A strategy is edited and run many times a minute: cached byte code, told apart by whole
    # seconds, could be that of the version before.
    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - importlib calls it so
        return self.source_to_code(self.get_data(self.path), self.path)


def _execute(path: Path) -> ModuleType:
    name = f"_runner_strategy_{zlib.crc32(str(path).encode()):08x}"
    spec = spec_from_file_location(name, path, loader=_SourceLoader(name, str(path)))
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = module_from_spec(spec)
    # Dataclasses and type hints look their module up by its name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _named(module: ModuleType, name: str, typed: str, cwd: Path) -> type[Strategy]:
    if not hasattr(module, name):
        names = [one.__name__ for one in _strategies(module, own=False)]
        near = get_close_matches(name, names, n=1)
        raise StrategyLoadError(
            f"{typed} has no {name!r}",
            where=typed,
            why=f"its strategies: {', '.join(names) or 'none'}",
            fix=f"did you mean {typed}:{near[0]}?" if near else "check the name of the class",
            id="E421",
        )
    return _checked(getattr(module, name), name, typed, cwd)


def _only(module: ModuleType, typed: str, cwd: Path) -> type[Strategy]:
    own = [one for one in _strategies(module, own=True) if not one.__name__.startswith("_")]
    concrete = _own(module)
    if len(concrete) == 1:
        return check_strategy(concrete[0], cwd)
    if len(concrete) > 1:
        raise StrategyLoadError(
            f"{typed} has {len(concrete)} strategies: {_list(concrete)}",
            where=typed,
            why="only one of them can run",
            fix="name it: " + " or ".join(f"{typed}:{one.__name__}" for one in concrete),
            id="E422",
        )
    if own:
        return check_strategy(own[0], cwd)  # abstract: says which methods are open
    raise _none_found(module, typed)


def _own(module: ModuleType) -> list[type[Strategy]]:
    return [
        one
        for one in _strategies(module, own=True)
        if not one.__name__.startswith("_") and not inspect.isabstract(one)
    ]


def _none_found(module: ModuleType, typed: str) -> StrategyLoadError:
    imported = _strategies(module, own=False)
    if imported:
        name = imported[0].__name__
        return StrategyLoadError(
            f"{typed} defines no strategy of its own, it imports {_list(imported)}",
            where=typed,
            why="an imported class runs only when it is named",
            fix=f"name it: {typed}:{name}",
            id="E420",
        )
    classes = [
        one
        for one in vars(module).values()
        if inspect.isclass(one) and one.__module__ == module.__name__
    ]
    alike = [one for one in classes if any(name.startswith("on_") for name in vars(one))]
    if alike:
        name = alike[0].__name__
        return StrategyLoadError(
            f"{typed} has a class {name} with handlers that is no Strategy",
            where=typed,
            why="a strategy derives from runner.Strategy",
            fix=f"write `class {name}(Strategy):` after `from runner import Strategy`",
            id="E420",
        )
    functions = [name for name in vars(module) if name.startswith("on_")]
    found = ", ".join(one.__name__ for one in classes) or ", ".join(functions) or "nothing"
    return StrategyLoadError(
        f"{typed} has no strategy",
        where=typed,
        why=f"a strategy is a class that derives from runner.Strategy; found: {found}",
        fix="write `from runner import Strategy` and `class MyStrategy(Strategy):`",
        id="E420",
    )


def _checked(found: object, name: str, typed: str, cwd: Path) -> type[Strategy]:
    if inspect.isclass(found) and issubclass(found, Strategy) and found is not Strategy:
        return check_strategy(found, cwd)
    if isinstance(found, Strategy):
        what = f"is an instance; name its class {type(found).__name__}"
    elif found is Strategy:
        what = "is the base class of strategies, not a strategy"
    elif inspect.isclass(found):
        what = "is a class that does not derive from runner.Strategy"
    else:
        what = f"is not a class, was {type(found).__name__}"
    raise StrategyLoadError(
        f"{name} {what}",
        where=typed,
        fix="name a class that derives from runner.Strategy",
        id="E423",
    )


def _strategies(module: ModuleType, *, own: bool) -> list[type[Strategy]]:
    found = [
        one
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, Strategy) and one is not Strategy
    ]
    if own:
        found = [one for one in found if one.__module__ == module.__name__]
    return list(dict.fromkeys(found))


def _list(classes: list[type[Strategy]]) -> str:
    return ", ".join(one.__name__ for one in classes)
