"""Commission and slippage, each amount worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner.engine.costs import Commission, Slippage, Spread
from runner.protocol.enums import Side

LOW, HIGH = Decimal(40), Decimal(60)


@pytest.mark.parametrize(
    ("commission", "expected"),
    [
        pytest.param(Commission(), "0", id="free by default"),
        pytest.param(Commission(bps=Decimal(10)), "2", id="10 bps of 200 x 10"),
        pytest.param(Commission(per_unit=Decimal("0.005")), "1", id="0.005 x 200"),
        pytest.param(
            Commission(bps=Decimal(10), per_unit=Decimal("0.005")), "3", id="the parts add up"
        ),
        pytest.param(Commission(bps=Decimal(10), minimum=Decimal(5)), "5", id="minimum holds"),
        pytest.param(Commission(bps=Decimal(10), minimum=Decimal(1)), "2", id="above the minimum"),
        pytest.param(Commission(minimum=Decimal(1)), "1", id="a minimum alone is a flat fee"),
    ],
)
def test_commission_of_200_units_at_10(commission: Commission, expected: str) -> None:
    assert Decimal(expected) == commission.of(Decimal(200), Decimal(10))


@pytest.mark.parametrize(
    ("bps", "side", "expected"),
    [
        pytest.param("0", Side.BUY, "50", id="none by default"),
        pytest.param("20", Side.BUY, "50.1", id="a buyer pays more"),
        pytest.param("20", Side.SELL, "49.9", id="a seller gets less"),
    ],
)
def test_slippage_moves_the_price_against_the_trader(bps: str, side: Side, expected: str) -> None:
    slippage = Slippage(bps=Decimal(bps))

    assert Decimal(expected) == slippage.worsen(Decimal(50), side, low=LOW, high=HIGH)


@pytest.mark.parametrize(
    ("price", "side", "expected"),
    [
        pytest.param("50", Side.BUY, "52", id="a buyer pays more: 50 + 10% of 20"),
        pytest.param("50", Side.SELL, "48", id="a seller gets less: 50 - 10% of 20"),
        pytest.param("59", Side.BUY, "60", id="no further than the high"),
        pytest.param("41", Side.SELL, "40", id="no further than the low"),
    ],
)
def test_slippage_by_the_range_of_the_candle_stays_within_it(
    price: str, side: Side, expected: str
) -> None:
    slippage = Slippage(range_share=Decimal("0.1"))

    assert Decimal(expected) == slippage.worsen(Decimal(price), side, low=LOW, high=HIGH)


@pytest.mark.parametrize(
    ("side", "expected"),
    [pytest.param(Side.BUY, "50.05", id="ask"), pytest.param(Side.SELL, "49.95", id="bid")],
)
def test_a_buyer_pays_half_the_spread_more_and_a_seller_gets_it_less(
    side: Side, expected: str
) -> None:
    assert Decimal(expected) == Spread(half_bps=Decimal(10)).cross(Decimal(50), side)


@pytest.mark.parametrize(
    ("commission", "maker", "taker"),
    [
        pytest.param(Commission(bps=Decimal(10)), "2", "2", id="one rate for both"),
        pytest.param(
            Commission(bps=Decimal(10), maker_bps=Decimal(2)), "0.4", "2", id="a rate for each"
        ),
        pytest.param(
            Commission(bps=Decimal(10), maker_bps=Decimal(0)), "0", "2", id="makers are free"
        ),
    ],
)
def test_makers_and_takers_of_200_units_at_10(
    commission: Commission, maker: str, taker: str
) -> None:
    assert Decimal(maker) == commission.of(Decimal(200), Decimal(10), maker=True)
    assert Decimal(taker) == commission.of(Decimal(200), Decimal(10))
