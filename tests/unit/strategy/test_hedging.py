"""What a strategy sees of several positions in one symbol, and how it closes them."""

from __future__ import annotations

from typing import Any

import pytest

from runner import Candle, Strategy
from runner.engine.choices import PositionMode
from tests.helpers import AAPL, MSFT, Run, candle, run_strategy, series
from tests.unit.strategy.at_work import at_work, hold, requests

FLAT = series(*[100.0] * 6)


class Scripted(Strategy):
    """Does on each candle what the test says."""

    script: dict[int, Any] = {}  # noqa: RUF012 - each test's subclass has its own

    def on_start(self) -> None:
        self.count = 0
        self.seen: list[Any] = []

    def on_candle(self, candle: Candle) -> None:
        self.count += 1
        act = self.script.get(self.count)
        if act is not None:
            act(self)


def played(script: dict[int, Any], data: Any = FLAT, **terms: Any) -> Run:
    strategy = type("Case", (Scripted,), {"script": script, "__doc__": "A case."})
    return run_strategy(strategy, data, **{"position_mode": PositionMode.HEDGING, **terms})


def both(strategy: Strategy) -> None:
    strategy.buy(quantity=10)
    strategy.sell(quantity=4)


def held(run: Run) -> list[tuple[str, int]]:
    return [(one.id, int(one.quantity)) for one in run.exchange.ledger.holdings.values()]


def test_the_position_is_the_net_and_the_positions_are_its_parts() -> None:
    def look(strategy: Scripted) -> None:
        net = strategy.position()
        strategy.seen += [
            (net.quantity, net.average_entry_price, net.unrealized_pnl, net.id),
            (strategy.is_flat, strategy.is_long, strategy.is_short, strategy.has_positions),
            [(one.id, int(one.quantity), one.unrealized_pnl) for one in strategy.positions()],
        ]

    run = played({1: both, 2: look}, series(100.0, (100.0, 110.0, 100.0, 110.0)))

    assert run.strategy.seen == [
        (6, 100, 60.0, None),
        (False, True, False, True),
        [("p-1", 10, 100.0), ("p-2", -4, -40.0)],
    ]


def test_positions_that_cancel_out_are_flat_and_there() -> None:
    def look(strategy: Scripted) -> None:
        strategy.seen += [
            strategy.is_flat,
            strategy.is_long or strategy.is_short,
            strategy.has_positions,
            strategy.position().unrealized_pnl,
        ]

    def equal(strategy: Strategy) -> None:
        strategy.buy(quantity=4)
        strategy.sell(quantity=4)

    run = played({1: equal, 2: look}, series(100.0, (100.0, 110.0, 100.0, 110.0)))

    assert run.strategy.seen == [True, False, True, 0.0]


def test_a_position_is_closed_by_itself_or_by_its_id() -> None:
    def close(strategy: Strategy) -> None:
        strategy.close(position=strategy.positions()[0])

    assert held(played({1: both, 2: close})) == [("p-2", -4)]
    assert held(played({1: both, 2: lambda its: its.close(position="p-2")})) == [("p-1", 10)]


def test_a_close_that_names_none_closes_all_of_the_symbol() -> None:
    run = played({1: both, 2: lambda its: its.close(reason="enough")})

    assert held(run) == []
    assert [fill.order_reason for fill in run.desk.portfolio.fills] == ["", "", "enough", "enough"]


def test_a_close_of_what_is_not_open_is_none() -> None:
    def look(strategy: Scripted) -> None:
        strategy.seen += [strategy.close(position="p-9"), strategy.close(MSFT)]

    assert played({1: look}).strategy.seen == [None, None]


def test_an_order_that_names_a_position_reduces_it() -> None:
    def reduce(strategy: Strategy) -> None:
        strategy.sell(quantity=3, position="p-1")
        strategy.buy(quantity=9, position=strategy.positions()[1])

    assert held(played({1: both, 2: reduce})) == [("p-1", 7)]


def test_a_name_says_the_symbol_too() -> None:
    def other(strategy: Strategy) -> None:
        if strategy.symbol == AAPL:
            strategy.sell(MSFT, quantity=5)

    def close(strategy: Strategy) -> None:
        strategy.buy(quantity=2, position="p-1")

    run = played({1: other, 3: close}, [FLAT, series(*[50.0] * 6, symbol=MSFT)])

    assert held(run) == [("p-1", -3)]


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        (6, [("p-1", 10), ("p-2", -4)]),
        (16, [("p-1", 10), ("p-3", 6)]),
        (8, [("p-1", 10), ("p-2", -2)]),
        (0, [("p-1", 4), ("p-2", -4)]),
        (-9, [("p-2", -4), ("p-3", -5)]),
    ],
    ids=["there already", "more", "less short", "flat", "turned"],
)
def test_a_target_makes_positions_smaller_before_it_opens_one(
    wanted: int, after: list[tuple[str, int]]
) -> None:
    assert held(played({1: both, 2: lambda its: its.target(quantity=wanted)})) == after


def test_the_ticket_tells_of_its_position() -> None:
    def note(strategy: Scripted) -> None:
        strategy.seen.append(strategy.buy(quantity=1))

    (ticket,) = played({1: note}).strategy.seen

    assert ticket.position_id == "p-1"


# Where positions are netted


def test_a_netted_position_is_one_of_one() -> None:
    strategy = at_work()
    hold(strategy, 10)

    (one,) = strategy.positions()
    assert (one.quantity, strategy.position().positions) == (10, ())
    assert strategy.positions(MSFT) == []
    assert strategy.has_positions


def test_a_position_that_has_no_name_yet_cannot_be_named() -> None:
    strategy = at_work()
    hold(strategy, 10)

    with pytest.raises(ValueError, match=f"the position in {AAPL} has no id"):
        strategy.close(position=strategy.position())


def test_a_named_position_goes_with_the_request() -> None:
    strategy = at_work()
    strategy._desk.take_candle(candle(100.0, index=1))

    strategy.sell(quantity=4, position="p-7")

    (request,) = requests(strategy)
    assert (request.symbol, request.position_id, request.reduce_only) == (AAPL, "p-7", True)
