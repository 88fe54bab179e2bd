"""The limits of a connection as plain values; whoever composes the program fills them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STOP, ADOPT, IGNORE = "stop", "adopt", "ignore"
RULES = (STOP, ADOPT, IGNORE)
"""What may be done with what a gateway holds that is not ours."""
EVERY = "*"
"""The symbol that stands for all others, among such rules."""


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How long to wait for what, how often to try, and how much to accept."""

    open_timeout_s: float = 10.0
    """Longest wait for a connection to open; in a backtest also for its first frame."""
    close_timeout_s: float = 5.0
    """Longest wait for the peer to close, too."""
    ping_interval_s: float = 20.0
    """Silence after which a live peer is asked whether it is still there."""
    ping_timeout_s: float = 20.0
    """Longest wait for its answer."""
    max_attempts: int = 10
    """Attempts in a row that bring nothing useful before giving up; 0 tries forever."""
    backoff_initial_s: float = 0.5
    """Longest pause after the first failure; it doubles with every further one."""
    backoff_max_s: float = 30.0
    """Longest pause of all."""
    stall_timeout_s: float = 60.0
    """Longest silence of a backtest while it owes an event."""
    spin_us: float = 200.0
    """How long to poll the socket before sleeping, in a backtest; 0 turns it off."""
    max_frame_bytes: int = 1_048_576
    """Largest frame accepted."""
    guard_after_s: float = 0.25
    """Time in a handler after which a second thread reads and answers pings in its place."""
    inbox: int = 10_000
    """Most messages of a live peer that may wait for the strategy; one more halts trading."""
    ack_window_s: float | None = None
    """How long the peer of a backtest waits for an acknowledgment, where that is known."""
    gap_after_s: float = 10.0
    """Time that a live run has not lived through, after which the state is read again."""
    reconcile_every_s: float = 60.0
    """How often what a gateway holds is held against what the run takes it to hold."""
    stale_after_s: float | None = None
    """Silence of a symbol at a gateway after which only what makes its position smaller is sent;
    None for three of its candles, and a minute at least."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with the request to open the connection. Never shown: a key may be among them."""
