"""What trading costs: commission, spread and slippage, explicit and zero by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from runner.protocol.enums import Side

_ZERO = Decimal(0)
_ONE = Decimal(1)
_PER_BPS = Decimal("0.0001")
_IMPACT_STEP = Decimal("1E-8")
"""To what part of the price an impact is rounded: a quotient must not grow into endless digits."""


@dataclass(frozen=True, slots=True)
class Commission:
    """Commission of one execution in account currency: the parts add up, then the minimum holds."""

    bps: Decimal = _ZERO
    """Basis points (1/10,000) of the traded value."""
    per_unit: Decimal = _ZERO
    """Account currency per unit traded."""
    minimum: Decimal = _ZERO
    """Least commission of one execution, in account currency."""
    maker_bps: Decimal | None = None
    """Basis points for a limit order that was waiting when the price came; None means `bps`."""

    def of(self, quantity: Decimal, price: Decimal, *, maker: bool = False) -> Decimal:
        """Return the commission of executing `quantity` (positive) at `price`."""
        bps = self.maker_bps if maker and self.maker_bps is not None else self.bps
        if not (bps or self.per_unit or self.minimum):
            return _ZERO
        amount = quantity * price * bps * _PER_BPS + quantity * self.per_unit
        return max(amount, self.minimum)


@dataclass(frozen=True, slots=True)
class Spread:
    """The distance of bid and ask from the prices of the candles; market and stop fills only."""

    half_bps: Decimal = _ZERO
    """Half the spread, in basis points (1/10,000) of the price."""

    def cross(self, price: Decimal, side: Side) -> Decimal:
        """Return the ask for a buyer and the bid for a seller."""
        if not self.half_bps:
            return price
        return price * (_ONE + side.sign * self.half_bps * _PER_BPS)


@dataclass(frozen=True, slots=True)
class VolumeImpact:
    """How far an order moves the price by the share of the candle's volume that it takes.

    The price moves by `whole` times the square of that share, against the trader.
    Source: the volume-share slippage model of Zipline.
    """

    whole: Decimal = _ZERO
    """Fraction of the price, 0 to 1, that an order moves which takes all of a candle's volume."""

    def of(self, quantity: Decimal, volume: Decimal) -> Decimal:
        """Return the fraction of the price by which executing `quantity` of `volume` moves it.

        An order of more than the volume counts as all of it: beyond that nothing is known.
        """
        share = min(quantity / volume, _ONE) if volume else _ONE
        return (self.whole * share * share).quantize(_IMPACT_STEP)


@dataclass(frozen=True, slots=True)
class Slippage:
    """How much worse than its trigger price an order executes; market and stop fills only."""

    bps: Decimal = _ZERO
    """Basis points (1/10,000) of the price, always against the trader."""
    range_share: Decimal = _ZERO
    """Fraction, 0 to 1, of the candle's range (high less low), against the trader. This part
    leads to the end of the range at most: nobody has traded beyond it."""
    volume_impact: VolumeImpact = field(default_factory=VolumeImpact)

    def worsen(
        self,
        price: Decimal,
        side: Side,
        *,
        low: Decimal,
        high: Decimal,
        quantity: Decimal,
        volume: float,
    ) -> Decimal:
        """Return `price` moved against a trader who executes `quantity` in a candle like this.

        `volume` is that of the candle, in the unit of `quantity`. The parts follow each other:
        range, then volume, then basis points.
        """
        if self.range_share:
            moved = price + side.sign * (high - low) * self.range_share
            price = min(moved, high) if side is Side.BUY else max(moved, low)
        if self.volume_impact.whole:
            impact = self.volume_impact.of(quantity, Decimal(repr(volume)))
            price *= _ONE + side.sign * impact
        if not self.bps:
            return price
        return price * (_ONE + side.sign * self.bps * _PER_BPS)
