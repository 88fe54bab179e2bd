"""The driver over a wire: events and acks over a WebSocket, commands over REST, in one thread.

Runs `converse` and decides nothing that the law decides: it carries. The strategy's handlers run
on the thread that calls `run_websocket`; a second thread only keeps heartbeats going.
"""

from __future__ import annotations

import math
import random
import time
import uuid
from collections.abc import Callable
from itertools import count
from typing import Protocol

from runner.protocol.codec import encode
from runner.protocol.commands import Command, ReadState, Reply, State
from runner.protocol.messages import EventAck, Pong
from runner.session import NEXT, Ack, Arrival, Ask, Ending, Overdue, Session, Stop, conversation
from runner.transports import network
from runner.transports.backoff import Attempts, TemporaryFailure
from runner.transports.clocks import Clocks
from runner.transports.line import OVERRUN, Line
from runner.transports.live import Live
from runner.transports.pace import Pace
from runner.transports.settings import ConnectionSettings
from runner.transports.stop import StopRequest
from runner.transports.vitals import Vitals
from runner.transports.waker import Interrupted, Waker
from runner.transports.watch import Watch

__all__ = ["ConnectionSettings", "Executor", "run_websocket"]


class Executor(Protocol):
    """What carries out commands; `RestClient` is one."""

    def execute(self, command: Command) -> Reply:
        """Carry out a command and return the answer."""
        ...


def run_websocket(
    session: Session,
    *,
    url: str,
    rest: Executor,
    settings: ConnectionSettings,
    stop: StopRequest | None = None,
    max_events: int | None = None,
    draw: Callable[[], float] = random.random,
    run_id: str | None = None,
    pace: Pace | None = None,
    vitals: Vitals | None = None,
    live: Live | None = None,
    clocks: Clocks | None = None,
    company: Callable[[], int | None] | None = None,
) -> Ending:
    """Run a session over a WebSocket and return how it ended.

    State is read over REST and `on_start` is run before the socket is opened, because a peer may
    start to replay as soon as somebody is connected.

    Args:
        session: the strategy's side.
        url: of the peer's WebSocket.
        rest: carries out commands.
        settings: limits.
        stop: asked whether the run shall end; a wait ends when it is.
        max_events: end after handing over this many messages.
        draw: returns 0 to 1, for the pauses between attempts to connect.
        run_id: the run of an engine to come back to; None for a new one.
        pace: holds acknowledgments back, and time with them; None sends them at once.
        vitals: told how the connection fares, for whoever watches.
        live: writes down what a live run does, and carries out its commands in the place of `rest`.
        clocks: tell a live run of time that it has missed; None for those of the machine.
        company: returns how many strategies a gateway has; None where nobody is to be asked.

    Raises:
        ConnectError: the peer cannot be reached, refused us, or is lost for good.
        StrategyFailed, ProtocolError, RiskHalt: as `converse` does.
        MachineError: the journal of a live run cannot be written.
    """
    stop = stop or StopRequest()
    asked = stop

    def is_asked() -> bool:
        return asked.asked is not None

    waker = Waker(is_asked)
    stop.on_ask(waker.wake)
    vitals = vitals or Vitals("connecting")
    line = Line(
        url,
        settings,
        waker,
        stop,
        backtest=session.backtest,
        draw=draw,
        run_id=run_id,
        vitals=vitals,
        overrun=lambda what: _halt_at_once(session, what),
        is_same_run=lambda: _holds_what_works(session, execute),
    )
    if live is not None:
        live.sleep = waker.sleep
    watch: Watch | None = None
    if not session.backtest and session.guard is not None:
        watch = Watch(
            session,
            rest if session.rehearse is None else None,
            settings,
            stop,
            ignored=live.ignores if live is not None else lambda _: False,
            clocks=clocks,
            clock=network.monotonic,
            company=company,
        )
    execute = _patient(live or rest, Attempts(settings, draw), waker, vitals)
    ids = _correlation_ids()
    talk = conversation(session)
    send = talk.send
    left = -1 if max_events is None else max_events
    in_order = False
    clock, taken = time.perf_counter, 0.0
    session.ack_window_s = settings.ack_window_s or session.ack_window_s
    window = session.ack_window_s if session.backtest else math.inf
    owed = 0.0  # when the first event that is not acknowledged yet was taken
    try:
        ask: Ask = next(talk)
        while True:
            while ask is not NEXT:
                if live is not None:
                    live.keep()
                if type(ask) is Ack:
                    moment = clock()
                    vitals.acknowledged(moment - taken)
                    if moment - owed > window:
                        session.late_acks += 1
                    owed = 0.0
                    if pace is not None:
                        pace.acknowledge(session.desk)
                    line.send(encode(EventAck(ids(), ask.ids, network.wall_ms())))
                    ask = send(None)
                else:
                    ask = send(execute(ask))  # type: ignore[arg-type]
            if live is not None:
                live.keep()
            if stop.asked is not None:
                ask = send(stop.asked)
            elif left == 0:
                ask = send(Stop("max_events"))
            elif live is not None and (news := live.news()) is not None:
                ask = send(news)
            elif watch is not None and (said := watch.next(is_idle=vitals.queue == 0)) is not None:
                ask = send(said)
            else:
                vitals.is_waiting = True
                waits = (None if one is None else one.wait_s() for one in (live, watch))
                arrival = line.next(min((one for one in waits if one is not None), default=None))
                vitals.is_waiting = False
                if arrival is None:
                    continue
                vitals.arrived_at = taken = clock()
                if watch is not None:
                    watch.hear(arrival)
                if type(arrival) is Arrival:
                    left -= 1
                    owed = owed or (taken if arrival.event_id is not None else 0.0)
                    if live is not None and not live.hear(arrival.message):
                        arrival = Arrival(Pong(), arrival.event_id, arrival.more)
                ask = send(arrival)
    except StopIteration as end:
        in_order = True
        vitals.standing = "closed"
        ending: Ending = end.value
        if ending.why == "complete":
            line.settle()
        if live is not None:
            live.finish()
        return ending
    except (Interrupted, Overdue):
        # Asked to end while the state could not be read, or in a handler that did not come back:
        # there is nothing the strategy could do.
        assert stop.asked is not None
        return Ending(stop.asked.why, confirmed=False)
    finally:
        session.conflated = vitals.conflated_quotes + vitals.conflated_candles
        session.lost = vitals.lost
        if watch is not None:
            watch.close()
        line.close(in_order=in_order)
        waker.close()


