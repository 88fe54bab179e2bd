"""The two kinds of peer, each over a real exchange, without any socket.

An engine moves time when everything it sent is acknowledged, keeps what is not, and sends it again.
A gateway moves time by itself and repeats nothing. Both write real frames.
"""

from __future__ import annotations

from typing import Protocol

from runner.engine.exchange import Exchange
from runner.engine.server.replay import Replay
from runner.protocol.codec import encode
from runner.protocol.messages import (
    AccountUpdate,
    BacktestComplete,
    Candle,
    Message,
    OrderUpdate,
    PositionUpdate,
    TradeUpdate,
)
from tests.helpers import START
from tests.simulation.history import Entry, Made

_WORDS: dict[type, str] = {
    OrderUpdate: "order",
    TradeUpdate: "trade",
    PositionUpdate: "position",
    AccountUpdate: "account",
}


class Peer(Protocol):
    """What sends events and takes commands and acknowledgments."""

    exchange: Exchange

    @property
    def is_over(self) -> bool:
        """Whether nothing will ever come any more."""
        ...

    def begin(self) -> list[bytes]:
        """Return the frames for a connection that opens for the first time."""
        ...

    def resume(self) -> list[bytes]:
        """Return the frames for a connection that opens again."""
        ...

    def acknowledge(self, ids: tuple[str, ...]) -> list[bytes]:
        """Take in an acknowledgment and return the frames that follow from it."""
        ...

    def consequences(self) -> list[bytes]:
        """Return the frames of what commands have caused."""
        ...

    def tick(self) -> list[bytes]:
        """Let time go on by itself, where it does, and return the frames of that."""
        ...

    @property
    def pending(self) -> tuple[str, ...]:
        """The ids that are not acknowledged."""
        ...


class Engine:
    """A Backtest Engine that keeps its run while a connection is lost."""

    def __init__(self, exchange: Exchange, entries: list[Entry]) -> None:
        self.exchange = exchange
        self.replay = Replay(exchange, clock=lambda: START, run_id="simulated")
        self._entries = entries
        self._made = 0

    @property
    def is_over(self) -> bool:
        return self.replay.is_over

    @property
    def pending(self) -> tuple[str, ...]:
        return self.replay.pending

    def begin(self) -> list[bytes]:
        return [*self.replay.greet(), *self._noted(self.replay.start)]

    def resume(self) -> list[bytes]:
        return self.replay.unacknowledged()

    def acknowledge(self, ids: tuple[str, ...]) -> list[bytes]:
        return self._noted(lambda: self.replay.acknowledge(ids))

    def consequences(self) -> list[bytes]:
        return self._noted(self.replay.consequences)

    def tick(self) -> list[bytes]:
        return []

    def _noted(self, step: object) -> list[bytes]:
        before = self.exchange.now_ms
        frames: list[bytes] = step()  # type: ignore[operator]
        if frames:
            ids = tuple(f"evt-{number}" for number in range(self._made + 1, self.replay.sent + 1))
            self._made = self.replay.sent
            now = self.exchange.now_ms
            self._entries.append(Made(ids, now, now != before))
        return frames


class Gateway:
    """A Trading Gateway: time goes on by itself, and what is missed is missed."""

    pending: tuple[str, ...] = ()

    def __init__(self, exchange: Exchange, *, with_ids: bool, withheld: frozenset[str]) -> None:
        self.exchange = exchange
        self.number = 0
        """Of the last event; a gateway that restarts begins at 0 again."""
        self._with_ids = with_ids
        self._withheld = withheld

    @property
    def is_over(self) -> bool:
        return self.exchange.finished

    def begin(self) -> list[bytes]:
        return self.consequences()

    def resume(self) -> list[bytes]:
        self.exchange.drain()
        return []

    def acknowledge(self, ids: tuple[str, ...]) -> list[bytes]:
        return []

    def consequences(self) -> list[bytes]:
        return [self._frame(one) for one in self.exchange.drain() if self._is_sent(one)]

    def tick(self) -> list[bytes]:
        return [self._frame(one) for one in self.exchange.advance() if self._is_sent(one)]

    def _is_sent(self, message: Message) -> bool:
        if isinstance(message, BacktestComplete):
            return False
        return isinstance(message, Candle) or _WORDS.get(type(message)) not in self._withheld

    def _frame(self, message: Message) -> bytes:
        self.number += 1
        event_id = f"evt-{self.number}" if self._with_ids else None
        return encode(message, event_id=event_id, timestamp=START)
