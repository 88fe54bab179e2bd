"""Holding a recorded run again: the same events and answers, with the same strategy or another.

No peer, no data and no configuration are needed: all that the run depended on is in its record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runner.app.market import limits_of
from runner.app.run import make_strategy
from runner.config.models import RunConfig
from runner.config.risk import RiskConfig
from runner.errors import ConfigError
from runner.protocol.admission import SubscriptionFilter
from runner.protocol.subscriptions import parse_subscriptions
from runner.records.lines import SOURCE
from runner.records.reading import Record
from runner.records.tape import read_tape
from runner.safety import Guard
from runner.session import Session
from runner.strategy.base import Strategy
from runner.strategy.desk import Desk
from runner.strategy.loader import load_strategy
from runner.strategy.location import is_path
from runner.strategy.params import declared_params, resolve_params
from runner.transports.replaying import Step, replay

_RISK = "risk."


def replayed(
    record: Record,
    *,
    cwd: Path,
    strategy: str | None = None,
    params: Mapping[str, Any] | None = None,
    trust: bool = False,
) -> tuple[Session, Iterator[Step]]:
    """Return the session that goes through the recording again, and its steps, yet to be taken.

    Args:
        record: a run whose events were kept.
        cwd: the folder that relative paths start from.
        strategy: what to run instead of the recorded source.
        params: values that replace the recorded ones, by name.
        trust: load `strategy` also from a place that others can write to.

    Raises:
        ConfigError: E395, the events were not kept.
        RunnerError: the strategy cannot be loaded, or its parameters do not fit.
    """
    tape = record.events_file
    if tape is None:
        raise ConfigError(
            f"the events of {record.id} were not kept",
            where=str(record.folder),
            why="only a run with --record (records.events) keeps them",
            fix="run it again with --record",
            id="E395",
        )
    found = _strategy_of(record, strategy, cwd, trust=trust)
    declared = declared_params(found)
    recorded = {name: one for name, one in record.begin.strategy.params.items() if name in declared}
    rules = record.begin.session
    desk = Desk(order_prefix=rules.order_prefix, history=found.history, seed=rules.seed)
    desk.subscribed = tuple(record.begin.symbols)
    subscriptions = parse_subscriptions(",".join(rules.subscriptions))
    limits = limits_of(_risk_of(record), backtest=rules.backtest)
    session = Session(
        make_strategy(found, desk, resolve_params(found, {**recorded, **(params or {})})),
        desk,
        guard=Guard(limits, desk) if limits.is_any_set else None,
        backtest=rules.backtest,
        on_exception="skip" if rules.on_exception == "skip" else "halt",
        require_complete=rules.require_complete,
        admits=SubscriptionFilter(subscriptions).admits if subscriptions else None,
    )
    return session, replay(session, read_tape(tape))


def _risk_of(record: Record) -> RiskConfig:
    # What the limits refuse never reaches a peer, so the recording does not have it.
    values = {
        one.key.removeprefix(_RISK): one.value
        for one in record.begin.settings
        if one.key.startswith(_RISK) and one.value is not None
    }
    return RunConfig(layers=[{"risk": values}]).risk


def _strategy_of(record: Record, strategy: str | None, cwd: Path, *, trust: bool) -> type[Strategy]:
    if strategy is not None:
        return load_strategy(strategy, cwd=cwd, trust=trust)
    part = record.begin.strategy
    if is_path(part.source):
        # The file may have been edited since; the record has it as it was.
        return load_strategy(f"{record.folder / SOURCE}:{part.name}", cwd=cwd, trust=True)
    return load_strategy(part.source, cwd=cwd)
