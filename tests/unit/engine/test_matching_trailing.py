"""Where a trailing stop executes within one candle. Every row works out its stop."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner.engine.matching import Prices, fill_at_open, fill_inside
from runner.engine.orders import WorkingOrder
from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderType, Side, TrailingType
from tests.helpers import AAPL, START, candle

BUY, SELL = Side.BUY, Side.SELL
ABSOLUTE, PERCENT = TrailingType.ABSOLUTE, TrailingType.PERCENT

Path = tuple[float, float, float, float]
"""Open, high, low, close."""


def trailing(
    side: Side, distance: str = "5", kind: TrailingType = ABSOLUTE, *, best: str = "100"
) -> WorkingOrder:
    """Return a trailing stop that has seen `best`."""
    request = SubmitOrder(
        AAPL,
        side,
        Decimal(10),
        OrderType.TRAILING_STOP,
        trailing_distance=Decimal(distance),
        trailing_type=kind,
    )
    order = WorkingOrder("o-1", request, START)
    order.follow(Decimal(best))
    return order


@pytest.mark.parametrize(
    ("order", "stop"),
    [
        pytest.param(trailing(SELL), "95", id="sell: 100 - 5"),
        pytest.param(trailing(BUY), "105", id="buy: 100 + 5"),
        pytest.param(trailing(SELL, "5", PERCENT, best="80"), "76", id="sell: 80 - 5% of 80"),
        pytest.param(trailing(BUY, "2.5", PERCENT, best="80"), "82", id="buy: 80 + 2.5% of 80"),
    ],
)
def test_the_stop_keeps_its_distance_from_the_best_price(order: WorkingOrder, stop: str) -> None:
    assert Decimal(stop) == order.stop_price


@pytest.mark.parametrize(
    ("side", "prices", "stops"),
    [
        pytest.param(SELL, [102, 99, 101, 103], [97, 97, 97, 98], id="sell: only up"),
        pytest.param(BUY, [98, 101, 99, 97], [103, 103, 103, 102], id="buy: only down"),
    ],
)
def test_the_stop_never_moves_back(side: Side, prices: list[int], stops: list[int]) -> None:
    order = trailing(side)

    seen = []
    for price in prices:
        order.follow(Decimal(price))
        seen.append(order.stop_price)

    assert stops == seen


@pytest.mark.parametrize(
    ("order", "path", "expected"),
    [
        # A sell that has seen 100, with its stop at 95.
        pytest.param(trailing(SELL), (98, 99, 96, 98), None, id="sell: low 96 above 95"),
        pytest.param(trailing(SELL), (98, 99, 95, 98), "95", id="sell: touched"),
        pytest.param(trailing(SELL), (98, 99, 90, 91), "95", id="sell: crossed"),
        pytest.param(trailing(SELL), (93, 99, 90, 91), "93", id="sell: gapped below 95, the open"),
        pytest.param(
            trailing(SELL),
            (98, 110, 94, 109),
            "95",
            id="sell: low and high, the low is assumed first",
        ),
        pytest.param(
            trailing(SELL),
            (102, 103, 97, 100),
            "97",
            id="sell: the open moves the stop to 102 - 5, and the low reaches it",
        ),
        pytest.param(
            trailing(SELL), (102, 103, 97.5, 100), None, id="sell: the moved stop is missed"
        ),
        pytest.param(
            trailing(SELL),
            (99, 108, 98, 102),
            "103",
            id="sell: high moves the stop to 108 - 5, close 102 proves the way back",
        ),
        pytest.param(
            trailing(SELL), (99, 108, 98, 104), None, id="sell: close above the moved stop"
        ),
        pytest.param(
            trailing(SELL, "10", PERCENT), (97, 99, 89, 95), "90", id="sell: 10% below 100"
        ),
        # A buy that has seen 100, with its stop at 105.
        pytest.param(trailing(BUY), (102, 104, 101, 103), None, id="buy: high 104 below 105"),
        pytest.param(trailing(BUY), (102, 105, 101, 103), "105", id="buy: touched"),
        pytest.param(trailing(BUY), (107, 108, 101, 103), "107", id="buy: gapped above 105"),
        pytest.param(trailing(BUY), (102, 106, 90, 91), "105", id="buy: the high is assumed first"),
        pytest.param(
            trailing(BUY), (98, 103, 97, 100), "103", id="buy: the open moves the stop to 98 + 5"
        ),
        pytest.param(
            trailing(BUY),
            (101, 102, 92, 98),
            "97",
            id="buy: low moves the stop to 92 + 5, close 98 proves the way back",
        ),
        pytest.param(trailing(BUY), (101, 102, 92, 96), None, id="buy: close below the moved stop"),
    ],
)
def test_where_a_trailing_stop_executes(
    order: WorkingOrder, path: Path, expected: str | None
) -> None:
    first, high, low, close = path
    prices = Prices.of(candle(close, open=first, high=high, low=low))

    order.follow(prices.open)
    fill = fill_at_open(order, prices) or fill_inside(order, prices)

    assert (None if expected is None else Decimal(expected)) == (fill and fill.price)
    assert fill is None or fill.slips
