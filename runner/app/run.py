"""From a configuration to a run, and to its result."""

from __future__ import annotations

import gc
import hashlib
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from runner.app.exposure import exposed
from runner.app.halting import (
    KillSwitch,
    halted,
    kill_files,
    kill_switched,
    refuse_if_halted,
)
from runner.app.lateness import late
from runner.app.market import limits_of
from runner.app.memory import MemoryLimit
from runner.app.overdue import abandoned, handlers_watched, limit_of
from runner.app.peers import Peer, peer_of
from runner.app.permission import permitted
from runner.app.records import recorded
from runner.app.watching import pace_of, watched
from runner.config.load import Loaded
from runner.config.models import RunConfig, Runtime
from runner.dashboard.capture import Capture, captured
from runner.dashboard.json_lines import LogContext
from runner.dashboard.modes import announced, choose_ui
from runner.errors import GateFailed, RunnerError, StrategyLoadError, UsageError
from runner.protocol.admission import Subscription, SubscriptionFilter
from runner.protocol.subscriptions import SubscriptionError, parse_subscriptions
from runner.results.gates import judge
from runner.results.result import RunResult, StrategyFacts, build_result
from runner.results.suggestion import next_command
from runner.safety import Guard
from runner.session import Ending, Session
from runner.strategy.base import Strategy, seat
from runner.strategy.desk import Desk
from runner.strategy.loader import load_strategy, modules_of, source_of
from runner.strategy.params import declared_params, resolve_params
from runner.supervision.link import Link
from runner.transports.pace import Pace
from runner.transports.stop import SIGNAL_EXITS, StopRequest, stop_after, stop_on_signals

_LOG = logging.getLogger(__name__)
GC_THRESHOLDS = (100_000, 50, 100)


def execute(
    loaded: Loaded,
    *,
    cwd: Path,
    environ: Mapping[str, str],
    typed: Sequence[str] = (),
    report: Path | None = None,
    logs: LogContext | None = None,
    link: Link | None = None,
) -> tuple[RunResult, RunnerError | None]:
    """Run what the configuration says and return the result, with the error that ended it.

    What the strategy prints goes to stderr: stdout carries the result alone. `typed` are the
    arguments of the command line, for the suggestion of what to type next. `report` is a file to
    write, in the form that its name asks for. `logs` is told what the run is, for each line of log.
    `link` leads to the process that guards the run, if there is one.

    Raises:
        RunnerError: the run could not begin (configuration, strategy, data).
    """
    config = loaded.config
    if report is not None:
        from runner.app.reporting import check_report

        check_report(report)
    ui = choose_ui(config.ui.value, sys.stderr, environ)
    logs = logs or LogContext()
    capture = Capture(sys.stderr, logs.mask)
    with captured(capture):
        session, facts, subscriptions = seat_session(config, cwd)
        desk = session.desk
        logs.simulated_ms = lambda: desk.progress_ms
        with announced(f"reading {config.data.path}", sys.stderr, ui):
            peer = peer_of(config, session, subscriptions, cwd)
        stop = StopRequest()
        pace = pace_of(config, session, stop, ui)
        shelf = cwd / config.records.dir
        if config.runtime is Runtime.GATEWAY:
            refuse_if_halted(shelf)
        peer = replace(peer, runtime=permitted(loaded, peer, stream=capture.stream))
        switch = KillSwitch(session, stop)
        with (
            exposed(config, session, peer, facts, stop=stop, pace=pace, environ=environ, link=link),
            recorded(
                loaded, session, facts, peer, subscriptions=subscriptions, cwd=cwd, typed=typed
            ) as record,
        ):
            logs.run_id = record.id
            if link is not None and record.id:
                link.record_at(shelf.absolute() / "runs" / record.id)
            started, clock = datetime.now(UTC), time.perf_counter()
            watching = watched(
                config,
                session,
                peer,
                facts,
                stop=stop,
                pace=pace,
                ui=ui,
                capture=capture,
                environ=environ,
                halt=lambda: switch.pull("a key"),
            )
            kills = kill_switched(switch, kill_files(shelf, record.id))
            handlers = handlers_watched(
                session,
                stop,
                limit_s=limit_of(config),
                abandon=lambda error: abandoned(error, stop, capture.stream, record, link),
            )
            signals = stop_on_signals(stop, link)
            memory = MemoryLimit(config.max_memory, session, stop)
            limits = (memory.watched(), stop_after(stop, config.timeout))
            guards = (signals, kills, handlers, *limits)
            journal = _journal_of(config, session, peer, cwd)
            if link is not None:
                link.begun(journal)
            ending, error = _drive(config, session, peer, stop, pace, guards, watching, journal)
            if link is not None:
                link.over()
            error = error or memory.trouble() or record.trouble()
            if not session.backtest:
                from runner.app.live import unresolved

                error = unresolved(session, error) or error
            error = error or halted(session)
            if error is None and ending is not None and ending.why == "complete":
                error = late(config, session) or _gate(session)
            code = SIGNAL_EXITS.get(ending.why, 0) if ending is not None else 0
            result = build_result(
                session,
                ending,
                strategy=facts,
                data=peer.data,
                conventions=peer.conventions,
                runtime=peer.runtime,
                seconds=time.perf_counter() - clock,
                started=started,
                error=error,
                exit_code=error.exit_code if error is not None else code,
                next_command=next_command(
                    typed, declared_params(type(session.strategy)), facts.params
                ),
                digest=record.digest(),
                record=record.id,
            )
            if error is None and not code:
                result, error = _judged(result, config)
            record.end(result)
    if report is not None:
        from runner.app.reporting import render_result, write_report

        write_report(report, render_result(result, report.suffix.lower(), config, cwd))
    return result, error


