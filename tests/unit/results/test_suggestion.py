"""The suggestion of what to type next is a command that works."""

from __future__ import annotations

from runner.results.suggestion import next_command
from runner.strategy.params import Param


def test_it_repeats_the_command_with_another_valid_value() -> None:
    declared = {"fast": Param(10, ge=2, le=200)}

    assert next_command(["run", "a.py"], declared, {"fast": 10}) == "runner run a.py -p fast=5"


def test_it_stays_within_the_bounds() -> None:
    declared = {"fast": Param(3, ge=2, le=200)}

    assert next_command(["run", "a.py"], declared, {"fast": 3}) == "runner run a.py -p fast=6"


def test_it_replaces_the_value_that_was_typed_and_leaves_the_rest() -> None:
    typed = ["run", "a.py", "-p", "fast=8", "-p", "slow=9", "--json"]

    suggestion = next_command(typed, {"fast": Param(10, ge=2)}, {"fast": 8, "slow": 9})

    assert suggestion == "runner run a.py -p slow=9 -p fast=4"


def test_without_a_number_there_is_none() -> None:
    declared = {"name": Param("x"), "on": Param(True)}

    assert next_command(["run", "a.py"], declared, {"name": "x", "on": True}) == ""
