"""The result as text for a person, on a terminal or through a pipe.

At most 80 columns unless the terminal is wider; no colour, no block characters where they would do
harm. May import the result, the layout and the protocol's decimals and times.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from decimal import Decimal
from itertools import zip_longest
from typing import TextIO

from runner.protocol.decimals import plain
from runner.protocol.times import iso_ms
from runner.results.facts import RunResult
from runner.results.layout import Page, sparkline

_LABEL = 12
_TWO_COLUMNS = 72
"""Least width at which the figures stand in two columns."""
_NONE = "-"
_MODES = {"live": "LIVE", "paper": "paper money", "dry": "DRY RUN, no order left"}


def write_text(result: RunResult, stream: TextIO, environ: Mapping[str, str]) -> None:
    """Write the result to `stream` in the form that suits it.

    Raises:
        BrokenPipeError: nobody reads the stream any more.
    """
    stream.write(render_text(result, Page.of(stream, environ)) + "\n")
    stream.flush()


def render_text(result: RunResult, page: Page | None = None) -> str:
    """Return the result as lines of text, without a newline at the end."""
    page = page or Page()
    blocks = [
        _headline(result, page),
        _outcome(result, page),
        _figures(result, page),
        _curve(result, page),
        _open(result, page),
        _notes(result, page),
        _gates(result, page),
        _conventions(result, page),
        _kept(result, page),
        _next(result, page),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _headline(result: RunResult, page: Page) -> list[str]:
    params = " ".join(f"{name}={_shown(one)}" for name, one in result.strategy.params.items())
    name = page.plain(result.strategy.name)
    if len(name) + 2 + len(params) <= page.width:
        lines = [page.style(name, "bold") + (f"  {page.plain(params)}" if params else "")]
    else:
        lines = [page.style(name, "bold"), *page.wrap(params, indent=2)]
    data = result.data
    symbols = ", ".join(data.symbols[:6])
    if len(data.symbols) > 6:
        symbols += f" and {len(data.symbols) - 6} more"
    parts = [one for one in (symbols, ", ".join(data.timeframes)) if one]
    if result.times:
        parts.append(f"{_date(result.times[0])} to {_date(result.times[-1])}")
    candles = result.events - result.quotes
    if candles or not result.quotes:
        parts.append("1 candle" if candles == 1 else f"{candles:,} candles")
    if result.quotes:
        parts.append("1 quote" if result.quotes == 1 else f"{result.quotes:,} quotes")
    lines += page.wrap(" · ".join(parts))
    source = [data.source, result.runtime.name, *result.runtime.peers]
    if result.runtime.mode:
        source.insert(0, f"{_MODES[result.runtime.mode]} {result.runtime.account}")
    lines += [page.style(line, "dim") for line in page.wrap(" · ".join(filter(None, source)))]
    return lines


def _outcome(result: RunResult, page: Page) -> list[str]:
    said = {
        "failed": "broken off: the figures are those up to there",
        "interrupted": "interrupted: the figures are those up to there",
        "terminated": "terminated: the figures are those up to there",
        "timeout": "stopped at the time limit",
        "max_events": "stopped at the limit of events",
        "memory": "stopped at the limit of memory",
        "halted": "halted: the figures are those up to there",
    }.get(result.ending.why)
    if result.error is not None:
        said = f"{result.error.id}: {result.error.what}"
    if said is None:
        return []
    return [page.style(line, "yellow") for line in page.wrap(said)]


def _figures(result: RunResult, page: Page) -> list[str]:
    one = result.statistics
    money = [
        ("Final equity", f"{_money(one.final_equity)} {result.currency}", ""),
        ("Return", _percent(one.total_return, signed=True), _hue(one.total_return)),
        ("Buy and hold", _percent(result.buy_and_hold, signed=True), ""),
        ("Return a year", _percent(one.annual_return, signed=True), _hue(one.annual_return)),
        ("Maximum drawdown", _percent(one.maximum_drawdown), ""),
        ("Volatility a year", _percent(one.annual_volatility), ""),
        ("Sharpe ratio", _ratio(one.sharpe), ""),
        ("Sortino ratio", _ratio(one.sortino), ""),
        ("Time in the market", _percent(one.exposure), ""),
    ]
    trading = [
        ("Orders", f"{result.orders:,}", ""),
        ("Trades", f"{one.executions:,}", ""),
        ("Round trips", f"{one.round_trips:,}", ""),
        ("Win rate", _percent(one.win_rate), ""),
        ("Profit factor", _ratio(one.profit_factor), ""),
        ("Average win", _money(one.average_win), ""),
        ("Average loss", _money(one.average_loss), ""),
        ("Realized profit", _money(one.realized_pnl), ""),
        ("Commission", _money(one.commission), ""),
    ]
    if one.financing:
        trading.append(("Financing", _money(one.financing), ""))
    left = _column(money, page, 39)
    if page.width < _TWO_COLUMNS:
        return left + _column(trading, page, 39)
    pairs = zip_longest(left, _column(trading, page, 36), fillvalue=" " * 39)
    return [a + " " * 5 + b for a, b in pairs]


def _column(rows: list[tuple[str, str, str]], page: Page, width: int) -> list[str]:
    width = min(width, page.width)
    return [
        f"{label:<{max(width - len(value), len(label) + 2)}}"
        + page.style(value, *filter(None, ("bold", hue)))
        for label, value, hue in rows
    ]


def _curve(result: RunResult, page: Page) -> list[str]:
    drawn = sparkline(result.equities, page.width - _LABEL) if page.unicode else ""
    fall = result.statistics
    lines: list[str] = page.wrap(drawn, label="Equity", indent=_LABEL) if drawn else []
    if fall.drawdown_peak_ms is not None and fall.drawdown_trough_ms is not None:
        longest = (fall.longest_drawdown_ms or 0) / 86_400_000
        below = f", longest below a peak {longest:,.0f} days" if longest >= 1 else ""
        deepest = f"{_date(fall.drawdown_peak_ms)} to {_date(fall.drawdown_trough_ms)}{below}"
        lines += page.wrap(deepest, label="Drawdown", indent=_LABEL)
    return lines


def _open(result: RunResult, page: Page) -> list[str]:
    lines: list[str] = []
    for one in result.open_positions[:5]:
        now = "" if one.last_price is None else f", now {_price(one.last_price)}"
        profit = "" if one.unrealized_pnl is None else f", profit {_money(one.unrealized_pnl)}"
        text = f"{one.symbol} {plain(one.quantity)} at {_price(one.average_entry_price)}"
        lines += page.wrap(text + now + profit, label="" if lines else "Open", indent=_LABEL)
    if len(result.open_positions) > 5:
        lines += page.wrap(f"and {len(result.open_positions) - 5} more", indent=_LABEL)
    if result.working_orders:
        lines += page.wrap(
            f"{_count(result.working_orders, 'order')} still working", label="Orders", indent=_LABEL
        )
    return lines


def _notes(result: RunResult, page: Page) -> list[str]:
    lines: list[str] = []
    for one in result.rejections[:3]:
        said = f": {one.message}" if one.message else ""
        text = f"{_count(one.count, 'order')}, {one.reason}{said}"
        lines += page.wrap(text, label="Rejected", indent=_LABEL)
    for notice in result.notices[:3]:
        times = "" if notice.count == 1 else f" ({notice.count:,} times)"
        text = f"{notice.code}{times}: {notice.message}"
        lines += page.wrap(text, label="Notice", indent=_LABEL)
    for warning in result.warnings:
        lines += page.wrap(warning, label="Warning", indent=_LABEL)
    for reason in result.no_trades:
        lines += page.wrap(reason, label="No trades", indent=_LABEL)
    return lines


def _gates(result: RunResult, page: Page) -> list[str]:
    lines: list[str] = []
    for one in result.gates:
        text = f"{'passed' if one.passed else 'FAILED'}  {one.required}: {one.said}"
        lines += page.wrap(text, label="" if lines else "Gates", indent=_LABEL)
    return lines


def _conventions(result: RunResult, page: Page) -> list[str]:
    said = result.conventions
    return [
        *page.wrap(said.fills, label="Fills", indent=_LABEL),
        *page.wrap(f"{said.costs}; account {said.account}", label="Costs", indent=_LABEL),
    ]


def _kept(result: RunResult, page: Page) -> list[str]:
    if not result.record:
        return []
    text = f"{result.record} (runner runs show {result.record})"
    if result.digest:
        text += f", digest {result.digest[:12]}"
    return page.wrap(text, label="Record", indent=_LABEL)


def _next(result: RunResult, page: Page) -> list[str]:
    # The command is never wrapped: it is there to be copied.
    command, remark = result.next_command, "or --json for every trade and the equity curve"
    if not command:
        command = shlex.join(["runner", "run", result.strategy.source, "--json"])
        remark = "for every trade and the equity curve"
    label = page.style(f"{'Next':<{_LABEL}}", "dim")
    return [
        label + page.style(page.plain(command), "bold"),
        *page.wrap(remark, label="", indent=_LABEL),
    ]


def _date(ms: int) -> str:
    return iso_ms(ms)[:10]


def _shown(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def _money(value: float | Decimal | None) -> str:
    return _NONE if value is None else f"{value:z,.2f}"


def _price(value: float | Decimal) -> str:
    return f"{value:z,.2f}" if abs(float(value)) >= 10 else f"{value:.6g}"


def _percent(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return _NONE
    return f"{value * 100:{'+' if signed else ''}z,.2f} %"


def _ratio(value: float | None) -> str:
    return _NONE if value is None else f"{value:z,.2f}"


def _hue(value: float | None) -> str:
    return "" if not value else "green" if value > 0 else "red"


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"
