"""The lines of a journal: one JSON object each, told apart by `kind`. Pure data."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from runner.protocol.commands import ModifyOrder, SubmitOrder
from runner.protocol.enums import OrderStatus, Side

Verdict = Literal["accepted", "rejected", "unknown", "orphaned"]


class Begun(msgspec.Struct, frozen=True, tag="begun", tag_field="kind"):
    """A run has begun."""

    time: datetime
    run: str
    """What the ids of its orders begin with."""
    strategy: str
    peer: str
    pid: int


class Intent(msgspec.Struct, frozen=True, tag="intent", tag_field="kind"):
    """An order is about to be sent. Without this line, no order of ours can be at the peer."""

    time: datetime
    client_order_id: str
    order: SubmitOrder
    reason: str


class Sent(msgspec.Struct, frozen=True, tag="sent", tag_field="kind"):
    """The order leaves now. An intent without this line behind it has never left."""

    time: datetime
    client_order_id: str


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, tag="outcome", tag_field="kind"):
    """What came of sending it, and what says so."""

    time: datetime
    client_order_id: str
    verdict: Verdict
    evidence: str
    order_id: str | None = None


class Asked(msgspec.Struct, frozen=True, omit_defaults=True, tag="asked", tag_field="kind"):
    """A cancellation, or a change, is about to be asked for."""

    time: datetime
    order_id: str
    client_order_id: str | None = None
    changes: ModifyOrder | None = None
    """None for a cancellation."""


class Seen(msgspec.Struct, frozen=True, omit_defaults=True, tag="seen", tag_field="kind"):
    """How the peer says that an order of ours stands, exits attached to one included."""

    time: datetime
    order_id: str
    symbol: str
    side: Side
    status: OrderStatus
    filled: Decimal
    client_order_id: str | None = None


class Traded(msgspec.Struct, frozen=True, omit_defaults=True, tag="traded", tag_field="kind"):
    """An execution was told, or was found to be one that had been concluded before."""

    time: datetime
    trade_id: str
    order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    """What is counted of it: less than it was, down to 0, where `confirms` is the rest."""
    price: Decimal
    is_made_up: bool = False
    """Whether it was concluded from how the order stands, because nobody told of it."""
    confirms: Decimal | None = None
    """What of it was concluded before, and is counted; None for nothing."""


class Adopted(msgspec.Struct, frozen=True, omit_defaults=True, tag="adopted", tag_field="kind"):
    """A difference between the positions of the peer and ours was taken over as ours."""

    time: datetime
    symbol: str
    quantity: Decimal
    """Signed: what the peer has more than we do."""
    price: Decimal | None = None
    """The average entry price that the peer names; None where it holds nothing."""


Line = Begun | Intent | Sent | Outcome | Asked | Seen | Traded | Adopted
