"""Whether a run may trade where it is about to: asked before anything is started or recorded.

Real money takes two independent consents, `live` and the account's own name, and a bound on how
much may be at stake. What the gateway trades is what the gateway says; where it does not say, the
money counts as real.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from typing import TextIO

from runner.app.market import limits_of
from runner.app.peers import Peer
from runner.config.load import Loaded
from runner.config.models import RunConfig, Runtime
from runner.errors import ConfigError
from runner.results.result import RuntimeFacts
from runner.safety import Venue
from runner.safety.venue import UNKNOWN, has_size

_LOG = logging.getLogger(__name__)


def permitted(loaded: Loaded, peer: Peer, *, stream: TextIO) -> RuntimeFacts:
    """Return what the run trades on, once it is clear that it may.

    Args:
        loaded: the configuration, and where its values came from.
        peer: what is to be driven against.
        stream: where a person is asked for what is missing, if that is a terminal.

    Raises:
        ConfigError: E344 to E348, something is missing, or does not agree with the gateway.
        ConnectError: the gateway cannot be asked.
    """
    config = loaded.config
    if config.runtime is not Runtime.GATEWAY or peer.enquiry is None:
        _refuse_live_backtest(loaded)
        return peer.runtime
    venue = peer.enquiry.venue()
    _check_account(config, venue)
    if config.dry_run:
        return _as_dry_run(peer, venue)
    if not venue.is_paper:
        _require_consent(config, venue, stream)
    mode = "paper" if venue.is_paper else "live"
    url = peer.runtime.peers[-1]
    if venue.is_paper:
        _LOG.warning("PAPER: %s at %s; no real money", venue.name, url)
    else:
        unknown = "" if venue.platforms else " (it does not name its platform: that counts as live)"
        _LOG.warning("LIVE: %s at %s; orders trade real money%s", venue.name, url, unknown)
    return replace(peer.runtime, mode=mode, account=venue.name)


def _as_dry_run(peer: Peer, venue: Venue) -> RuntimeFacts:
    url = peer.runtime.peers[-1]
    _LOG.warning("DRY RUN: %s at %s; orders are simulated, none leaves", venue.name, url)
    return replace(peer.runtime, mode="dry", account=venue.name)


def _refuse_live_backtest(loaded: Loaded) -> None:
    for key, flag in (("live", "--live"), ("dry_run", "--dry-run")):
        if getattr(loaded.config, key) and loaded.origins[key].kind == "flag":
            raise ConfigError(
                f"{flag}, but the runtime is {loaded.config.runtime}, which trades nothing",
                where=key,
                fix=f"set GATEWAY_URL to the address of a gateway, or leave {flag} out",
                id="E344",
            )


def _check_account(config: RunConfig, venue: Venue) -> None:
    wanted = config.gateway.account
    if wanted is not None and wanted != venue.name:
        raise ConfigError(
            f"the gateway trades {venue.name}, gateway.account is {wanted}",
            where=config.gateway.url,
            why="the run was meant for another account",
            fix="correct gateway.url, or gateway.account if this is the one you mean",
            id="E346",
        )


def _require_consent(config: RunConfig, venue: Venue, stream: TextIO) -> None:
    what = venue.name if venue.platforms else f"{venue.name} (a platform that it does not name)"
    if not config.live:
        raise ConfigError(
            f"the gateway trades {what}: real money, and live is not set",
            where=config.gateway.url,
            why="a run trades real money only where that was asked for",
            fix=f"runner run ... --live, with RUNNER_GATEWAY__ACCOUNT={venue.name}",
            id="E345",
        )
    if not has_size(limits_of(config.risk, backtest=False)):
        raise ConfigError(
            "nothing limits how much money may be at stake",
            where="risk",
            why=f"{venue.name} is real money; the other limits have defaults, sizes have none",
            fix="set risk.max_order_notional and risk.max_position_notional, for example",
            id="E348",
        )
    confirm(config, venue, stream=stream, what="trade real money")


def confirm(config: RunConfig, venue: Venue, *, stream: TextIO, what: str) -> None:
    """Return when a person has named the account, in the configuration or at the terminal.

    Args:
        config: whose `gateway.account` counts.
        venue: of the gateway.
        stream: where to ask, if that is a terminal.
        what: is to be done there, for the question.

    Raises:
        ConfigError: E346, another account is named; E347, none is.
    """
    _check_account(config, venue)
    if config.gateway.account is not None:
        return
    missing = ConfigError(
        f"nobody has confirmed the account {venue.name}",
        where="gateway.account",
        why="this needs the account's name, typed or set, and there is no terminal to ask",
        fix=f"set RUNNER_GATEWAY__ACCOUNT={venue.name}",
        id="E347",
    )
    if not (stream.isatty() and sys.stdin is not None and sys.stdin.isatty()):
        raise missing
    trap = "" if venue.platforms else f"The gateway does not name its platform ({UNKNOWN}). "
    stream.write(f"{trap}Type {venue.name} to {what}: ")
    stream.flush()
    if sys.stdin.readline().strip() != venue.name:
        missing.why = "what was typed is not its name"
        raise missing