def _journal_of(config: RunConfig, session: Session, peer: Peer, cwd: Path) -> Path | None:
    if peer.enquiry is None or config.dry_run:
        return None
    from runner.app.live import JOURNAL, folder_of

    return folder_of(config, session, url=peer.runtime.peers[-1], cwd=cwd).absolute() / JOURNAL


def _judged(result: RunResult, config: RunConfig) -> tuple[RunResult, RunnerError | None]:
    gates = judge(result, config.fail_on, require_orders=config.require_orders)
    failed = [one for one in gates if not one.passed]
    if not failed:
        return replace(result, gates=gates), None
    error = GateFailed(
        "a gate failed" if len(gates) == 1 else f"{len(failed)} of {len(gates)} gates failed",
        why="; ".join(f"required is {one.required}: {one.said}" for one in failed),
        fix="look at the result above; the gates are --fail-on and --require-orders",
        id="E802",
    )
    ending = replace(result.ending, exit_code=error.exit_code)
    return replace(result, gates=gates, error=error, ending=ending), error


def _drive(
    config: RunConfig,
    session: Session,
    peer: Peer,
    stop: StopRequest,
    pace: Pace | None,
    guards: Sequence[AbstractContextManager[object]],
    watching: AbstractContextManager[object],
    journal: Path | None,
) -> tuple[Ending | None, RunnerError | None]:
    relax_garbage_collection()
    ending: Ending | None = None
    error: RunnerError | None = None
    with ExitStack() as stack:
        for one in guards:
            stack.enter_context(one)
        try:
            with watching:
                ending = peer.drive(stop, pace)
        except RunnerError as failed:
            error = failed
        return ending, _departed(config, session, peer, error, stop, journal)


def _departed(
    config: RunConfig,
    session: Session,
    peer: Peer,
    error: RunnerError | None,
    stop: StopRequest,
    journal: Path | None,
) -> RunnerError | None:
    """Leave the gateway as `on_exit` says; return what ended the run, or what goes wrong now."""
    if peer.enquiry is None or journal is None:
        return error
    from runner.app.departing import depart

    trouble = depart(session, peer.enquiry, config.on_exit, stop, journal=journal)
    if error is not None and trouble is not None:
        _LOG.error("%s; fix: %s", trouble.what, trouble.fix)
    return error or trouble


