"""What differs between two runs: settings, source, figures, and the trades one by one.

Pure: two records in, plain values out. May import this room.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.records.lines import TradeLine
from runner.records.reading import Record

_SEEN = ("records.", "ui")
"""Settings that say nothing of a run's result, whatever else they say."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same in both."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Pair:
    """Two executions that stand for each other, or one that has no counterpart."""

    before: TradeLine | None
    after: TradeLine | None

    @property
    def any(self) -> TradeLine:
        one = self.before or self.after
        assert one is not None
        return one


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs between two runs."""

    is_same_run: bool
    """Whether the digests are known and equal: then nothing else may differ."""
    settings: list[Change]
    source: list[str]
    """A unified diff of the strategy's file and of the modules it imports, line by line; empty
    where all are the same."""
    statistics: list[Change]
    same_trades: int
    """How many trades are the same, from the first on, before one is not."""
    first: Pair | None
    """The first two trades, by number, that are not the same; None if all are."""
    trades: list[Pair]
    """Every trade that is not the same in both, paired by its time, symbol and side."""


def difference(before: Record, after: Record) -> Difference:
    """Return what differs between two records."""
    digests = [one.end.digest if one.end else None for one in (before, after)]
    same = _same_trades(before.trades, after.trades)
    pair = Pair(_at(before.trades, same), _at(after.trades, same))
    return Difference(
        digests[0] is not None and digests[0] == digests[1],
        _changes(_settings(before), _settings(after)),
        _source(before, after),
        _changes(_statistics(before), _statistics(after)),
        same,
        pair if pair.before or pair.after else None,
        _pairs(before.trades[same:], after.trades[same:]),
    )


def facts_of(trade: TradeLine) -> tuple[object, ...]:
    """Return what makes two trades the same: everything but ids and the given reason."""
    return (
        trade.time,
        trade.symbol,
        trade.side,
        trade.quantity,
        trade.price,
        trade.commission,
        trade.realized_pnl,
    )


def _settings(record: Record) -> dict[str, Any]:
    begin = record.begin
    found: dict[str, Any] = {"strategy": f"{begin.strategy.name} of {begin.strategy.source}"}
    found |= {f"params.{name}": one for name, one in begin.strategy.params.items()}
    found["subscriptions"] = begin.session.subscriptions
    for one in begin.settings:
        if not one.key.startswith((*_SEEN, "params", "strategy", "subscriptions")):
            found[one.key] = one.value
    found["version"] = begin.versions.get("runner")
    return found


def _statistics(record: Record) -> dict[str, Any]:
    if record.result:
        return {"why": record.status, **record.result.get("statistics", {})}
    return {"why": record.status, "executions": len(record.trades)}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    return [
        Change(name, before.get(name), after.get(name))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]


def _source(before: Record, after: Record) -> list[str]:
    files = [
        (
            f"{before.id} {before.begin.strategy.source}",
            f"{after.id} {after.begin.strategy.source}",
            before.source,
            after.source,
        )
    ]
    texts, others = before.modules, after.modules
    files += [
        (f"{before.id} {path}", f"{after.id} {path}", texts.get(path, ""), others.get(path, ""))
        for path in dict.fromkeys((*texts, *others))
    ]
    found: list[str] = []
    for name, other, text, new in files:
        found += difflib.unified_diff(text.splitlines(), new.splitlines(), name, other, lineterm="")
    return found


def _same_trades(before: list[TradeLine], after: list[TradeLine]) -> int:
    for place, (one, other) in enumerate(zip(before, after, strict=False)):
        if facts_of(one) != facts_of(other):
            return place
    return min(len(before), len(after))


def _pairs(before: list[TradeLine], after: list[TradeLine]) -> list[Pair]:
    def key(trade: TradeLine) -> tuple[object, ...]:
        return (trade.time, trade.symbol, trade.side)

    unpaired: dict[tuple[object, ...], list[TradeLine]] = defaultdict(list)
    for one in reversed(after):
        unpaired[key(one)].append(one)
    found = []
    for one in before:
        others = unpaired.get(key(one))
        found.append(Pair(one, others.pop() if others else None))
    found += [Pair(None, one) for rest in unpaired.values() for one in rest]
    found = [one for one in found if not one.before or not one.after or not _same(one)]
    return sorted(found, key=lambda pair: pair.any.time)


def _same(pair: Pair) -> bool:
    return bool(pair.before and pair.after and facts_of(pair.before) == facts_of(pair.after))


def _at(trades: list[TradeLine], place: int) -> TradeLine | None:
    return trades[place] if place < len(trades) else None
