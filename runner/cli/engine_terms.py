"""What an account starts with and what trading costs, read from the options of `engine serve`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from runner.cli.options import read, read_optional

if TYPE_CHECKING:
    from runner.engine.exchange import Exchange
    from runner.engine.feed import Feed

MAX_MONEY = Decimal(10) ** 15
MAX_LEVERAGE = Decimal(1000)


class Terms:
    """The terms of every exchange that a server opens, read once."""

    def __init__(
        self,
        *,
        cash: str,
        leverage: str,
        commission: str,
        commission_maker: str | None,
        commission_per_unit: str,
        commission_minimum: str,
        half_spread: str,
        slippage: str,
        slippage_range_share: str,
        volume_share: str | None,
    ) -> None:
        from runner.config import fields, units
        from runner.engine.costs import Commission, Slippage, Spread

        def money(text: str) -> Decimal:
            return units.parse_number(text, low=Decimal(0), high=MAX_MONEY)

        def bps(text: str) -> Decimal:
            return units.parse_rate(text) * 10_000

        self._cash = read(
            "--cash",
            lambda text: units.parse_number(text, above=Decimal(0), high=MAX_MONEY),
            cash,
        )
        self._leverage = read(
            "--leverage",
            lambda text: units.parse_number(text, low=Decimal(1), high=MAX_LEVERAGE),
            leverage,
        )
        self._commission = Commission(
            bps=read("--commission", bps, commission),
            per_unit=read("--commission-per-unit", money, commission_per_unit),
            minimum=read("--commission-minimum", money, commission_minimum),
            maker_bps=read_optional("--commission-maker", bps, commission_maker),
        )
        self._slippage = Slippage(
            bps=read("--slippage", bps, slippage),
            range_share=read("--slippage-range-share", units.parse_rate, slippage_range_share),
        )
        self._spread = Spread(half_bps=read("--half-spread", bps, half_spread))
        self._volume_share = read_optional(
            "--volume-share", fields.rate(positive=True).parse, volume_share
        )

    def exchange(self, feed: Feed) -> Exchange:
        """Return a fresh exchange over `feed` on these terms."""
        from runner.engine.exchange import Exchange

        return Exchange(
            feed,
            cash=self._cash,
            leverage=self._leverage,
            commission=self._commission,
            slippage=self._slippage,
            spread=self._spread,
            volume_share=self._volume_share,
        )
