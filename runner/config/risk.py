"""The keys of `risk`: limits that every order passes."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from runner.config import fields
from runner.config.exchange import MAX_MONEY
from runner.config.section import Section


class RiskConfig(Section):
    """Limits that every order passes, in backtests as live; unset is no limit."""

    max_order_quantity: Annotated[
        Decimal | None, fields.number(above=0, high=MAX_MONEY, optional=True)
    ] = None
    """Most units of one order."""
    max_order_notional: Annotated[
        Decimal | None, fields.number(above=0, high=MAX_MONEY, optional=True)
    ] = None
    """Most value of one order."""
    max_position_notional: Annotated[
        Decimal | None, fields.number(above=0, high=MAX_MONEY, optional=True)
    ] = None
    """Most value of one symbol's position, once all working orders have filled."""
    max_gross_notional: Annotated[
        Decimal | None, fields.number(above=0, high=MAX_MONEY, optional=True)
    ] = None
    """Most value of all positions, long and short added, once all working orders have filled."""
    max_open_orders: Annotated[int | None, fields.whole(1, 10**6, optional=True)] = None
    """Most orders that work at once, exits attached to entries not counted."""
    max_orders_per_event: Annotated[int | None, fields.whole(1, 10**6, optional=True)] = None
    """Most orders between two candles or quotes."""
    max_orders_per_day: Annotated[int | None, fields.whole(1, 10**9, optional=True)] = None
    """Most orders on one UTC day."""
    max_orders_per_second: Annotated[
        Decimal | None, fields.number(above=0, high=10**6, optional=True)
    ] = None
    """Most orders a second; twice as many may come at once after a pause."""
    max_repeats: Annotated[int | None, fields.whole(1, 10**6, optional=True)] = None
    """Most orders alike within two seconds; one more halts trading."""
    max_rejections_in_a_row: Annotated[int | None, fields.whole(1, 10**6, optional=True)] = None
    """Most orders that are refused one after another; one more halts trading."""
    price_collar: Annotated[Decimal | None, fields.rate(positive=True, optional=True)] = None
    """Most distance of a limit or stop price from the last known price, such as 5%."""
    max_daily_loss: Annotated[Decimal | None, fields.rate(positive=True, optional=True)] = None
    """Most fall of equity since the day before, such as 5%; beyond it trading halts (exit 9)."""
    max_drawdown: Annotated[Decimal | None, fields.rate(positive=True, optional=True)] = None
    """Most fall of equity from its highest, such as 20%; beyond it trading halts (exit 9)."""
    stale_after: Annotated[float | None, fields.duration(1.0, 7 * 86_400.0, optional=True)] = None
    """Silence after which a symbol's position may only shrink; unset: 3 candles, 1m at least."""
    on_breach: Annotated[Literal["cancel", "flatten"], fields.choice(("cancel", "flatten"))] = (
        "cancel"
    )
    """What a halt does: cancel the orders that open positions, or close all positions, too."""
