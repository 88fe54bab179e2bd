"""In which order things happen inside one candle: legs after their entry, and one order or another.

The candle is 100-110-90-105 where a row does not name another. Each row works out all three paths.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from runner.engine.choices import PricePath
from runner.engine.exchange import Exchange
from runner.protocol.enums import OrderType, Side, TrailingType
from tests.helpers import Row, series
from tests.unit.engine.exchange_helpers import open_exchange, orders_in, place

BUY, SELL = Side.BUY, Side.SELL
ALL = (100.0, 110.0, 90.0, 105.0)


def prices_of(exchange: Exchange) -> str:
    """Return the prices of all executions in their order."""
    return " ".join(str(one.price) for one in exchange.trades)


def after_first(candle: Row, path: PricePath, **terms: Any) -> Exchange:
    """Return an exchange at a close of 100, with `candle` to come."""
    exchange = open_exchange(series(100.0, candle), price_path=path, **terms)
    exchange.advance()
    return exchange


@pytest.mark.parametrize(
    ("side", "fields", "expected"),
    [
        # At the open, when the whole candle lies ahead.
        pytest.param(
            BUY, {"stop_loss": 92, "take_profit": 108}, ("100 92", "100 108", "100 92"),
            id="both touched: the worse, or the one that comes first",
        ),
        pytest.param(
            BUY, {"stop_loss": 89, "take_profit": 108}, ("100 108",) * 3, id="take-profit alone"
        ),
        pytest.param(
            BUY, {"stop_loss": 92, "take_profit": 111}, ("100 92",) * 3, id="stop-loss alone"
        ),
        pytest.param(
            BUY, {"stop_loss": 101}, ("100 100",) * 3, id="stop-loss above the open: at once"
        ),
        pytest.param(
            BUY, {"take_profit": 99}, ("100 100",) * 3, id="take-profit below the open: at once"
        ),
        # A limit entry at 95, on the way down to 90.
        pytest.param(
            BUY, {"limit": 95, "stop_loss": 92}, ("95 92",) * 3, id="limit: 92 is on the way"
        ),
        pytest.param(BUY, {"limit": 95, "stop_loss": 89}, ("95",) * 3, id="limit: 89 is missed"),
        pytest.param(
            BUY, {"limit": 95, "take_profit": 108}, ("95", "95", "95 108"),
            id="limit: a high of 110 counts only after the entry",
        ),
        pytest.param(
            BUY, {"limit": 95, "take_profit": 104}, ("95 104",) * 3,
            id="limit: the close of 105 comes after the entry",
        ),
        pytest.param(
            BUY, {"limit": 95, "stop_loss": 92, "take_profit": 104}, ("95 92",) * 3,
            id="limit: down to 92 before it comes back to 104",
        ),
        pytest.param(
            BUY, {"limit": 95, "stop_loss": 96}, ("95 95",) * 3, id="stop-loss above it: at once"
        ),
        pytest.param(
            BUY, {"limit": 95, "take_profit": 94}, ("95 95",) * 3,
            id="take-profit below it: at once",
        ),
        # A stop entry at 105, on the way up to 110.
        pytest.param(
            BUY, {"stop": 105, "take_profit": 108}, ("105 108",) * 3, id="stop: 108 is on the way"
        ),
        pytest.param(
            BUY, {"stop": 105, "take_profit": 111}, ("105",) * 3, id="stop: 111 is missed"
        ),
        pytest.param(
            BUY, {"stop": 105, "stop_loss": 92}, ("105 92", "105 92", "105"),
            id="stop: a low of 90 that certainly came before it does not count",
        ),
        pytest.param(
            BUY, {"stop": 106, "stop_loss": 105}, ("106 105",) * 3,
            id="stop: down from the high to the close of 105",
        ),
        pytest.param(
            BUY, {"stop": 105, "limit": 107, "take_profit": 108}, ("105", "105 108", "105 108"),
            id="stop-limit: on a path 108 lies ahead of 105",
        ),
        pytest.param(
            BUY, {"stop": 107, "limit": 104, "stop_loss": 92}, ("", "104 92", ""),
            id="stop-limit: filled on the fall from 110, stopped on the same fall",
        ),
        # The other side.
        pytest.param(
            SELL, {"stop_loss": 108, "take_profit": 92}, ("100 108", "100 108", "100 92"),
            id="short: both touched",
        ),
        pytest.param(
            SELL, {"limit": 108, "stop_loss": 109}, ("108 109",) * 3, id="short: 109 on the way"
        ),
        pytest.param(
            SELL, {"limit": 108, "take_profit": 104}, ("108", "108 104", "108"),
            id="short: a low counts only after the entry, the close of 105 is not low enough",
        ),
        pytest.param(
            SELL, {"limit": 108, "take_profit": 106}, ("108 106",) * 3,
            id="short: the close of 105 comes after the entry",
        ),
        pytest.param(
            SELL, {"stop": 95, "take_profit": 92}, ("95 92",) * 3, id="short: 92 is on the way"
        ),
        pytest.param(
            SELL, {"stop": 95, "stop_loss": 109}, ("95 109", "95", "95 109"),
            id="short: a high that certainly came before the entry does not count",
        ),
        pytest.param(
            SELL, {"limit": 108, "stop_loss": 107}, ("108 108",) * 3, id="short: at once"
        ),
    ],
)  # fmt: skip
def test_when_a_leg_executes_in_the_candle_of_its_entry(
    side: Side, fields: dict[str, object], expected: tuple[str, str, str]
) -> None:
    seen = []
    for path in PricePath:
        exchange = after_first(ALL, path)
        place(exchange, side, 10, **fields)
        exchange.advance()
        seen.append(prices_of(exchange))

    assert list(expected) == seen


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        pytest.param(
            [(BUY, {"limit": 95}), (SELL, {"limit": 108}), (BUY, {"stop": 103})],
            ("103 95 108", "103 108 95", "95 103 108"),
            id="the price comes by them in the order of the path, stops first without one",
        ),
        pytest.param(
            [(SELL, {"limit": 104}), (SELL, {"limit": 102}), (SELL, {"limit": 103})],
            ("104 102 103", "102 103 104", "102 103 104"),
            id="on the way up the nearer first, without a path the older",
        ),
        pytest.param(
            [(SELL, {"limit": 104}), (BUY, {"stop": 104})],
            ("104 104",) * 3,
            id="at one price",
        ),
        pytest.param(
            [(BUY, {"limit": 99}), (BUY, {}), (SELL, {"limit": 99})],
            ("100 100 99",) * 3,
            id="what the open executes comes first on every path",
        ),
        pytest.param(
            [
                (BUY, {"stop": 106, "oco_group_id": "one"}),
                (SELL, {"stop": 94, "oco_group_id": "one"}),
            ],
            ("106", "106", "94"),
            id="of a group the one that the price meets first",
        ),
    ],
)
def test_which_order_executes_first(
    orders: list[tuple[Side, dict[str, Any]]], expected: tuple[str, str, str]
) -> None:
    seen = []
    for path in PricePath:
        exchange = after_first(ALL, path)
        for side, fields in orders:
            place(exchange, side, 10, **fields)
        exchange.advance()
        seen.append(prices_of(exchange))

    assert list(expected) == seen


@pytest.mark.parametrize("path", [PricePath.OHLC, PricePath.OLHC], ids=str)
def test_at_one_price_stops_go_before_limits_and_older_orders_before_newer_ones(
    path: PricePath,
) -> None:
    exchange = after_first(ALL, path)
    for fields in ({"limit": 104}, {"limit": 104, "client_order_id": "later"}):
        place(exchange, SELL, 1, **fields)
    place(exchange, BUY, 1, stop=104)

    step = orders_in(exchange.advance())

    assert step == ["o-3 filled at 104", "o-1 filled at 104", "o-2 filled at 104"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PricePath.WORST, "o-3 filled at 92; o-2 cancelled REDUCE_ONLY_VIOLATED"),
        (PricePath.OHLC, "o-2 filled at 108; o-3 cancelled REDUCE_ONLY_VIOLATED"),
        (PricePath.OLHC, "o-3 filled at 92; o-2 cancelled REDUCE_ONLY_VIOLATED"),
    ],
    ids=str,
)
def test_of_a_stop_and_a_limit_on_one_position_the_path_decides(
    path: PricePath, expected: str
) -> None:
    exchange = open_exchange(series(100.0, 100.0, ALL), price_path=path)
    exchange.advance()
    place(exchange, BUY, 10)
    exchange.advance()
    place(exchange, SELL, 10, limit=108, reduce_only=True)
    place(exchange, SELL, 10, stop=92, reduce_only=True)

    assert expected == "; ".join(orders_in(exchange.advance()))


@pytest.mark.parametrize(
    ("path", "expected"),
    [(PricePath.OHLC, "105"), (PricePath.OLHC, "")],
    ids=str,
)
def test_a_trailing_stop_follows_each_stretch_of_the_path(path: PricePath, expected: str) -> None:
    # With the high of 110 first it stands at 105 when the price falls; with the low first it
    # stands at 85 then, and at 105.01 it is not back yet at the end.
    exchange = after_first((100.0, 110.0, 90.0, 105.01), path)
    place(
        exchange,
        SELL,
        10,
        order_type=OrderType.TRAILING_STOP,
        trailing_distance=Decimal(5) if path is PricePath.OHLC else Decimal(15),
        trailing_type=TrailingType.ABSOLUTE,
    )

    exchange.advance()

    assert expected == prices_of(exchange)


@pytest.mark.parametrize("path", PricePath, ids=str)
def test_a_part_of_an_order_and_no_more_executes_in_a_candle_on_every_path(
    path: PricePath,
) -> None:
    exchange = after_first(ALL, path, volume_share=Decimal("0.004"))
    place(exchange, BUY, 10, limit=95)
    place(exchange, BUY, 10)

    exchange.advance()

    assert [(one.quantity, one.price) for one in exchange.trades] == [(4, 100), (4, 95)]


@pytest.mark.parametrize("path", PricePath, ids=str)
def test_a_candle_without_volume_executes_nothing_on_any_path(path: PricePath) -> None:
    made = series(100.0, ALL)
    made.volumes[1] = 0.0
    exchange = open_exchange(made, price_path=path, volume_share=Decimal("0.5"))
    exchange.advance()
    for fields in ({}, {"limit": 95}, {"stop": 105}, {"stop": 105, "limit": 107}):
        place(exchange, BUY, 10, **fields)

    exchange.advance()

    assert exchange.trades == []
    assert len(exchange.working) == 4


def test_a_leg_that_has_waited_on_the_path_is_a_maker_at_the_next_open() -> None:
    exchange = open_exchange(series(100.0, 100.0, 112.0), price_path=PricePath.OHLC)
    exchange.advance()
    place(exchange, BUY, 10, take_profit=110)

    exchange.advance()
    exchange.advance()

    assert [(str(one.price), one.is_maker) for one in exchange.trades] == [
        ("100", False),
        ("112", True),
    ]
