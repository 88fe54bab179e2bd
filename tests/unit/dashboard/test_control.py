"""What may be traded, and which position lacks the stop that it should have."""

from __future__ import annotations

from typing import Any

import pytest

from runner import Candle, Strategy
from runner.dashboard.control import trading_of
from runner.dashboard.observer import Observer
from runner.dashboard.snapshot import Facts, Link, Snapshot, Trading
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import ErrorNotice
from runner.safety import Guard, Limits, TradingState
from runner.strategy.desk import Desk
from runner.strategy.order import Order
from tests.helpers import AAPL, Run, run_strategy, series
from tests.unit.dashboard.screens import LIVE, changed


class Protected(Strategy):
    """Buys once, with a stop."""

    def on_candle(self, candle: Candle) -> None:
        if not self.orders:
            self.buy(quantity=10, stop_loss=90)


class Bare(Strategy):
    """Buys once, without one."""

    def on_candle(self, candle: Candle) -> None:
        if not self.orders:
            self.buy(quantity=10)


def holding(kind: type[Strategy] = Protected) -> Run:
    return run_strategy(kind, series(100, 100, 110, 120), max_events=8)


def stop_of(run: Run) -> Order:
    return next(one for one in run.desk.tickets.values() if one.parent_order_id is not None)


def lose(run: Run, status: OrderStatus) -> None:
    stop = stop_of(run)
    stop.status = status
    run.desk.settle(stop)


def is_unprotected(run: Run) -> bool:
    (position,) = Observer(Facts("Protected"), run.session).look().positions
    return position.is_unprotected


def test_a_position_whose_stop_works_is_protected() -> None:
    assert not is_unprotected(holding())


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (OrderStatus.REJECTED, True),
        (OrderStatus.EXPIRED, True),
        (OrderStatus.CANCELLED, False),
    ],
)
def test_a_stop_that_was_refused_or_has_expired_leaves_its_position_unprotected(
    status: OrderStatus, expected: bool
) -> None:
    run = holding()

    lose(run, status)

    assert is_unprotected(run) is expected


def test_a_position_that_was_given_no_stop_is_the_strategys_business() -> None:
    assert not is_unprotected(holding(Bare))


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (None, True),
        ({"symbol": AAPL}, True),
        ({"symbol": "S:OTHER"}, False),
        ({"position_id": "another"}, False),
    ],
    ids=["of one of them", "of this symbol", "of another symbol", "of another position"],
)
def test_a_gateways_word_that_a_position_is_unprotected_counts(
    details: Any, expected: bool
) -> None:
    run = holding(Bare)
    run.session.notices.append(ErrorNotice("POSITION_UNPROTECTED", "the stop is gone", details))

    assert is_unprotected(run) is expected


def test_a_gateways_word_is_over_when_a_stop_works_again() -> None:
    run = holding()
    run.session.notices.append(ErrorNotice("POSITION_UNPROTECTED", "the stop was gone"))

    assert not is_unprotected(run)


def test_a_run_without_limits_has_no_state_of_trading() -> None:
    assert trading_of(None) == Trading()


def test_the_state_of_trading_comes_with_its_reason() -> None:
    guard = Guard(Limits(), Desk())
    assert trading_of(guard) == Trading("ACTIVE")

    guard.restrict("UNKNOWN_ORDER", "nobody knows", symbol=AAPL)
    guard.restrict("RATE_LIMIT", "requests run out")
    assert trading_of(guard) == Trading("REDUCING", f"{AAPL}: nobody knows; requests run out")

    guard.lift("UNKNOWN_ORDER", symbol=AAPL)
    guard.lift("RATE_LIMIT")
    guard.state = TradingState.REDUCING
    assert trading_of(guard) == Trading("REDUCING")

    guard.halt("kill_switch", "a key pulled the kill switch")
    assert trading_of(guard) == Trading("HALTED", "a key pulled the kill switch")


def test_what_a_gateway_says_of_its_own_condition_counts_as_lost_control() -> None:
    guard = Guard(Limits(), Desk())
    guard.restrict("DATA_STALE", f"prices of {AAPL} are old", symbol=AAPL)
    guard.restrict("NO_DATA", "no price has come", symbol="S:MSFT")
    guard.restrict("MARGIN_WARNING", "the margin is getting short")

    found = changed(LIVE, trading=trading_of(guard))

    assert [(one.word, one.said, one.is_loss_of_control) for one in found.troubles] == [
        ("STALE", f"prices of {AAPL} are old", True),
        ("STALE", "S:MSFT: no price has come", True),
        ("REDUCING", "the margin is getting short", False),
    ]


def test_a_broker_that_the_gateway_has_lost_is_a_lost_connection_and_a_pause() -> None:
    guard = Guard(Limits(), Desk())
    guard.restrict("BROKER_DISCONNECTED", "the gateway has lost its broker", pauses=True)

    found = changed(LIVE, trading=trading_of(guard))

    assert found.trading.state == "PAUSED"
    assert words(found) == [("DISCONNECTED", True)]


def words(snapshot: Snapshot) -> list[tuple[str, bool]]:
    return [(one.word, one.is_loss_of_control) for one in snapshot.troubles]


def test_troubles_stand_in_the_order_of_their_weight() -> None:
    bare = changed(LIVE.positions[0], stop=None, is_unprotected=True)
    lost = Link("reconnecting", age_s=100.0, attempts=1, failure="refused")

    found = changed(LIVE, trading=Trading("HALTED", "why"), positions=(bare,), link=lost)

    assert words(found) == [
        ("HALTED", True),
        ("DISCONNECTED", True),
        ("UNPROTECTED", True),
        ("STALE", True),
    ]
    assert [one.said for one in found.troubles] == [
        "why",
        "1 attempt failed: refused",
        "no stop works for S:AAPL",
        "nothing has come for 100 s",
    ]


@pytest.mark.parametrize("state", ["REDUCING", "PAUSED"])
def test_what_is_restricted_is_no_loss_of_control(state: str) -> None:
    found = changed(LIVE, trading=Trading(state, "why"))

    assert words(found) == [(state, False)]
    assert found.alarm == ""


def test_what_is_well_has_no_troubles() -> None:
    assert changed(LIVE, trading=Trading("ACTIVE")).troubles == ()
