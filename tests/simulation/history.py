"""What happened in a simulated run, in its order: all that the invariants may look at."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from runner.protocol.commands import Command, Reply
from runner.protocol.messages import Message


class Made(msgspec.Struct, frozen=True):
    """The peer made frames of new events, at a simulated moment."""

    ids: tuple[str, ...]
    moment_ms: int
    is_step: bool
    """Whether time moved to make them."""


class Delivered(msgspec.Struct, frozen=True):
    """A message was handed to the session."""

    message: Message
    event_id: str | None
    more: bool
    epoch: int
    """Counts the gaps after which a peer may have begun its ids anew."""
    admitted: bool
    """Whether the strategy has subscribed to it."""


class Started(msgspec.Struct, frozen=True):
    """A handler of the strategy was called."""

    handler: str
    key: str
    now_ms: int | None
    """What the strategy was told as the time, None if it did not ask."""


class Returned(msgspec.Struct, frozen=True):
    handler: str


class Raised(msgspec.Struct, frozen=True):
    handler: str


class Wanted(msgspec.Struct, frozen=True):
    """The strategy asked for a working order, known to the peer by `order_id`, to be cancelled."""

    order_id: str


class Asked(msgspec.Struct, frozen=True):
    """The session asked its driver to carry out a command."""

    command: Command
    reason: str
    """Of an order: as its ticket names it."""
    trading: str
    """The state of trading by the guard."""
    now_ms: int
    last: float | None
    """Of an order: the last price that the mirror knows."""
    held: Decimal
    """Of an order: the position in its symbol by the mirror."""
    working: int
    """Orders without a parent that work at the peer and are not forced."""


class Answered(msgspec.Struct, frozen=True):
    command: Command
    reply: Reply


class Acked(msgspec.Struct, frozen=True):
    """The session acknowledged events."""

    ids: tuple[str, ...]


class Reached(msgspec.Struct, frozen=True):
    """An acknowledgment reaches the peer."""

    ids: tuple[str, ...]


class Pending(msgspec.Struct, frozen=True):
    """The peer has taken in an acknowledgment, and waits for these now."""

    ids: tuple[str, ...]


class Regaining(msgspec.Struct, frozen=True):
    """The session is told that a lost connection stands again, a new epoch."""


class Books(msgspec.Struct, frozen=True):
    """An account as one side sees it."""

    positions: dict[str, Decimal]
    balance: Decimal
    equity: float
    working: frozenset[str]
    """Ids of working orders by the peer's naming."""


class Idle(msgspec.Struct, frozen=True):
    """The session asks for the next event."""

    is_quiet: bool
    """Whether nothing is under way in either direction."""
    mirror: Books
    venue: Books
    unknown: frozenset[str]
    """Peer's ids of the tickets whose state nobody knows."""
    statuses: dict[str, str]
    """Of tickets of ours, by client order id: those that changed since the session last asked."""
    venue_statuses: dict[str, str]
    """The same by the venue."""
    trading: str
    could_open: int
    """Orders of ours that work at the venue and could open a position."""
    equity_fell: bool
    """Whether the equity seen so far breaks a limit of the guard."""
    marks_known: bool
    """Whether both sides have seen the same prices."""
    exact: bool
    """Whether the venue's own books add up, to the last digit."""


class Over(msgspec.Struct, frozen=True):
    """The run ended: well, with an error of ours, or not at all."""

    why: str
    """The `Ending`'s reason, an error's id, or what went wrong that may not."""
    confirmed: bool = False
    is_complete: bool = False
    """Whether the peer considers the run complete."""


Entry = (
    Made
    | Delivered
    | Started
    | Returned
    | Raised
    | Wanted
    | Asked
    | Answered
    | Acked
    | Reached
    | Pending
    | Regaining
    | Idle
    | Over
)
