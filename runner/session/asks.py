"""What a conversation asks of its driver, what it is answered, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

import msgspec

from runner.protocol.commands import Command, Reply
from runner.protocol.messages import Message, Stretch


class Next(Enum):
    """The one value that asks the driver for the next event."""

    NEXT = "next"


NEXT = Next.NEXT


class Ack(msgspec.Struct, frozen=True):
    """Ask the driver to acknowledge these ids."""

    ids: tuple[str, ...]


class Arrival(msgspec.Struct, frozen=True):
    """A message from a wire, with its event id and whether more has arrived behind it."""

    message: Message
    event_id: str | None
    more: bool


class Closed(msgspec.Struct, frozen=True):
    """The peer closed the connection for good."""

    code: int
    """WebSocket close code; 1006 when the connection just broke."""
    reason: str = ""


class Regained(msgspec.Struct, frozen=True):
    """A lost connection stands again: state must be read anew before the next event."""

    gap_ms: int


class Missed(msgspec.Struct, frozen=True):
    """Events are missing, or may be: state must be read anew before the next one."""

    code: str
    """Names what has happened, for `on_error`."""
    what: str
    """The same for people."""
    halts: bool = False
    """Whether trading is to stop for it."""


class Stop(msgspec.Struct, frozen=True):
    """The run is to end now, in good order."""

    why: Literal["interrupted", "terminated", "timeout", "max_events", "halted", "memory"]


Ask = Next | Ack | Command
Answer = Reply | Message | Stretch | Arrival | Closed | Regained | Missed | Stop | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a conversation ended, when it ended well."""

    why: Literal[
        "complete",
        "closed",
        "interrupted",
        "terminated",
        "timeout",
        "max_events",
        "halted",
        "memory",
    ]
    confirmed: bool
    """Whether the peer said that the backtest is complete."""
