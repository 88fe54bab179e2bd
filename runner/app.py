"""The composition root: from a configuration to objects, to a run, to its result.

Below this floor constructors take plain values; only here it is known which of them the
configuration decides. What a runtime needs is imported when that runtime is chosen.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from runner.config.load import Loaded
from runner.config.models import RunConfig, Runtime
from runner.dashboard.progress import Mode, Progress, announced, choose_ui
from runner.errors import ConfigError, GateFailed, RunnerError, StrategyLoadError, UsageError
from runner.protocol.admission import CANDLE, Subscription, SubscriptionFilter
from runner.protocol.subscriptions import SubscriptionError, parse_subscriptions
from runner.protocol.times import to_ms
from runner.protocol.urls import gateway_http_url, gateway_ws_url, is_loopback
from runner.results.conventions import Conventions, embedded_conventions, peer_conventions
from runner.results.result import DataFacts, RunResult, RuntimeFacts, StrategyFacts, build_result
from runner.results.suggestion import next_command
from runner.session import Ending, Session
from runner.strategy.base import Strategy, seat
from runner.strategy.desk import Desk
from runner.strategy.loader import load_strategy
from runner.strategy.params import declared_params, resolve_params
from runner.transports.stop import StopRequest, stop_after, stop_on_signals

SIGNAL_EXITS = {"interrupted": 130, "terminated": 143}
"""Exit codes of a run that a signal ended in good order."""
GC_THRESHOLDS = (100_000, 50, 100)
_BPS = 10_000


@dataclass(frozen=True, slots=True)
class Peer:
    """One runtime, ready to be driven."""

    drive: Callable[[StopRequest], Ending]
    runtime: RuntimeFacts
    data: DataFacts
    conventions: Conventions
    candles: int | None
    """How many candles will come, where that is known."""


def execute(
    loaded: Loaded,
    *,
    cwd: Path,
    environ: Mapping[str, str],
    typed: Sequence[str] = (),
) -> tuple[RunResult, RunnerError | None]:
    """Run what the configuration says and return the result, with the error that ended it.

    What the strategy prints goes to stderr: stdout carries the result alone. `typed` are the
    arguments of the command line, for the suggestion of what to type next.

    Raises:
        RunnerError: the run could not begin (configuration, strategy, data).
    """
    config = loaded.config
    ui = choose_ui(config.ui.value, sys.stderr, environ)
    with redirect_stdout(sys.stderr):
        session, facts, subscriptions = _seat(config, cwd)
        with announced(f"reading {config.data.path}", sys.stderr, ui):
            peer = _peer(config, session, subscriptions, cwd)
        started, clock = datetime.now(UTC), time.perf_counter()
        ending, error = _drive(config, session, peer, ui)
    if error is None and ending is not None and ending.why == "complete":
        error = _gate(session)
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
        next_command=next_command(typed, declared_params(type(session.strategy)), facts.params),
    )
    return result, error


def _drive(
    config: RunConfig, session: Session, peer: Peer, ui: Mode
) -> tuple[Ending | None, RunnerError | None]:
    desk = session.desk
    stop = StopRequest()
    progress = Progress(
        peer.candles,
        lambda: (desk.market_events, desk.progress_ms),
        sys.stderr,
        ui,
    )
    relax_garbage_collection()
    try:
        with stop_on_signals(stop), stop_after(stop, config.timeout), progress:
            return peer.drive(stop), None
    except RunnerError as error:
        return None, error


def relax_garbage_collection() -> None:
    """Look for reference cycles less often than Python does by default.

    A run keeps every order and execution, and hardly ever makes a cycle. Walking through all it
    keeps, again and again, took a fifth of the time of a run with many executions.
    """
    gc.freeze()
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


def _seat(config: RunConfig, cwd: Path) -> tuple[Session, StrategyFacts, tuple[Subscription, ...]]:
    if config.strategy is None:
        raise UsageError(
            "no strategy is named",
            where="command line and configuration",
            fix="name one: runner run strategies/sma_cross.py",
            id="E202",
        )
    found = load_strategy(config.strategy, cwd=cwd, trust=config.trust)
    params = resolve_params(found, config.params)
    subscriptions = config.subscriptions
    if not subscriptions and config.runtime is Runtime.EMBEDDED:
        subscriptions = _default_subscriptions(found)
    backtest = config.runtime is not Runtime.GATEWAY
    desk = Desk(order_prefix="r" if backtest else _order_prefix(), history=found.history)
    desk.subscribed = tuple(dict.fromkeys(one.symbol for one in subscriptions))
    session = Session(
        _made(found, desk, params),
        desk,
        backtest=backtest,
        on_exception=config.on_exception.value,
        require_complete=config.connection.require_complete,
        admits=SubscriptionFilter(subscriptions).admits if subscriptions else None,
    )
    return session, StrategyFacts(found.__name__, config.strategy, params), subscriptions


def _made(found: type[Strategy], desk: Desk, params: Mapping[str, object]) -> Strategy:
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


def _order_prefix() -> str:
    # Live order ids must differ from those of every earlier run at the same gateway.
    return datetime.now(UTC).strftime("%y%m%d%H%M%S").lower()


def _default_subscriptions(found: type[Strategy]) -> tuple[Subscription, ...]:
    try:
        return parse_subscriptions(",".join(found.default_subscriptions))
    except SubscriptionError as error:
        raise StrategyLoadError(
            f"{found.__name__}.default_subscriptions: {error}", id="E425"
        ) from error


def _peer(
    config: RunConfig, session: Session, subscriptions: tuple[Subscription, ...], cwd: Path
) -> Peer:
    if config.runtime is Runtime.EMBEDDED:
        return _embedded(config, session, subscriptions, cwd)
    return _remote(config, session, subscriptions)


def _embedded(
    config: RunConfig, session: Session, subscriptions: tuple[Subscription, ...], cwd: Path
) -> Peer:
    from runner.engine.costs import Commission, Slippage
    from runner.engine.data import open_data
    from runner.engine.exchange import Exchange
    from runner.engine.feed import Feed
    from runner.transports.local import run_local

    data, exchange = config.data, config.exchange
    path = data.path if data.path == "sample" else str(cwd / data.path)
    series = open_data(
        path,
        _symbols(subscriptions, data.path),
        timeframe=data.timeframe or _timeframe(subscriptions),
        start_ms=to_ms(data.start) if data.start else None,
        end_ms=to_ms(data.end) + 1 if data.end else None,
    )
    feed = Feed(series)
    session.desk.subscribed = feed.symbols
    commission = Commission(
        bps=exchange.commission.rate * _BPS,
        per_unit=exchange.commission.per_unit,
        minimum=exchange.commission.minimum,
    )
    slippage = Slippage(bps=exchange.slippage.rate * _BPS)
    venue = Exchange(
        feed,
        cash=exchange.cash,
        leverage=exchange.leverage,
        commission=commission,
        slippage=slippage,
        currency=exchange.currency,
    )
    return Peer(
        drive=lambda stop: run_local(session, venue, stop=stop, max_events=config.max_events),
        runtime=RuntimeFacts("embedded"),
        data=DataFacts(
            "bundled sample" if data.path == "sample" else data.path,
            feed.symbols,
            tuple(dict.fromkeys(one.timeframe for one in series)),
        ),
        conventions=embedded_conventions(
            cash=exchange.cash,
            leverage=exchange.leverage,
            currency=exchange.currency,
            commission_bps=commission.bps,
            commission_per_unit=commission.per_unit,
            commission_minimum=commission.minimum,
            slippage_bps=slippage.bps,
        ),
        candles=len(feed),
    )


def _symbols(subscriptions: tuple[Subscription, ...], path: str) -> tuple[str, ...]:
    for one in subscriptions:
        if one.event_type != CANDLE:
            raise ConfigError(
                f"the embedded engine has candles only, was {one}",
                where="subscriptions",
                fix=f"subscribe to {one.symbol}:candle, or run against an engine with quotes",
                id="E320",
            )
    if not subscriptions and path == "sample":
        return ("S:AAPL",)
    return tuple(dict.fromkeys(one.symbol for one in subscriptions))


def _timeframe(subscriptions: tuple[Subscription, ...]) -> str | None:
    wanted = {one.timeframe for one in subscriptions if one.timeframe is not None}
    if len(wanted) > 1:
        raise ConfigError(
            f"one run of the embedded engine has one timeframe, was {', '.join(sorted(wanted))}",
            where="subscriptions",
            fix="subscribe to one timeframe",
            id="E321",
        )
    return wanted.pop() if wanted else None


def _remote(config: RunConfig, session: Session, subscriptions: tuple[Subscription, ...]) -> Peer:
    from runner.transports.rest import RestClient
    from runner.transports.websocket import ConnectionSettings, run_websocket

    if config.runtime is Runtime.ENGINE:
        ws_url, rest_url = config.engine.ws_url, config.engine.rest_url
        secret, variable = config.engine.token, "RUNNER_ENGINE__TOKEN"
    else:
        ws_url, rest_url = gateway_ws_url(config.gateway.url), gateway_http_url(config.gateway.url)
        secret, variable = config.gateway.api_key, "GATEWAY_API_KEY"
    key = secret.get_secret_value() if secret else None
    if key is not None:
        for url in (ws_url, rest_url):
            _refuse_open_line(url, variable)
    connection = config.connection
    settings = ConnectionSettings(
        open_timeout_s=connection.open_timeout,
        close_timeout_s=connection.close_timeout,
        ping_interval_s=connection.ping_interval,
        ping_timeout_s=connection.ping_timeout,
        max_attempts=connection.max_attempts,
        backoff_initial_s=connection.backoff_initial,
        backoff_max_s=connection.backoff_max,
        stall_timeout_s=connection.stall_timeout,
        spin_us=connection.spin * 1e6,
        max_frame_bytes=connection.max_frame_bytes,
        guard_after_s=connection.guard_after,
        headers={"Authorization": f"Bearer {key}"} if key else {},
    )
    rest = RestClient(rest_url, api_key=key, timeout_s=connection.request_timeout)
    return Peer(
        drive=lambda stop: run_websocket(
            session,
            url=ws_url,
            rest=rest,
            settings=settings,
            stop=stop,
            max_events=config.max_events,
        ),
        runtime=RuntimeFacts(config.runtime.value, (ws_url, rest_url)),
        data=DataFacts(
            f"data of the {config.runtime.value}",
            tuple(dict.fromkeys(one.symbol for one in subscriptions)),
        ),
        conventions=peer_conventions(config.runtime.value),
        candles=None,
    )


def _refuse_open_line(url: str, variable: str) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("ws", "http") and not is_loopback(parts.hostname or ""):
        raise ConfigError(
            f"{variable} would travel unencrypted to {parts.hostname}",
            where=url,
            why="whoever listens on the way could trade with it",
            fix="use wss:// and https://, or unset the variable if the peer asks for no key",
            id="E330",
        )
