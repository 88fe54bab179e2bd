"""From a run, or the record of one, to the facts of its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.engine.series import Series
from runner.protocol.decimals import plain
from runner.protocol.times import to_ms
from runner.report.facts import Candles, Execution, ReportFacts
from runner.results.document import to_document
from runner.results.facts import RunResult


def facts_of_run(
    result: RunResult, series: Iterable[Series] = (), about: Mapping[str, str] | None = None
) -> ReportFacts:
    """Return what there is to report of a run that has just ended."""
    return ReportFacts(
        to_document(result),
        result.times,
        result.equities,
        [
            Execution(
                to_ms(one.time),
                one.symbol,
                one.side,
                plain(one.quantity),
                plain(one.price),
                plain(one.commission),
                None if one.realized_pnl is None else plain(one.realized_pnl),
                one.reason,
            )
            for one in result.trades
        ],
        candles_of(series),
        about or {},
    )


def candles_of(series: Iterable[Series]) -> dict[str, Candles]:
    """Return the columns of each symbol's first series."""
    found: dict[str, Candles] = {}
    for one in series:
        found.setdefault(
            one.symbol,
            Candles(one.timeframe, one.times, one.opens, one.highs, one.lows, one.closes),
        )
    return found
