"""What a backtest ends with whose strategy acknowledged events later than its engine waits."""

from __future__ import annotations

from runner.config.models import RunConfig, Runtime
from runner.errors import ProtocolError
from runner.results.result import times
from runner.session import Session


def late(config: RunConfig, session: Session) -> ProtocolError | None:
    """Return the error that says so; None where the engine waits for ever, or that is allowed."""
    window = config.engine.ack_window
    if config.runtime is not Runtime.ENGINE or window is None or config.engine.allow_slow:
        return None
    if not session.late_acks:
        return None
    return ProtocolError(
        f"{times(session.late_acks)} an acknowledgment came later than the engine waits for",
        where=f"{type(session.strategy).__name__}, until {session.desk.now.isoformat()}",
        why=f"after engine.ack_window ({window:g} s) it goes on without it, so orders came late",
        fix="do less in the handlers, have the engine wait longer, or set engine.allow_slow",
        id="E732",
    )
