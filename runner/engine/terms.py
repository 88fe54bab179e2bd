"""On what terms an exchange trades: the account it opens, and what trading costs there.

Plain values, set once for a run. What each of them does is written in the room that does it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from runner.engine.choices import FillAt, PricePath
from runner.engine.costs import Commission, Slippage, Spread


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one exchange; by default 100,000 USD in cash and no costs."""

    cash: Decimal = Decimal(100_000)
    """Balance at the start, in `currency`."""
    currency: str = "USD"
    leverage: Decimal = Decimal(1)
    """Value of positions allowed per unit of equity, at least 1; 1 is a cash account."""
    commission: Commission = field(default_factory=Commission)
    slippage: Slippage = field(default_factory=Slippage)
    spread: Spread = field(default_factory=Spread)
    volume_share: Decimal | None = None
    """The fraction of a candle's volume that one order can execute in it; None: no limit."""
    price_path: PricePath = PricePath.WORST
    """How the price is taken to move inside a candle."""
    fill_at: FillAt = FillAt.NEXT_OPEN
    """When a market order executes, and a limit order that the close has reached already."""
