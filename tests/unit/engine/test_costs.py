"""Commission and slippage, each amount worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner.engine.costs import Commission, Slippage, Spread, VolumeImpact
from runner.protocol.enums import Side

LOW, HIGH = Decimal(40), Decimal(60)


def worsened(
    slippage: Slippage, price: object, side: Side, *, quantity: object = 10, volume: float = 1000
) -> Decimal:
    """Return the price of an execution in a candle from 40 to 60."""
    return slippage.worsen(
        Decimal(str(price)),
        side,
        low=LOW,
        high=HIGH,
        quantity=Decimal(str(quantity)),
        volume=volume,
    )


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

    assert Decimal(expected) == worsened(slippage, 50, side)


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

    assert Decimal(expected) == worsened(slippage, price, side)


@pytest.mark.parametrize(
    ("quantity", "volume", "side", "expected"),
    [
        pytest.param(1000, 1000, Side.BUY, "55", id="all of it: 50 + 10%"),
        pytest.param(1000, 1000, Side.SELL, "45", id="all of it: 50 - 10%"),
        pytest.param(500, 1000, Side.BUY, "51.25", id="half: 50 + 10% x 0.5 squared"),
        pytest.param(1, 1000, Side.BUY, "50.000005", id="a thousandth: 50 + 10% x a millionth"),
        pytest.param(1, 3, Side.BUY, "50.5555555", id="a third: a ninth of 10%, to 1e-8"),
        pytest.param(5000, 1000, Side.BUY, "55", id="more than there was counts as all"),
        pytest.param(1, 0, Side.SELL, "45", id="of no volume anything is all"),
        pytest.param("0.25", 0.5, Side.BUY, "51.25", id="fractions"),
    ],
)
def test_an_order_moves_the_price_by_the_square_of_its_share_of_the_volume(
    quantity: object, volume: float, side: Side, expected: str
) -> None:
    slippage = Slippage(volume_impact=VolumeImpact(Decimal("0.1")))

    assert Decimal(expected) == worsened(slippage, 50, side, quantity=quantity, volume=volume)


def test_the_parts_of_slippage_follow_each_other() -> None:
    slippage = Slippage(
        bps=Decimal(100), range_share=Decimal("0.1"), volume_impact=VolumeImpact(Decimal("0.5"))
    )

    # 50 + 10% of 20 is 52; a tenth of the volume squared, times 0.5, is 0.5%; then 1%.
    assert Decimal("52.7826") == worsened(slippage, 50, Side.BUY, quantity=100)


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
