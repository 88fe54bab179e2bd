"""Where orders would go: which platforms a gateway trades, and whether that is real money."""

from __future__ import annotations

from typing import NamedTuple

from runner.safety.limits import Limits

PAPER = frozenset(
    {"alpaca-paper", "oanda-practice", "saxo-sim", "tektii", "mock", "embedded"}
)  # fmt: skip
"""Platforms without real money. Source: Trading API, `TradingPlatform`; ours is `embedded`."""
_TESTNET = "-testnet"
UNKNOWN = "unknown"

SIZES = (
    "max_order_quantity", "max_order_notional", "max_position_notional", "max_gross_notional",
)  # fmt: skip
"""The limits of which a run with real money needs at least one: nobody can choose them for it."""


class Venue(NamedTuple):
    """What a gateway says about where it trades."""

    platforms: tuple[str, ...]
    """As the gateway names them; empty where it does not say."""
    currency: str
    """Of the account."""

    @property
    def name(self) -> str:
        """What a person types to confirm the account: `alpaca-live/USD`.

        The interface knows no number of an account; platform and currency are what it tells.
        """
        return f"{'+'.join(sorted(self.platforms)) or UNKNOWN}/{self.currency}"

    @property
    def is_paper(self) -> bool:
        """Whether every platform is known to trade without real money; unknown ones are not."""
        return bool(self.platforms) and all(
            one in PAPER or one.endswith(_TESTNET) for one in self.platforms
        )


def has_size(limits: Limits) -> bool:
    """Tell whether anything limits how large an order or a position can be."""
    return any(getattr(limits, name) is not None for name in SIZES)
