"""The options of `engine serve` that set the account and the costs."""

from __future__ import annotations

from decimal import Decimal

from runner.cli.engine_terms import Terms
from runner.engine.costs import Commission, Slippage, Spread
from runner.engine.feed import Feed
from tests.helpers import series


def test_every_term_reaches_the_exchange() -> None:
    terms = Terms(
        cash="5000",
        leverage="2",
        commission="10 bps",
        commission_maker="2 bps",
        commission_per_unit="0.01",
        commission_minimum="1",
        half_spread="1 bps",
        slippage="3 bps",
        slippage_range_share="5%",
        volume_share="10%",
    )

    exchange = terms.exchange(Feed([series(1.0)]))

    assert (exchange.ledger.balance, exchange.ledger.leverage) == (5000, 2)
    assert exchange.commission == Commission(
        bps=Decimal(10), per_unit=Decimal("0.01"), minimum=Decimal(1), maker_bps=Decimal(2)
    )
    assert exchange.slippage == Slippage(bps=Decimal(3), range_share=Decimal("0.05"))
    assert exchange.spread == Spread(half_bps=Decimal(1))
    assert exchange.volume_share == Decimal("0.1")
