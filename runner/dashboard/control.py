"""Whether a run is under control: what may be sent, and which position lacks its stop.

Pure functions over what the run keeps; nothing is changed. May import the session and what lies
below it; never a terminal or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from runner.dashboard.snapshot import Trading, Trouble
from runner.protocol.enums import OrderStatus
from runner.safety import Guard, TradingState
from runner.session import Session
from runner.strategy.open_position import OpenPosition
from runner.strategy.order import Order
from runner.transports.conditions import BROKER_LOST, SILENT, STALE

UNPROTECTED = "POSITION_UNPROTECTED"
"""A gateway's word for a position whose exits could not be set again. Source: Trading API."""
_LOSSES = {
    BROKER_LOST: "DISCONNECTED",
    UNPROTECTED: "UNPROTECTED",
    STALE: "STALE",
    SILENT: "STALE",
}
"""Restrictions that stand for a loss of control, and its word."""
_LOST = (OrderStatus.REJECTED, OrderStatus.EXPIRED)


def trading_of(guard: Guard | None) -> Trading:
    """Return what may be sent, and why not everything; empty for a run without limits."""
    if guard is None:
        return Trading()
    if guard.state is TradingState.HALTED:
        return Trading(guard.state.value, guard.breach.message if guard.breach else "")
    lost, others = [], []
    for (why, symbol), message in guard.restrictions.items():
        said = f"{symbol}: {message}" if symbol and symbol not in message else message
        if why in _LOSSES:
            lost.append(Trouble(_LOSSES[why], said))
        else:
            others.append(said)
    return Trading(guard.standing.value, "; ".join(others), tuple(lost))


def unprotected(session: Session, latest: Iterable[Order]) -> Callable[[str, OpenPosition], bool]:
    """Return what tells whether a position without a stop at work should have one.

    It should when the peer has reported it so, or when the latest stop that hung on an entry was
    refused or has expired. A stop that the strategy has cancelled, and an entry that it has given
    none, are the strategy's business.

    Args:
        session: whose notices are read.
        latest: orders, the newest first; older ones are not looked at.
    """
    reported = [one.details for one in session.notices[:] if one.code == UNPROTECTED]
    stops: dict[str, Order | None] = {}
    for order in latest:
        if order.parent_order_id is None:
            if order.filled_quantity and order.stop_loss is None:
                stops.setdefault(order.symbol, None)
        elif order.stop_price is not None:
            stops.setdefault(order.symbol, order)

    def is_bare(symbol: str, position: OpenPosition) -> bool:
        if any(_is_about(details, symbol, position) for details in reported):
            return True
        stop = stops.get(symbol)
        return stop is not None and stop.status in _LOST and stop.side.sign * position.size < 0

    return is_bare


def _is_about(details: Any, symbol: str, position: OpenPosition) -> bool:
    if not isinstance(details, Mapping):
        return True  # about one of them, and nobody knows which
    if position.id is not None and details.get("position_id") is not None:
        return bool(details["position_id"] == position.id)
    return details.get("symbol") in (None, symbol)
