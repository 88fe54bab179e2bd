"""What the exchange delivers, and in which order."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner.engine.costs import Commission, Slippage
from runner.protocol.enums import OrderStatus, Side
from runner.protocol.messages import Candle
from tests.helpers import AAPL, DAY_MS, MSFT, START_MS, series
from tests.unit.engine.exchange_helpers import (
    accepted,
    open_exchange,
    orders_in,
    place,
    request,
    said,
    state_of,
)

BUY, SELL = Side.BUY, Side.SELL


def test_the_fills_of_a_candle_come_before_the_candle_order_trade_position_account() -> None:
    exchange = open_exchange(series(100.0, (101.0, 103.0, 99.0, 102.0)))
    exchange.advance()
    place(exchange)

    step = exchange.advance()

    assert said(step) == [
        "o-1 filled at 101",
        "t-1 buy 10 at 101",
        "position opened 10",
        "balance 100000",
        f"candle {AAPL} 102",
    ]


def test_a_step_matches_all_symbols_in_feed_order_before_its_first_candle() -> None:
    exchange = open_exchange(series(50.0, 51.0, symbol=MSFT), series(100.0, 101.0))
    exchange.advance()
    place(exchange, symbol=AAPL)
    place(exchange, symbol=MSFT)

    step = said(exchange.advance())

    assert [one for one in step if one.startswith(("t-", "candle"))] == [
        "t-1 buy 10 at 51",
        "t-2 buy 10 at 101",
        f"candle {MSFT} 51",
        f"candle {AAPL} 101",
    ]


def test_an_order_placed_on_a_candle_never_fills_on_that_candle() -> None:
    exchange = open_exchange(series(100.0, 100.0, symbol=MSFT), series(90.0, 80.0))
    exchange.advance()

    accepted(exchange.execute(request(BUY, symbol=AAPL)))

    assert said(exchange.drain()) == ["o-1 created"]
    assert "t-1 buy 10 at 80" in said(exchange.advance())


def test_time_is_the_moment_at_which_the_candles_of_the_step_closed() -> None:
    exchange = open_exchange(series(100.0, 101.0))
    moments = [exchange.now_ms]

    exchange.advance()
    moments.append(exchange.now_ms)
    order_id = place(exchange)
    exchange.advance()

    assert moments == [START_MS, START_MS + DAY_MS]
    assert exchange.orders[order_id].created_at.isoformat() == "2024-01-02T00:00:00+00:00"
    assert exchange.trades[0].timestamp.isoformat() == "2024-01-02T00:00:00+00:00"


def test_a_fill_pays_slippage_and_commission() -> None:
    exchange = open_exchange(
        series(100.0, 100.0, 100.0),
        slippage=Slippage(bps=Decimal(10)),
        commission=Commission(per_unit=Decimal("0.1")),
    )
    exchange.advance()
    place(exchange, BUY)
    place(exchange, SELL, limit=100)

    step = said(exchange.advance())

    assert exchange.trades[0].price == Decimal("100.1")
    assert "t-2 sell 10 at 100" in step, "a limit fill does not slip"
    assert exchange.ledger.balance == 100_000 - 1 - 1 - 1


def test_positions_net_and_their_events_say_what_became_of_them() -> None:
    exchange = open_exchange(series(*[100.0] * 6))
    exchange.advance()
    seen = []

    for side, quantity in ((BUY, 10), (BUY, 5), (SELL, 7), (SELL, 20), (BUY, 12)):
        place(exchange, side, quantity)
        seen += [one for one in said(exchange.advance()) if one.startswith("position")]

    assert seen == [
        "position opened 10",
        "position modified 15",
        "position modified 8",
        "position modified -12",
        "position closed 0",
    ]


# The end of the data


def test_an_order_good_till_cancelled_waits_until_the_data_is_over() -> None:
    exchange = open_exchange(series(100.0, 101.0, 102.0))
    exchange.advance()
    order_id = place(exchange, limit=50)

    exchange.advance()
    exchange.advance()
    last = said(exchange.advance())

    assert last == [f"{order_id} cancelled", "complete"]
    assert exchange.advance() == []
    assert exchange.finished


# What the account cannot carry


def test_a_fill_that_the_account_cannot_carry_is_rejected_at_the_fill() -> None:
    exchange = open_exchange(series(100.0, 120.0), cash=Decimal(1_000))
    exchange.advance()
    order_id = place(exchange, BUY, 10)

    step = said(exchange.advance())

    assert step == [f"{order_id} rejected INSUFFICIENT_MARGIN", f"candle {AAPL} 120"]
    assert exchange.trades == []
    assert exchange.orders[order_id].status is OrderStatus.REJECTED


# Reduce only


def test_a_reduce_only_order_is_cut_to_what_is_held() -> None:
    exchange = open_exchange(series(100.0, 100.0, 100.0))
    exchange.advance()
    place(exchange, BUY, 10)
    exchange.advance()
    order_id = place(exchange, SELL, 25, reduce_only=True)

    step = said(exchange.advance())

    assert "t-2 sell 10 at 100" in step
    assert "position closed 0" in step
    assert exchange.orders[order_id].snapshot().remaining_quantity == 0


def test_a_reduce_only_order_is_cancelled_when_the_position_is_gone_before_it() -> None:
    exchange = open_exchange(series(100.0, 100.0, 100.0))
    exchange.advance()
    place(exchange, BUY, 10)
    exchange.advance()
    place(exchange, SELL, 10)
    late = place(exchange, SELL, 10, reduce_only=True)

    step = orders_in(exchange.advance())

    assert step[-1] == f"{late} cancelled REDUCE_ONLY_VIOLATED"
    assert exchange.ledger.quantity(AAPL) == 0


# State and repetition


def test_a_repeated_client_order_id_gives_the_first_order_again() -> None:
    exchange = open_exchange(series(100.0, 101.0))
    exchange.advance()
    first = accepted(exchange.execute(request(client_order_id="mine")))
    again = accepted(exchange.execute(request(SELL, 99, client_order_id="mine")))

    assert first == again
    assert said(exchange.drain()) == ["o-1 created"]
    assert len(exchange.working) == 1


def test_the_state_shows_account_positions_and_working_orders() -> None:
    exchange = open_exchange(series(100.0, 100.0, 110.0))
    exchange.advance()
    place(exchange, BUY, 10)
    exchange.advance()
    waiting = place(exchange, SELL, 10, limit=200)
    exchange.advance()

    state = state_of(exchange)

    assert state.account.equity == 100_100
    assert [(one.symbol, one.quantity) for one in state.positions] == [(AAPL, Decimal(10))]
    assert [one.id for one in state.orders] == [waiting]


def test_an_empty_feed_is_over_at_once() -> None:
    exchange = open_exchange(series())

    assert said(exchange.advance()) == ["complete"]
    assert exchange.now_ms == 0


def test_what_a_step_delivers_last_is_its_candles() -> None:
    exchange = open_exchange(series(100.0, 100.0), series(50.0, 50.0, symbol=MSFT))
    exchange.advance()
    place(exchange, BUY)

    step = exchange.advance()

    assert [isinstance(one, Candle) for one in step][-3:] == [False, True, True]


@pytest.mark.parametrize("side", [BUY, SELL], ids=str)
def test_an_open_position_is_marked_at_the_last_close_and_not_closed(side: Side) -> None:
    exchange = open_exchange(series(100.0, 100.0, 107.0))
    exchange.advance()
    place(exchange, side, 10)

    while not exchange.finished:
        exchange.advance()

    assert exchange.ledger.quantity(AAPL) == 10 * side.sign
    assert exchange.ledger.equity() == 100_000 + 70 * side.sign
    assert len(exchange.trades) == 1
