"""Who watches a run, and what holds it back: made from the configuration, beside the run itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

from runner.app.peers import Peer
from runner.config.models import RunConfig, Runtime
from runner.dashboard.capture import Capture
from runner.dashboard.live import Live
from runner.dashboard.modes import Mode
from runner.dashboard.news import News
from runner.dashboard.observer import Observer
from runner.dashboard.plain import QUIET_S, plain_lines
from runner.dashboard.snapshot import Facts
from runner.dashboard.stream import json_lines
from runner.errors import ConfigError
from runner.results.result import StrategyFacts
from runner.session import Session
from runner.transports.pace import Pace
from runner.transports.speed import Speed
from runner.transports.stop import StopRequest

STALE_S = {Runtime.ENGINE: 10.0}
"""Silence after which data counts as stale: an engine owes an event. A market may be quiet: what is
too long there follows from each symbol's candles, and restricts what may be sent."""


def pace_of(config: RunConfig, session: Session, stop: StopRequest, ui: Mode) -> Pace | None:
    """Return what holds the run back; None where nothing can, so that it costs nothing.

    Raises:
        ConfigError: E331, a speed for a run whose time is real.
    """
    speed = Speed.of(config.speed)
    if config.runtime is Runtime.GATEWAY:
        if not speed.is_max:
            raise ConfigError(
                f"the time of a gateway is real, was {speed}",
                where="speed",
                why="holding a live strategy back would only make it late",
                fix="remove speed, or run a backtest",
                id="E331",
            )
        return None
    if speed.is_max and ui != "live":
        return None
    desk = session.desk
    window = config.engine.ack_window if config.runtime is Runtime.ENGINE else None
    return Pace(stop, speed, window_s=window, between=desk.catch_up, attention=desk.interrupt)


def watched(
    config: RunConfig,
    session: Session,
    peer: Peer,
    strategy: StrategyFacts,
    *,
    stop: StopRequest,
    pace: Pace | None,
    ui: Mode,
    capture: Capture,
    environ: Mapping[str, str],
    halt: Callable[[], None],
) -> AbstractContextManager[object]:
    """Return what shows the run while it goes on, in the form that was chosen."""
    if ui == "none":
        return nullcontext()
    facts = Facts(
        strategy=strategy.name,
        params=tuple((name, str(value)) for name, value in strategy.params.items()),
        runtime=peer.runtime.name,
        mode=peer.runtime.mode,
        account=peer.runtime.account,
        peers=peer.runtime.peers,
        source=peer.data.source,
        symbols=peer.data.symbols,
        total=peer.candles,
        stale_after_s=STALE_S.get(config.runtime),
        ack_window_s=config.engine.ack_window if config.runtime is Runtime.ENGINE else None,
    )
    observer = Observer(facts, session, stop=stop, pace=pace, vitals=peer.vitals)
    if ui == "json":
        return json_lines(observer, News(session, peer.vitals), capture)
    if ui == "plain":
        # A live run is told of from its first moment; most backtests are over by then.
        quiet = 0.0 if config.runtime is Runtime.GATEWAY else QUIET_S
        return plain_lines(observer, News(session, peer.vitals), capture.stream, quiet=quiet)
    return Live(observer, stop, pace, capture, environ, halt=halt)
