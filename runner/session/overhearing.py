"""A conversation that somebody listens to: every event, and every command with its answer.

What the law asks and what it is answered passes through here unchanged. Where nobody listens, this
is not in the way at all.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from runner.errors import RunnerError
from runner.protocol.messages import Candle, Stretch
from runner.session.asks import NEXT, Answer, Ask, Ending
from runner.session.law import Talk, converse
from runner.session.state import Session

Hear = Callable[[Ask, Answer], None]
"""Called with what was asked and what was answered, before the answer is acted on."""


def conversation(session: Session) -> Talk:
    """Return the session's conversation, overheard where the session has somebody who listens.

    Raises:
        As `converse` does, and whatever the listener raises.
    """
    talk = converse(session) if session.hear is None else _overheard(session, session.hear)
    if session.rehearse is not None:
        rehearsed: Talk = session.rehearse(talk)
        return rehearsed
    return talk


def _overheard(session: Session, hear: Hear) -> Generator[Ask, Any, Ending]:
    talk = converse(session)
    trouble: list[RunnerError] = []
    try:
        ask = next(talk)
        while True:
            answer = yield ask
            if type(answer) is Stretch:
                answer.candles = _heard(answer.candles, hear, trouble)
            else:
                hear(ask, answer)
            ask = talk.send(answer)
            if trouble:
                raise trouble[0]
    except StopIteration as end:
        ending: Ending = end.value
        return ending


def _heard(candles: Iterator[Candle], hear: Hear, trouble: list[RunnerError]) -> Iterator[Candle]:
    # The candles of a stretch are taken inside the strategy's own handling. What the listener
    # raises there would be blamed on the strategy, so it is raised later.
    for candle in candles:
        try:
            hear(NEXT, candle)
        except RunnerError as error:
            trouble.append(error)
            return
        yield candle
