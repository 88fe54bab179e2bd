"""A live run's journal and memory: where they stand, and what holds a run to them."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from runner.config.models import RunConfig
from runner.errors import RiskHalt, RunnerError
from runner.journal import Journal, Memory, read_past
from runner.protocol.enums import OrderStatus
from runner.session import Session
from runner.transports.live import Live
from runner.transports.rest import RestClient

JOURNAL = "journal.jsonl"
_UNFIT = re.compile(r"[^A-Za-z0-9.-]")
_SHOWN = 5


def order_prefix() -> str:
    """Return what the order ids of one live run begin with: eight letters and digits, by chance."""
    return base64.b32encode(os.urandom(5)).decode().lower()


@contextmanager
def living(
    config: RunConfig, session: Session, gateway: RestClient, *, run: str, url: str, cwd: Path
) -> Iterator[Live]:
    """Open what a live run writes down, and close it when the run is over.

    Raises:
        MachineError: E1040, it cannot be written; E1041, another run has it.
        RiskHalt: E930, it is damaged.
    """
    folder = folder_of(config, session, url=url, cwd=cwd)
    journal = Journal(folder / JOURNAL)
    try:
        yield Live(
            session,
            gateway,
            journal,
            Memory(folder / "state.json"),
            run=run,
            peer=url,
            foreign=config.gateway.foreign,
        )
    finally:
        journal.close()


def folder_of(config: RunConfig, session: Session, *, url: str, cwd: Path) -> Path:
    """Return the folder of one strategy at one gateway; a name never leads out of it."""
    name = type(session.strategy).__name__
    return cwd / config.gateway.directory / f"{name}@{_place(url)}"


@contextmanager
def journal_of_commands(config: RunConfig, *, url: str, cwd: Path) -> Iterator[Journal]:
    """Open what commands write down that trade at a gateway without a strategy.

    Raises:
        MachineError: E1040, it cannot be written; E1041, another command has it.
        RiskHalt: E930, it is damaged.
    """
    # No class has a dash in its name.
    folder = cwd / config.gateway.directory / f"by-command@{_place(url)}"
    with closing(Journal(folder / JOURNAL)) as journal:
        yield journal


def runs_at(config: RunConfig, *, url: str, cwd: Path) -> set[str]:
    """Return what the ids of all orders begin with that journals know of at one gateway.

    A journal that cannot be read tells nothing; that of a run under way can be.
    """
    runs: set[str] = set()
    for path in (cwd / config.gateway.directory).glob(f"*@{_place(url)}/{JOURNAL}"):
        with suppress(OSError, RiskHalt):
            runs |= read_past(path).runs
    return runs


def _place(url: str) -> str:
    parts = urlsplit(url)
    return _UNFIT.sub("_", f"{parts.hostname}_{parts.port or parts.scheme}")


def unresolved(session: Session, error: RunnerError | None) -> RunnerError | None:
    """Return what a run ends with that leaves orders in doubt, None if it leaves none."""
    ids = [
        order.client_order_id or order.id or ""
        for order in session.desk.tickets.values()
        if order.status is OrderStatus.UNKNOWN
    ]
    if session.backtest or not ids:
        return None
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    count = "one order" if len(ids) == 1 else f"{len(ids)} orders"
    ended = "" if error is None else f"; the run had ended with {error.id}: {error.what}"
    return RiskHalt(
        f"nobody knows what became of {count}: {', '.join(ids[:_SHOWN])}{more}",
        where=f"{type(session.strategy).__name__} at {session.desk.now.isoformat()}",
        why=f"the gateway gave no answer and shows no such order{ended}",
        fix="look at orders and positions at the gateway; the next run looks for them again",
        id="E932",
    )
