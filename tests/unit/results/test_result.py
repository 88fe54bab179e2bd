"""What a finished or broken-off run is said to have been."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner import Candle, Strategy
from runner.errors import StrategyFailed
from runner.protocol.messages import ErrorNotice
from runner.results.result import DataFacts, build_result
from runner.session import Ending
from tests.helpers import AAPL, MSFT, run_strategy, series
from tests.unit.results.strategies import RISING, Idle, InAndOut, result, result_of


def test_a_result_holds_every_execution_with_its_reason_and_profit() -> None:
    made = result()

    # Buy at the opens 101, 103, 105, 107 and sell at the opens 102, 104, 106, 108.
    assert [one.price for one in made.trades[:4]] == [101, 102, 103, 104]
    assert [one.realized_pnl for one in made.trades[:4]] == [None, 10, None, 10]
    assert [one.reason for one in made.trades[:2]] == ["flat", "held"]
    assert (made.statistics.executions, made.statistics.round_trips) == (8, 4)
    assert made.statistics.final_equity == 100_040
    assert (made.events, len(made.times), len(made.equities)) == (9, 9, 9)


def test_a_result_counts_candles_of_all_symbols_and_steps_once() -> None:
    made = result(Idle, [series(1.0, 2.0), series(1.0, 2.0, symbol=MSFT)])

    assert (made.events, len(made.times)) == (4, 2)


def test_symbols_and_timeframes_that_arrived_stand_in_for_those_nobody_stated() -> None:
    made = result_of(run_strategy(Idle, RISING), data=DataFacts("ws://127.0.0.1:8081"))

    assert (made.data.symbols, made.data.timeframes) == ((AAPL,), ("1d",))


def test_open_positions_show_the_last_price_and_profit() -> None:
    made = result(InAndOut, series(100.0, (101.0, 104.0, 101.0, 104.0)))

    (position,) = made.open_positions
    assert (position.symbol, position.quantity) == (AAPL, Decimal(10))
    assert (position.last_price, position.unrealized_pnl) == (104, 30)


class Greedy(Strategy):
    """Order what cannot be had, in two ways."""

    def on_candle(self, candle: Candle) -> None:
        self.buy(quantity=10_000_000)
        self.buy(quantity=10_000_000)
        self.buy(quantity=-1)


def test_rejections_are_counted_by_reason_with_the_first_message() -> None:
    made = result(Greedy, series(100.0, 100.0))

    assert [(one.reason, one.count) for one in made.rejections] == [
        ("INSUFFICIENT_MARGIN", 4),
        ("INVALID_QUANTITY", 2),
    ]
    assert made.rejections[0].message.startswith("10000000 S:AAPL at 100")


def test_a_rejection_at_the_fill_says_what_it_was() -> None:
    class AllIn(Strategy):
        def on_candle(self, candle: Candle) -> None:
            if not self._desk.tickets:
                self.buy(quantity=1_000)

    made = result(AllIn, series(100.0, 120.0))

    assert [one.message for one in made.rejections] == [
        "accepted, then refused when it was to buy 1000 S:AAPL"
    ]


def test_a_run_that_broke_off_keeps_what_it_had_and_says_what_ended_it() -> None:
    run = run_strategy(InAndOut, RISING)
    error = StrategyFailed("on_candle raised ValueError: no", id="E501")

    made = build_result(
        run.session,
        None,
        strategy=result_of(run).strategy,
        data=DataFacts("sample"),
        conventions=result_of(run).conventions,
        error=error,
    )

    assert (made.ending.why, made.ending.confirmed, made.ending.exit_code) == ("failed", False, 5)
    assert made.error is error
    assert made.statistics.executions == 8


@pytest.mark.parametrize(("code", "why"), [(130, "interrupted"), (143, "terminated")])
def test_a_run_that_a_signal_cut_off_says_so(code: int, why: str) -> None:
    run = run_strategy(Idle, RISING)

    made = build_result(
        run.session,
        None,
        strategy=result_of(run).strategy,
        data=DataFacts("sample"),
        conventions=result_of(run).conventions,
        exit_code=code,
    )

    assert (made.ending.why, made.ending.exit_code) == (why, code)


def test_warnings_name_everything_that_makes_a_result_doubtful() -> None:
    run = run_strategy(Idle, RISING)
    run.session.failures += ["Idle.on_candle at noon: ValueError", "and again"]
    run.session.malformed = 1
    run.session.unknown_types["weather"] = 3
    run.session.not_subscribed = 2
    run.session.notices += [ErrorNotice("SLOW", "first"), ErrorNotice("SLOW", "second")]

    made = build_result(
        run.session,
        Ending("closed", confirmed=False),
        strategy=result_of(run).strategy,
        data=DataFacts("sample"),
        conventions=result_of(run).conventions,
    )

    text = "\n".join(made.warnings)
    assert len(made.warnings) == 5
    for part in ("not confirmed", "2 times a handler raised", "once a frame", "'weather'"):
        assert part in text
    assert [(one.code, one.count, one.message) for one in made.notices] == [("SLOW", 2, "first")]


def test_a_good_run_has_no_warnings() -> None:
    made = result()

    assert made.warnings == ()
    assert made.no_trades == ()
    assert made.ending.confirmed
    assert Decimal(0) == made.statistics.commission
