"""Commission and slippage, each amount worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner.engine.costs import Commission, Slippage
from runner.protocol.enums import Side


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
    assert Decimal(expected) == Slippage(bps=Decimal(bps)).worsen(Decimal(50), side)
