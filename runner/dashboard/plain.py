"""A run as lines for a log: a heartbeat, and every order, execution, rejection and reconnect.

A backtest at full speed has more of those than anybody reads: of many at once the first are told
and the others counted. Runs that are over within a second say nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TextIO

from runner.dashboard.clean import clean
from runner.dashboard.news import (
    ConnectionNews,
    FillNews,
    Item,
    News,
    NoticeNews,
    OrderNews,
    RejectionNews,
)
from runner.dashboard.observer import Observer
from runner.dashboard.ticker import Ticker
from runner.protocol.times import iso_ms

QUIET_S = 1.0
EVERY_S = 0.5
HEARTBEAT_S = 4.0
AT_ONCE = 20
"""Most lines of news at once; the others are counted."""


def plain_lines(
    observer: Observer,
    news: News,
    stream: TextIO,
    *,
    quiet: float = QUIET_S,
    every: float = EVERY_S,
    heartbeat: float = HEARTBEAT_S,
    clock: Callable[[], float] = time.monotonic,
) -> Ticker:
    """Return what writes lines to `stream` while a run goes on.

    Args:
        observer, news: of the run.
        stream: where to, usually stderr.
        quiet: seconds before the first line.
        every: seconds between two looks at the news.
        heartbeat: seconds between two lines that tell how far the run is.
        clock: monotonic seconds.
    """
    due = [0.0]

    def tick() -> None:
        lines = news_lines(news.take())
        if clock() >= due[0]:
            due[0] = clock() + heartbeat
            lines += heartbeat_lines(observer)
        for line in lines:
            stream.write(line + "\n")
        if lines:
            stream.flush()

    def close(_: BaseException | None) -> None:
        due[0] = float("inf")  # the result says how far it came
        tick()

    return Ticker(tick, close, quiet=quiet, every=every)


def heartbeat_lines(observer: Observer) -> list[str]:
    """Return the line that tells how far the run is; none while nothing has come."""
    found = observer.look()
    if not found.done:
        return []  # still connecting, which tells about itself
    moment = iso_ms(found.clock_ms)[:16].replace("T", " ") if found.clock_ms else "starting"
    total = found.facts.total
    known = "" if total is None else f" of {total:,}"
    rate, equity = f"{found.rate:,.0f}/s", f"equity {found.equity:,.2f}"
    parts = [f"{found.done:,}{known} candles", rate, equity]
    if found.alarm:
        parts.append(found.alarm)
    return [f"... {moment}  " + "  ".join(parts)]


def news_lines(items: list[Item]) -> list[str]:
    """Return one line for each, and one for those that are too many."""
    lines = [clean(_line(one)) for one in items[:AT_ONCE]]
    if len(items) > AT_ONCE:
        more = Counter(_kind(one) for one in items[AT_ONCE:])
        lines.append("... and " + ", ".join(f"{n:,} more {what}" for what, n in more.items()))
    return lines


def _line(item: Item) -> str:
    match item:
        case OrderNews():
            price = f" limit {item.limit_price}" if item.limit_price else ""
            price += f" stop {item.stop_price}" if item.stop_price else ""
            what = "order" if item.event == "placed" else f"order {item.event}:"
            why = f": {item.reason}" if item.reason and item.event == "placed" else ""
            return (
                f"{_moment(item.time)}{what} {item.id} {item.side.lower()} {item.quantity} "
                f"{item.symbol}{price or ' market'}{why}"
            )
        case FillNews():
            profit = "" if item.realized_pnl is None else f", profit {item.realized_pnl}"
            return (
                f"{_moment(item.time)}fill {item.side.lower()} {item.quantity} {item.symbol} "
                f"at {item.price}{profit}"
            )
        case RejectionNews():
            said = f": {item.message}" if item.message else ""
            return (
                f"rejected {item.id} {item.side.lower()} {item.quantity} {item.symbol}: "
                f"{item.reason}{said}"
            )
        case NoticeNews():
            return f"notice {item.code}: {item.message}"
        case ConnectionNews():
            said = f": {item.failure}" if item.failure else ""
            word = "reconnected" if item.state == "connected" and item.reconnects else item.state
            return f"connection {word}{said}"


def _kind(item: Item) -> str:
    named: dict[type, str] = {OrderNews: "about orders", FillNews: "fills"}
    return named.get(type(item), "others")


def _moment(time_: str | None) -> str:
    return f"{time_[:16].replace('T', ' ')} " if time_ else ""
