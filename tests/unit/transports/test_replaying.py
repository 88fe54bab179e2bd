"""The driver over a recording: the same answers for the same questions, and no others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from runner import Candle, Strategy, param
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.errors import StrategyFailed
from runner.protocol.commands import SubmitOrder
from runner.session import NEXT, Ack, Arrival, Ending
from runner.transports.local import run_local
from runner.transports.replaying import Heard, Step, replay
from tests.helpers import series, set_up

RISING = series(*[100.0 + step for step in range(9)])


class Trader(Strategy):
    """Buy at some candles, sell at others, and say goodbye with an order."""

    size: int = param(10, ge=1)
    until: int = param(99, ge=0)

    def on_candle(self, candle: Candle) -> None:
        if candle.close > 100 + self.until:
            return
        if self.is_flat:
            self.buy(quantity=self.size)
        else:
            self.close()

    def on_stop(self) -> None:
        self.buy(quantity=1)


def recording() -> list[Heard]:
    heard: list[Heard] = []

    def hear(ask: Any, answer: Any) -> None:
        heard.append(Heard(answer, None if ask is NEXT else ask))

    session = set_up(Trader)
    session.hear = hear
    run_local(session, Exchange(Feed([RISING])))
    return heard


def replayed(heard: Iterable[Heard], **params: Any) -> list[Step]:
    return list(replay(set_up(Trader, params), heard))


def test_the_same_strategy_does_the_same_to_the_end() -> None:
    heard = recording()

    steps = replayed(heard)

    assert all(step.difference is None for step in steps)
    assert steps[-1].ending == Ending("complete", confirmed=True)
    assert [step.number for step in steps] == list(range(len(steps)))
    asked = [one for step in steps for one in step.commands]
    assert asked == [one.command for one in heard if one.command is not None]


def test_another_order_is_the_first_difference_and_the_end() -> None:
    steps = replayed(recording(), size=11)

    last = steps[-1]
    assert last.ending is None
    assert last.difference is not None
    assert isinstance(last.difference.recorded, SubmitOrder)
    assert isinstance(last.difference.asked, SubmitOrder)
    assert (last.difference.recorded.quantity, last.difference.asked.quantity) == (10, 11)
    assert last.number == 1


def test_an_order_that_is_missing_is_a_difference() -> None:
    last = replayed(recording(), until=3)[-1]

    assert last.difference is not None
    assert last.difference.recorded is not None
    assert last.difference.asked is None


def test_an_order_that_was_not_there_is_a_difference() -> None:
    heard = recording()
    events = [one for one in heard if one.command is None]

    last = replayed([heard[0], *events])[-1]

    assert last.number == 1
    assert last.difference is not None
    assert last.difference.recorded is None
    assert isinstance(last.difference.asked, SubmitOrder)


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_recording_that_breaks_off_is_no_difference(cut: int) -> None:
    steps = replayed(recording()[:cut])

    assert steps[-1].difference is None
    assert steps[-1].ending is None


def test_acknowledgments_of_a_wire_need_no_answer() -> None:
    class Silent(Strategy):
        pass

    candle = next(RISING.candles())
    heard = [recording()[0], Heard(Arrival(candle, "e-1", more=False))]

    steps = list(replay(set_up(Silent), heard))

    assert [step.number for step in steps] == [0, 1]
    assert not any(isinstance(one, Ack) for step in steps for one in step.commands)


def test_what_the_strategy_raises_comes_through() -> None:
    class Raises(Strategy):
        def on_candle(self, candle: Candle) -> None:
            raise ValueError("again")

    steps = replay(set_up(Raises), recording())

    with pytest.raises(StrategyFailed, match="again"):
        list(steps)
