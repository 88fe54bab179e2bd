"""Holding a run back: a speed, a pause, a single step. Time only ever waits; nothing is skipped.

Asked between events, on the thread of the strategy: a held run has handled an event and not yet
acknowledged it. The wait is a sleep in slices, not a lock, because a signal handler may ask for the
end of the run in the middle of it. Standard library only, besides the messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from runner.protocol.messages import Candle, Message, Stretch
from runner.strategy.desk import Desk
from runner.transports.speed import Speed
from runner.transports.stop import StopRequest

SLICE_S = 0.02
"""Longest sleep before looking again whether the run goes on: nobody notices a fiftieth second."""
_WINDOW_SHARE = 0.8
"""How much of an acknowledgment window a pause uses up before it lets the event go."""


class Pace:
    """The pace of one run. Any thread may change it; only the driver waits for it."""

    def __init__(
        self,
        stop: StopRequest,
        speed: Speed | None = None,
        *,
        window_s: float | None = None,
        between: Callable[[], None] = lambda: None,
        attention: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare.

        Args:
            stop: ends every wait.
            speed: at the beginning; `max` by default.
            window_s: how long the peer waits for an acknowledgment. A pause lets the event go
                before that is over. None waits for ever.
            between: called on the driver's thread before it waits, to tidy up what is shown.
            attention: makes the driver come by when it would not for a while.
            clock: monotonic seconds.
            sleep: sleeps so many seconds.
        """
        self.speed = speed or Speed()
        self.is_paused = False
        self.held_since: float | None = None
        """Since when the driver waits because of a pause, on the clock; None while it does not."""
        self.is_waiting = False
        """Whether the driver waits for its speed or because of a pause."""
        self._stop = stop
        self._window_s = window_s
        self._between = between
        self._attention = attention
        self._clock = clock
        self._sleep = sleep
        self._steps = 0
        self._moment: int | None = None
        self._due = 0.0

    # For whoever watches

    def pause(self) -> None:
        """Hold before the next candle."""
        self._steps = 0
        self.is_paused = True
        self._attention()

    def resume(self) -> None:
        """Go on."""
        self.is_paused = False

    def step(self) -> None:
        """Let one time step pass, and hold again."""
        if self.is_paused:
            self._steps += 1
        else:
            self.pause()

    def set_speed(self, speed: Speed) -> None:
        """Go on at another speed."""
        self.speed = speed
        self._attention()

    def insist(self) -> None:
        """Ask again for a pause that has not come about yet: the request can be overlooked."""
        if self.is_paused and self.held_since is None:
            self._attention()

    def held_s(self) -> float | None:
        """Return for how long a pause has held the driver, None while it does not."""
        since = self.held_since
        return None if since is None else self._clock() - since

    # For the driver

    def through(self, messages: Iterable[Message | Stretch]) -> Iterator[Message | Stretch]:
        """Yield the messages, each candle when its time has come."""
        for message in messages:
            if self.is_paused or not self.speed.is_max:
                if type(message) is Stretch:
                    message.candles = self._one_by_one(message.candles)
                elif type(message) is Candle:
                    self.turn(message.close_time)
            yield message

    def _one_by_one(self, candles: Iterator[Candle]) -> Iterator[Candle]:
        for candle in candles:
            self.turn(candle.close_time)
            yield candle

    def acknowledge(self, desk: Desk) -> None:
        """Return when the acknowledgment of what the desk has just taken in may be sent."""
        if self.is_paused or not self.speed.is_max:
            self.turn(desk.now_ms)

    def turn(self, moment_ms: int) -> None:
        """Return when simulated time may move to `moment_ms`; what is due at once is one step."""
        if moment_ms == self._moment:
            return
        if self.is_paused or not self.speed.is_max:
            self._between()
            self.is_waiting = True
            self._wait_for_speed(moment_ms)
            self._wait_for_pause()
            self.is_waiting = False
        self._moment = moment_ms

    def _wait_for_speed(self, moment_ms: int) -> None:
        now = self._clock()
        first = self._moment is None
        while not first and not self.is_paused and self._stop.asked is None:
            # Looked up anew every time: it may be changed while we wait.
            left = self._due + self._interval(moment_ms) - self._clock()
            if left <= 0:
                break
            self._sleep(min(left, SLICE_S))
        # What came late is not made up for in a burst; what is a little late is.
        interval = self._interval(moment_ms)
        due = self._due + interval
        now = self._clock()
        self._due = due if not first and now - due < max(interval, SLICE_S) else now

    def _interval(self, moment_ms: int) -> float:
        speed = self.speed
        if speed.per_second is not None:
            return 1 / speed.per_second
        if speed.multiple is not None and self._moment is not None:
            return max(moment_ms - self._moment, 0) / 1000 / speed.multiple
        return 0.0

    def _wait_for_pause(self) -> None:
        if not self.is_paused:
            return
        self.held_since = self._clock()
        limit = None if self._window_s is None else self._window_s * _WINDOW_SHARE
        while self.is_paused and self._stop.asked is None:
            if self._steps:
                self._steps -= 1
                break
            if limit is not None and self._clock() - self.held_since >= limit:
                break
            self._sleep(SLICE_S)
        self.held_since = None
        self._due = self._clock()
