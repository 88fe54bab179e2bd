"""Who is connected to which run: one strategy at a time, and observers beside it.

The exchange of the next strategy stands ready before it connects, so that what it reads and places
over REST beforehand concerns the very run it is about to see. As soon as a run is over, the next
exchange takes its place.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from runner.engine.exchange import Exchange
from runner.engine.server.answers import Refusal, refusal_of_status
from runner.engine.server.farewells import FAREWELLS, Outcome
from runner.engine.server.replay import Replay, wall_clock
from runner.engine.server.rules import SessionRules
from runner.engine.server.run import Run
from runner.engine.server.stream import Line

RUN_ID = "run_id"
"""The name of a run in a query, and in the first frame."""
RUN_HEADER = "Run-Id"
"""The same in a header, of the request as of the answer."""
CLIENT_HEADER = "Client-Id"
"""What a process calls itself, in a header of each of its requests to connect."""
OBSERVE = "observe"
MAX_OBSERVERS = 32


def _run_id() -> str:
    # Whoever knows it may take the strategy's place, so it must not be guessed.
    return secrets.token_hex(8)


def _is_same(named: str | None, known: str | None) -> bool:
    if named is None or known is None:
        return False
    # What is no text must not match, nor may it fail.
    return secrets.compare_digest(named.encode(errors="backslashreplace"), known.encode())


class Sessions:
    """The connections of one server. `on_end` is told of every run that ends."""

    def __init__(
        self,
        make_exchange: Callable[[], Exchange],
        rules: SessionRules,
        *,
        once: bool,
        ping_seconds: float,
        report: Callable[[str], None],
        on_end: Callable[[Outcome, Exception | None], None],
        make_run_id: Callable[[], str] = _run_id,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self.is_stopping = False
        """True once nobody is let in any more."""
        self.is_awaited = False
        """True while the strategy of the last complete run has not heard that it is complete."""
        self.rest_url = ""
        self._make_exchange = make_exchange
        self._rules = rules
        self._once = once
        self._ping_seconds = ping_seconds
        self._report = report
        self._on_end = on_end
        self._make_run_id = make_run_id
        self._clock = clock
        self._complete: str | None = None
        """The name of the last run that is complete."""
        self._lines: set[Line] = set()
        self._observers = 0
        self.run = self._next_run()
        """The run of the strategy that is connected, or of the next one to connect."""

    @property
    def exchange(self) -> Exchange:
        """The exchange of the strategy that is connected, or of the next one to connect."""
        return self.run.replay.exchange

    def stop(self) -> None:
        """Say to everybody that the engine is stopping, and end the run."""
        self.is_stopping = True
        self.run.part()

    def rewind(self, run_id: str) -> int:
        """Have the run begin anew, for a strategy that has lost its memory.

        Returns how many events the run had come to.

        Raises:
            Refusal: there is no such run, or the engine is stopping.
        """
        if self.is_stopping:
            raise Refusal("SHUTTING_DOWN", "the engine is shutting down")
        self._check_name(run_id)
        old, self.run = self.run, self._next_run(run_id)
        old.begin_anew(self.run)
        return self.run.past.frames

    async def gone(self) -> None:
        """Return once no connection is left."""
        while self._lines:
            await next(iter(self._lines)).is_gone.wait()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket from its upgrade to its close.

        Raises:
            Refusal: nobody else is let in, or the run asked for is not there.
        """
        run_id = request.query.get(RUN_ID) or request.headers.get(RUN_HEADER)
        if _is_same(run_id, self._complete):
            self._check_upgrade(request)
            return await self._serve_late(request)
        if self.is_stopping:
            raise Refusal("SHUTTING_DOWN", "the engine is shutting down")
        if request.query.get(OBSERVE, "") in ("1", "true"):
            self._check_upgrade(request)
            return await self._serve_observer(request)
        client = request.headers.get(CLIENT_HEADER)
        self._check_strategy(run_id, client=client)
        self._check_upgrade(request)
        self.run.client = client or self.run.client
        return await self._serve_strategy(request)

    def _check_strategy(self, run_id: str | None, *, client: str | None) -> None:
        run = self.run
        if run_id is not None:
            self._check_name(run_id)
        elif client is not None and client == run.client and run.replay.run_id is not None:
            pass  # it has lost its connection before it knew the name of the run
        elif run.has_strategy:
            raise refusal_of_status(
                409, "a strategy is connected already, and an engine serves one at a time"
            )
        elif run.is_held and not run.is_untouched:
            raise Refusal(
                "RUN_HELD",
                f"the run is kept for its strategy; come back to it with {RUN_ID}, or wait",
                status=409,
            )

    def _check_name(self, run_id: str) -> None:
        if not _is_same(run_id, self.run.replay.run_id):
            raise refusal_of_status(404, "there is no such run, or it is over")

    def _check_upgrade(self, request: web.Request) -> None:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise refusal_of_status(426, f"{request.path} is a WebSocket; REST is {self.rest_url}")

    def _line(self) -> Line:
        line = Line(
            ping=lambda: self._rules.dialect.ping(self._clock()), ping_seconds=self._ping_seconds
        )
        self._lines.add(line)
        return line

    async def _serve_strategy(self, request: web.Request) -> web.StreamResponse:
        run, line = self.run, self._line()
        run_id = run.replay.run_id
        run.reserve(line)
        try:
            if not await line.open(request, {} if run_id is None else {RUN_HEADER: run_id}):
                return line.response
            if not run.is_held:
                self._report("a strategy has connected")
            run.begin(line)
            await line.read(run.take)
            # The next strategy may come in from here on, before this one has answered the close.
            run.leave(line)
            await line.close()
            self._told(run_id, line)
        finally:
            run.leave(line)
            self._part_with(line)
        return line.response

    async def _serve_late(self, request: web.Request) -> web.StreamResponse:
        # Its connection broke before it heard that all it had acknowledged has arrived.
        line = self._line()
        try:
            if await line.open(request):
                line.end(*FAREWELLS["complete"])
                await line.close()
                self._told(self._complete, line)
        finally:
            self._part_with(line)
        return line.response

    def _told(self, run_id: str | None, line: Line) -> None:
        if run_id is not None and run_id == self._complete and line.is_parted:
            self.is_awaited = False

    async def _serve_observer(self, request: web.Request) -> web.StreamResponse:
        if self._observers >= MAX_OBSERVERS:
            raise Refusal("TOO_MANY_OBSERVERS", "no more observers are served", status=503)
        run, line = self.run, self._line()
        self._observers += 1
        try:
            if not await line.open(request):
                return line.response
            if run.outcome is None:
                run.observe(line)
                await line.read(lambda _: None)
            run.ignore(line)
            await line.close()
        finally:
            run.ignore(line)
            self._observers -= 1
            self._part_with(line)
        return line.response

    def _part_with(self, line: Line) -> None:
        self._lines.discard(line)
        line.is_gone.set()

    # Runs

    def _next_run(self, run_id: str | None = None) -> Run:
        rules = self._rules
        replay = Replay(
            self._make_exchange(),
            clock=self._clock,
            dialect=rules.dialect,
            run_id=(run_id or self._make_run_id()) if rules.resume_seconds else None,
            paced=rules.speed is not None,
        )
        return Run(replay, rules, report=self._report, on_end=self._run_over)

    def _run_over(self, run: Run) -> None:
        sent = run.replay.sent
        outcome = run.outcome
        assert outcome is not None
        if outcome == "complete":
            self._report(f"the backtest is complete: {sent:,} events")
            self._complete = run.replay.run_id
            self.is_awaited = self._complete is not None
        elif outcome == "broken" and not self.is_stopping:
            self._report(f"the strategy left after {sent:,} events, before the end")
        if self._once or outcome == "failed":
            self.is_stopping = True
        if not self.is_stopping:
            self.run = self._next_run()
        self._on_end(outcome, run.error)