def relax_garbage_collection() -> None:
    """Look for reference cycles less often than Python does by default.

    A run keeps every order and execution, and hardly ever makes a cycle. Walking through all it
    keeps, again and again, took a fifth of the time of a run with many executions.
    """
    gc.set_threshold(*GC_THRESHOLDS)


def _gate(session: Session) -> RunnerError | None:
    if session.desk.market_events:
        return None
    what, fix = "not one candle or quote arrived", "look at the data of the peer"
    if session.not_subscribed:
        what = f"none of the {session.not_subscribed:,} candles and quotes is subscribed"
        fix = f"subscribe to what the peer sends; was {', '.join(session.desk.subscribed)}"
    return GateFailed(
        f"the run finished, but {what}",
        why="a strategy that saw nothing has proven nothing",
        fix=fix,
        id="E801",
    )


def seat_session(
    config: RunConfig, cwd: Path
) -> tuple[Session, StrategyFacts, tuple[Subscription, ...]]:
    """Return a session over a fresh strategy, what it is, and what it wants to receive.

    Raises:
        RunnerError: there is no strategy, it cannot be loaded, or its parameters do not fit.
    """
    if config.strategy is None:
        raise UsageError(
            "no strategy is named",
            where="command line and configuration",
            fix="name one: runner run strategies/sma_cross.py",
            id="E202",
        )
    found = load_strategy(config.strategy, cwd=cwd, trust=config.trust)
    source = source_of(found)
    params = resolve_params(found, config.params)
    subscriptions = config.subscriptions
    if not subscriptions and config.runtime is Runtime.EMBEDDED:
        subscriptions = _default_subscriptions(found)
    backtest = config.runtime is not Runtime.GATEWAY
    desk = Desk(order_prefix=_order_prefix(config), history=found.history, seed=config.seed)
    desk.subscribed = tuple(dict.fromkeys(one.symbol for one in subscriptions))
    limits = limits_of(config.risk, backtest=backtest)
    session = Session(
        make_strategy(found, desk, params),
        desk,
        guard=Guard(limits, desk) if limits.is_any_set or not backtest else None,
        backtest=backtest,
        on_exception=config.on_exception.value,
        require_complete=config.connection.require_complete,
        admits=SubscriptionFilter(subscriptions).admits if subscriptions else None,
    )
    facts = StrategyFacts(
        found.__name__,
        config.strategy,
        params,
        hashlib.sha256(source).hexdigest(),
        source,
        modules_of(found),
    )
    return session, facts, subscriptions


def make_strategy(found: type[Strategy], desk: Desk, params: Mapping[str, object]) -> Strategy:
    """Return a strategy at its desk.

    Raises:
        StrategyLoadError: E426, its `__init__` raises.
    """
    try:
        return seat(found, desk, params)
    except Exception as error:
        raise StrategyLoadError(
            f"{found.__name__} cannot be made: {type(error).__name__}: {error}",
            where=f"{found.__name__}.__init__",
            why="a strategy is made without arguments",
            fix="prepare in on_start, which knows the account and the parameters",
            id="E426",
        ) from error


def _order_prefix(config: RunConfig) -> str:
    if config.runtime is not Runtime.GATEWAY:
        return "r"
    # Live order ids must differ from those of every earlier run at the same gateway.
    from runner.app.live import order_prefix

    # Every line that tells of an order of a dry run says so.
    return f"dry-{order_prefix()}" if config.dry_run else order_prefix()


def _default_subscriptions(found: type[Strategy]) -> tuple[Subscription, ...]:
    try:
        return parse_subscriptions(",".join(found.default_subscriptions))
    except SubscriptionError as error:
        raise StrategyLoadError(
            f"{found.__name__}.default_subscriptions: {error}", id="E425"
        ) from error
