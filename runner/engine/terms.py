"""On what terms an exchange trades: the account it opens, and what trading costs there.

Plain values, set once for a run. What each of them does is written in the room that does it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from runner.engine.choices import FillAt, PositionMode, PricePath
from runner.engine.costs import Commission, Slippage, Spread


@dataclass(frozen=True, slots=True)
class Margin:
    """How much equity positions require, as fractions, above 0 to 1, of their value."""

    initial: Decimal | None = None
    """To open or enlarge them; None: one divided by the leverage."""
    maintenance: Decimal | None = None
    """To keep them, at most `initial`; below it they are closed. None: they are never closed."""
    warning: Decimal = Decimal("1.25")
    """The account is warned below this multiple of `maintenance`, at least 1, which never warns."""


@dataclass(frozen=True, slots=True)
class Interest:
    """What is charged for each calendar day a position is held over: rates of a year, fractions."""

    borrow: Decimal = Decimal(0)
    """On the value of short positions."""
    financing: Decimal = Decimal(0)
    """On the value of long positions beyond the equity: the money that leverage lends."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one exchange; by default 100,000 USD in cash and no costs."""

    cash: Decimal = Decimal(100_000)
    """Balance at the start, in `currency`."""
    currency: str = "USD"
    leverage: Decimal = Decimal(1)
    """Value of positions allowed per unit of equity, at least 1; 1 is a cash account. It counts
    where `margin.initial` is not set."""
    margin: Margin = field(default_factory=Margin)
    interest: Interest = field(default_factory=Interest)
    commission: Commission = field(default_factory=Commission)
    slippage: Slippage = field(default_factory=Slippage)
    spread: Spread = field(default_factory=Spread)
    volume_share: Decimal | None = None
    """The fraction of a candle's volume that one order can execute in it; None: no limit."""
    price_path: PricePath = PricePath.WORST
    """How the price is taken to move inside a candle."""
    fill_at: FillAt = FillAt.NEXT_OPEN
    """When a market order executes, and a limit order that the close has reached already."""
    position_mode: PositionMode = PositionMode.NETTING
    """How many positions the account can hold in one symbol."""
