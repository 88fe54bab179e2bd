"""Listening to a conversation: all is heard, nothing is changed, and trouble is not hidden."""

from __future__ import annotations

from typing import Any

import pytest

from runner import Candle, Strategy
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.errors import MachineError
from runner.protocol.commands import ReadState, State, SubmitOrder
from runner.session import NEXT
from runner.transports.local import run_local
from tests.helpers import run_strategy, series, set_up
from tests.unit.results.strategies import InAndOut

RISING = series(*[100.0 + step for step in range(9)])


def overheard(strategy: type[Strategy], hear: Any) -> Any:
    session = set_up(strategy)
    session.hear = hear
    ending = run_local(session, Exchange(Feed([RISING])))
    return session, ending


def test_every_candle_and_every_command_with_its_answer_is_heard_in_order() -> None:
    heard: list[tuple[Any, Any]] = []

    overheard(InAndOut, lambda *one: heard.append(one))

    assert isinstance(heard[0][0], ReadState)
    assert isinstance(heard[0][1], State)
    assert all(ask is NEXT for ask, answer in heard if isinstance(answer, Candle))
    assert [one.close for _, one in heard if isinstance(one, Candle)] == list(RISING.closes)
    # The order follows the candle that caused it.
    place = next(at for at, (ask, _) in enumerate(heard) if isinstance(ask, SubmitOrder))
    assert isinstance(heard[place - 1][1], Candle)


def test_a_run_that_is_listened_to_gives_the_same_result() -> None:
    alone = run_strategy(InAndOut, RISING)

    session, ending = overheard(InAndOut, lambda *_: None)

    assert ending == alone.ending
    fills, others = session.desk.portfolio.fills, alone.desk.portfolio.fills
    assert [one.trade for one in fills] == [one.trade for one in others]
    assert session.desk.portfolio.equities == alone.desk.portfolio.equities


def test_what_made_a_handler_raise_has_been_heard() -> None:
    class Raises(Strategy):
        def on_candle(self, candle: Candle) -> None:
            raise ValueError(candle.close)

    heard: list[Any] = []

    with pytest.raises(Exception, match="on_candle raised ValueError: 100"):
        overheard(Raises, lambda _, answer: heard.append(answer))

    assert [one.close for one in heard if isinstance(one, Candle)] == [100.0]


@pytest.mark.parametrize("after", [0, 1, 3, 7])
def test_trouble_of_the_listener_ends_the_run_and_is_not_blamed_on_the_strategy(
    after: int,
) -> None:
    heard: list[Any] = []

    def hear(*one: Any) -> None:
        if len(heard) == after:
            raise MachineError("the disk is full", id="E1021")
        heard.append(one)

    with pytest.raises(MachineError, match="disk is full"):
        overheard(InAndOut, hear)
