"""The engine or gateway that is configured: whether it answers, and what its clock says.

Only a liveness path is asked, without a key: opening the WebSocket of an engine would begin a
backtest.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from runner.config.load import Loaded
from runner.config.models import Runtime
from runner.doctor.finding import Finding, failure, ok, warning
from runner.errors import ConnectError, RunnerError
from runner.protocol.routes import ROUTES
from runner.protocol.urls import gateway_http_url
from runner.transports.http import Answer, HttpClient, NoAnswer, NotSent, place_of

MOST_SKEW_S = 5.0
"""Clocks further apart make the times in two logs hard to compare; dates of HTTP have seconds."""
_STARTING = {
    Runtime.ENGINE: "start it (here: runner engine serve), or correct the address",
    Runtime.GATEWAY: "start it, or correct the address",
}


def peer_findings(loaded: Loaded, *, timeout_s: float) -> Iterator[Finding]:
    """Ask every address that is configured whether somebody is there.

    Args:
        loaded: the configuration; addresses that nobody has set are left alone.
        timeout_s: longest wait for one answer, in seconds.
    """
    config = loaded.config
    asked = False
    for runtime, key, url in (
        (Runtime.ENGINE, "engine.ws_url", config.engine.ws_url),
        (Runtime.ENGINE, "engine.rest_url", config.engine.rest_url),
        (Runtime.GATEWAY, "gateway.url", gateway_http_url(config.gateway.url)),
    ):
        # Of the runtime that is chosen the addresses that nobody has set hold too.
        if config.runtime is runtime or loaded.origins[key].kind != "default":
            asked = True
            yield from _ask(key, url, runtime, timeout_s)
    if not asked:
        yield ok("peers", "no engine or gateway is configured; the embedded engine needs none")


def _ask(key: str, url: str, runtime: Runtime, timeout_s: float) -> Iterator[Finding]:
    http = url.replace("ws", "http", 1) if url.startswith("ws") else url
    place = place_of(url)
    began = time.perf_counter()
    try:
        answer = HttpClient(http, headers={}, timeout_s=timeout_s).request(
            "GET", ROUTES["livez"].path
        )
    except (NotSent, NoAnswer) as problem:
        said = f"{place} does not answer: {problem}"
        yield failure(key, said, _STARTING[runtime], ConnectError.exit_code)
        return
    except RunnerError as problem:
        said = f"{place}: {problem.what}"
        yield failure(key, said, problem.fix, ConnectError.exit_code)
        return
    took = (time.perf_counter() - began) * 1000
    if answer.status >= 500:
        said = f"{place} answers that it is not ready: HTTP {answer.status}"
        yield warning(key, said, "wait, or look at its log")
    else:
        yield ok(key, f"{place} answers in {took:.0f} ms")
    yield from _skew(f"clock of {place}", answer)


def _skew(name: str, answer: Answer) -> Iterator[Finding]:
    try:
        theirs = parsedate_to_datetime(answer.date)
    except ValueError:
        return  # not every server tells its time
    if theirs.tzinfo is None:
        return
    apart = (theirs - datetime.now(UTC)).total_seconds()
    if abs(apart) > MOST_SKEW_S:
        said = f"{abs(apart):,.0f} s {'ahead of' if apart > 0 else 'behind'} the clock here"
        yield warning(name, said, "let both clocks be kept by NTP")
    else:
        yield ok(name, "agrees with the clock here")
