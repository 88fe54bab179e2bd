"""Where an order executes within one candle. Every row says what it expects and why."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner.engine.matching import (
    Fill,
    Prices,
    fill_at_open,
    fill_inside,
    leg_fill_after_entry,
    triggers,
)
from runner.engine.orders import WorkingOrder
from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderType, Side
from tests.helpers import AAPL, START, candle

BUY, SELL = Side.BUY, Side.SELL
MARKET, LIMIT = OrderType.MARKET, OrderType.LIMIT
STOP, STOP_LIMIT = OrderType.STOP, OrderType.STOP_LIMIT


def order(
    side: Side, kind: OrderType, *, limit: str | None = None, stop: str | None = None
) -> WorkingOrder:
    request = SubmitOrder(
        AAPL,
        side,
        Decimal(10),
        kind,
        limit_price=None if limit is None else Decimal(limit),
        stop_price=None if stop is None else Decimal(stop),
    )
    return WorkingOrder("o-1", request, START)


def prices(open: float, high: float, low: float, close: float) -> Prices:
    return Prices.of(candle(close, open=open, high=high, low=low))


def price_of(fill: Fill | None) -> str | None:
    return None if fill is None else str(fill.price.normalize())


PATH = (100.0, 110.0, 90.0, 105.0)
"""Open, high, low, close of most rows."""


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(order(BUY, MARKET), "1E+2", id="market buy: the open"),
        pytest.param(order(SELL, MARKET), "1E+2", id="market sell: the open"),
        pytest.param(order(BUY, LIMIT, limit="101"), "1E+2", id="limit buy above: better open"),
        pytest.param(order(BUY, LIMIT, limit="100"), "1E+2", id="limit buy at the open"),
        pytest.param(order(BUY, LIMIT, limit="99"), None, id="limit buy below: not at the open"),
        pytest.param(order(SELL, LIMIT, limit="99"), "1E+2", id="limit sell below: better open"),
        pytest.param(order(SELL, LIMIT, limit="101"), None, id="limit sell above: not yet"),
        pytest.param(order(BUY, STOP, stop="95"), "1E+2", id="stop buy gapped over: worse open"),
        pytest.param(order(BUY, STOP, stop="100"), "1E+2", id="stop buy at the open"),
        pytest.param(order(BUY, STOP, stop="101"), None, id="stop buy above: not yet"),
        pytest.param(order(SELL, STOP, stop="105"), "1E+2", id="stop sell gapped: worse open"),
        pytest.param(order(SELL, STOP, stop="99"), None, id="stop sell below: not yet"),
        pytest.param(
            order(BUY, STOP_LIMIT, stop="95", limit="102"), "1E+2", id="stop-limit buy: both met"
        ),
        pytest.param(
            order(BUY, STOP_LIMIT, stop="95", limit="98"), None, id="stop-limit buy: limit gapped"
        ),
        pytest.param(
            order(BUY, STOP_LIMIT, stop="105", limit="106"), None, id="stop-limit buy: no trigger"
        ),
        pytest.param(
            order(SELL, STOP_LIMIT, stop="105", limit="98"), "1E+2", id="stop-limit sell: both met"
        ),
        pytest.param(
            order(SELL, STOP_LIMIT, stop="105", limit="102"), None, id="stop-limit sell: gapped"
        ),
    ],
)
def test_what_executes_at_the_open_executes_at_the_open_price(
    one: WorkingOrder, expected: str | None
) -> None:
    assert expected == price_of(fill_at_open(one, prices(*PATH)))


@pytest.mark.parametrize(
    ("one", "path", "expected"),
    [
        pytest.param(order(BUY, LIMIT, limit="95"), PATH, "95", id="limit buy crossed"),
        pytest.param(order(BUY, LIMIT, limit="90"), PATH, "9E+1", id="limit buy touched by low"),
        pytest.param(order(BUY, LIMIT, limit="89.99"), PATH, None, id="limit buy missed"),
        pytest.param(order(SELL, LIMIT, limit="105"), PATH, "105", id="limit sell crossed"),
        pytest.param(order(SELL, LIMIT, limit="110"), PATH, "1.1E+2", id="limit sell touched"),
        pytest.param(order(SELL, LIMIT, limit="110.01"), PATH, None, id="limit sell missed"),
        pytest.param(order(BUY, STOP, stop="105"), PATH, "105", id="stop buy crossed"),
        pytest.param(order(BUY, STOP, stop="110"), PATH, "1.1E+2", id="stop buy touched"),
        pytest.param(order(BUY, STOP, stop="110.01"), PATH, None, id="stop buy missed"),
        pytest.param(order(SELL, STOP, stop="95"), PATH, "95", id="stop sell crossed"),
        pytest.param(order(SELL, STOP, stop="90"), PATH, "9E+1", id="stop sell touched"),
        pytest.param(order(SELL, STOP, stop="89.99"), PATH, None, id="stop sell missed"),
        pytest.param(
            order(BUY, STOP_LIMIT, stop="105", limit="107"),
            PATH,
            "105",
            id="limit allows the trigger",
        ),
        pytest.param(
            order(BUY, STOP_LIMIT, stop="107", limit="105"),
            PATH,
            "105",
            id="limit below trigger, close proves the way back",
        ),
        pytest.param(
            order(BUY, STOP_LIMIT, stop="107", limit="104"),
            PATH,
            None,
            id="limit below trigger, nothing proves the way back",
        ),
        pytest.param(
            order(BUY, STOP_LIMIT, stop="111", limit="112"), PATH, None, id="trigger missed"
        ),
        pytest.param(
            order(SELL, STOP_LIMIT, stop="95", limit="93"), PATH, "95", id="sell within limit"
        ),
        pytest.param(
            order(SELL, STOP_LIMIT, stop="95", limit="104"), PATH, "104", id="sell, proven by close"
        ),
        pytest.param(
            order(SELL, STOP_LIMIT, stop="95", limit="106"), PATH, None, id="sell, not proven"
        ),
        pytest.param(
            order(BUY, STOP_LIMIT, stop="95", limit="97"),
            PATH,
            "97",
            id="triggered by the open, limit reached later",
        ),
        pytest.param(order(BUY, LIMIT, limit="0.1"), (0.3, 0.3, 0.1, 0.2), "0.1", id="0.1 is 0.1"),
        pytest.param(order(BUY, MARKET), PATH, None, id="a market order is done at the open"),
    ],
)
def test_what_executes_after_the_open_executes_at_its_own_price(
    one: WorkingOrder, path: tuple[float, float, float, float], expected: str | None
) -> None:
    assert expected == price_of(fill_inside(one, prices(*path)))


def test_a_triggered_stop_limit_order_is_a_limit_order_ever_after() -> None:
    one = order(BUY, STOP_LIMIT, stop="120", limit="95")
    one.triggered = True

    assert fill_at_open(one, prices(*PATH)) is None
    assert price_of(fill_inside(one, prices(*PATH))) == "95"
    assert price_of(fill_at_open(one, prices(94.0, 99.0, 93.0, 98.0))) == "94"


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(order(BUY, STOP_LIMIT, stop="110", limit="1"), True, id="buy touched"),
        pytest.param(order(BUY, STOP_LIMIT, stop="110.01", limit="1"), False, id="buy missed"),
        pytest.param(order(SELL, STOP_LIMIT, stop="90", limit="999"), True, id="sell touched"),
        pytest.param(order(SELL, STOP_LIMIT, stop="89.9", limit="999"), False, id="sell missed"),
        pytest.param(order(BUY, STOP, stop="100"), False, id="only stop-limit orders trigger"),
    ],
)
def test_a_stop_limit_order_triggers_when_the_candle_reaches_its_stop(
    one: WorkingOrder, expected: bool
) -> None:
    assert expected is triggers(one, prices(*PATH))


@pytest.mark.parametrize(
    ("one", "slips"),
    [
        pytest.param(order(BUY, MARKET), True, id="market"),
        pytest.param(order(BUY, STOP, stop="99"), True, id="stop"),
        pytest.param(order(BUY, LIMIT, limit="101"), False, id="limit"),
        pytest.param(order(BUY, STOP_LIMIT, stop="99", limit="101"), False, id="stop-limit"),
    ],
)
def test_only_market_and_stop_fills_slip(one: WorkingOrder, slips: bool) -> None:
    fill = fill_at_open(one, prices(*PATH))

    assert fill is not None
    assert slips is fill.slips


@pytest.mark.parametrize(
    ("leg", "entry_type", "entry", "expected"),
    [
        # A long position entered at 95 (limit) or 105 (stop) inside 100-110-90-105.
        pytest.param(
            order(SELL, STOP, stop="92"),
            LIMIT,
            "95",
            "92",
            id="long stop-loss touched",
        ),
        pytest.param(order(SELL, STOP, stop="89"), LIMIT, "95", None, id="long stop-loss missed"),
        pytest.param(
            order(SELL, STOP, stop="96"), LIMIT, "95", "95", id="stop-loss above entry: at once"
        ),
        pytest.param(
            order(SELL, LIMIT, limit="108"),
            LIMIT,
            "95",
            None,
            id="take-profit: the high may have come before the entry",
        ),
        pytest.param(
            order(SELL, LIMIT, limit="104"),
            LIMIT,
            "95",
            "104",
            id="take-profit by the close",
        ),
        pytest.param(
            order(SELL, LIMIT, limit="108"),
            STOP,
            "105",
            "108",
            id="take-profit: a stop entry lies on the way to the high",
        ),
        pytest.param(
            order(SELL, LIMIT, limit="111"), STOP, "105", None, id="take-profit missed by the high"
        ),
        pytest.param(
            order(SELL, LIMIT, limit="94"), LIMIT, "95", "95", id="take-profit below entry: at once"
        ),
        # A short position entered at 108 (limit) or 95 (stop).
        pytest.param(
            order(BUY, STOP, stop="109"), LIMIT, "108", "109", id="short stop-loss touched"
        ),
        pytest.param(order(BUY, STOP, stop="111"), LIMIT, "108", None, id="short stop-loss missed"),
        pytest.param(
            order(BUY, STOP, stop="107"), LIMIT, "108", "108", id="short stop-loss below: at once"
        ),
        pytest.param(
            order(BUY, LIMIT, limit="106"), LIMIT, "108", "106", id="short take-profit by the close"
        ),
        pytest.param(
            order(BUY, LIMIT, limit="104"), LIMIT, "108", None, id="short take-profit not proven"
        ),
        pytest.param(
            order(BUY, LIMIT, limit="92"), STOP, "95", "92", id="short take-profit on the way down"
        ),
        pytest.param(
            order(BUY, LIMIT, limit="109"),
            LIMIT,
            "108",
            "108",
            id="short take-profit: at once",
        ),
    ],
)
def test_a_leg_in_the_candle_of_its_entry_takes_the_worse_of_what_may_have_happened(
    leg: WorkingOrder, entry_type: OrderType, entry: str, expected: str | None
) -> None:
    fill = leg_fill_after_entry(leg, prices(*PATH), entry_type=entry_type, entry=Decimal(entry))

    assert expected == price_of(fill)
