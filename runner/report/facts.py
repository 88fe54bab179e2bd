"""What a report is made of: plain values, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Execution(NamedTuple):
    """One execution, with amounts as text without an exponent: they are shown as they are."""

    time: int
    """Unix milliseconds, UTC."""
    symbol: str
    side: str
    quantity: str
    price: str
    commission: str
    realized_pnl: str | None
    """Before commission; None if it closed nothing."""
    reason: str


@dataclass(frozen=True, slots=True)
class Candles:
    """Candles of one symbol in columns of one length; times are starts, Unix milliseconds."""

    timeframe: str
    times: Sequence[int]
    opens: Sequence[float]
    highs: Sequence[float]
    lows: Sequence[float]
    closes: Sequence[float]


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """Everything a report shows."""

    document: Mapping[str, Any]
    """The document of the run, `runner.run/1`; its trades and its equity are not looked at."""
    times: Sequence[int]
    """The points of the equity curve: Unix milliseconds, ascending."""
    equities: Sequence[float]
    executions: Sequence[Execution]
    candles: Mapping[str, Candles] = field(default_factory=dict)
    """By symbol; empty where the prices are not on this machine."""
    about: Mapping[str, str] = field(default_factory=dict)
    """More about the run, by label: its id, its digest, settings that are not the default."""
