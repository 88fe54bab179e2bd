"""One backtest as a wire sees it: acknowledgments in, frames out, and no socket in sight.

Time advances only when every id that was sent has been acknowledged and nothing that a command
caused is left to send. That rule stands here alone; whether the frames travel at all is the
caller's business. Nothing that blocks or waits may happen here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from runner.engine.exchange import Exchange
from runner.protocol.acks import AckGate
from runner.protocol.codec import encode
from runner.protocol.messages import Connection, Message


def wall_clock() -> datetime:
    """Return the present moment, aware, UTC: the outer timestamp of every frame."""
    return datetime.now(UTC)


class Replay:
    """The frames of one run over one exchange."""

    def __init__(self, exchange: Exchange, *, clock: Callable[[], datetime] = wall_clock) -> None:
        self.exchange = exchange
        self.started = False
        self.is_over = False
        """True once the terminal event, and with it everything, has been acknowledged."""
        self.sent = 0
        """Frames with an id so far; the last one's is `evt-<sent>`."""
        self._clock = clock
        self._gate = AckGate()

    @property
    def pending(self) -> tuple[str, ...]:
        """The ids sent and not yet acknowledged, oldest first."""
        return self._gate.pending

    def start(self) -> list[bytes]:
        """Return the first frames: `CONNECTED`, then what the run begins with.

        Orders placed before the strategy connected have caused events already; those come first,
        and time begins once they are acknowledged.
        """
        self.started = True
        connected = encode(Connection("CONNECTED"), timestamp=self._clock())
        return [connected, *self._onward()]

    def acknowledge(self, event_ids: Iterable[str]) -> list[bytes]:
        """Release ids, and return the frames of the next step if nothing is pending any more.

        Unknown ids are ignored. An empty answer means that other ids are still pending, or that
        the run `is_over`.
        """
        released = self._gate.release(event_ids)
        if not released or not self._gate.is_clear:
            return []
        return self._onward()

    def consequences(self) -> list[bytes]:
        """Return the frames of what commands have caused, to be sent at once.

        Before the strategy has connected nobody would receive them; they wait for `start`.
        """
        return self._frames(self.exchange.drain()) if self.started else []

    def _onward(self) -> list[bytes]:
        waiting = self.exchange.drain()
        if waiting:
            return self._frames(waiting)
        if self.exchange.finished:
            self.is_over = True
            return []
        return self._frames(self.exchange.advance())

    def _frames(self, messages: list[Message]) -> list[bytes]:
        moment = self._clock()
        frames = []
        for message in messages:
            self.sent += 1
            event_id = f"evt-{self.sent}"
            self._gate.delivered(event_id)
            frames.append(encode(message, event_id=event_id, timestamp=moment))
        return frames
