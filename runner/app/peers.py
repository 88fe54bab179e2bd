"""What a run is driven against: the embedded exchange, an engine, or a gateway, ready to go.

What a runtime needs is imported when that runtime is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runner.app.market import SAMPLE, feed_of, terms_of, wanted_of
from runner.config.models import DataConfig, RunConfig, Runtime
from runner.errors import ConfigError
from runner.protocol.admission import Subscription
from runner.protocol.urls import gateway_http_url, gateway_ws_url, is_loopback
from runner.results.conventions import (
    Conventions,
    dry_conventions,
    embedded_conventions,
    peer_conventions,
)
from runner.results.result import DataFacts, RuntimeFacts
from runner.session import Ending, Session
from runner.transports.pace import Pace
from runner.transports.stop import REQUESTS_S, StopRequest
from runner.transports.vitals import Vitals

if TYPE_CHECKING:
    from runner.transports.enquiry import Enquiry
    from runner.transports.settings import ConnectionSettings


@dataclass(frozen=True, slots=True)
class Peer:
    """One runtime, ready to be driven."""

    drive: Callable[[StopRequest, Pace | None], Ending]
    runtime: RuntimeFacts
    data: DataFacts
    conventions: Conventions
    candles: int | None
    """How many candles will come, where that is known."""
    vitals: Vitals
    """How its connection fares."""
    enquiry: Enquiry | None = None
    """Asks a gateway where it trades; None for a backtest."""


def peer_of(
    config: RunConfig, session: Session, subscriptions: tuple[Subscription, ...], cwd: Path
) -> Peer:
    """Return what the configuration says to run against.

    Raises:
        ConfigError: subscriptions or keys that the runtime cannot take.
        DataError: the prices of the embedded engine cannot be read.
    """
    if config.engine.resume is not None and config.runtime is not Runtime.ENGINE:
        raise ConfigError(
            f"only a run of a Backtest Engine can be gone on with, the runtime is {config.runtime}",
            where="engine.resume",
            fix="set ENGINE_WS_URL and ENGINE_REST_URL, or leave --resume out",
            id="E339",
        )
    if config.runtime is Runtime.EMBEDDED:
        return _embedded(config, session, subscriptions, cwd)
    return _remote(config, session, subscriptions, cwd)


def _embedded(
    config: RunConfig, session: Session, subscriptions: tuple[Subscription, ...], cwd: Path
) -> Peer:
    from runner.engine.exchange import Exchange
    from runner.transports.local import run_local

    data = config.data
    symbols = _symbols(subscriptions, data)
    wanted, quoted = wanted_of(subscriptions)
    feed = feed_of(data, wanted, symbols, quoted=quoted, cwd=cwd)
    session.desk.subscribed = feed.symbols
    terms = terms_of(config.exchange)
    venue = Exchange(feed, terms)
    return Peer(
        drive=lambda stop, pace: run_local(
            session, venue, stop=stop, max_events=config.max_events, pace=pace
        ),
        runtime=RuntimeFacts("embedded"),
        data=DataFacts(
            _source(data, has_candles=bool(feed.series)),
            feed.symbols,
            tuple(dict.fromkeys(one.timeframe for one in feed.series)),
            tuple(feed.repaired()),
            tuple(feed.files()),
        ),
        conventions=embedded_conventions(
            terms, timezone=feed.calendar.name, quotes=bool(feed.quotes)
        ),
        candles=len(feed),
        vitals=Vitals(),
    )


def _source(data: DataConfig, *, has_candles: bool) -> str:
    candles = "bundled sample" if data.path == SAMPLE else data.path
    if data.quotes is None:
        return candles
    return f"{candles}, quotes of {data.quotes}" if has_candles else data.quotes


def _symbols(subscriptions: tuple[Subscription, ...], data: DataConfig) -> tuple[str, ...]:
    if not subscriptions and data.path == SAMPLE and data.quotes is None:
        return ("S:AAPL",)
    return tuple(dict.fromkeys(one.symbol for one in subscriptions))


def _remote(
    config: RunConfig, session: Session, subscriptions: tuple[Subscription, ...], cwd: Path
) -> Peer:
    from runner.transports.rest import RestClient
    from runner.transports.websocket import run_websocket

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
    connection, settings = config.connection, _settings_of(config, key)
    vitals = Vitals("connecting")
    is_live = config.runtime is Runtime.GATEWAY
    rest = RestClient(
        rest_url, api_key=key, timeout_s=connection.request_timeout, looks_up_orders=not is_live
    )
    resume = config.engine.resume

    def drive(stop: StopRequest, pace: Pace | None) -> Ending:
        if is_live:
            rest.hurry(lambda: stop.left_s(REQUESTS_S))
        if resume is not None:
            rest.rewind(resume)
        with ExitStack() as stack:
            live = None
            if is_live and not config.dry_run:  # a dry run places no order to write down
                from runner.app.live import living

                run = session.desk.order_prefix
                live = stack.enter_context(
                    living(config, session, rest, run=run, url=rest_url, cwd=cwd)
                )
            return run_websocket(
                session,
                url=ws_url,
                rest=rest,
                settings=settings,
                stop=stop,
                max_events=config.max_events,
                run_id=resume,
                pace=pace,
                vitals=vitals,
                live=live,
                company=rest.connections if is_live else None,
            )

    enquiry = None
    if config.runtime is Runtime.GATEWAY:
        from runner.transports.enquiry import Enquiry

        enquiry = Enquiry(rest_url, rest, settings, timeout_s=connection.request_timeout)
    conventions = peer_conventions(config.runtime.value)
    if config.runtime is Runtime.GATEWAY and config.dry_run:
        from runner.transports.rehearsing import rehearsed

        terms, symbols = terms_of(config.exchange), session.desk.subscribed
        session.rehearse = lambda talk: rehearsed(talk, symbols, terms)
        conventions = dry_conventions(terms)
    return Peer(
        drive=drive,
        enquiry=enquiry,
        runtime=RuntimeFacts(config.runtime.value, (ws_url, rest_url)),
        data=DataFacts(
            f"data of the {config.runtime.value}",
            tuple(dict.fromkeys(one.symbol for one in subscriptions)),
        ),
        conventions=conventions,
        candles=None,
        vitals=vitals,
    )


def _settings_of(config: RunConfig, key: str | None) -> ConnectionSettings:
    from runner.transports.settings import ConnectionSettings

    connection = config.connection
    return ConnectionSettings(
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
        inbox=connection.inbox,
        ack_window_s=config.engine.ack_window,
        gap_after_s=connection.gap_after,
        reconcile_every_s=config.gateway.reconcile_every,
        stale_after_s=config.risk.stale_after,
        headers={"Authorization": f"Bearer {key}"} if key else {},
    )


def enquiry_of(config: RunConfig) -> Enquiry:
    """Return what asks the gateway of a configuration, without a run.

    Raises:
        ConfigError: E330, a key would travel unencrypted.
    """
    from runner.transports.enquiry import Enquiry
    from runner.transports.rest import RestClient

    url, secret = gateway_http_url(config.gateway.url), config.gateway.api_key
    key = secret.get_secret_value() if secret else None
    if key is not None:
        _refuse_open_line(url, "GATEWAY_API_KEY")
    timeout_s = config.connection.request_timeout
    rest = RestClient(url, api_key=key, timeout_s=timeout_s)
    return Enquiry(url, rest, _settings_of(config, key), timeout_s=timeout_s)


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
