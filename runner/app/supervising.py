"""Putting a guard over a run: the process that was started becomes the guard, its child the run.

The guard must be small, so it is not this program that waits: the process replaces itself. Its pid,
its terminal and its parent stay what they were.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence

import msgspec

from runner.app.overdue import limit_of
from runner.config.models import OnExit, RunConfig, Runtime, Supervised
from runner.protocol.urls import gateway_http_url
from runner.supervision import guarding
from runner.supervision.link import Link

_SLACK_S = 1.0
"""How much longer than one handler a whole process may be silent: between two beats is a second."""


class Plan(msgspec.Struct, frozen=True):
    """What a run says about itself before it begins, for whoever acts after its death."""

    url: str = ""
    """Of the gateway; empty where there is nothing to leave."""
    key: str | None = None
    request_timeout_s: float = 10.0
    on_death: str = OnExit.CANCEL
    limit_s: float = 0.0
    """How long one handler might take; 0 for ever."""
    log_format: str = "text"


def is_to_be_supervised(config: RunConfig) -> bool:
    """Tell whether a run is to have a guard.

    One that a debugger has started, or a program with threads of its own, goes without.
    """
    wanted = config.supervised is Supervised.ALWAYS or (
        config.supervised is Supervised.AUTO
        and config.runtime is Runtime.GATEWAY
        and not config.dry_run
    )
    is_alone = threading.active_count() == 1 and sys.gettrace() is None
    return wanted and is_alone and hasattr(os, "fork")


def supervise(config: RunConfig, argv: Sequence[str]) -> Link:
    """Return in a new process that is to do the run; the old one stays behind as its guard.

    Args:
        config: of the run.
        argv: the command line, shown as that of the guard, too.
    """
    plan = msgspec.json.encode(_plan_of(config))
    upper, up = os.pipe()
    down, lower = os.pipe()
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    # What comes before the guard is there is kept for it, and for the run.
    awaited = guarding._awaited()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    guard, child = os.getpid(), os.fork()
    if child == 0:
        for one in (upper, lower, reader, writer):
            os.close(one)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        link = Link(up, down, guard=guard)
        link.start()
        return link
    for one in (up, down):
        os.close(one)
    with os.fdopen(writer, "wb") as stream:
        stream.write(plan)
    given = [str(one) for one in (child, upper, lower, reader, _silence_of(config))]
    for one in (upper, lower, reader):
        os.set_inheritable(one, True)
    command = [sys.executable, "-I", "-S", guarding.__file__, *given, *argv]
    try:
        os.execv(sys.executable, command)  # noqa: S606 - this very interpreter
    except OSError:
        os._exit(guarding.main(given))  # larger than it need be, and as good


def _silence_of(config: RunConfig) -> float:
    limit = limit_of(config)
    return 0.0 if limit is None else limit + _SLACK_S


def _plan_of(config: RunConfig) -> Plan:
    if config.runtime is not Runtime.GATEWAY or config.dry_run:
        return Plan(limit_s=limit_of(config) or 0.0, log_format=config.log.format)
    key = config.gateway.api_key
    return Plan(
        url=gateway_http_url(config.gateway.url),
        key=None if key is None else key.get_secret_value(),
        request_timeout_s=config.connection.request_timeout,
        on_death=config.on_death.value,
        limit_s=limit_of(config) or 0.0,
        log_format=config.log.format,
    )
