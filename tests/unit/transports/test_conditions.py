"""What a gateway says of itself, and what may be sent meanwhile; with a clock by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from runner.protocol.messages import (
    AccountUpdate,
    Candle,
    Connection,
    DataStaleness,
    ErrorNotice,
    Quote,
    RateLimit,
)
from runner.safety import Guard, Limits, TradingState
from runner.strategy.base import Strategy
from runner.transports.conditions import Conditions
from tests.helpers import AAPL, MSFT, START, account, candle, quote, set_up


class Scene:
    """A guard, what holds it back, and a clock that is moved by hand."""

    def __init__(self, **options: Any) -> None:
        self.now = 1000.0
        self.desk = set_up(Strategy, symbols=(AAPL, MSFT)).desk
        self.guard = Guard(Limits(), self.desk)
        self.reconciled: list[str] = []
        self.ended = 0
        self.conditions = Conditions(
            self.guard,
            lambda why, message, after: self.reconciled.append(why),
            self.end,
            clock=lambda: self.now,
            wall=START.timestamp,
            **options,
        )
        self.hear = self.conditions.hear

    def end(self) -> None:
        self.ended += 1

    def after(self, seconds: float) -> set[tuple[str, str | None]]:
        """Let time pass and return what is restricted then."""
        self.now += seconds
        self.conditions.look()
        return set(self.guard.restrictions)

    @property
    def told(self) -> list[str]:
        return [one.code for one in self.conditions.news]


def stale(*symbols: str) -> DataStaleness:
    return DataStaleness("STALE", symbols)


def test_L6_stale_prices_restrict_their_symbols_until_they_are_fresh() -> None:
    scene = Scene()

    scene.hear(stale(AAPL, MSFT))
    scene.hear(stale(AAPL))
    both = set(scene.guard.restrictions)
    scene.hear(DataStaleness("FRESH", (AAPL,)))

    assert both == {("DATA_STALE", AAPL), ("DATA_STALE", MSFT)}
    assert set(scene.guard.restrictions) == {("DATA_STALE", MSFT)}
    assert scene.guard.standing is TradingState.REDUCING
    assert scene.told == ["DATA_STALE", "DATA_STALE", "LIFTED"]


def test_L6_a_lost_broker_pauses_everything_until_the_state_was_read() -> None:
    scene = Scene()

    for _ in range(2):  # some gateways say it twice
        scene.hear(Connection("BROKER_DISCONNECTED", broker="mock", error="reset"))
    paused = scene.guard.standing
    scene.hear(Connection("BROKER_RECONNECTED", broker="mock", gap_duration_ms=10))

    assert paused is TradingState.PAUSED
    assert scene.told == ["BROKER_DISCONNECTED"]
    assert scene.reconciled == ["BROKER_DISCONNECTED"]
    # Only who has read the state may lift it.
    assert scene.guard.standing is TradingState.PAUSED


def test_L6_a_broker_that_is_given_up_halts_and_ends_the_run() -> None:
    scene = Scene()

    scene.hear(Connection("BROKER_CONNECTION_FAILED", broker="mock"))

    assert scene.guard.state is TradingState.HALTED
    assert scene.ended == 1


@pytest.mark.parametrize("code", ["LIQUIDATION", "OCO_DOUBLE_EXIT"])
def test_L6_what_makes_the_books_doubtful_halts(code: str) -> None:
    scene = Scene()

    scene.hear(ErrorNotice(code, "it happened"))

    assert scene.guard.breach is not None
    assert scene.guard.breach.limit == code.lower()
    assert "it happened" in scene.guard.breach.message


@pytest.mark.parametrize(
    "message",
    [
        ErrorNotice("POSITION_UNPROTECTED", "no stop"),
        AccountUpdate("MARGIN_WARNING", account()),
        AccountUpdate("MARGIN_CALL", account()),
    ],
    ids=["unprotected", "margin warning", "margin call"],
)
def test_L6_what_a_person_must_look_at_lets_positions_shrink_only(message: Any) -> None:
    scene = Scene()

    scene.hear(message)

    assert scene.guard.standing is TradingState.REDUCING
    assert scene.after(86_400.0) != set()


def test_other_reports_change_nothing() -> None:
    scene = Scene()
    for message in (
        ErrorNotice("INTERNAL_ERROR", "oops"),
        AccountUpdate("BALANCE_UPDATED", account()),
        Connection("RECONNECTING"),
        DataStaleness("ODD", (AAPL,)),
        RateLimit("RATE_LIMIT_WARNING", 3, START),
    ):
        scene.hear(message)

    assert scene.guard.standing is TradingState.ACTIVE
    assert scene.told == []


@pytest.mark.parametrize(
    ("seconds", "held_s"),
    [(30, 30), (1e6, 60), (-1e6, 1), (0, 1)],
    ids=["soon", "far ahead", "in the past", "now"],
)
def test_L8_a_limit_of_requests_holds_orders_back_for_a_while(
    seconds: float, held_s: float
) -> None:
    scene = Scene()
    scene.hear(RateLimit("RATE_LIMIT_HIT", 0, START + timedelta(seconds=seconds)))

    assert scene.guard.standing is TradingState.PAUSED
    assert scene.after(held_s - 0.5) == {("RATE_LIMITED", None)}
    assert scene.after(1.0) == set()
    assert scene.told == ["RATE_LIMITED", "LIFTED"]


def minutes(index: int) -> Candle:
    return candle(100, index=index, timeframe="1m")


@pytest.mark.parametrize(
    ("prices", "limit_s"),
    [
        ([minutes(0)], 180),
        ([quote(100)], 60),
        ([candle(100)], 3 * 86_400),
        ([candle(100), minutes(0)], 180),
        ([minutes(0), quote(100)], 60),
    ],
    ids=["minutes", "quotes", "days", "days and minutes", "minutes and quotes"],
)
def test_silence_of_three_candles_and_a_minute_is_too_long(
    prices: list[Candle | Quote], limit_s: float
) -> None:
    scene = Scene()
    for one in prices:
        scene.hear(one)

    assert scene.after(limit_s - 0.5) == set()
    assert scene.after(1.0) == {("NO_DATA", AAPL)}
    # It comes again: it is restricted no more before the strategy sees that.
    scene.hear(prices[-1])
    assert scene.guard.restrictions == {}
    assert scene.told == ["NO_DATA", "LIFTED"]


def test_a_symbol_that_is_quiet_now_and_then_is_told_of_once() -> None:
    scene = Scene()
    for _ in range(3):
        scene.hear(quote(100))
        assert scene.after(61.0) == {("NO_DATA", AAPL)}

    assert scene.told == ["NO_DATA", "LIFTED"]


def test_how_long_silence_may_be_can_be_chosen() -> None:
    scene = Scene(stale_after_s=5.0)
    scene.hear(minutes(0))

    assert scene.after(4.0) == set()
    assert scene.after(1.5) == {("NO_DATA", AAPL)}


def test_a_new_connection_says_anew_what_is_stale() -> None:
    scene = Scene()
    scene.hear(stale(AAPL))
    scene.hear(Connection("BROKER_DISCONNECTED"))
    scene.hear(ErrorNotice("POSITION_UNPROTECTED", "no stop"))

    scene.conditions.regained()

    assert set(scene.guard.restrictions) == {("POSITION_UNPROTECTED", None)}
