"""Round trips, wins and losses, each worked out by hand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from runner.protocol.enums import Side
from runner.results.executions import summarise
from runner.strategy.portfolio import Fill
from tests.helpers import AAPL, DAY_MS, MSFT, START, START_MS, trade

BUY, SELL = Side.BUY, Side.SELL


def fill(
    side: Side,
    quantity: object,
    realized: object = None,
    *,
    commission: object = 0,
    day: int = 0,
    symbol: str = AAPL,
) -> Fill:
    made = trade(
        side=side,
        quantity=quantity,
        commission=commission,
        symbol=symbol,
        moment=START + timedelta(days=day),
    )
    return Fill(made, None if realized is None else Decimal(str(realized)), "")


def test_no_executions_have_no_rates() -> None:
    figures = summarise([])

    assert (figures.executions, figures.round_trips) == (0, 0)
    assert (figures.win_rate, figures.profit_factor) == (None, None)
    assert (figures.average_win, figures.average_loss) == (None, None)
    assert (figures.best, figures.worst) == (None, None)


def test_wins_and_losses_are_counted_after_commission() -> None:
    figures = summarise(
        [
            fill(BUY, 10, commission=1),
            fill(SELL, 10, 50, commission=1),  # 48
            fill(BUY, 10, commission=1),
            fill(SELL, 10, 1, commission=1),  # -1: commission ate it
            fill(BUY, 10),
            fill(SELL, 10, 0),  # neither
        ]
    )

    assert (figures.executions, figures.closing, figures.round_trips) == (6, 3, 3)
    assert figures.win_rate == pytest.approx(1 / 3)
    assert figures.profit_factor == 48
    assert figures.average_win == figures.best == 48
    assert figures.average_loss == figures.worst == -1
    assert figures.realized_pnl == 51
    assert figures.commission == 4


def test_a_partial_close_carries_its_share_of_the_opening_commission() -> None:
    figures = summarise([fill(BUY, 10, commission=10), fill(SELL, 4, 40), fill(SELL, 6, 60)])

    assert [figures.best, figures.worst] == [60 - 6, 40 - 4]
    assert figures.round_trips == 1


def test_a_turn_ends_one_round_trip_and_begins_another() -> None:
    figures = summarise(
        [
            fill(BUY, 10, commission=2),
            fill(SELL, 20, 30, commission=4),  # half its commission closes, half opens
            fill(BUY, 10, 10, commission=1),
        ]
    )

    assert figures.round_trips == 2
    assert [figures.best, figures.worst] == [30 - 2 - 2, 10 - 2 - 1]


def test_without_a_loss_there_is_no_profit_factor() -> None:
    figures = summarise([fill(BUY, 1), fill(SELL, 1, 5)])

    assert figures.win_rate == 1
    assert figures.profit_factor is None


def test_what_was_held_before_the_run_can_be_closed_in_it() -> None:
    figures = summarise([fill(SELL, 10, 25, commission=5)])

    assert figures.closing == 1
    assert figures.best == 20


def test_time_in_the_market_spans_all_symbols_without_counting_twice() -> None:
    figures = summarise(
        [
            fill(BUY, 1, day=1),
            fill(BUY, 1, day=2, symbol=MSFT),
            fill(SELL, 1, 0, day=3),
            fill(SELL, 1, 0, day=5, symbol=MSFT),
            fill(SELL, 1, day=8),
        ]
    )

    assert figures.held == (
        (START_MS + DAY_MS, START_MS + 5 * DAY_MS),
        (START_MS + 8 * DAY_MS, None),
    )


def test_positions_of_one_symbol_that_are_hedged_are_round_trips_of_their_own() -> None:
    def of(name: str, made: Fill) -> Fill:
        return Fill(made.trade, made.realized_pnl, "", name)

    figures = summarise(
        [
            of("p-1", fill(BUY, 10, commission=2)),
            of("p-2", fill(SELL, 10, commission=4, day=1)),
            of("p-1", fill(SELL, 5, 30, commission=1, day=2)),  # 30 - 1 - 1
            of("p-2", fill(BUY, 10, -20, commission=1, day=3)),  # -20 - 1 - 4
            of("p-1", fill(SELL, 5, 7, day=4)),  # 7 - 1
        ]
    )

    assert (figures.closing, figures.round_trips, figures.wins) == (3, 2, 2)
    assert (figures.best, figures.worst, figures.gains) == (28, -25, 34)
    assert figures.held == ((START_MS, START_MS + 4 * DAY_MS),)
