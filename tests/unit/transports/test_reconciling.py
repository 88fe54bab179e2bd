"""What a gateway holds against what a run takes it to hold; with a clock and answers by hand."""

from __future__ import annotations

from typing import Any

import pytest

from runner.errors import ConnectError
from runner.protocol.commands import Command, State
from runner.protocol.messages import ErrorNotice
from runner.safety import Limits, TradingState
from runner.session import Missed, Session
from runner.strategy.base import Strategy
from runner.transports.backoff import TemporaryFailure
from runner.transports.reconciling import Reconciling, differences
from tests.helpers import AAPL, MSFT, position, set_up, snapshot, state

MINE = "r-1"


class Scene:
    """A run that takes itself to hold 10 AAPL and one order, and what its gateway answers."""

    def __init__(self, answer: State | Exception | None = None) -> None:
        self.now = 0.0
        self.session: Session = set_up(Strategy, limits=Limits(), backtest=False)
        self.agreed = state(
            positions=[position(10)], orders=[snapshot("o-1", client_order_id=MINE)]
        )
        self.session.desk.load(self.agreed)
        self.answer: State | Exception = answer or self.agreed
        self.reads = 0
        self.told: list[ErrorNotice] = []
        self.guard = self.session.guard
        assert self.guard is not None
        self.reconciling = Reconciling(
            self.session,
            self,
            self.told.append,
            every_s=60.0,
            settle_s=2.0,
            clock=lambda: self.now,
        )

    def execute(self, command: Command) -> State:
        self.reads += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def after(self, seconds: float, *, is_idle: bool = True) -> Missed | None:
        self.now += seconds
        return self.reconciling.look(is_idle=is_idle)


def test_agreement_is_quiet_and_looked_for_once_a_minute() -> None:
    scene = Scene()

    found = [scene.after(30.0) for _ in range(6)]

    assert (found, scene.reads, scene.told) == ([None] * 6, 3, [])
    assert scene.guard.standing is TradingState.ACTIVE  # type: ignore[union-attr]


def test_a_difference_counts_when_it_is_there_a_second_time() -> None:
    scene = Scene(state(positions=[position(7)], orders=[snapshot("o-1", client_order_id=MINE)]))

    first, again = scene.after(60.0), scene.after(2.0)

    assert first is None
    assert again is not None
    assert again.what == "the gateway held something else: a position of 7 S:AAPL there and 10 here"


def test_what_the_stream_tells_in_time_is_no_difference() -> None:
    scene = Scene(state(positions=[position(7)], orders=[snapshot("o-1", client_order_id=MINE)]))

    scene.after(60.0)
    scene.session.desk.portfolio.load(scene.answer)  # type: ignore[arg-type]

    assert scene.after(2.0) is None
    assert scene.told == []


def test_while_messages_wait_a_difference_may_be_among_them() -> None:
    scene = Scene(state())

    waiting = [scene.after(60.0, is_idle=False) for _ in range(3)]

    assert waiting == [None] * 3
    assert scene.after(2.0) is not None


def test_what_was_taken_over_and_remains_is_not_told_again() -> None:
    scene = Scene(state(positions=[position(3, symbol=MSFT)]))
    scene.after(60.0)
    assert scene.after(2.0) is not None
    scene.reconciling.agreed()

    assert [scene.after(60.0), scene.after(2.0), scene.after(60.0)] == [None] * 3


@pytest.mark.parametrize("failure", [TemporaryFailure("HTTP 500", id="E610")], ids=["500"])
def test_R13_what_cannot_be_read_pauses_trading_until_it_can(failure: ConnectError) -> None:
    scene = Scene(failure)

    for pause in (60.0, 1.0, 2.0, 4.0):
        assert scene.after(pause) is None
    paused = scene.guard.standing  # type: ignore[union-attr]
    scene.answer = scene.agreed
    scene.after(8.0)

    assert scene.reads == 5
    assert paused is TradingState.PAUSED
    assert scene.guard.standing is TradingState.ACTIVE  # type: ignore[union-attr]
    assert [one.code for one in scene.told] == ["STATE_UNREADABLE", "LIFTED"]
    assert scene.session.desk.portfolio.quantity(AAPL) == 10


def test_a_key_that_expires_ends_the_run() -> None:
    scene = Scene(ConnectError("no", id="E602"))

    with pytest.raises(ConnectError, match="no"):
        scene.after(60.0)


def test_what_is_asked_for_pauses_until_it_agrees() -> None:
    scene = Scene()
    scene.reconciling.want("CLOCK_JUMP", "the clock jumped", after="all is well")

    paused = scene.guard.standing  # type: ignore[union-attr]
    scene.after(0.0)

    assert paused is TradingState.PAUSED
    assert scene.guard.standing is TradingState.ACTIVE  # type: ignore[union-attr]
    assert [(one.code, one.message) for one in scene.told] == [("LIFTED", "all is well")]


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (state(orders=[snapshot("o-1", client_order_id=MINE)]), "a position of 0 S:AAPL"),
        (state(positions=[position(10)]), "order r-1 works here and not there"),
        (
            state(
                positions=[position(10)],
                orders=[snapshot("o-1", client_order_id=MINE), snapshot("o-2")],
            ),
            "order o-2 works there and not here",
        ),
        (
            state(
                positions=[position(10)], orders=[snapshot("o-1", client_order_id=MINE, filled=4)]
            ),
            "of order r-1 is filled 4 there and 0 here",
        ),
    ],
    ids=["position", "order gone", "order more", "filled"],
)
def test_every_difference_is_named(held: State, said: str) -> None:
    desk = Scene().session.desk

    (found,) = differences(held, desk, lambda _: False)

    assert said in found
    assert differences(held, desk, lambda symbol: symbol == AAPL) == ()


def test_an_order_in_doubt_is_no_difference() -> None:
    scene = Scene()
    scene.session.desk.load(state(positions=[position(10)]))  # the order is UNKNOWN from now on

    held: list[Any] = [[snapshot("o-1", client_order_id=MINE)], []]

    for orders in held:
        there = state(positions=[position(10)], orders=orders)
        assert differences(there, scene.session.desk, lambda _: False) == ()
