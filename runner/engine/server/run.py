"""One run and the connections to it: the strategy's, which may break and come back, and observers'.

Everything happens between two steps of one event loop, so nothing needs a lock. Which frames leave
when is the replay's decision; here stands who receives them, and what happens when nobody answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from runner.engine.server.answers import Refusal
from runner.engine.server.farewells import (
    COME_BACK,
    DIVERGED,
    FAREWELLS,
    STOPPING,
    Farewell,
    Outcome,
)
from runner.engine.server.faults import Trouble
from runner.engine.server.observers import Observers
from runner.engine.server.past import Diverged, Past
from runner.engine.server.replay import Replay
from runner.engine.server.rules import Patience, SessionRules
from runner.engine.server.speed import Speed
from runner.engine.server.stream import Line, batch_of
from runner.engine.server.timer import Timer
from runner.protocol.codec import decode
from runner.protocol.commands import (
    Command,
    ExitsResult,
    ModifyExits,
    ReadState,
    Rejection,
    Reply,
)
from runner.protocol.messages import EventAck, Malformed, Ping

TERMINAL_SECONDS = 60.0
"""How long the acknowledgment of the terminal event is awaited; a client that knows no such event
would otherwise hold the engine for ever."""


class Run:
    """One backtest, over whatever connections come and go; `on_end` is called once."""

    def __init__(
        self,
        replay: Replay,
        rules: SessionRules,
        *,
        report: Callable[[str], None],
        on_end: Callable[[Run], None],
    ) -> None:
        self.replay = replay
        self.past = Past(is_kept=replay.run_id is not None)
        """What has to be done again if it begins anew."""
        self.outcome: Outcome | None = None
        self.client: str | None = None
        """What the strategy's process calls itself, where it does. One that has lost its first
        connection may not know the name of the run yet, and is recognised by this."""
        self.error: Exception | None = None
        """What failed inside the engine, where the outcome is `failed`."""
        self._rules = rules
        self._report = report
        self._on_end = on_end
        self._speed = rules.speed() if rules.speed is not None else None
        self._patience = Patience(rules.ack_grace, rules.ack_limit)
        self._strategy: Line | None = None
        self._observers = Observers(report)
        self._has_greeted = False
        self.is_untouched = True
        """Whether nothing was ordered or acknowledged yet: whoever comes finds it as a new one."""
        self._unreadable = 0
        self._turn: asyncio.Task[None] | None = None
        self._asked_ms: int | None = None
        self._trouble = Trouble(rules.faults) if rules.faults is not None else None
        self._window = Timer()
        self._deadline = Timer()
        self._hold = Timer()

    # Connections

    @property
    def has_strategy(self) -> bool:
        return self._strategy is not None

    @property
    def is_held(self) -> bool:
        """True while the strategy has lost its connection and may still come back."""
        return self._hold.is_running

    def reserve(self, line: Line) -> None:
        """Give the strategy's place to a connection that is being opened, old or new."""
        if self._strategy is not None:
            self._strategy.end(*COME_BACK)
        self._strategy = line

    def begin(self, line: Line) -> None:
        """Send a strategy whose connection is open what it has to know first."""
        if self._strategy is not line or self.outcome is not None:
            return  # it has come back a second time meanwhile, or the run has ended
        self._hold.stop()
        line.write(batch_of(self.replay.greet()))
        if self._has_greeted:
            self._report("the strategy has come back")
            line.write(batch_of(self.replay.unacknowledged()))
            self._watch(afresh=True)
            return
        self._has_greeted = True
        if self._rules.start_on == "connect":
            self._advance(self.replay.start)

    def begin_anew(self, run: Run) -> None:
        """Hand everything over to a run that takes the place of this one, which ends unsaid.

        Its strategy has lost its memory: if it is still connected, that is to be cut.
        """
        self.outcome = "broken"
        self._stop_clocks()
        self.past.begin_anew(self.replay.sent)
        run.past = self.past
        run._observers = self._observers
        if self._strategy is not None:
            self._strategy.end(*COME_BACK)
        run._report("the strategy comes back without its memory: the run begins anew")
        run._hold.start(self._rules.resume_seconds, run._expire)

    def leave(self, line: Line) -> None:
        """Note that a strategy's connection is gone; without effect once another took its place."""
        if self._strategy is not line:
            return
        self._strategy = None
        self._window.stop()
        if self.outcome is not None or not self._has_greeted:
            return
        seconds = self._rules.resume_seconds
        if not seconds or line.has_left_for_good:
            self.end("broken")
            return
        self._report(
            f"the strategy is gone; its run is kept for {seconds:g} s; "
            f"if its process is gone, too: runner run ... --resume {self.replay.run_id}"
        )
        self._hold.start(seconds, self._expire)

    def observe(self, line: Line) -> None:
        """Have a connection receive every frame from now on."""
        line.write(batch_of(self.replay.dialect.greet(self.replay.clock(), None)))
        self._observers.add(line)

    def ignore(self, line: Line) -> None:
        """Send nothing more to an observer."""
        self._observers.remove(line)

    def part(self) -> None:
        """Say that the engine is stopping, and end the run."""
        farewell = batch_of(self.replay.dialect.part(self.replay.clock()))
        for line in self._lines():
            line.write(farewell)
            line.end(*STOPPING)
        self.end("broken")

    # Frames

    def take(self, data: str) -> None:
        """Take one frame of the strategy; what is no acknowledgment moves nothing."""
        message = decode(data).message
        if type(message) is EventAck:
            self.is_untouched = False
            self._acknowledge(message.events_processed)
        elif type(message) is Ping:
            if self._strategy is not None:
                self._strategy.write(batch_of(self.replay.dialect.pong()))
        elif type(message) is Malformed:
            self._unreadable += 1
            if self._unreadable == 1:
                self._report(f"ignored a frame that cannot be read: {message.reason}")

    def execute(self, command: Command) -> Reply:
        """Carry out a command and send what it has caused.

        Raises:
            Refusal: a strategy that was played its run again does something else this time.
        """
        if not isinstance(command, ReadState):
            self.is_untouched = False
        with self._same_as_before():
            reply = self.past.execute(self.replay.exchange, command)
        self._relay()
        return reply

    def set_exits(self, position_id: str, exits: ModifyExits) -> ExitsResult | Rejection:
        """Move the exits of a position and send what that has caused.

        Raises:
            Refusal: see `execute`.
        """
        self.is_untouched = False
        with self._same_as_before():
            result = self.past.set_exits(self.replay.exchange, position_id, exits)
        self._relay()
        return result

    @contextmanager
    def _same_as_before(self) -> Iterator[None]:
        try:
            yield
        except Diverged as difference:
            self._part_ways(difference)
            raise Refusal("RUN_DIVERGED", str(difference), status=409) from None

    def _part_ways(self, difference: Diverged) -> None:
        self._report(f"the strategy does not do again what it had done: {difference}")
        self.end("broken", farewell=DIVERGED)

    def _relay(self) -> None:
        # Before the strategy connects, what commands have caused waits.
        if self.outcome is None:
            self._send(self.replay.consequences())
            self._watch()

    def _acknowledge(self, event_ids: Iterable[str]) -> None:
        if self.outcome is not None:
            return
        if not self.replay.started:
            self._advance(self.replay.start)
            return
        before = self.replay.pending_count
        self._advance(lambda: self.replay.acknowledge(event_ids), pending=before)

    def _advance(self, step: Callable[[], list[bytes]], *, pending: int | None = None) -> None:
        # A failure of the engine ends the run wherever it shows: in a frame's task or in a timer.
        due = self.replay.due_ms
        try:
            frames = step()
        except Exception as error:  # noqa: BLE001 - raised again by whoever runs the server
            self.error = error
            self.end("failed")
            return
        try:
            self.past.check(None if self.replay.is_over else self.replay.exchange.now_ms)
        except Diverged as difference:
            self._part_ways(difference)
            return
        has_matched = pending is not None and (
            bool(frames) or self.replay.is_over or self.replay.pending_count < pending
        )
        if has_matched:
            self._patience.matched()
        self._send(frames)
        if self.replay.is_over:
            self.end("complete")
            return
        if self._speed is not None:
            if due is not None and due != self.replay.due_ms:
                self._speed.moved(due)
            self._pace(self._speed)
        self._watch(afresh=has_matched or bool(frames))

    def _send(self, frames: list[bytes]) -> None:
        if not frames:
            return
        batch = batch_of(frames)
        if self._strategy is not None:
            if self._trouble is None:
                self._strategy.write(batch)
            else:
                self._strategy.write(batch_of(self._trouble.spoil(frames)))
                if self._trouble.cuts():
                    self._strategy.cut()
        if self._observers:
            unseen = self.replay.sent - self.past.frames
            if unseen > 0:
                self._observers.show(batch if unseen >= len(frames) else batch_of(frames[-unseen:]))
        if self.replay.exchange.finished and not self._deadline.is_running:
            self._deadline.start(TERMINAL_SECONDS, self._give_up)

    # Time

    def _pace(self, speed: Speed) -> None:
        moment = self.replay.due_ms
        if moment is not None and moment != self._asked_ms:
            self._asked_ms = moment
            self._turn = asyncio.create_task(self._wait_for(speed, moment))

    async def _wait_for(self, speed: Speed, moment: int) -> None:
        if self.replay.sent >= self.past.frames:
            await speed.turn(moment)
        self._advance(self.replay.permit)

    def _watch(self, *, afresh: bool = False) -> None:
        # The window runs from the step or the acknowledgment before, never from orders: a
        # strategy that only ever orders must not hold time for ever.
        if not self._rules.ack_seconds:
            return
        if afresh:
            self._window.stop()
        is_awaited = self._strategy is not None and self.replay.pending_count > 0
        if is_awaited and not self._window.is_running:
            self._window.start(self._rules.ack_seconds, self._miss)

    def _miss(self) -> None:
        self.is_untouched = False
        self._patience.miss()
        missed, limit = self._patience.missed, self._patience.limit
        first = self.replay.pending[0]
        waited = f"{first} was not acknowledged within {self._rules.ack_seconds:g} s"
        if self._patience.is_over:
            self._report(f"{waited}, {missed} in a row: the run is halted")
            self.end("halted")
            return
        self._report(f"{waited} ({missed} of {limit}): time goes on without it")
        self._advance(self.replay.forgo)

    def _expire(self) -> None:
        if self._strategy is None:
            self.end("broken")

    def _give_up(self) -> None:
        self._report(f"the end was not acknowledged within {TERMINAL_SECONDS:.0f} s")
        self.end("complete")

    def end(self, outcome: Outcome, *, farewell: Farewell | None = None) -> None:
        """End the run, and every connection to it, unless it has ended already."""
        if self.outcome is not None:
            return
        self.outcome = outcome
        self._stop_clocks()
        for line in self._lines():
            line.end(*(farewell or FAREWELLS[outcome]))
        self._observers.clear()
        self._on_end(self)

    def _stop_clocks(self) -> None:
        for timer in (self._window, self._deadline, self._hold):
            timer.stop()
        if self._turn is not None and self._turn is not asyncio.current_task():
            self._turn.cancel()

    def _lines(self) -> list[Line]:
        strategy = [] if self._strategy is None else [self._strategy]
        return [*strategy, *self._observers]
