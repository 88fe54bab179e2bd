"""The options of `runner engine serve` that concern the session with the strategy."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, cast

from runner.cli.options import read

if TYPE_CHECKING:
    from runner.engine.server import Ended, Faults, SessionRules
    from runner.engine.server.speed import Speed
    from runner.errors import RunnerError

MAX_SECONDS = 24 * 3600.0
MIN_FACTOR, MAX_FACTOR = Decimal("0.001"), Decimal(10) ** 9
SPEED_HINT = "write max, realtime, step, or a multiple such as 100x"


def session_rules(
    *,
    speed: str,
    start_on: str,
    ack_window: str,
    ack_grace: int,
    ack_limit: int,
    resume_window: str,
    dialect: str,
    faults: str,
) -> SessionRules:
    """Return the rules that these options make.

    Raises:
        ConfigError: E375, an option cannot be read.
    """
    from runner.config import units
    from runner.engine.server import DIALECTS, SessionRules

    def seconds(text: str) -> float:
        return units.parse_duration(text, low=0.001, high=MAX_SECONDS, zero=True)

    start = read("--start-on", lambda text: units.parse_choice(text, ("connect", "ack")), start_on)
    chosen = read("--dialect", lambda text: units.parse_choice(text, tuple(DIALECTS)), dialect)
    return SessionRules(
        dialect=DIALECTS[chosen],
        start_on=cast("Literal['connect', 'ack']", start),
        speed=read("--speed", _speed, speed),
        ack_seconds=read("--ack-window", seconds, ack_window),
        ack_grace=ack_grace,
        ack_limit=ack_limit,
        resume_seconds=read("--resume-window", seconds, resume_window),
        faults=read("--faults", _faults, faults),
    )


def _faults(text: str) -> Faults | None:
    from runner.config import units
    from runner.engine.server import Faults

    found = {"repeat": 0, "cut": 0}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, equals, number = (one.strip() for one in part.partition("="))
        if not equals or name not in found:
            what = f"must be repeat=N, cut=N or both, was {units.shown(text)}"
            raise units.UnfitError(what, "write it like repeat=10,cut=100")
        found[name] = units.parse_whole(number, low=1, high=10**9)
    return Faults(repeat_every=found["repeat"], cut_every=found["cut"]) if text.strip() else None


def _speed(text: str) -> Callable[[], Speed] | None:
    from runner.config import units
    from runner.engine.server.speed import Multiple, Steps

    word = text.strip()
    if word == "max":
        return None
    if word == "step":
        steps = Steps()
        return lambda: steps
    if word == "realtime":
        return lambda: Multiple(1.0)
    number = word.removesuffix("x")
    if number == word:
        raise units.UnfitError(f"must be a speed, was {units.shown(text)}", SPEED_HINT)
    factor = float(units.parse_number(number, low=MIN_FACTOR, high=MAX_FACTOR))
    return lambda: Multiple(factor)


def failure(ended: Ended) -> RunnerError | None:
    """Return the error that the end of a server amounts to, or None."""
    from runner.errors import ProtocolError

    where = "runner engine serve --once"
    if ended == "broken":
        return ProtocolError(
            "the strategy left before the backtest was complete",
            where=where,
            why="its connection ended before the last event was acknowledged",
            fix="look at what the strategy printed",
            id="E750",
        )
    if ended == "halted":
        return ProtocolError(
            "the run was halted: the strategy did not acknowledge in time",
            where=where,
            why="too many acknowledgments in a row did not come within --ack-window",
            fix="have the strategy acknowledge every event, or widen --ack-window or --ack-limit",
            id="E751",
        )
    return None
