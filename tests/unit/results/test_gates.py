"""Conditions on figures: how they are read, how a run is judged by them, what is said."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from runner.results.facts import RejectionFacts
from runner.results.gates import FIGURES, Condition, ConditionError, judge, parse_condition
from runner.results.result import RunResult
from tests.helpers import series
from tests.unit.results.strategies import Idle, InAndOut, result


def with_figures(**figures: Any) -> RunResult:
    made = result()
    return replace(made, statistics=replace(made.statistics, **figures))


@pytest.mark.parametrize(
    ("text", "figure", "comparison", "bound"),
    [
        pytest.param("max_drawdown > 20%", "max_drawdown", ">", "0.2", id="a share"),
        pytest.param("max_drawdown>20 %", "max_drawdown", ">", "0.2", id="without blanks"),
        pytest.param("maximum_drawdown >= 0.5%", "max_drawdown", ">=", "0.005", id="as in JSON"),
        pytest.param("Total_Return < -5%", "total_return", "<", "-0.05", id="any case, negative"),
        pytest.param("sharpe <= 0.5", "sharpe", "<=", "0.5", id="a ratio"),
        pytest.param("executions != 1_000", "trades", "!=", "1000", id="a count"),
        pytest.param("commission == 12.34", "commission", "==", "12.34", id="money"),
        pytest.param("longest_drawdown > 2d", "longest_drawdown", ">", "172800000", id="days"),
        pytest.param("longest_drawdown > 36h", "longest_drawdown", ">", "129600000", id="hours"),
    ],
)
def test_a_condition_is_read(text: str, figure: str, comparison: str, bound: str) -> None:
    assert parse_condition(text) == Condition(figure, comparison, Decimal(bound))


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        pytest.param("", "must be a figure", "max_drawdown > 20%", id="nothing"),
        pytest.param("max_drawdown", "must be a figure", "", id="no comparison"),
        pytest.param("max_drawdown > much", "must be a figure", "", id="no number"),
        pytest.param("sharpe > nan", "must be a figure", "", id="not a number"),
        pytest.param("max_drawdown => 20%", "must be a figure", "", id="a turned sign"),
        pytest.param(
            "max_drawdwn > 20%", "names no figure", "did you mean max_drawdown?", id="typo"
        ),
        pytest.param("x > 20%", "names no figure", "there are total_return", id="unknown"),
        pytest.param("max_drawdown > 0.2", "needs the unit of", "20%", id="a share without unit"),
        pytest.param("max_drawdown > 20bps", "needs the unit of", "20%", id="a foreign unit"),
        pytest.param("sharpe > 20%", "needs the unit of", "0.5", id="a ratio with unit"),
        pytest.param("longest_drawdown > 5", "needs the unit of", "90d", id="a time without unit"),
        pytest.param("sharpe > 1 and trades > 2", "needs the unit of", "", id="two in one"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(text: str, what: str, hint: str) -> None:
    with pytest.raises(ConditionError, match=what) as raised:
        parse_condition(text)

    assert hint in raised.value.hint


@pytest.mark.parametrize(
    ("text", "value", "passed", "required", "said"),
    [
        ("max_drawdown > 20%", 0.25, False, "max_drawdown <= 20%", "was 25%, off by 5%"),
        ("max_drawdown > 20%", 0.2, True, "max_drawdown <= 20%", "was 20%"),
        ("max_drawdown >= 20%", 0.2, False, "max_drawdown < 20%", "was 20%"),
        ("max_drawdown > 20%", None, False, "max_drawdown <= 20%", "is not defined"),
        ("sharpe < 1", 0.123456, False, "sharpe >= 1", "was 0.1235, off by 0.8765"),
        ("trades < 10", 3, False, "trades >= 10", "was 3, off by 7"),
        ("trades == 3", 3, False, "trades != 3", "was 3"),
        ("trades != 3", 3, True, "trades == 3", "was 3"),
        ("longest_drawdown > 1d", 129_600_000, False, "longest_drawdown <= 1d", "was 36h"),
        ("commission > 1", Decimal("1.005"), False, "commission <= 1", "was 1, off by 0"),
    ],
)
def test_a_run_is_judged(text: str, value: Any, passed: bool, required: str, said: str) -> None:
    names = {
        "max_drawdown": "maximum_drawdown",
        "trades": "executions",
        "longest_drawdown": "longest_drawdown_ms",
    }
    condition = parse_condition(text)
    made = with_figures(**{names.get(condition.figure, condition.figure): value})

    (judged,) = judge(made, [condition])

    assert (judged.passed, judged.required) == (passed, required)
    assert said in judged.said


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_can_be_judged_in_a_run_with_trades(name: str) -> None:
    units = {"share": "%", "time": "d"}
    made = result(InAndOut, series(100.0, 101.0, 99.0, 98.0, 103.0, 104.0, 102.0, 101.0, 100.0))

    (judged,) = judge(
        made, [parse_condition(f"{name} == 123456{units.get(FIGURES[name].kind, '')}")]
    )

    assert judged.passed or "not defined" in judged.said


@pytest.mark.parametrize(
    ("made", "passed", "said"),
    [
        pytest.param(result(), True, "were accepted", id="orders"),
        pytest.param(result(Idle), False, "no order was placed", id="none"),
        pytest.param(
            replace(result(), orders=2, rejections=(RejectionFacts("X", 2, ""),)),
            False,
            "all 2 were rejected",
            id="all rejected",
        ),
    ],
)
def test_orders_can_be_required(made: RunResult, passed: bool, said: str) -> None:
    (judged,) = judge(made, [], require_orders=True)

    assert (judged.passed, judged.required) == (passed, "orders")
    assert said in judged.said
