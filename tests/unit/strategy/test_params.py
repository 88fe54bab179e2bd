"""Declared parameters: what they convert, what they refuse, what they say about it."""

from __future__ import annotations

from typing import Any

import pytest

from runner import Strategy, param
from runner.errors import ConfigError
from runner.strategy.base import seat
from runner.strategy.desk import Desk
from runner.strategy.params import declared_params, resolve_params


class Tuned(Strategy):
    fast: int = param(10, ge=2, le=200, help="candles")
    share: float = param(0.5, gt=0, lt=1)
    mode: str = param("long", choices=("long", "short"))
    eager: bool = param(False)
    plain = 3


def refused(given: dict[str, object]) -> str:
    with pytest.raises(ConfigError) as caught:
        resolve_params(Tuned, given)
    assert (caught.value.exit_code, caught.value.id) == (3, "E310")
    assert len(caught.value.lines()) <= 6
    return str(caught.value)


def test_parameters_have_their_defaults() -> None:
    assert resolve_params(Tuned, {}) == {
        "fast": 10,
        "share": 0.5,
        "mode": "long",
        "eager": False,
    }


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ({"fast": "5"}, 5),
        ({"fast": 5}, 5),
        ({"share": "0.25"}, 0.25),
        ({"mode": "short"}, "short"),
        ({"eager": "true"}, True),
        ({"eager": "no"}, False),
    ],
)
def test_text_becomes_the_declared_type(given_text: dict[str, object], expected: object) -> None:
    (name,) = given_text

    value = resolve_params(Tuned, given_text)[name]

    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("given_value", "said"),
    [
        ({"fast": 1}, "fast: input should be greater than or equal to 2, was 1"),
        ({"fast": 201}, "fast: input should be less than or equal to 200, was 201"),
        ({"fast": "ten"}, "was 'ten'"),
        ({"fast": 2.5}, "was 2.5"),
        ({"share": 0}, "share: input should be greater than 0, was 0"),
        ({"share": 1}, "share: input should be less than 1, was 1"),
        ({"share": "nan"}, "share: input should be a finite number, was 'nan'"),
        ({"share": "inf"}, "share: input should be a finite number, was 'inf'"),
        ({"mode": "sideways"}, "mode: must be one of long | short, was 'sideways'"),
        ({"eager": "perhaps"}, "was 'perhaps'"),
        ({"fsat": 3}, "fsat: no such parameter, did you mean fast?"),
        ({"plain": 3}, "plain: no such parameter"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(given_value: dict[str, object], said: str) -> None:
    assert said in refused(given_value)


def test_all_problems_are_told_at_once_with_what_is_declared() -> None:
    text = refused({"fast": 1, "share": 2, "mode": "x", "speed": 9})

    assert all(f"{name}: " in text for name in ("fast", "share", "speed"))
    assert "fast (>= 2, <= 200)" in text


def test_a_default_that_breaks_its_own_bounds_is_refused() -> None:
    class Broken(Strategy):
        fast: int = param(1, ge=2)

    with pytest.raises(ConfigError, match="fast: input should be greater"):
        resolve_params(Broken, {})


def test_a_strategy_without_parameters_says_so() -> None:
    class Bare(Strategy):
        pass

    with pytest.raises(ConfigError, match="declares no parameters"):
        resolve_params(Bare, {"fast": 1})


def test_parameters_are_inherited_and_can_be_replaced_or_fixed() -> None:
    class Child(Tuned):
        fast: int = param(20, ge=15)
        share = 0.9

    assert set(declared_params(Child)) == {"fast", "mode", "eager"}
    assert resolve_params(Child, {})["fast"] == 20


def test_a_parameter_reads_as_its_value_on_an_instance() -> None:
    by_default = seat(Tuned, Desk(), {})
    tuned = seat(Tuned, Desk(), resolve_params(Tuned, {"fast": "7"}))

    assert (by_default.fast, tuned.fast, tuned.share) == (10, 7, 0.5)


def test_parameters_hold_already_in_the_constructor() -> None:
    class Eager(Tuned):
        def __init__(self) -> None:
            self.slow = self.fast * 3

    assert seat(Eager, Desk(), resolve_params(Eager, {"fast": 4})).slow == 12


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ""),
        ({"ge": 2, "le": 200}, ">= 2, <= 200"),
        ({"gt": 0, "lt": 0.5}, "> 0, < 0.5"),
        ({"ge": 2}, ">= 2"),
        ({"lt": 9}, "< 9"),
        ({"choices": ("a", "b")}, "a | b"),
    ],
)
def test_bounds_are_written_for_people(options: dict[str, Any], expected: str) -> None:
    class One(Strategy):
        value = param(1, **options)

    assert declared_params(One)["value"].bounds() == expected
