"""The driver over a recording: what a session was told and answered, told and answered again.

There is no peer. As long as the strategy asks for what it asked for then, it is given the answers
of then; where it asks for something else the recording has no answer, and the replay ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from runner.protocol.commands import Command
from runner.session import NEXT, Ack, Answer, Ask, Ending, Session, Talk, converse


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that a session was told: an event, or the answer to a command."""

    answer: Answer
    command: Command | None = None
    """What was asked; None for an event."""


@dataclass(slots=True)
class Step:
    """One event, and what the strategy did about it."""

    number: int
    """Counted from 1; 0 is the start, before the first event."""
    event: Answer = None
    commands: list[Command] = field(default_factory=list)
    """What the strategy asked for as it did then."""
    difference: Difference | None = None
    """The first thing it did not do as it did then; nothing follows it."""
    ending: Ending | None = None
    """How the conversation ended, with its last event."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two runs part."""

    recorded: Command | None
    """What was asked for then; None for nothing."""
    asked: Command | None
    """What is asked for now; None for nothing."""


def replay(session: Session, heard: Iterable[Heard]) -> Iterator[Step]:
    """Run a session over a recording and yield one step for the start and one for each event.

    Raises:
        StrategyFailed, ProtocolError, RiskHalt: as `converse` does.
    """
    talk = converse(session)
    step = Step(0)
    try:
        ask = _past_acks(talk, next(talk))
        for one in heard:
            if one.command is None:
                if ask is not NEXT:
                    step.difference = Difference(None, _command(ask))
                    break
                yield step
                step = Step(step.number + 1, one.answer)
            elif ask != one.command:
                step.difference = Difference(one.command, _command(ask))
                break
            else:
                step.commands.append(one.command)
            ask = _past_acks(talk, talk.send(one.answer))
    except StopIteration as end:
        step.ending = end.value
    yield step


def _past_acks(talk: Talk, ask: Ask) -> Ask:
    while type(ask) is Ack:
        ask = talk.send(None)
    return ask


def _command(ask: Ask) -> Command | None:
    return None if ask is NEXT else ask  # type: ignore[return-value]
