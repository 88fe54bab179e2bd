"""`runner runs diff`: what differs between two runs, and where their trades part."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runner.cli.runs_access import DirOption, JsonOption

if TYPE_CHECKING:
    from runner.records.difference import Difference, Pair
    from runner.records.lines import TradeLine
    from runner.records.reading import Record

SCHEMA = "runner.diff/1"
_MONEY = 1000
"""From here on a figure is money, of which cents are enough."""
_DECIMAL = re.compile(r"-?\d+\.\d{3,}")


def diff(
    before: Annotated[
        str,
        typer.Argument(
            help="The id of a run, its beginning, `last`, or `last~1`.", show_default=False
        ),
    ],
    after: Annotated[str, typer.Argument(help="The run to compare it with.", show_default=False)],
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="Most trades to show; 0 for all.")
    ] = 20,
    directory: DirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two runs: settings, source, figures, and every trade that is not the same."""
    from runner.cli.output import result_output
    from runner.cli.runs_access import print_json, records, shelf_at
    from runner.records.difference import difference

    one, other = records(shelf_at(directory), before, after)
    found = difference(one, other)
    if as_json:
        print_json(_document(one, other, found))
        return
    with result_output():
        _print(one, other, found, limit)


def _document(one: Record, other: Record, found: Difference) -> dict[str, Any]:
    import msgspec

    document: dict[str, Any] = msgspec.to_builtins(found)
    return {"schema": SCHEMA, "before": one.id, "after": other.id, **document}


def _print(one: Record, other: Record, found: Difference, limit: int) -> None:
    from runner.cli.table import Column, print_table

    if found.is_same_run:
        typer.echo("the digests are the same: the same strategy, parameters, data and settings")
    names = (Column("what"), Column(one.id), Column(other.id))
    for title, changes in (("Settings", found.settings), ("Figures", found.statistics)):
        typer.echo(f"{title}: " + ("" if changes else "the same"))
        if changes:
            print_table(names, [[it.name, _text(it.before), _text(it.after)] for it in changes])
        if title == "Settings":
            typer.echo("Source: " + ("" if found.source else "the same"))
            if found.source:
                _print_lines(found.source)
    _print_trades(one, other, found, limit)


def _print_lines(lines: list[str]) -> None:
    import os
    import sys

    from runner.results.layout import Page

    page = Page.of(sys.stdout, os.environ)
    hues = {"+": "green", "-": "red"}
    for line in lines:
        hue = hues.get(line[:1]) if not line.startswith(("+++", "---")) else None
        text = page.plain(line.expandtabs())
        typer.echo(page.style(text, hue) if hue else text)


def _print_trades(one: Record, other: Record, found: Difference, limit: int) -> None:
    from runner.cli.table import Column, print_table

    total = f"{len(one.trades):,} and {len(other.trades):,} trades"
    if found.first is None:
        typer.echo(f"Trades: the same, {found.same_trades:,}")
        return
    same = found.same_trades
    parting = f"the first {same:,} are the same" if same else "already the first differ"
    typer.echo(f"Trades: {total}; {parting}")
    columns = (
        Column("time"),
        Column("symbol"),
        Column("side"),
        Column(one.id),
        Column(other.id),
        Column("reason", rank=1),
    )
    pairs = found.trades[:limit] if limit else found.trades
    print_table(columns, [_cells(pair) for pair in pairs])
    if len(pairs) < len(found.trades):
        typer.echo(f"and {len(found.trades) - len(pairs):,} more: --limit 0 shows all", err=True)


def _cells(pair: Pair) -> list[str]:
    from runner.protocol.times import iso

    trade = pair.any
    reasons = dict.fromkeys(it.reason for it in (pair.before, pair.after) if it and it.reason)
    time = iso(trade.time)
    return [
        time.removesuffix("T00:00:00Z").replace("T", " "),
        trade.symbol,
        trade.side,
        _size(pair.before),
        _size(pair.after),
        " / ".join(reasons),
    ]


def _size(trade: TradeLine | None) -> str:
    from runner.protocol.decimals import plain

    if trade is None:
        return "-"
    return f"{plain(trade.quantity)} at {plain(trade.price)}"


def _text(value: Any) -> str:
    match value:
        case None:
            return "-"
        case list():
            return ", ".join(map(str, value)) or "-"
        case float():
            return f"{value:,.2f}" if abs(value) >= _MONEY else f"{value:.6g}"
        case str() if _DECIMAL.fullmatch(value):
            return f"{float(value):,.2f}"
        case _:
            return str(value)
