"""The result as Markdown, for a page that shows it: the summary of a CI job, a note, a message.

Plain values in. Text of others (a strategy's reasons, a
peer's words) cannot end a table or begin markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def markdown_of(document: Mapping[str, Any]) -> str:
    """Return a result as a heading and short tables, with a newline at the end.

    Args:
        document: of the run, `runner.run/1`; its trades and its equity are not looked at.
    """
    one, data, strategy = document["statistics"], document["data"], document["strategy"]
    params = ", ".join(f"{name}={value}" for name, value in strategy["params"].items())
    span = f"{data['first'][:10]} to {data['last'][:10]}, " if data["first"] else ""
    lines = [
        f"### {_safe(strategy['name'])}" + (f" ({_safe(params)})" if params else ""),
        "",
        _safe(
            f"{', '.join(data['symbols'])}: {span}{data['events']:,} events, "
            f"{data['source']}, {document['runtime']['name']}"
        ),
        "",
    ]
    if document["error"] is not None:
        lines += [f"**{document['error']['id']}: {_safe(document['error']['what'])}**", ""]
    lines += _table(
        ("figure", "value"),
        [
            ("Final equity", f"{_money(one['final_equity'])} {one['currency']}"),
            ("Return", _percent(one["total_return"])),
            ("Buy and hold", _percent(one["buy_and_hold"])),
            ("Maximum drawdown", _percent(one["maximum_drawdown"], signed=False)),
            ("Sharpe ratio", "-" if one["sharpe"] is None else f"{one['sharpe']:.2f}"),
            ("Orders", f"{document['orders']:,}"),
            ("Trades", f"{one['executions']:,}"),
            ("Win rate", _percent(one["win_rate"], signed=False)),
            ("Commission", _money(one["commission"])),
        ],
    )
    if document["gates"]:
        rows = [
            ("passed" if gate["passed"] else "FAILED", gate["required"], gate["said"])
            for gate in document["gates"]
        ]
        lines += ["", *_table(("gate", "required", "found"), rows)]
    notes = (
        *document["warnings"],
        *(
            f"{rejected['count']:,} rejected: {rejected['reason']}"
            for rejected in document["rejections"]
        ),
        *document["no_trades"],
    )
    if notes:
        lines += ["", *(f"- {_safe(note)}" for note in notes)]
    said = document["conventions"]
    lines += ["", _safe(f"{said['fills']}. {said['costs']}.")]
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


def _money(value: float | str) -> str:
    return f"{float(value):z,.2f}"


def _percent(value: float | None, *, signed: bool = True) -> str:
    return "-" if value is None else f"{value * 100:{'+' if signed else ''}z,.2f} %"
