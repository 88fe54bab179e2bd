"""The assumptions behind the figures, in words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner.engine.choices import FillAt, PositionMode, PricePath
from runner.engine.costs import Commission, Slippage, Spread, VolumeImpact
from runner.engine.terms import Interest, Margin, Terms
from runner.results.conventions import embedded_conventions, peer_conventions


def test_every_cost_and_the_account_are_named() -> None:
    said = embedded_conventions(
        Terms(
            cash=Decimal("2500000.5"),
            leverage=Decimal(2),
            currency="EUR",
            commission=Commission(
                bps=Decimal("1.50"), per_unit=Decimal("0.005"), minimum=Decimal(1)
            ),
            slippage=Slippage(bps=Decimal(3)),
        )
    )

    assert said.costs == (
        "commission 1.5 bps of the value plus 0.005 EUR per unit, at least 1 EUR; "
        "slippage 3 bps against you on market and stop orders"
    )
    assert said.account == "2,500,000.5 EUR, leverage 2, no margin call"


def test_the_models_that_are_off_by_default_are_named_where_they_are_on() -> None:
    said = embedded_conventions(
        Terms(
            commission=Commission(bps=Decimal(10), maker_bps=Decimal(0)),
            spread=Spread(half_bps=Decimal("0.5")),
            slippage=Slippage(bps=Decimal(2), range_share=Decimal("0.05")),
            volume_share=Decimal("0.1"),
        )
    )

    assert said.costs == (
        "commission 10 bps of the value (makers 0 bps); "
        "half spread 0.5 bps on market and stop orders; "
        "slippage 5% of the candle's range plus 2 bps against you on market and stop orders"
    )
    assert said.fills.endswith("; at most 10% of a candle's volume per order and candle")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (PricePath.WORST, "; the worse case inside a candle"),
        (PricePath.OHLC, "; inside a candle from the open to the high, the low and the close"),
        (PricePath.OLHC, "; inside a candle from the open to the low, the high and the close"),
    ],
    ids=str,
)
def test_the_path_of_the_price_inside_a_candle_is_named(path: PricePath, said: str) -> None:
    assert embedded_conventions(Terms(price_path=path)).fills.endswith(said)


def test_fills_at_a_close_that_has_passed_are_called_optimistic() -> None:
    assert embedded_conventions(Terms(fill_at=FillAt.CLOSE)).fills.startswith(
        "OPTIMISTIC: market orders, and limit orders within reach, at the close they were placed on"
    )
    assert "OPTIMISTIC" not in embedded_conventions(Terms()).fills


def test_an_impact_by_volume_is_named() -> None:
    terms = Terms(slippage=Slippage(volume_impact=VolumeImpact(Decimal("0.1"))))

    assert embedded_conventions(terms).costs.endswith(
        "slippage 10% of the price times the square of the order's share of the candle's volume "
        "against you on market and stop orders"
    )


def test_margin_and_interest_are_named_where_they_are_on() -> None:
    said = embedded_conventions(
        Terms(
            margin=Margin(initial=Decimal("0.5"), maintenance=Decimal("0.25")),
            interest=Interest(borrow=Decimal("0.03"), financing=Decimal("0.055")),
        )
    )

    assert said.costs == (
        "commission none; slippage none; short positions 3% a year; money lent 5.5% a year"
    )
    assert said.account == (
        "100,000 USD, initial margin 50%, margin call below 25% of the positions"
    )


def test_a_cash_account_may_have_a_margin_call_too() -> None:
    said = embedded_conventions(Terms(margin=Margin(maintenance=Decimal("0.3"))))

    assert said.account == "100,000 USD, cash only, margin call below 30% of the positions"


def test_a_run_without_costs_says_so() -> None:
    said = embedded_conventions(Terms())

    assert said.costs == "commission none; slippage none"
    assert said.account == "100,000 USD, cash only"


def test_a_minimum_alone_is_a_flat_fee() -> None:
    said = embedded_conventions(Terms(commission=Commission(minimum=Decimal("2.50"))))

    assert said.costs == "commission at least 2.5 USD; slippage none"


@pytest.mark.parametrize(
    ("runtime", "peer"),
    [("engine", "the Backtest Engine"), ("gateway", "the Trading Gateway")],
)
def test_against_a_peer_the_peer_decides(runtime: str, peer: str) -> None:
    said = peer_conventions(runtime)

    assert (said.fills, said.costs) == (f"as {peer} does it", f"as {peer} charges them")


def test_days_of_another_zone_than_utc_are_said() -> None:
    said = embedded_conventions(Terms(), timezone="America/New_York")

    assert said.fills.endswith("; days of America/New_York")
    assert "days of" not in embedded_conventions(Terms()).fills


def test_fills_by_quotes_are_named_and_no_spread_beside_theirs() -> None:
    terms = Terms(
        spread=Spread(half_bps=Decimal(1)),
        slippage=Slippage(
            bps=Decimal(2),
            range_share=Decimal("0.05"),
            volume_impact=VolumeImpact(Decimal("0.1")),
        ),
        volume_share=Decimal("0.1"),
    )

    said = embedded_conventions(terms, quotes=True)

    assert said.fills == (
        "by the quotes, not the candles: bought at the ask and sold at the bid of the next quote "
        "that an order meets; limit orders that waited at their limit; positions marked at the "
        "middle; at most 10% of a quote's size, where it is known, per order and quote"
    )
    assert said.costs == (
        "commission none; slippage 10% of the price times the square of the order's share of the "
        "quoted size, where it is known plus 2 bps against you on market and stop orders"
    )


def test_positions_that_are_hedged_are_named() -> None:
    hedging = embedded_conventions(Terms(position_mode=PositionMode.HEDGING))

    assert hedging.account == "100,000 USD, cash only, hedging"
    assert "hedging" not in embedded_conventions(Terms()).account
