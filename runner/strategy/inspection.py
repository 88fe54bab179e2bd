"""Whether a class can run as a strategy: its handlers are known and plain functions.

A misspelt handler would never be called and an `async def` one would never run, both without a
word; so they are errors before anything starts. May import errors and the base class only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from runner.errors import StrategyLoadError
from runner.strategy.base import Strategy
from runner.strategy.location import shown_path
from runner.strategy.params import Param

HANDLERS = tuple(name for name in vars(Strategy) if name.startswith("on_"))
"""The names of all handlers, in the order of their declaration."""
_OTHER_NAMES = {
    "on_bar": "on_candle",
    "on_bars": "on_candle",
    "on_data": "on_candle",
    "on_kline": "on_candle",
    "on_tick": "on_quote",
    "on_ticker": "on_quote",
    "on_price": "on_quote",
    "on_fill": "on_trade",
    "on_execution": "on_trade",
    "on_init": "on_start",
    "on_begin": "on_start",
    "on_end": "on_stop",
    "on_exit": "on_stop",
    "on_finish": "on_stop",
    "on_balance": "on_account",
    "on_reject": "on_order",
    "on_exception": "on_error",
}
"""What handlers are called elsewhere."""


def check_strategy(found: type[Strategy], cwd: Path) -> type[Strategy]:
    """Return the class itself, if it can run.

    Raises:
        StrategyLoadError: E430 an unknown handler, E431 a handler that is not a plain function,
            E432 a handler or constructor with other arguments, E424 an abstract method left open.
    """
    if inspect.isabstract(found):
        left = ", ".join(sorted(getattr(found, "__abstractmethods__", ())))
        raise StrategyLoadError(
            f"{found.__name__} leaves abstract methods open: {left}",
            where=_where(found, cwd),
            why="an abstract class cannot be run",
            fix=f"write {left}, or name a class that does",
            id="E424",
        )
    _check_constructor(found, cwd)
    for base in found.__mro__:
        if base in (Strategy, object):
            continue
        for name, value in vars(base).items():
            if name.startswith("on_") and not isinstance(value, Param):
                _check_handler(found, name, value, cwd)
    return found


def _check_handler(found: type[Strategy], name: str, value: object, cwd: Path) -> None:
    function = value.__func__ if isinstance(value, staticmethod | classmethod) else value
    where = _where(function, cwd, found)
    if name not in HANDLERS:
        if not callable(function):
            return
        near = _OTHER_NAMES.get(name) or next(iter(get_close_matches(name, HANDLERS, n=1)), None)
        raise StrategyLoadError(
            f"{found.__name__}.{name} is no handler and would never be called",
            where=where,
            why=f"handlers are {', '.join(HANDLERS)}",
            fix=f"did you mean {near}?" if near else f"rename it, e.g. to _{name}",
            id="E430",
        )
    if not inspect.isroutine(function):
        raise StrategyLoadError(
            f"{found.__name__}.{name} is not a function, was {type(value).__name__}",
            where=where,
            fix=f"write `{_definition(name)}`",
            id="E431",
        )
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise StrategyLoadError(
            f"{found.__name__}.{name} is declared with `async def`",
            where=where,
            why="time stands still in a handler, so there is nothing to await",
            fix=f"write `{_definition(name)}`; blocking calls are fine, it has a thread",
            id="E431",
        )
    if inspect.isgeneratorfunction(function):
        raise StrategyLoadError(
            f"{found.__name__}.{name} contains `yield`, so calling it would do nothing",
            where=where,
            why="a handler is a plain function",
            fix="remove `yield`; use `return` to leave early",
            id="E431",
        )
    _check_arguments(found, name, value, where)


def _check_arguments(found: type[Strategy], name: str, value: object, where: str) -> None:
    wanted = _arguments(name)
    # A static method is called without the instance, everything else with it.
    given = wanted if isinstance(value, staticmethod) else [object(), *wanted]
    function: Callable[..., Any] = (
        value.__func__ if isinstance(value, staticmethod | classmethod) else value  # type: ignore[assignment]
    )
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return  # made in C: nothing to read, so nothing to object to
    try:
        signature.bind(*given)
    except TypeError:
        count = "no argument" if not wanted else "one argument"
        raise StrategyLoadError(
            f"{found.__name__}.{name}{_plain(signature)} cannot be called with {count}",
            where=where,
            why=f"it is called as self.{name}({', '.join(map(str, wanted))})",
            fix=f"write `{_definition(name)}`",
            id="E432",
        ) from None


def _check_constructor(found: type[Strategy], cwd: Path) -> None:
    constructor = found.__init__
    if constructor is object.__init__:
        return
    try:
        inspect.signature(constructor).bind(object())
    except ValueError:
        return
    except TypeError:
        raise StrategyLoadError(
            f"{found.__name__} cannot be made without arguments",
            where=_where(constructor, cwd, found),
            why="the runner makes the strategy; its settings are declared as parameters",
            fix="declare them in the class: `fast: int = param(10)`, and prepare in on_start",
            id="E432",
        ) from None


def _arguments(name: str) -> list[str]:
    return list(inspect.signature(getattr(Strategy, name)).parameters)[1:]


def _definition(name: str) -> str:
    signature = inspect.signature(getattr(Strategy, name))
    return f"def {name}{signature}:".replace("'", "")


def _plain(signature: inspect.Signature) -> str:
    return f"({', '.join(signature.parameters)})"


def _where(found: object, cwd: Path, owner: type | None = None) -> str:
    function = inspect.unwrap(found) if callable(found) and not isinstance(found, type) else found
    code = getattr(function, "__code__", None)
    if code is not None:
        return f"{shown_path(Path(code.co_filename), cwd)}:{code.co_firstlineno}"
    target = found if isinstance(found, type) else owner
    if target is None:
        return ""
    try:
        _, line = inspect.getsourcelines(target)
        return f"{shown_path(Path(inspect.getsourcefile(target) or ''), cwd)}:{line}"
    except (OSError, TypeError):
        return target.__qualname__