def _halt_at_once(session: Session, what: str) -> None:
    # On whichever thread reads: what is to be cancelled is, when the session comes to it.
    if session.guard is not None:
        session.guard.ask_halt(OVERRUN.lower(), what)


def _patient(
    rest: Executor, attempts: Attempts, waker: Waker, vitals: Vitals
) -> Callable[[Command], Reply]:
    """Return a way to carry out commands that waits for a peer that is not up yet.

    Reading state is repeated, with pauses; an order never is.
    """

    def execute(command: Command) -> Reply:
        while True:
            asked = time.perf_counter()
            try:
                reply = rest.execute(command)
            except TemporaryFailure as failure:
                if not isinstance(command, ReadState):
                    raise
                vitals.is_waiting = True
                waker.sleep(attempts.failed(failure))
                vitals.is_waiting = False
            else:
                vitals.answered(time.perf_counter() - asked)
                attempts.succeeded()
                return reply

    return execute


def _holds_what_works(session: Session, execute: Callable[[Command], Reply]) -> bool:
    """Return whether the peer still has every order that works for all we know."""
    working = [one for one in session.desk.tickets.values() if one.is_working]
    if not working:
        return True
    state = execute(ReadState())
    assert isinstance(state, State)
    names = {one.client_order_id or one.id for one in state.orders}
    return all(one.client_order_id in names or one.id in names for one in working)


def _correlation_ids() -> Callable[[], str]:
    """Return a maker of ids in the form of a UUID: random per run, counted within it.

    Drawing a new one for every ack would cost more than the rest of the frame.
    """
    prefix = str(uuid.uuid4())[:24]
    numbers = count()
    return lambda: f"{prefix}{next(numbers):012x}"
