"""The life of an order inside the exchange, as data: from where, by which event, to where.

The book looks every change up here, and what is not here cannot happen. Only the vocabulary of
the protocol may be imported.
"""

from __future__ import annotations

from typing import NamedTuple

from runner.protocol.enums import OrderStatus

OPEN, PARTIAL = OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED


class Transition(NamedTuple):
    """One thing that can happen to a working order."""

    state: OrderStatus
    event: str
    """What the order's message says happened."""
    to: OrderStatus
    reason: str
    """When it happens, for a reader who would not expect it; empty where the event says all."""


TRANSITIONS = (
    Transition(OPEN, "ORDER_MODIFIED", OPEN, ""),
    Transition(OPEN, "ORDER_PARTIALLY_FILLED", PARTIAL, "the candle's volume allows no more"),
    Transition(OPEN, "ORDER_FILLED", OrderStatus.FILLED, ""),
    Transition(
        OPEN,
        "ORDER_CANCELLED",
        OrderStatus.CANCELLED,
        "asked for, or immediate and not filled, post-only and marketable, nothing left to "
        "reduce, another order of its group or pair done, a margin call, the data over",
    ),
    Transition(
        OPEN,
        "ORDER_REJECTED",
        OrderStatus.REJECTED,
        "accepted, but at its fill the account cannot carry it: the price has moved since",
    ),
    Transition(OPEN, "ORDER_EXPIRED", OrderStatus.EXPIRED, "a DAY order whose day is over"),
    Transition(
        PARTIAL, "ORDER_MODIFIED", PARTIAL, "also an exit leg cut to the position that is left"
    ),
    Transition(PARTIAL, "ORDER_PARTIALLY_FILLED", PARTIAL, "one more candle, and still not all"),
    Transition(PARTIAL, "ORDER_FILLED", OrderStatus.FILLED, ""),
    Transition(
        PARTIAL,
        "ORDER_CANCELLED",
        OrderStatus.CANCELLED,
        "as from OPEN; also when the account cannot carry the rest, because what has executed "
        "cannot be rejected any more",
    ),
    Transition(PARTIAL, "ORDER_EXPIRED", OrderStatus.EXPIRED, "the rest of a DAY order"),
)

_NEXT = {(one.state, one.event): one.to for one in TRANSITIONS}


def next_state(state: OrderStatus, event: str) -> OrderStatus:
    """Return where `event` takes an order that is in `state`.

    Raises:
        AssertionError: it cannot happen there; the exchange is wrong.
    """
    to = _NEXT.get((state, event))
    if to is None:
        raise AssertionError(f"{event} cannot happen to an order that is {state}")
    return to
