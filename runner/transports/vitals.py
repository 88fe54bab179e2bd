"""What a driver tells about its connection: plain attributes, written by one thread at a time.

Whoever watches reads them from another thread whenever it likes, and may see one value of before
and one of after a change. Standard library only.
"""

from __future__ import annotations

from typing import Literal

Standing = Literal["in process", "connecting", "connected", "reconnecting", "closed"]
_SMOOTHING = 0.05
"""Share of the newest acknowledgment in the mean: about the last twenty count."""


class Vitals:
    """The state of one connection, and how fast events are acknowledged over it."""

    __slots__ = (
        "ack_s",
        "acks",
        "acks_s",
        "arrived_at",
        "attempts",
        "conflated_candles",
        "conflated_quotes",
        "failure",
        "is_waiting",
        "lost",
        "queue",
        "received",
        "reconnects",
        "requests",
        "requests_s",
        "standing",
        "worst_ack_s",
        "worst_request_s",
    )

    def __init__(self, standing: Standing = "in process") -> None:
        self.standing: Standing = standing
        self.attempts = 0
        """Failed attempts to connect, in a row."""
        self.failure = ""
        """Why the last of them failed."""
        self.reconnects = 0
        self.is_waiting = False
        """Whether the driver waits for its peer, so that nothing but the peer can move the run."""
        self.queue = 0
        """Messages that wait for the strategy: of a live run now, of a backtest when it took the
        last one."""
        self.received = 0
        """Messages of a live run that have arrived, those for nobody but the connection apart."""
        self.conflated_quotes = 0
        """Quotes that a newer one of their symbol replaced before the strategy took them."""
        self.conflated_candles = 0
        """Earlier versions of a candle that a newer one replaced likewise."""
        self.lost = 0
        """Messages that the strategy will never see, because too many waited."""
        self.arrived_at: float | None = None
        """When the last message was taken, by `time.perf_counter`; None before the first."""
        self.acks = 0
        self.ack_s: float | None = None
        """Mean time from taking an event to its acknowledgment, the latest counting most."""
        self.worst_ack_s = 0.0
        self.acks_s = 0.0
        """The sum of those times, of all acknowledgments."""
        self.requests = 0
        """Answers to commands: orders, cancellations, state."""
        self.requests_s = 0.0
        """The time that they took together."""
        self.worst_request_s = 0.0

    def acknowledged(self, seconds: float) -> None:
        """Note that an acknowledgment was sent so long after its event was taken."""
        self.acks += 1
        self.acks_s += seconds
        mean = self.ack_s
        self.ack_s = seconds if mean is None else mean + _SMOOTHING * (seconds - mean)
        self.worst_ack_s = max(self.worst_ack_s, seconds)

    def answered(self, seconds: float) -> None:
        """Note that the peer took so long to answer a command."""
        self.requests += 1
        self.requests_s += seconds
        self.worst_request_s = max(self.worst_request_s, seconds)

    def failed(self, why: str) -> None:
        """Note that the connection could not be made, or was lost."""
        if self.standing == "connected":
            self.standing = "reconnecting"
        self.attempts += 1
        self.failure = why

    def connected(self, *, is_again: bool) -> None:
        """Note that the connection stands."""
        self.standing = "connected"
        self.attempts = 0
        self.reconnects += is_again
