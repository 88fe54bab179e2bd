"""`runner runs show`: one run, as much of it as there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from runner.cli.runs_access import DirOption, JsonOption, RunArgument

if TYPE_CHECKING:
    from runner.records.reading import Record
    from runner.results.layout import Page

_LABEL = 12
_FIGURES = (
    ("total_return", "Return", "percent"),
    ("buy_and_hold", "Buy and hold", "percent"),
    ("annual_return", "Return a year", "percent"),
    ("maximum_drawdown", "Maximum drawdown", "percent"),
    ("annual_volatility", "Volatility a year", "percent"),
    ("sharpe", "Sharpe ratio", "ratio"),
    ("sortino", "Sortino ratio", "ratio"),
    ("exposure", "Time in the market", "percent"),
    ("final_equity", "Final equity", "money"),
    ("executions", "Trades", "count"),
    ("round_trips", "Round trips", "count"),
    ("win_rate", "Win rate", "percent"),
    ("profit_factor", "Profit factor", "ratio"),
    ("realized_pnl", "Realized profit", "money"),
    ("commission", "Commission", "money"),
)


def show(run: RunArgument, directory: DirOption = None, as_json: JsonOption = False) -> None:
    """Show one run: what ran with which settings, how it ended, and its figures."""
    import os
    import sys

    from runner.cli.output import result_output
    from runner.cli.runs_access import print_json, records, shelf_at
    from runner.records.export import summary_of
    from runner.results.layout import Page

    (record,) = records(shelf_at(directory), run)
    if as_json:
        whole = None if record.events_file is None else _events(record).endswith("whole")
        print_json({**summary_of(record), "events_whole": whole})
        return
    page = Page.of(sys.stdout, os.environ)
    with result_output():
        typer.echo("\n\n".join("\n".join(block) for block in _blocks(record, page) if block))


def text_of(record: Record) -> str:
    """Return all that is shown of a run, for a page of ordinary width."""
    from runner.results.layout import Page

    return "\n\n".join("\n".join(block) for block in _blocks(record, Page()) if block)


def _blocks(record: Record, page: Page) -> list[list[str]]:
    return [_what(record, page), _ending(record, page), _figures(record), _more(record, page)]


def _what(record: Record, page: Page) -> list[str]:
    import shlex

    begin = record.begin
    strategy = begin.strategy
    params = " ".join(f"{name}={one}" for name, one in strategy.params.items())
    data = " · ".join(
        filter(None, (begin.data, ", ".join(begin.symbols), ", ".join(begin.timeframes)))
    )
    peers = " · ".join((begin.runtime, *begin.peers))
    changed = [
        f"{one.key}={one.value}"
        for one in begin.settings
        if one.origin != "default" and not one.key.startswith(("params", "strategy"))
    ]
    rows = [
        ("Run", record.id),
        ("Tags", " ".join(record.remarks.tags)),
        ("Note", record.remarks.note),
        ("Strategy", f"{strategy.name} {params}".rstrip()),
        ("File", f"{strategy.source}, sha256 {strategy.sha256[:12]}"),
        ("Imports", ", ".join(f"{path} {sha[:12]}" for path, sha in strategy.modules.items())),
        ("Data", data),
        ("Runtime", peers),
        ("Settings", ", ".join(changed)),
        ("Command", shlex.join(["runner", *begin.command])),
        ("Versions", " ".join(f"{name} {begin.versions[name]}" for name in ("runner", "python"))),
    ]
    return [line for row in rows if row[1] for line in _row(page, *row)]


def _ending(record: Record, page: Page) -> list[str]:
    from runner.protocol.times import iso, iso_ms

    started = iso(record.begin.started)[:19].replace("T", " ")
    rows = [("Started", f"{started} UTC")]
    end = record.end
    if end is not None:
        seconds = (end.finished - record.begin.started).total_seconds()
        rows.append(("Ended", f"{record.status} after {seconds:,.2f} s, exit code {end.exit_code}"))
        if end.error is not None:
            rows.append(("Error", f"{end.error.id}: {end.error.what}"))
        rows += [("Warning", str(one)) for one in record.result.get("warnings", [])]
        if record.equity.notice:
            rows.append(("Notice", record.equity.notice))
        rows.append(("Digest", (end.digest or "not known")[:12]))
    else:
        rows.append(("Status", f"running, as process {record.holder}" if record.holder else "died"))
        kept = f"{len(record.orders):,} orders and {len(record.trades):,} trades"
        curve = record.equity
        if len(curve):
            kept += f"; equity {curve.equities[-1]:,.2f} at {iso_ms(curve.times[-1])}"
        rows.append(("So far" if record.holder else "Up to then", kept))
    return [line for row in rows for line in _row(page, *row)]


def _figures(record: Record) -> list[str]:
    figures = record.result.get("statistics")
    if not figures:
        return []
    cells = [(label, shown(figures.get(name), kind)) for name, label, kind in _FIGURES]
    return [f"{label:<20}{text:>16}" for label, text in cells]


def shown(value: object, kind: str) -> str:
    """Return a figure as a person reads it; a dash where it is not defined."""
    if value is None:
        return "-"
    number = float(str(value))
    match kind:
        case "percent":
            return f"{number * 100:z,.2f} %"
        case "count":
            return f"{number:,.0f}"
        case _:
            return f"{number:z,.2f}"


def _more(record: Record, page: Page) -> list[str]:
    lines = _row(page, "Files", str(record.folder))
    lines += _row(page, "Next", f"runner runs export {record.id} --table orders")
    if record.events_file is not None:
        lines += _row(page, "", f"runner replay {record.id}")
        lines = _row(page, "Events", _events(record)) + lines
    return lines


def _events(record: Record) -> str:
    from runner.errors import ConfigError
    from runner.records.tape import count_lines

    assert record.events_file is not None
    try:
        return f"{count_lines(record.events_file):,} lines, whole"
    except (ConfigError, OSError) as error:
        return str(error.what if isinstance(error, ConfigError) else error)


def _row(page: Page, label: str, text: str) -> list[str]:
    return page.wrap(text, label=label, indent=_LABEL)
