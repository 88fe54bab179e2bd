"""`runner runs`: the list of all runs, and the commands that deal with one of them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.runs_access import DirOption, JsonOption
from runner.cli.runs_change import note, rm, tag
from runner.cli.runs_diff import diff
from runner.cli.runs_export import export
from runner.cli.runs_show import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.records.index import Row

SCHEMA = "runner.runs/1"


class Sort(StrEnum):
    """What the list is sorted by."""

    STARTED = "started"
    RETURN = "return"
    DRAWDOWN = "drawdown"
    SHARPE = "sharpe"
    TRADES = "trades"
    SIZE = "size"


runs = typer.Typer(
    help="List the runs of this directory, look at one, compare two.",
    epilog="Example: runner runs --strategy sma --sort return",
    invoke_without_command=True,
)
runs.command("show", epilog="Example: runner runs show last")(show)
runs.command("diff", epilog="Example: runner runs diff last~1 last")(diff)
runs.command("export", epilog="Example: runner runs export last --format csv --output trades.csv")(
    export
)
runs.command("rm", epilog="Example: runner runs rm 20260131-kqzm")(rm)
runs.command("tag", epilog="Example: runner runs tag last baseline")(tag)
runs.command("note", epilog='Example: runner runs note last "wider stop"')(note)


@runs.callback()
def list_runs(
    context: typer.Context,
    strategy: Annotated[
        str | None, typer.Option("--strategy", help="Only strategies whose name holds this.")
    ] = None,
    status: Annotated[
        str | None,
        typer.Option("--status", help="complete, failed, died, running, interrupted, ..."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only runs that began then or later: 2026-01-31.")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only runs with this tag.")] = None,
    sort: Annotated[Sort, typer.Option("--sort", help="The best or latest first.")] = Sort.STARTED,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="Most runs to list; 0 for all.")
    ] = 20,
    directory: DirOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs of this directory: what ran, how it ended, what came of it."""
    if context.invoked_subcommand is not None:
        return
    import msgspec

    from runner.cli.options import read
    from runner.cli.runs_access import opened, print_json, shelf_at
    from runner.config.units import parse_moment
    from runner.protocol.times import iso

    moment = None if since is None else read("--since", parse_moment, since)
    shelf = shelf_at(directory)
    rows: list[Row] = []
    if shelf.ids():
        with opened(shelf) as index:
            rows = index.rows()
    found = [
        one
        for one in rows
        if (strategy is None or strategy.lower() in f"{one.strategy} {one.source}".lower())
        and (status is None or one.status == status)
        and (moment is None or one.started >= iso(moment))
        and (tag is None or f" {tag} " in one.tags)
    ]
    found = _sorted(found, sort)
    shown = found[:limit] if limit else found
    if as_json:
        print_json(
            {
                "schema": SCHEMA,
                "runs": [{**msgspec.to_builtins(one), "tags": one.tags.split()} for one in shown],
            }
        )
        return
    _print(shown, left_out=len(found) - len(shown), all_of_them=len(rows))


def _sorted(rows: Sequence[Row], sort: Sort) -> list[Row]:
    latest = sorted(rows, key=lambda one: (one.started, one.id), reverse=True)
    if sort is Sort.STARTED:
        return latest

    def key(one: Row) -> float:
        value = {
            Sort.RETURN: one.total_return,
            Sort.DRAWDOWN: None if one.maximum_drawdown is None else -one.maximum_drawdown,
            Sort.SHARPE: one.sharpe,
            Sort.TRADES: one.trades,
            Sort.SIZE: one.size,
        }[sort]
        return float("-inf") if value is None else value

    return sorted(latest, key=key, reverse=True)


def _print(rows: Sequence[Row], *, left_out: int, all_of_them: int) -> None:
    from runner.cli.output import result_output
    from runner.cli.table import Column, print_table

    columns = (
        Column("id"),
        Column("started", rank=3),
        Column("strategy"),
        Column("params", rank=8),
        Column("symbols", rank=5),
        Column("runtime", rank=9),
        Column("status"),
        Column("return", is_number=True, rank=1),
        Column("drawdown", is_number=True, rank=2),
        Column("sharpe", is_number=True, rank=6),
        Column("trades", is_number=True, rank=4),
        Column("tags", rank=7),
        Column("note", rank=10),
    )
    with result_output():
        print_table(columns, [_cells(one) for one in rows])
    if not all_of_them:
        typer.echo("no runs yet; make one: runner run strategies/sma_cross.py", err=True)
    elif not rows:
        typer.echo(f"none of the {all_of_them} runs is like that", err=True)
    elif left_out:
        typer.echo(f"and {left_out} more: --limit 0 lists all", err=True)


def _cells(one: Row) -> list[str]:
    return [
        one.id,
        one.started[:16].replace("T", " "),
        one.strategy,
        one.params,
        one.symbols,
        one.runtime,
        f"{one.status} {one.error}".rstrip(),
        percent(one.total_return, signed=True),
        percent(one.maximum_drawdown),
        "" if one.sharpe is None else f"{one.sharpe:z.2f}",
        str(one.trades),
        one.tags.strip(),
        one.note,
    ]


def percent(value: float | None, *, signed: bool = False) -> str:
    """Return a fraction as a percentage; nothing for None."""
    return "" if value is None else f"{value * 100:{'+' if signed else ''}z.2f} %"
