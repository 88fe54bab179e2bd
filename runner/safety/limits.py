"""The limits by name, the states of trading, and what a denial says."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, NamedTuple


class TradingState(StrEnum):
    """What may be sent. A limit only ever tightens it; loosening it takes a person."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    """Only orders that make a position smaller, and cancellations."""
    PAUSED = "PAUSED"
    """As HALTED, until what it waits for has come about."""
    HALTED = "HALTED"
    """Only cancellations, and what closes positions if that was chosen."""


OnBreach = Literal["cancel", "flatten"]
"""What a halt does beside denying orders: cancel those that open positions, or close all, too."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run; None is no limit. Money is in account currency, rates are fractions."""

    max_order_quantity: Decimal | None = None
    """Units of one order."""
    max_order_notional: Decimal | None = None
    """Value of one order at its price, or at the last known one."""
    max_position_notional: Decimal | None = None
    """Value of one symbol's position once every working order has filled."""
    max_gross_notional: Decimal | None = None
    """Value of all positions, long and short added, once every working order has filled."""
    max_open_orders: int | None = None
    """Orders that work at once, exits attached to entries not counted."""
    max_orders_per_event: int | None = None
    max_orders_per_day: int | None = None
    """Orders on one UTC day of the strategy's clock."""
    max_orders_per_second: Decimal | None = None
    """Rate of orders; twice as many may come at once after a pause."""
    max_repeats: int | None = None
    """Orders alike (symbol, side, quantity, price) within two seconds; one more halts trading."""
    max_rejections_in_a_row: int | None = None
    """Orders that the peer refuses one after another; one more halts trading."""
    price_collar: Decimal | None = None
    """Greatest distance of a limit or stop price from the last known price."""
    max_daily_loss: Decimal | None = None
    """Fall of equity since the last one of the day before; beyond it, trading halts."""
    max_drawdown: Decimal | None = None
    """Fall of equity from its highest; beyond it, trading halts."""
    on_breach: OnBreach = "cancel"

    def with_defaults_of_live(self) -> Limits:
        """Return these limits, and for each that is not set the one a live run has anyway.

        Sizes are not among them: how much money may be at stake nobody else can say.
        """
        unset = {
            name: value for name, value in LIVE_DEFAULTS.items() if getattr(self, name) is None
        }
        return replace(self, **unset)

    @property
    def is_any_set(self) -> bool:
        return any(
            getattr(self, one.name) is not None for one in fields(self) if one.name != "on_breach"
        )


LIVE_DEFAULTS: dict[str, Any] = {
    "max_drawdown": Decimal("0.20"),
    "max_daily_loss": Decimal("0.05"),
    "max_orders_per_second": Decimal(5),
    "max_orders_per_day": 500,
    "max_open_orders": 20,
    "max_orders_per_event": 10,
    "max_repeats": 3,
    "max_rejections_in_a_row": 5,
}
"""What holds at a gateway where nothing else is set: wide for a plan, narrow for a loop."""


class Restriction(NamedTuple):
    """What holds until it is lifted."""

    message: str
    pauses: bool
    """Whether no order is sent at all; otherwise those that make a position smaller are."""


class Denial(NamedTuple):
    """Why an order is not sent."""

    limit: str
    """The key of the limit, or the state of trading."""
    message: str
    """The limit's value and what it was exceeded by, for people."""
    halts: bool = False
    """Whether it shows a strategy out of control, so that trading stops."""


class Breach(NamedTuple):
    """Why trading has stopped, and when by the strategy's clock (Unix milliseconds)."""

    limit: str
    message: str
    time_ms: int
