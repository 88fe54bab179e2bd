"""Conditions on the figures of a run, under which it counts as failed: `max_drawdown > 20%`.

A condition is a figure, a comparison and a bound with the unit of the figure: shares carry `%`,
lengths of time `d`, `h` or `m`, all others are plain numbers. A figure that a run does not define
cannot be judged, and what cannot be judged has not passed.

May import the facts of a run and the protocol's decimals; config reads conditions with it, the
composition root judges.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

from runner.protocol.decimals import plain

if TYPE_CHECKING:
    from runner.results.facts import RunResult

Kind = Literal["share", "ratio", "money", "count", "time"]

_OPERATORS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_OPPOSITE = {">=": "<", "<=": ">", "==": "!=", "!=": "==", ">": "<=", "<": ">="}
_CONDITION = re.compile(r"\s*([A-Za-z_]+)\s*(>=|<=|==|!=|>|<)\s*(-?[0-9][0-9_]*(?:\.[0-9]+)?)(.*)")
_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000}
_UNITS: dict[Kind, tuple[str, ...]] = {
    "share": ("%",),
    "time": tuple(_MS),
    "ratio": ("",),
    "money": ("",),
    "count": ("",),
}
_EXAMPLES: dict[Kind, str] = {
    "share": "20%",
    "time": "90d",
    "ratio": "0.5",
    "money": "1000",
    "count": "10",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a run that a condition can name."""

    kind: Kind
    of: Callable[[RunResult], float | Decimal | int | None]


def _statistic(kind: Kind, name: str) -> Figure:
    return Figure(kind, lambda result: getattr(result.statistics, name))


def _excess(result: RunResult) -> float | None:
    made, held = result.statistics.total_return, result.buy_and_hold
    return None if made is None or held is None else made - held


FIGURES: Mapping[str, Figure] = {
    "total_return": _statistic("share", "total_return"),
    "annual_return": _statistic("share", "annual_return"),
    "buy_and_hold": Figure("share", lambda result: result.buy_and_hold),
    "excess_return": Figure("share", _excess),
    "max_drawdown": _statistic("share", "maximum_drawdown"),
    "longest_drawdown": _statistic("time", "longest_drawdown_ms"),
    "annual_volatility": _statistic("share", "annual_volatility"),
    "sharpe": _statistic("ratio", "sharpe"),
    "sortino": _statistic("ratio", "sortino"),
    "exposure": _statistic("share", "exposure"),
    "final_equity": _statistic("money", "final_equity"),
    "realized_pnl": _statistic("money", "realized_pnl"),
    "commission": _statistic("money", "commission"),
    "average_win": _statistic("money", "average_win"),
    "average_loss": _statistic("money", "average_loss"),
    "best": _statistic("money", "best"),
    "worst": _statistic("money", "worst"),
    "win_rate": _statistic("share", "win_rate"),
    "profit_factor": _statistic("ratio", "profit_factor"),
    "orders": Figure("count", lambda result: result.orders),
    "rejections": Figure("count", lambda result: sum(one.count for one in result.rejections)),
    "trades": _statistic("count", "executions"),
    "round_trips": _statistic("count", "round_trips"),
    "events": Figure("count", lambda result: result.events),
    "warnings": Figure("count", lambda result: len(result.warnings)),
}
"""What can be named, by name. Shares are fractions of one, times milliseconds."""
_ALSO = {"maximum_drawdown": "max_drawdown", "executions": "trades"}
# Names that the result document uses for the same figure.


class ConditionError(ValueError):
    """A condition cannot be read: what is wrong, and what to write instead."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition under which a run has failed."""

    figure: str
    comparison: str
    bound: Decimal
    """In the measure of the figure: a fraction for a share, milliseconds for a time."""

    def __str__(self) -> str:
        return self._spelt(self.comparison)

    @property
    def required(self) -> str:
        """The opposite: what must hold for the gate to pass."""
        return self._spelt(_OPPOSITE[self.comparison])

    def _spelt(self, comparison: str) -> str:
        return f"{self.figure} {comparison} {shown(FIGURES[self.figure].kind, self.bound)}"


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What became of one gate."""

    required: str
    """What must hold, such as `max_drawdown <= 20%`."""
    passed: bool
    said: str
    """What was found, and where it failed by how much; for people."""


def parse_condition(text: str) -> Condition:
    """Return the condition that `text` spells.

    Raises:
        ConditionError: it is none, names no figure, or lacks the unit of its figure.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ConditionError(
            f"must be a figure, a comparison and a bound, was {text!r}",
            "write it like 'max_drawdown > 20%'",
        )
    name, comparison, number, unit = match[1].lower(), match[2], match[3], match[4].strip()
    name = _ALSO.get(name, name)
    if name not in FIGURES:
        near = get_close_matches(name, FIGURES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FIGURES)}"
        raise ConditionError(f"names no figure of a run, was {match[1]!r}", hint)
    kind = FIGURES[name].kind
    if unit not in _UNITS[kind]:
        wanted = " or ".join(_UNITS[kind]).strip() or "none"
        raise ConditionError(
            f"needs the unit of {name} ({wanted}), was {number}{unit}",
            f"write it like '{name} {comparison} {_EXAMPLES[kind]}'",
        )
    value = Decimal(number.replace("_", ""))
    if kind == "share":
        value /= 100
    elif kind == "time":
        value *= _MS[unit]
    return Condition(name, comparison, value)


def judge(
    result: RunResult, conditions: Iterable[Condition], *, require_orders: bool = False
) -> tuple[GateFacts, ...]:
    """Return what became of every gate, in the order in which they were given."""
    judged = [_judge(result, one) for one in conditions]
    if require_orders:
        judged.insert(0, _orders(result))
    return tuple(judged)


def _judge(result: RunResult, condition: Condition) -> GateFacts:
    figure = FIGURES[condition.figure]
    value = figure.of(result)
    if value is None:
        return GateFacts(condition.required, False, "it is not defined for this run")
    exact = Decimal(value) if isinstance(value, int) else Decimal(str(value))
    was = f"was {shown(figure.kind, exact)}"
    if not _OPERATORS[condition.comparison](exact, condition.bound):
        return GateFacts(condition.required, True, was)
    by = abs(exact - condition.bound)
    return GateFacts(
        condition.required, False, was + (f", off by {shown(figure.kind, by)}" if by else "")
    )


def _orders(result: RunResult) -> GateFacts:
    refused = sum(one.count for one in result.rejections)
    if not result.orders:
        return GateFacts("orders", False, "no order was placed")
    if refused >= result.orders:
        return GateFacts("orders", False, f"all {result.orders:,} were rejected")
    return GateFacts("orders", True, f"{result.orders - refused:,} were accepted")


def shown(kind: Kind, value: Decimal) -> str:
    """Return a figure of this kind as a person writes it."""
    if kind == "share":
        return f"{_rounded(value * 100, 4)}%"
    if kind == "time":
        unit = next((unit for unit, ms in _MS.items() if value and value % ms == 0), "")
        return f"{plain(value / _MS[unit])}{unit}" if unit else f"{_rounded(value / _MS['d'], 2)}d"
    return _rounded(value, 2 if kind == "money" else 4)


def _rounded(value: Decimal, places: int) -> str:
    return plain(round(value, places).normalize())
