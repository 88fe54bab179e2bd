"""The driver over the embedded exchange: a loop of plain calls, in one thread."""

from __future__ import annotations

from itertools import islice

from runner.engine.exchange import Exchange
from runner.session import NEXT, Ask, Ending, Overdue, Session, Stop, conversation
from runner.transports.pace import Pace
from runner.transports.stop import StopRequest


def run_local(
    session: Session,
    exchange: Exchange,
    *,
    stop: StopRequest | None = None,
    max_events: int | None = None,
    pace: Pace | None = None,
) -> Ending:
    """Run a session over an exchange in this process and return how it ended.

    Resuming the exchange is the acknowledgment: it is asked for the next message only after the
    session has asked for it.

    Args:
        session: the strategy's side.
        exchange: the peer, at its beginning.
        stop: asked between events whether the run shall end.
        max_events: end after this many messages.
        pace: holds the candles back; None hands them over as fast as they are taken.

    Raises:
        StrategyFailed, ProtocolError, RiskHalt: as `converse` does.
    """
    stop = stop or StopRequest()
    stop.on_ask(session.desk.interrupt)
    talk = conversation(session)
    send = talk.send
    ask: Ask = next(talk)
    try:
        while ask is not NEXT:
            ask = send(exchange.execute(ask))  # type: ignore[arg-type]
        messages = islice(exchange.messages(stretches=max_events is None), max_events)
        for message in messages if pace is None else pace.through(messages):
            if stop.asked is not None:
                break
            ask = send(message)
            while ask is not NEXT:
                ask = send(exchange.execute(ask))  # type: ignore[arg-type]
        ask = send(stop.asked or Stop("max_events"))
        while True:
            ask = send(exchange.execute(ask))  # type: ignore[arg-type]
    except StopIteration as end:
        ending: Ending = end.value
        return ending
    except Overdue:
        # Asked to end, in a handler that did not come back; nothing of the strategy runs any more.
        assert stop.asked is not None
        return Ending(stop.asked.why, confirmed=False)
