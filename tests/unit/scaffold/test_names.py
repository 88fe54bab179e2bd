"""From the name of a file to the names in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import UsageError
from runner.scaffold.names import names_of


@pytest.mark.parametrize(
    ("typed", "class_name"),
    [
        ("my_strategy.py", "MyStrategy"),
        ("my_strategy", "MyStrategy"),
        ("below/it/SMA-cross_2.py", "SMACross2"),
        ("myIdea.py", "MyIdea"),
        ("3rd_idea.py", "My3rdIdea"),
        ("strategy.py", "MyStrategy"),
        ("candle.py", "MyCandle"),
        ("none.py", "MyNone"),
    ],
)
def test_the_class_is_called_after_the_file(typed: str, class_name: str) -> None:
    assert names_of(typed).class_name == class_name


def test_test_and_configuration_lie_beside_the_strategy() -> None:
    names = names_of("below/mine.py")

    assert names.strategy == Path("below/mine.py")
    assert names.test == Path("below/test_mine.py")
    assert names.config == Path("below/mine.yaml")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("my strategy.py", "did you mean my_strategy.py?"),
        ("below/mine.yaml", "did you mean below/mine.py?"),
        ("größe.py", "letters, digits"),
        ("", "choose a name like my_strategy.py"),
        ("..", "choose a name like my_strategy.py"),
        ("test_mine.py", "did you mean mine.py? Its test is written with it"),
        ("mine_test.py", "did you mean mine.py?"),
        ("conftest.py", "pytest would take"),
        ("a" * 101 + ".py", "more than 100 characters"),
    ],
)
def test_a_name_that_does_not_do_is_refused_with_a_better_one(typed: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        names_of(typed)

    assert said in str(caught.value)
    assert caught.value.id == "E207"
