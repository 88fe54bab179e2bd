"""A run as a stream for programs: one JSON object a line, complete, from its beginning to its end.

`run` comes first and says which schema the others follow; then `progress` once a second, and each
`order`, `fill`, `rejection`, `notice`, `connection` and `log`; `end` comes last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from runner import __version__
from runner.dashboard.capture import Capture
from runner.dashboard.news import News
from runner.dashboard.observer import Observer
from runner.dashboard.snapshot import LogLine
from runner.dashboard.ticker import Ticker
from runner.errors import RunnerError
from runner.protocol.times import iso_ms

SCHEMA = 1
"""Raised when the meaning of a field changes or one goes; new fields and types may come."""
EVERY_S = 0.25
PROGRESS_S = 1.0


def json_lines(
    observer: Observer,
    news: News,
    capture: Capture,
    *,
    every: float = EVERY_S,
    progress: float = PROGRESS_S,
    clock: Callable[[], float] = time.monotonic,
) -> Ticker:
    """Return what writes the stream while a run goes on; prints and logs become part of it.

    Args:
        observer, news: of the run.
        capture: what is printed meanwhile, and the stream to write to.
        every: seconds between two looks.
        progress: seconds between two lines of progress.
        clock: monotonic seconds.
    """
    stream = capture.stream
    due = [0.0]
    opening: list[object] = [run_item(observer)]
    capture.hold(limit=None)

    def write(items: Iterable[object]) -> None:
        for item in items:
            stream.write(msgspec.json.encode(item).decode() + "\n")
        stream.flush()

    def tell(*, is_over: bool) -> None:
        write(opening)
        opening.clear()
        write(news.take())
        write(_log(capture.drain(is_over=is_over)))

    def tick() -> None:
        tell(is_over=False)
        if clock() >= due[0]:
            due[0] = clock() + progress
            write([{"type": "progress", **_standing(observer)}])

    def close(error: BaseException | None) -> None:
        tell(is_over=True)
        told = error.id if isinstance(error, RunnerError) else None
        write([{"type": "end", **_standing(observer), "error": told}])

    return Ticker(tick, close, capture.release, quiet=0.0, every=every, is_complete=True)


def run_item(observer: Observer) -> dict[str, Any]:
    """Return the first object of a stream."""
    facts = observer.facts
    return {
        "type": "run",
        "schema": SCHEMA,
        "version": __version__,
        "strategy": facts.strategy,
        "params": dict(facts.params),
        "runtime": facts.runtime,
        "peers": facts.peers,
        **({"mode": facts.mode, "account": facts.account} if facts.mode else {}),
        "symbols": facts.symbols,
        "total": facts.total,
    }


def _log(lines: Iterable[LogLine]) -> Iterator[dict[str, Any]]:
    return ({"type": "log", "level": one.level, "text": one.text} for one in lines)


def _standing(observer: Observer) -> dict[str, Any]:
    found = observer.look()
    return {
        "done": found.done,
        "total": found.facts.total,
        "time": iso_ms(found.clock_ms) if found.clock_ms else None,
        "per_second": round(found.rate, 1),
        "seconds": round(found.seconds, 3),
        "equity": round(found.equity, 8),
        "orders": found.orders_total,
        "trades": found.trades_total,
        "rejected": found.rejected_total,
        "trading": found.trading.state or None,
        "alarm": found.alarm or None,
    }
