"""Handlers that would never run are found before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.strategy.loader import load_strategy
from tests.unit.strategy.loading import handler, refusal, write


def test_S2_an_abstract_method_left_open_is_named(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        """
        from abc import ABC, abstractmethod
        from runner import Strategy

        class Mine(Strategy, ABC):
            @abstractmethod
            def decide(self) -> None: ...
        """,
    )

    assert (error.exit_code, error.id) == (4, "E424")
    assert error.what == "Mine leaves abstract methods open: decide"
    assert error.where == "mine.py:5"


@pytest.mark.parametrize(
    ("text", "called_with"),
    [
        ("def on_candle(self):\n    pass", "one argument"),
        ("def on_candle(self, candle, more):\n    pass", "one argument"),
        ("def on_candle(self, *, candle):\n    pass", "one argument"),
        ("@staticmethod\ndef on_candle():\n    pass", "one argument"),
        ("def on_start(self, account):\n    pass", "no argument"),
        ("def on_stop():\n    pass", "no argument"),
    ],
    ids=["none", "two", "by keyword", "static", "start with one", "no self"],
)
def test_S2_a_handler_of_the_wrong_shape_shows_the_right_one(
    tmp_path: Path, text: str, called_with: str
) -> None:
    error = refusal(tmp_path, handler(text))

    assert (error.exit_code, error.id) == (4, "E432")
    assert error.what.endswith(f"cannot be called with {called_with}")
    assert error.where == "mine.py:5"
    assert error.fix.startswith("write `def on_")


@pytest.mark.parametrize(
    "text",
    [
        "def on_candle(self, candle):\n    pass",
        "def on_candle(self, bar, more=None):\n    pass",
        "def on_candle(self, *events):\n    pass",
        "@staticmethod\ndef on_candle(candle):\n    pass",
        "@classmethod\ndef on_candle(cls, candle):\n    pass",
        "on_candle = lambda self, candle: None",
        "on_order = on_trade = lambda self, _: None",
        "one_thing = 1\nonly = 2",
        "on_weekends = True",
        "def _on_bar(self):\n    pass",
    ],
    ids=[
        "plain",
        "own names",
        "any",
        "static",
        "class method",
        "lambda",
        "two at once",
        "no prefix",
        "no function",
        "private",
    ],
)
def test_what_can_be_called_as_a_handler_is_accepted(tmp_path: Path, text: str) -> None:
    write(tmp_path, handler(text))

    assert load_strategy("mine.py", cwd=tmp_path).__name__ == "Mine"


def test_S2_a_constructor_with_arguments_is_told_about_parameters(tmp_path: Path) -> None:
    error = refusal(tmp_path, handler("def __init__(self, fast):\n    self.fast = fast"))

    assert (error.exit_code, error.id) == (4, "E432")
    assert "param(10)" in error.fix


@pytest.mark.parametrize("trade_twice", [False, True], ids=["async", "async generator"])
def test_S15_an_async_handler_is_a_load_error(tmp_path: Path, trade_twice: bool) -> None:
    body = "yield" if trade_twice else "pass"

    error = refusal(tmp_path, handler(f"async def on_candle(self, candle):\n    {body}"))

    assert (error.exit_code, error.id) == (4, "E431")
    assert error.what == "Mine.on_candle is declared with `async def`"
    assert error.where == "mine.py:5"
    assert "write `def on_candle(self, candle: Candle) -> None:`" in error.fix


def test_S15_a_handler_that_yields_is_a_load_error(tmp_path: Path) -> None:
    error = refusal(tmp_path, handler("def on_candle(self, candle):\n    yield"))

    assert (error.id, "`yield`" in error.what) == ("E431", True)


@pytest.mark.parametrize("value", ["on_candle = 3", "on_candle = None", "on_candle = dict"])
def test_S15_a_handler_that_is_no_function_is_a_load_error(tmp_path: Path, value: str) -> None:
    error = refusal(tmp_path, handler(value))

    assert (error.exit_code, error.id) == (4, "E431")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("on_candel", "on_candle"),
        ("on_candles", "on_candle"),
        ("on_bar", "on_candle"),
        ("on_tick", "on_quote"),
        ("on_orders", "on_order"),
        ("on_fill", "on_trade"),
        ("on_init", "on_start"),
        ("on_end", "on_stop"),
        ("on_errors", "on_error"),
        ("on_ratelimit", "on_rate_limit"),
    ],
)
def test_S15_an_unknown_handler_gives_the_nearest(tmp_path: Path, name: str, meant: str) -> None:
    error = refusal(tmp_path, handler(f"def {name}(self, event):\n    pass"))

    assert (error.exit_code, error.id) == (4, "E430")
    assert error.where == "mine.py:5"
    assert error.fix == f"did you mean {meant}?"


def test_S15_an_unknown_handler_of_a_base_class_is_found_too(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        """
        from runner import Strategy

        class _Base(Strategy):
            def on_bar(self, bar): ...

        class Mine(_Base):
            pass
        """,
    )

    assert (error.id, error.where) == ("E430", "mine.py:5")
