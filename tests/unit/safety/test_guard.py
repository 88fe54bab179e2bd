"""Limits as a strategy meets them: over the real exchange, with every figure worked out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from runner import Candle, Order, Strategy
from runner.engine.choices import PositionMode
from runner.protocol.enums import OrderType, Side
from runner.protocol.messages import ErrorNotice
from runner.safety import Limits, TradingState
from runner.safety.checks import protects
from tests.helpers import AAPL, MSFT, Run, run_strategy, series, snapshot

FLAT = series(*[100.0] * 6)


class Scripted(Strategy):
    """Does on each candle what the test says, and keeps what it hears."""

    script: dict[int, Any] = {}  # noqa: RUF012 - each test's subclass has its own

    def on_start(self) -> None:
        self.count = 0
        self.heard: list[tuple[str, str]] = []

    def on_candle(self, candle: Candle) -> None:
        self.count += 1
        act = self.script.get(self.count)
        if act is not None:
            act(self)

    def on_order(self, order: Order) -> None:
        if order.is_rejected:
            self.heard.append((order.reject_reason or "", order.reject_message or ""))

    def on_error(self, error: ErrorNotice) -> None:
        self.heard.append((error.code, error.message))


def played(script: dict[int, Any], limits: Limits, data: Any = FLAT, **terms: Any) -> Run:
    strategy = type("Case", (Scripted,), {"script": script, "__doc__": "A case."})
    return run_strategy(strategy, data, limits=limits, **{"cash": Decimal(100_000), **terms})


@pytest.mark.parametrize(
    ("limits", "order", "reason", "words"),
    [
        pytest.param(
            Limits(max_order_quantity=Decimal(10)), {"quantity": 11},
            "DENIED_MAX_ORDER_QUANTITY", "was 11; risk.max_order_quantity is 10", id="units",
        ),
        pytest.param(
            Limits(max_order_notional=Decimal(1000)), {"quantity": 11},
            "DENIED_MAX_ORDER_NOTIONAL", "was 1100; risk.max_order_notional is 1000", id="value",
        ),
        pytest.param(
            # A limit below the market does not make the order smaller than the market has it.
            Limits(max_order_notional=Decimal(1000)), {"quantity": 11, "limit": 50},
            "DENIED_MAX_ORDER_NOTIONAL", "was 1100", id="value of a low limit",
        ),
        pytest.param(
            Limits(max_order_notional=Decimal(1000)), {"quantity": 6, "limit": 200},
            "DENIED_MAX_ORDER_NOTIONAL", "was 1200", id="value of a high limit",
        ),
        pytest.param(
            Limits(max_position_notional=Decimal(1000)), {"quantity": 11},
            "DENIED_MAX_POSITION_NOTIONAL", "was 1100", id="position",
        ),
        pytest.param(
            Limits(max_gross_notional=Decimal(1000)), {"quantity": 11},
            "DENIED_MAX_GROSS_NOTIONAL", "was 1100", id="gross",
        ),
        pytest.param(
            Limits(price_collar=Decimal("0.05")), {"quantity": 1, "limit": "94.9"},
            "DENIED_PRICE_COLLAR", "94.9 is 5.10% from the last price 100", id="limit far away",
        ),
        pytest.param(
            Limits(price_collar=Decimal("0.05")), {"quantity": 1, "stop": 106},
            "DENIED_PRICE_COLLAR", "the stop price 106 is 6.00%", id="stop far away",
        ),
    ],
)  # fmt: skip
def test_an_order_beyond_a_limit_is_denied_with_limit_and_value(
    limits: Limits, order: dict[str, Any], reason: str, words: str
) -> None:
    run = played({1: lambda self: self.buy(**order)}, limits)

    ((heard, message),) = run.strategy.heard
    assert heard == reason
    assert words in message
    assert len(run.exchange.orders) == 0


@pytest.mark.parametrize(
    ("limits", "order"),
    [
        pytest.param(Limits(max_order_quantity=Decimal(10)), {"quantity": 10}, id="units"),
        pytest.param(Limits(max_order_notional=Decimal(1000)), {"quantity": 10}, id="value"),
        pytest.param(Limits(max_gross_notional=Decimal(1000)), {"quantity": 10}, id="gross"),
        pytest.param(Limits(price_collar=Decimal("0.05")), {"quantity": 1, "limit": 95}, id="near"),
    ],
)
def test_an_order_at_a_limit_is_sent(limits: Limits, order: dict[str, Any]) -> None:
    run = played({1: lambda self: self.buy(**order)}, limits)

    assert run.strategy.heard == []
    assert len(run.exchange.orders) == 1


def test_working_orders_count_as_filled_for_the_position() -> None:
    def two(self: Strategy) -> None:
        self.buy(quantity=6, limit=99)
        self.buy(quantity=6, limit=98)

    run = played({1: two}, Limits(max_position_notional=Decimal(1000)))

    assert [reason for reason, _ in run.strategy.heard] == ["DENIED_MAX_POSITION_NOTIONAL"]
    assert len(run.exchange.orders) == 1


def test_what_makes_a_position_smaller_is_never_too_large_a_position() -> None:
    script = {
        1: lambda self: self.buy(quantity=10),
        3: lambda self: self.close(),
    }
    rising = series(100.0, 100.0, 200.0, 200.0, 200.0)

    run = played(script, Limits(max_position_notional=Decimal(1000)), rising)

    assert run.strategy.heard == []
    assert run.strategy.is_flat


def test_positions_of_all_symbols_count_for_the_gross_value() -> None:
    script = {
        1: lambda self: self.buy(AAPL, quantity=6),
        4: lambda self: self.sell(MSFT, quantity=6),
    }
    data = [series(*[100.0] * 5), series(*[100.0] * 5, symbol=MSFT)]

    run = played(script, Limits(max_gross_notional=Decimal(1000)), data)

    ((reason, message),) = run.strategy.heard
    assert reason == "DENIED_MAX_GROSS_NOTIONAL"
    assert "was 1200" in message


@pytest.mark.parametrize(
    ("limits", "reason", "sent"),
    [
        pytest.param(Limits(max_open_orders=2), "DENIED_MAX_OPEN_ORDERS", 2, id="open"),
        pytest.param(Limits(max_orders_per_event=3), "DENIED_MAX_ORDERS_PER_EVENT", 3, id="event"),
        pytest.param(Limits(max_orders_per_day=1), "DENIED_MAX_ORDERS_PER_DAY", 1, id="day"),
        pytest.param(
            Limits(max_orders_per_second=Decimal(2)), "DENIED_MAX_ORDERS_PER_SECOND", 4, id="rate"
        ),
    ],
)
def test_more_orders_than_allowed_are_denied(limits: Limits, reason: str, sent: int) -> None:
    def many(self: Strategy) -> None:
        for step in range(5):
            self.buy(quantity=1, limit=90 + step)

    run = played({2: many}, limits)

    assert len(run.exchange.orders) == sent
    assert {heard for heard, _ in run.strategy.heard} == {reason}


def test_repeats_halt_trading() -> None:
    def repeats(self: Strategy) -> None:
        for _ in range(4):
            self.buy(quantity=1, limit=90)

    run = played({1: repeats, 3: lambda self: self.buy(quantity=1)}, Limits(max_repeats=3))

    assert [reason for reason, _ in run.strategy.heard] == ["DENIED_MAX_REPEATS", "DENIED_HALTED"]
    assert run.session.guard is not None
    assert run.session.guard.state is TradingState.HALTED
    assert not run.exchange.working


def test_refusals_in_a_row_halt_trading() -> None:
    def too_dear(self: Strategy) -> None:
        self.buy(quantity=10**9, limit=90)

    script = dict.fromkeys(range(1, 6), too_dear)

    run = played(script, Limits(max_rejections_in_a_row=2))

    reasons = [reason for reason, _ in run.strategy.heard]
    assert reasons == ["INSUFFICIENT_MARGIN"] * 3 + ["DENIED_HALTED"] * 2


def test_a_fall_of_equity_halts_cancels_entries_and_keeps_what_protects() -> None:
    def enter(self: Strategy) -> None:
        self.buy(quantity=500, stop_loss=10)
        self.buy(quantity=1, limit=1)

    falling = series(100.0, 100.0, 100.0, 50.0, 50.0, 50.0)

    run = played(
        {1: enter, 5: lambda self: self.buy(quantity=1)},
        Limits(max_drawdown=Decimal("0.2")),
        falling,
    )

    guard = run.session.guard
    assert guard is not None
    assert guard.breach is not None
    assert guard.breach.limit == "max_drawdown"
    assert "25.00% down from its highest (100,000.00)" in guard.breach.message
    assert [reason for reason, _ in run.strategy.heard] == ["DENIED_HALTED"]
    ended = {
        one.stop_price or one.limit_price: str(one.status) for one in run.exchange.orders.values()
    }
    # The stop-loss worked to the end of the data, which cancels it; the entry did not.
    assert ended[Decimal(1)] == "CANCELLED"
    assert run.strategy.position() is not None


def test_a_halt_can_close_every_position() -> None:
    falling = series(100.0, 100.0, 100.0, 50.0, 50.0, 50.0)
    limits = Limits(max_drawdown=Decimal("0.2"), on_breach="flatten")

    run = played({1: lambda self: self.buy(quantity=500)}, limits, falling)

    assert run.strategy.is_flat
    assert [one.reason for one in run.desk.tickets.values()][-1] == "halt: max_drawdown"


@pytest.mark.parametrize(
    ("on_breach", "held"), [("cancel", 200), ("flatten", 0)], ids=["cancel", "flatten"]
)
def test_stops_that_a_halt_leaves_can_never_open_a_position(on_breach: Any, held: int) -> None:
    def enter(self: Strategy) -> None:
        self.buy(quantity=500)

    def protect(self: Strategy) -> None:
        self.sell(quantity=300, stop=45)
        self.sell(quantity=300, stop=40)

    falling = series(100.0, 100.0, 100.0, 50.0, 50.0, 30.0, 30.0)

    run = played(
        {1: enter, 2: protect}, Limits(max_drawdown=Decimal("0.2"), on_breach=on_breach), falling
    )

    assert sum(int(one.quantity) for one in run.exchange.ledger.holdings.values()) == held


class RaisingBelow(Strategy):
    """Buys once, and raises in each handler of a candle below 95."""

    def on_candle(self, candle: Candle) -> None:
        if self.is_flat and candle.close == 100:
            self.buy(quantity=500)
        if candle.close < 95:
            self.sell(quantity=1)
            raise ValueError("a mistake")


@pytest.mark.parametrize("others", [[], [series(*[50.0] * 5, symbol=MSFT)]], ids=["one", "two"])
def test_a_halt_is_carried_out_though_the_handler_raises(others: list[Any]) -> None:
    run = run_strategy(
        RaisingBelow,
        [series(100, 100, 90, 90, 90), *others],
        limits=Limits(max_drawdown=Decimal("0.02"), on_breach="flatten"),
        on_exception="skip",
    )

    assert run.session.guard is not None
    assert run.session.guard.state is TradingState.HALTED
    assert run.exchange.ledger.holdings == {}
    assert [one.quantity for one in run.exchange.trades] == [500, 500]


def test_a_daily_loss_is_measured_from_the_day_before() -> None:
    # 500 units: each candle of a day loses 4 % of 100,000, less than 5; two days lose more.
    data = series(100.0, 100.0, 92.0, 84.0, 76.0)

    def breach_at(most: str) -> Any:
        limits = Limits(max_daily_loss=Decimal(most))
        guard = played({1: lambda self: self.buy(quantity=500)}, limits, data).session.guard
        assert guard is not None
        return guard.breach

    assert breach_at("0.05") is None
    assert breach_at("0.039").limit == "max_daily_loss"


def test_a_change_may_make_an_order_smaller_but_not_too_large() -> None:
    def larger(self: Any) -> None:
        self.modify(self.ticket, quantity=20)

    def smaller(self: Any) -> None:
        self.modify(self.ticket, quantity=5)

    def enter(self: Any) -> None:
        self.ticket = self.buy(quantity=10, limit=90)

    run = played({1: enter, 2: larger, 3: smaller}, Limits(max_order_notional=Decimal(1000)))

    ((code, message),) = run.strategy.heard
    assert code == "DENIED"
    assert "was 2000" in message
    assert run.strategy.ticket.quantity == 5


def test_without_limits_nothing_is_held_against_anything() -> None:
    assert not Limits().is_any_set
    assert Limits(max_repeats=1).is_any_set
    assert not Limits(on_breach="flatten").is_any_set


# Several positions in one symbol


def hedged(strategy: Any) -> None:
    strategy.buy(quantity=10)
    strategy.sell(quantity=10)


HEDGING = {"position_mode": PositionMode.HEDGING, "leverage": Decimal(4)}


def test_what_is_hedged_counts_on_both_sides() -> None:
    limits = Limits(max_position_notional=Decimal(2500), max_gross_notional=Decimal(2200))
    run = played(
        {1: hedged, 2: lambda its: its.sell(quantity=3), 3: lambda its: its.buy(quantity=2)},
        limits,
        **HEDGING,
    )

    ((reason, message),) = run.strategy.heard
    assert reason == "DENIED_MAX_GROSS_NOTIONAL"
    assert "was 2300; risk.max_gross_notional is 2200" in message
    assert [int(one.quantity) for one in run.exchange.ledger.holdings.values()] == [10, -10, 2]


def test_an_order_that_names_a_position_is_never_too_large_for_it() -> None:
    run = played(
        {1: hedged, 2: lambda its: its.sell(quantity=9, position="p-1")},
        Limits(max_position_notional=Decimal(2000)),
        **HEDGING,
    )

    assert run.strategy.heard == []
    assert [int(one.quantity) for one in run.exchange.ledger.holdings.values()] == [1, -10]


def test_a_halt_that_flattens_closes_every_position() -> None:
    falls = series(100.0, 100.0, 80.0, 80.0, 80.0)
    run = played(
        {1: lambda its: (its.buy(quantity=30), its.sell(quantity=10))},
        Limits(max_drawdown=Decimal("0.1"), on_breach="flatten"),
        falls,
        cash=Decimal(2000),
        **HEDGING,
    )

    assert run.session.guard is not None
    assert run.session.guard.state is TradingState.HALTED
    assert run.exchange.ledger.holdings == {}


def test_a_halt_that_is_asked_for_stops_every_order_from_then_on() -> None:
    run = played({}, Limits(max_open_orders=99))
    guard = run.session.guard
    assert guard is not None
    assert guard.state is TradingState.ACTIVE

    guard.ask_halt("kill_switch", "somebody pulled the kill switch")
    run.desk.thread = None  # as if it were still going on
    order = run.strategy.buy(quantity=3)
    denial = guard.check(run.desk.outbox[-1], order.reason)  # type: ignore[arg-type]

    assert denial is not None
    assert (denial.limit, guard.state) == ("HALTED", TradingState.HALTED)
    assert guard.breach is not None
    assert guard.breach.limit == "kill_switch"


@pytest.mark.parametrize(
    ("order", "held", "stays"),
    [
        ({"order_type": OrderType.STOP}, 10, True),
        ({"order_type": OrderType.STOP}, 9, False),
        ({"order_type": OrderType.STOP}, -10, False),
        ({"order_type": OrderType.STOP}, 0, False),
        ({"order_type": OrderType.LIMIT}, 10, False),
        ({"order_type": OrderType.LIMIT, "reduce_only": True}, 10, True),
        ({"order_type": OrderType.LIMIT, "parent_order_id": "o-0"}, 10, True),
    ],
    ids=["stop", "too large", "same way", "flat", "limit", "reduce-only", "leg"],
)
def test_what_protects_a_position_stays_when_entries_are_cancelled(
    order: dict[str, Any], held: int, stays: bool
) -> None:
    working = snapshot(side=Side.SELL, quantity=10, **order)

    assert protects(working, Decimal(held)) is stays
