"""One backtest as a wire sees it: acknowledgments in, frames out, and no socket in sight.

Time advances only when every id that was sent has been acknowledged and nothing that a command
caused is left to send. That rule stands here alone; whether the frames travel at all is the
caller's business. Nothing that blocks or waits may happen here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from runner.engine.exchange import Exchange
from runner.engine.server.dialect import NORMALISED, Dialect
from runner.protocol.acks import AckGate
from runner.protocol.messages import Message


def wall_clock() -> datetime:
    """Return the present moment, aware, UTC: the outer timestamp of every frame."""
    return datetime.now(UTC)


class Replay:
    """The frames of one run over one exchange.

    With `paced`, time moves only when `permit` was called as well. `run_id` is what the client
    comes back with after a loss; None for a run that cannot be come back to.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        clock: Callable[[], datetime] = wall_clock,
        dialect: Dialect = NORMALISED,
        run_id: str | None = None,
        paced: bool = False,
    ) -> None:
        self.exchange = exchange
        self.dialect = dialect
        self.run_id = run_id
        self.started = False
        self.is_over = False
        """True once the terminal event, and with it everything, has been acknowledged."""
        self.sent = 0
        """Frames with an id so far; the last one's is `evt-<sent>`."""
        self.due_ms: int | None = None
        """The moment of the next time step, while it waits to be permitted."""
        self.clock = clock
        self._gate = AckGate()
        self._unacknowledged: dict[str, bytes] = {}
        # The steps a second time, for their moments alone: the exchange must not be ahead of time.
        self._moments: Iterator[int] | None = None
        if paced:
            self._moments = (step.moment for step in exchange.feed.steps())
        self._is_permitted = False

    @property
    def pending(self) -> tuple[str, ...]:
        """The ids sent and not yet acknowledged, oldest first."""
        return self._gate.pending

    @property
    def pending_count(self) -> int:
        return len(self._unacknowledged)

    def greet(self) -> list[bytes]:
        """Return the frames that come before every event: `CONNECTED`."""
        return self.dialect.greet(self.clock(), self.run_id)

    def start(self) -> list[bytes]:
        """Return the frames the run begins with.

        Orders placed before the strategy connected have caused events already; those come first,
        and time begins once they are acknowledged.
        """
        self.started = True
        return self._onward()

    def unacknowledged(self) -> list[bytes]:
        """Return again, with the same ids, the frames that were not acknowledged."""
        return list(self._unacknowledged.values())

    def acknowledge(self, event_ids: Iterable[str]) -> list[bytes]:
        """Release ids, and return the frames of the next step if nothing is pending any more.

        Unknown ids are ignored. An empty answer means that other ids are still pending, or that
        the run `is_over`, or that the next step must be permitted.
        """
        released = self._gate.release(event_ids)
        for event_id in released:
            del self._unacknowledged[event_id]
        if not released or not self._gate.is_clear:
            return []
        return self._onward()

    def forgo(self) -> list[bytes]:
        """Go on as if all that is pending were acknowledged; return the frames of the next step."""
        return self.acknowledge(self.pending)

    def permit(self) -> list[bytes]:
        """Allow one time step; return its frames, if it is not acknowledgments that it lacks."""
        self._is_permitted = True
        return self._onward() if self._gate.is_clear else []

    def consequences(self) -> list[bytes]:
        """Return the frames of what commands have caused, to be sent at once.

        Before the run has started nobody would receive them; they wait for `start`.
        """
        return self._frames(self.exchange.drain()) if self.started else []

    def _onward(self) -> list[bytes]:
        frames: list[bytes] = []
        # A dialect may have no frame for anything a step delivers, and nobody to acknowledge it.
        while not frames:
            waiting = self.exchange.drain()
            if not waiting:
                if self.exchange.finished:
                    self.is_over = True
                    break
                if not self._may_move():
                    break
                waiting = self.exchange.advance()
            frames = self._frames(waiting)
        return frames

    def _may_move(self) -> bool:
        if self._moments is None:
            return True
        if self.due_ms is None:
            self.due_ms = next(self._moments, None)
            if self.due_ms is None:
                return True  # only the end is left, and the end takes no time
        if not self._is_permitted:
            return False
        self._is_permitted, self.due_ms = False, None
        return True

    def _frames(self, messages: list[Message]) -> list[bytes]:
        moment = self.clock()
        write = self.dialect.write
        frames = []
        for message in messages:
            event_id = f"evt-{self.sent + 1}"
            frame = write(message, event_id=event_id, timestamp=moment)
            if frame is None:
                continue
            self.sent += 1
            self._gate.delivered(event_id)
            self._unacknowledged[event_id] = frame
            frames.append(frame)
        return frames
