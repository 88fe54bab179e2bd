"""Declared parameters: typed class attributes whose bounds are checked before anything connects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar, cast, get_type_hints

from runner.errors import ConfigError, StrategyLoadError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Param:
    """One declared parameter; read through an instance it gives the value in force."""

    default: Any
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    choices: tuple[Any, ...] | None = None
    help: str = ""

    def __get__(self, instance: object | None, owner: type) -> Any:
        # Without `__set__` a value in the instance's dict wins over this: reading a parameter in
        # a handler costs what any attribute costs.
        return self if instance is None else self.default

    def bounds(self) -> str:
        """Return the bounds for people, e.g. `>= 2, <= 200`; empty without any."""
        if self.choices is not None:
            return " | ".join(map(str, self.choices))
        bounds = ((">=", self.ge), (">", self.gt), ("<=", self.le), ("<", self.lt))
        return ", ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)


def param(
    default: T,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    choices: tuple[T, ...] | None = None,
    help: str = "",
) -> T:
    """Declare a strategy parameter: `fast: int = param(10, ge=2, le=200, help="...")`.

    Args:
        default: the value when nothing else is given; it must satisfy the bounds too.
        ge, gt, le, lt: bounds (at least, above, at most, below).
        choices: the only values allowed.
        help: one line for people.
    """
    declared = Param(default, ge, gt, le, lt, choices, help)
    return cast("T", declared)  # the attribute reads as its value, so that is its type


def declared_params(strategy: type) -> dict[str, Param]:
    """Return the parameters a strategy class declares, base classes first."""
    found: dict[str, Param] = {}
    for base in reversed(strategy.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, Param):
                found[name] = value
            else:
                found.pop(name, None)
    return found


def resolve_params(strategy: type, given: Mapping[str, object]) -> dict[str, Any]:
    """Return the value of every declared parameter, checked and converted to its declared type.

    Args:
        strategy: the class that declares the parameters.
        given: values by name; text is converted (`"5"` -> 5), as it comes from flags.

    Raises:
        ConfigError: E310, naming every unknown name and every value that does not fit.
        StrategyLoadError: E433, the type of a parameter cannot be checked.
    """
    declared = declared_params(strategy)
    if not declared and not given:
        return {}
    from pydantic import ValidationError

    problems = [_unknown(name, declared) for name in given if name not in declared]
    model = _model(strategy, declared)
    values: dict[str, Any] = {}
    try:
        checked = model(**{name: value for name, value in given.items() if name in declared})
        values = {name: getattr(checked, name) for name in declared}
    except ValidationError as error:
        for one in error.errors():
            name = str(one["loc"][0])
            problems.append(f"{name}: {_sentence(one['msg'])}, was {one['input']!r}")
    for name, value in values.items():
        choices = declared[name].choices
        if choices is not None and value not in choices:
            problems.append(f"{name}: must be one of {declared[name].bounds()}, was {value!r}")
    if problems:
        raise ConfigError(
            f"parameters of {strategy.__name__} are invalid: " + "; ".join(problems),
            why="parameters are checked against their declaration before anything connects",
            fix=_overview(declared),
            id="E310",
        )
    return values


def _model(strategy: type, declared: Mapping[str, Param]) -> Any:
    from pydantic import ConfigDict, Field, create_model

    try:
        hints = get_type_hints(strategy)
        fields: dict[str, Any] = {
            name: (
                hints.get(name, type(one.default)),
                Field(one.default, ge=one.ge, gt=one.gt, le=one.le, lt=one.lt),
            )
            for name, one in declared.items()
        }
        return create_model(
            "Params",
            __config__=ConfigDict(
                validate_default=True, allow_inf_nan=False, protected_namespaces=()
            ),
            **fields,
        )
    except Exception as error:  # noqa: BLE001 - what is wrong comes from the declaration
        # A name that does not exist, a type of another library, bounds on a text, and more.
        raise StrategyLoadError(
            f"the parameters of {strategy.__name__} cannot be checked: "
            + str(error).partition("\n")[0],
            why="a parameter has a plain type: int, float, str, bool, Decimal",
            fix="declare it like `fast: int = param(10, ge=2)`",
            id="E433",
        ) from None


def _sentence(message: str) -> str:
    return message[:1].lower() + message[1:]


def _unknown(name: str, declared: Mapping[str, Param]) -> str:
    near = get_close_matches(name, declared, n=1)
    return f"{name}: no such parameter" + (f", did you mean {near[0]}?" if near else "")


def _overview(declared: Mapping[str, Param]) -> str:
    if not declared:
        return "the strategy declares no parameters; remove them"
    return "it declares " + ", ".join(
        f"{name} ({one.bounds() or type(one.default).__name__})" for name, one in declared.items()
    )
