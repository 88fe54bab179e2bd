"""The session: a strategy's conversation with its peer, and the law it is held under.

`law` is the conversation itself; `asks` what it exchanges with its driver; `state` what it keeps;
`folding` takes messages in, `calling` runs the strategy's handlers, `executing` carries out what
they asked for, `overhearing` lets somebody listen. No sockets, no threads, no clock.
"""

from runner.session.asks import (
    NEXT,
    Ack,
    Answer,
    Arrival,
    Ask,
    Closed,
    Ending,
    Missed,
    Next,
    Regained,
    Stop,
)
from runner.session.calling import Overdue
from runner.session.executing import MAX_REQUESTS_PER_EVENT
from runner.session.law import ACK_LIMIT, Talk, converse
from runner.session.overhearing import Hear, conversation
from runner.session.state import Session

__all__ = [
    "ACK_LIMIT",
    "MAX_REQUESTS_PER_EVENT",
    "NEXT",
    "Ack",
    "Answer",
    "Arrival",
    "Ask",
    "Closed",
    "Ending",
    "Hear",
    "Missed",
    "Next",
    "Overdue",
    "Regained",
    "Session",
    "Stop",
    "Talk",
    "conversation",
    "converse",
]
