"""Reading the text of a command-line option, so that a mistake names its option and the fix."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


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
