"""Orders that execute at the close on which they were placed, where that was asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from runner.engine.choices import FillAt
from runner.engine.costs import Slippage, VolumeImpact
from runner.engine.exchange import Exchange
from runner.protocol.commands import OrderHandle
from runner.protocol.enums import OrderStatus, OrderType, Side, TimeInForce, TrailingType
from tests.helpers import AAPL, MSFT, START_MS, Row, series
from tests.unit.engine.exchange_helpers import modify, open_exchange, orders_in, request, said

BUY, SELL = Side.BUY, Side.SELL


def at_close(*rows: Row, **terms: Any) -> Exchange:
    """Return an exchange that has delivered the first of these candles."""
    exchange = open_exchange(series(*rows), fill_at=FillAt.CLOSE, **terms)
    exchange.advance()
    return exchange


def test_a_market_order_executes_at_the_close_it_was_placed_on_and_at_that_moment() -> None:
    exchange = at_close((90.0, 110.0, 80.0, 100.0), 150.0)

    reply = exchange.execute(request(BUY, 10))

    assert isinstance(reply, OrderHandle)
    assert reply.status is OrderStatus.OPEN, "the reply tells of the acceptance"
    assert said(exchange.drain()) == [
        "o-1 created",
        "o-1 filled at 100",
        "t-1 buy 10 at 100",
        "position opened 10",
        "balance 100000",
    ]
    assert exchange.trades[0].timestamp.isoformat() == "2024-01-02T00:00:00+00:00"
    assert orders_in(exchange.advance()) == []


@pytest.mark.parametrize(
    ("side", "fields", "at_once", "later"),
    [
        pytest.param(BUY, {"limit": 101}, "filled at 100", "", id="limit above: the better close"),
        pytest.param(BUY, {"limit": 100}, "filled at 100", "", id="limit at the close"),
        pytest.param(BUY, {"limit": 99}, "", "filled at 99", id="limit below: the next candle"),
        pytest.param(SELL, {"limit": 99}, "filled at 100", "", id="sell limit below"),
        pytest.param(SELL, {"limit": 101}, "", "filled at 101", id="sell limit above"),
        pytest.param(BUY, {"stop": 95}, "", "filled at 100", id="stop beyond: the next open"),
        pytest.param(
            BUY, {"stop": 95, "limit": 105}, "", "filled at 100", id="stop-limit: the next open"
        ),
        pytest.param(
            SELL,
            {
                "order_type": OrderType.TRAILING_STOP,
                "trailing_distance": Decimal(2),
                "trailing_type": TrailingType.ABSOLUTE,
            },
            "",
            "filled at 98",
            id="trailing stop: the next candle",
        ),
        pytest.param(
            BUY,
            {"limit": 99, "time_in_force": TimeInForce.IOC},
            "",
            "filled at 99",
            id="immediate and not within reach: the next candle",
        ),
        pytest.param(
            BUY,
            {"limit": 101, "post_only": True},
            "cancelled POST_ONLY_VIOLATED",
            "",
            id="post-only and within reach",
        ),
    ],
)
def test_what_executes_at_the_close_and_what_meets_the_next_candle(
    side: Side, fields: dict[str, Any], at_once: str, later: str
) -> None:
    exchange = at_close(100.0, (100.0, 103.0, 97.0, 100.0))

    exchange.execute(request(side, 10, **fields))

    assert [f"o-1 {at_once}"] * bool(at_once) == orders_in(exchange.drain())[1:]
    assert [f"o-1 {later}"] * bool(later) == orders_in(exchange.advance())


@pytest.mark.parametrize(
    ("force", "at_once", "later"),
    [
        pytest.param(TimeInForce.GTC, ["partially_filled at 100"], ["partially_filled at 101"]),
        pytest.param(TimeInForce.IOC, ["partially_filled at 100", "cancelled at 100"], []),
        pytest.param(TimeInForce.FOK, [], ["cancelled"]),
    ],
)
def test_the_share_of_the_volume_is_that_of_the_candle_that_closed(
    force: TimeInForce, at_once: list[str], later: list[str]
) -> None:
    exchange = at_close(100.0, 102.0, 150.0, volume_share=Decimal("0.004"))

    exchange.execute(request(BUY, 10, time_in_force=force))

    assert [f"o-1 {one}" for one in at_once] == orders_in(exchange.drain())[1:]
    assert [f"o-1 {one}" for one in later] == orders_in(exchange.advance())


def test_legs_are_placed_at_once_and_meet_the_next_candle() -> None:
    exchange = at_close(100.0, (101.0, 103.0, 97.0, 100.0))

    exchange.execute(request(BUY, 10, stop_loss=98, take_profit=100))

    assert orders_in(exchange.drain()) == [
        "o-1 created",
        "o-1 filled at 100",
        "o-2 created",
        "o-3 created",
    ]
    assert orders_in(exchange.advance()) == ["o-3 filled at 101", "o-2 cancelled"]


def test_spread_and_slippage_are_those_of_the_candle_that_closed() -> None:
    slippage = Slippage(range_share=Decimal("0.1"), volume_impact=VolumeImpact(Decimal("0.5")))
    exchange = at_close((90.0, 110.0, 80.0, 100.0), 150.0, slippage=slippage)

    exchange.execute(request(BUY, 100))

    # 100 + 10% of 30 makes 103; a tenth of the volume, squared, times 0.5 is 0.5% more.
    assert exchange.trades[0].price == Decimal("103.515")


def test_an_order_for_a_symbol_that_has_not_closed_now_meets_its_next_candle() -> None:
    exchange = open_exchange(
        series(100.0, 101.0, 102.0),
        series(50.0, 51.0, symbol=MSFT, start_ms=START_MS + 86_400_000),
        fill_at=FillAt.CLOSE,
    )
    exchange.advance()

    exchange.execute(request(BUY, 10, symbol=MSFT))

    assert orders_in(exchange.drain()) == ["o-1 created"]
    assert orders_in(exchange.advance()) == ["o-1 filled at 50"]
    exchange.execute(request(BUY, 10, symbol=MSFT))
    exchange.execute(request(BUY, 10, symbol=AAPL))
    assert orders_in(exchange.drain())[1::2] == ["o-2 filled at 50", "o-3 filled at 101"]


def test_an_order_placed_before_the_first_candle_meets_its_open() -> None:
    exchange = open_exchange(series((100.0, 104.0, 99.0, 103.0)), fill_at=FillAt.CLOSE)

    exchange.execute(request(BUY, 10))

    assert orders_in(exchange.drain()) == ["o-1 created"]
    assert orders_in(exchange.advance()) == ["o-1 filled at 100"]


def test_a_limit_that_is_moved_within_reach_meets_the_next_candle() -> None:
    exchange = at_close(100.0, 101.0)
    exchange.execute(request(BUY, 10, limit=90))

    modify(exchange, "o-1", limit_price=105)

    assert orders_in(exchange.drain()) == ["o-1 created", "o-1 modified"]
    assert orders_in(exchange.advance()) == ["o-1 filled at 101"]


def test_an_order_that_the_account_cannot_carry_after_slippage_is_rejected_at_once() -> None:
    exchange = at_close(100.0, 100.0, cash=Decimal(1_000), slippage=Slippage(bps=Decimal(10)))

    exchange.execute(request(BUY, 10))

    assert orders_in(exchange.drain()) == ["o-1 created", "o-1 rejected INSUFFICIENT_MARGIN"]
