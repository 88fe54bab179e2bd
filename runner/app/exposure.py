"""What tells other programs how a run fares: its metrics, its health, and the service manager."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from runner.app.peers import Peer
from runner.config.models import RunConfig
from runner.metrics.health import Health
from runner.protocol.urls import parse_place, shown_place
from runner.results.result import StrategyFacts
from runner.session import Session
from runner.supervision.link import Link
from runner.transports.notify import Manager, reported
from runner.transports.pace import Pace
from runner.transports.stop import StopRequest

_LOG = logging.getLogger(__name__)


@contextmanager
def exposed(
    config: RunConfig,
    session: Session,
    peer: Peer,
    strategy: StrategyFacts,
    *,
    stop: StopRequest,
    pace: Pace | None,
    environ: Mapping[str, str],
    link: Link | None = None,
) -> Iterator[None]:
    """Tell of the run inside: the service manager, if one has started it, and whoever asks over
    HTTP, if the configuration says where.

    Raises:
        ConfigError: E332, E333; it cannot be done there, or a library is missing.
        MachineError: E1001, E1002; the port cannot be had.
    """
    health = Health(session, peer.vitals, stop, pace, stalled_after_s=config.metrics.stalled_after)
    if link is None:
        manager = Manager.of(environ, pid=os.getpid())
    else:  # the guard is whom the manager has started, and listens to
        manager = Manager.of(environ, pid=link.guard, through=link.notify)
    with (
        _served(config, session, peer, strategy, health),
        reported(manager, reluctance=health.reluctance, complaint=health.complaint),
    ):
        yield


@contextmanager
def _served(
    config: RunConfig, session: Session, peer: Peer, strategy: StrategyFacts, health: Health
) -> Iterator[None]:
    if config.metrics.listen is None:
        yield
        return
    from runner import __version__
    from runner.metrics.exposition import scrape_of
    from runner.metrics.reading import Reader
    from runner.transports.pages import Answer, Page, pages_at

    scrape = scrape_of(
        Reader(session, peer.vitals),
        {"version": __version__, "strategy": strategy.name, "runtime": peer.runtime.name},
    )

    def metrics(accept: str) -> Answer:
        body, content_type = scrape(accept)
        return Answer(body, content_type=content_type)

    def verdict(complaint: str) -> Answer:
        if complaint:
            return Answer(f"{complaint}\n".encode(), status=503)
        return Answer(b"ok\n")

    pages = {
        "/metrics": Page(metrics),
        "/healthz": Page(lambda _: verdict(health.complaint()), is_open=True),
        "/readyz": Page(lambda _: verdict(health.reluctance()), is_open=True),
    }
    host, wanted = parse_place(config.metrics.listen)
    token = config.metrics.token.get_secret_value() if config.metrics.token else None
    with pages_at(host, wanted, pages, token=token) as port:
        _LOG.info("metrics at http://%s/metrics", shown_place(host, port))
        yield
