"""The result as Markdown, for a page that shows it: the summary of a CI job, a note, a message.

May import the facts of a run and the protocol's decimals. Text of others (a strategy's reasons, a
peer's words) cannot end a table or begin markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from runner.protocol.times import iso_ms
from runner.results.facts import RunResult

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def markdown_of(result: RunResult) -> str:
    """Return the result as a heading and short tables, with a newline at the end."""
    one = result.statistics
    params = ", ".join(f"{name}={value}" for name, value in result.strategy.params.items())
    span = f"{iso_ms(result.times[0])[:10]} to {iso_ms(result.times[-1])[:10]}, "
    lines = [
        f"### {_safe(result.strategy.name)}" + (f" ({_safe(params)})" if params else ""),
        "",
        _safe(
            f"{', '.join(result.data.symbols)}: {span if result.times else ''}"
            f"{result.events:,} events, {result.data.source}, {result.runtime.name}"
        ),
        "",
    ]
    if result.error is not None:
        lines += [f"**{result.error.id}: {_safe(result.error.what)}**", ""]
    lines += _table(
        ("figure", "value"),
        [
            ("Final equity", f"{_money(one.final_equity)} {result.currency}"),
            ("Return", _percent(one.total_return)),
            ("Buy and hold", _percent(result.buy_and_hold)),
            ("Maximum drawdown", _percent(one.maximum_drawdown, signed=False)),
            ("Sharpe ratio", "-" if one.sharpe is None else f"{one.sharpe:.2f}"),
            ("Orders", f"{result.orders:,}"),
            ("Trades", f"{one.executions:,}"),
            ("Win rate", _percent(one.win_rate, signed=False)),
            ("Commission", _money(one.commission)),
        ],
    )
    if result.gates:
        rows = [
            ("passed" if one.passed else "FAILED", one.required, one.said) for one in result.gates
        ]
        lines += ["", *_table(("gate", "required", "found"), rows)]
    notes = (
        *result.warnings,
        *(f"{one.count:,} rejected: {one.reason}" for one in result.rejections),
        *result.no_trades,
    )
    if notes:
        lines += ["", *(f"- {_safe(note)}" for note in notes)]
    lines += ["", _safe(f"{result.conventions.fills}. {result.conventions.costs}.")]
    return "\n".join(lines) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{' --- |' * len(head)}",
        *(f"| {' | '.join(map(_safe, row))} |" for row in rows),
    ]


def _safe(text: str) -> str:
    printable = "".join(one if one.isprintable() else " " for one in text)
    return _MARKUP.sub(r"\\\1", printable)


def _money(value: float | Decimal) -> str:
    return f"{value:z,.2f}"


def _percent(value: float | None, *, signed: bool = True) -> str:
    return "-" if value is None else f"{value * 100:{'+' if signed else ''}z,.2f} %"
