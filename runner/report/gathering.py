"""From a run, or the record of one, to the facts of its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.engine.series import Series
from runner.errors import ConfigError
from runner.protocol.decimals import plain
from runner.protocol.times import to_ms
from runner.records.reading import Record
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


def facts_of_record(record: Record, series: Iterable[Series] = ()) -> ReportFacts:
    """Return what there is to report of a run that was kept.

    Raises:
        ConfigError: E399, it has no result: it goes on still, or has died.
    """
    if not record.result:
        raise ConfigError(
            f"there is no result of {record.id}: the run {_without_end(record)}",
            where=str(record.folder),
            why="a report shows the figures of a run that came to its end",
            fix=f"see what it has kept: runner runs show {record.id}",
            id="E399",
        )
    begin, end = record.begin, record.end
    changed = (
        f"{one.key}={one.value}"
        for one in begin.settings
        if one.origin != "default" and not one.key.startswith(("params", "strategy"))
    )
    return ReportFacts(
        record.result,
        record.equity.times,
        record.equity.equities,
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
            for one in record.trades
        ],
        candles_of(series),
        {
            "Run": f"{record.id}, {begin.started:%Y-%m-%d %H:%M} UTC",
            "Note": record.remarks.note,
            "Settings": ", ".join(changed),
            "Equity curve": record.equity.notice,
            "Digest": (end.digest if end else None) or "",
        },
    )


def _without_end(record: Record) -> str:
    return "goes on" if record.holder is not None else "died before its end"


def candles_of(series: Iterable[Series]) -> dict[str, Candles]:
    """Return the columns of each symbol's first series."""
    found: dict[str, Candles] = {}
    for one in series:
        found.setdefault(
            one.symbol,
            Candles(one.timeframe, one.times, one.opens, one.highs, one.lows, one.closes),
        )
    return found
