"""The keys of the embedded engine's exchange: the account it opens, and what trading costs there.

As in `models`, the line below a key is its description in the schema.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from runner.config import fields
from runner.config.section import Section
from runner.config.units import UnfitError, show_rate
from runner.engine.choices import FillAt, PositionMode, PricePath

MAX_MONEY = 10**15


class CommissionConfig(Section):
    """What the embedded engine charges for a trade: rate and per-unit charge are added."""

    rate: Annotated[Decimal, fields.rate()] = Decimal(0)
    """Share of the traded value, with its unit: 5 bps or 0.05%."""
    maker: Annotated[Decimal | None, fields.rate(optional=True)] = None
    """The rate of limit orders that were waiting when the price came; unset means `rate`."""
    per_unit: Annotated[Decimal, fields.number(low=0, high=MAX_MONEY)] = Decimal(0)
    """Charge per unit traded, in the currency of the account."""
    minimum: Annotated[Decimal, fields.number(low=0, high=MAX_MONEY)] = Decimal(0)
    """Least charge per trade, in the currency of the account."""


class SlippageConfig(Section):
    """How much worse than the quoted price market and stop orders of the embedded engine fill."""

    rate: Annotated[Decimal, fields.rate()] = Decimal(0)
    """Distance from the quoted price, always against you, with its unit: 2 bps or 0.02%."""
    range_share: Annotated[Decimal, fields.rate()] = Decimal(0)
    """Share of the candle's range (high less low), against you, but not beyond it, such as 5%."""
    volume_impact: Annotated[Decimal, fields.rate()] = Decimal(0)
    """How far taking a candle's whole volume moves the price; a part, by its share squared."""


class MarginConfig(Section):
    """How much equity the positions of the embedded engine require."""

    initial: Annotated[Decimal | None, fields.rate(positive=True, whole=True, optional=True)] = None
    """Share of a position's value that opening it requires, such as 50%; unset: 1 / leverage."""
    maintenance: Annotated[
        Decimal | None, fields.rate(positive=True, whole=True, optional=True)
    ] = None
    """Share below which positions are closed by force, such as 25%; unset means they never are."""
    warning: Annotated[Decimal, fields.number(low=1, high=100)] = Decimal("1.25")
    """The account is warned below this multiple of the maintenance margin; 1 never warns."""


class ExchangeConfig(Section):
    """The account and the costs of the embedded engine."""

    cash: Annotated[Decimal, fields.number(above=0, high=MAX_MONEY)] = Decimal(100_000)
    """Balance at the start."""
    leverage: Annotated[Decimal, fields.number(low=1, high=1000)] = Decimal(1)
    """Value of positions allowed per unit of equity; 1 is a cash account."""
    margin: MarginConfig = Field(default_factory=MarginConfig)
    """How much equity positions require, and when they are closed by force."""
    borrow: Annotated[Decimal, fields.rate()] = Decimal(0)
    """Yearly charge on the value of short positions, for each calendar day held, such as 3%."""
    financing: Annotated[Decimal, fields.rate()] = Decimal(0)
    """Yearly charge on what leverage lends for long positions, for each calendar day held."""
    currency: Annotated[
        str, fields.text(pattern=r"^[A-Z]{3,5}$", wanted="a currency code such as USD")
    ] = "USD"
    """Currency of the account."""
    commission: CommissionConfig = Field(default_factory=CommissionConfig)
    """Commission on each trade."""
    half_spread: Annotated[Decimal, fields.rate()] = Decimal(0)
    """Distance of bid and ask from the price of the data, on market and stop orders: 1 bps."""
    volume_share: Annotated[Decimal | None, fields.rate(positive=True, optional=True)] = None
    """Most of a candle's volume that one order executes in it, such as 10%; unset means all."""
    slippage: SlippageConfig = Field(default_factory=SlippageConfig)
    """Slippage on market and stop orders."""
    price_path: Annotated[PricePath, fields.choice(PricePath, make=PricePath)] = PricePath.WORST
    """How the price moves inside a candle: the worse way where it matters, or along its prices."""
    fill_at: Annotated[FillAt, fields.choice(FillAt, make=FillAt)] = FillAt.NEXT_OPEN
    """When a market order fills; close is the one it was placed on, which is optimistic."""
    position_mode: Annotated[PositionMode, fields.choice(PositionMode, make=PositionMode)] = (
        PositionMode.NETTING
    )
    """One net position in a symbol, or (hedging) as many as are opened, long and short at once."""

    @model_validator(mode="after")
    def _margin_fits(self) -> ExchangeConfig:
        initial, maintenance = self.margin.initial, self.margin.maintenance
        if initial is None:
            initial = 1 / self.leverage
        elif "leverage" in self.model_fields_set and abs(initial * self.leverage - 1) > _ROUNDED:
            what = f"must be {_shown(1 / self.leverage)}, 1 / exchange.leverage"
            raise UnfitError(f"{what}, was {show_rate(initial)}", "set one of the two", _INITIAL)
        if maintenance is not None and maintenance > initial:
            what = f"must be at most the initial margin ({_shown(initial)})"
            raise UnfitError(f"{what}, was {show_rate(maintenance)}", "", _MAINTENANCE)
        return self


_ROUNDED = Decimal("0.001")
"""A third is written as 33.3%: the leverage may differ by this share of itself."""
_INITIAL, _MAINTENANCE = ("margin", "initial"), ("margin", "maintenance")


def _shown(fraction: Decimal) -> str:
    return show_rate(fraction.quantize(Decimal("1E-6")))
