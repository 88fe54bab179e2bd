"""`runner data`: look into a data file, write it in another form, and make one up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.options import ColumnsOption, DedupeOption, SortOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.engine.calendar import Calendar
    from runner.engine.quote_series import QuoteSeries
    from runner.engine.series import Series

data = typer.Typer(
    help="Inspect, convert and make up files of candles and quotes.",
    epilog="Example: runner data inspect prices.csv",
    no_args_is_help=True,
)

TimezoneOption = Annotated[
    str | None,
    typer.Option("--timezone", help="Time zone of the file's days and clocks; else UTC."),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace the file if it is already there.")
]
_SOURCE_HELP = "A file (.csv, .csv.gz, .csv.zst, .parquet), or a pattern in quotes: 'prices/*.csv'."
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]


@data.command(epilog="Example: runner data inspect prices.csv")
def inspect(
    file: Annotated[str, typer.Argument(help=_SOURCE_HELP, show_default=False)],
    columns: ColumnsOption = None,
    timezone: TimezoneOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found as one JSON document.")
    ] = False,
) -> None:
    """Show what a data file holds: rows, range, gaps, duplicates, and what looks wrong."""
    import os
    import sys

    from runner.cli.data_text import inspection_json, inspection_text
    from runner.cli.output import result_output
    from runner.cli.quotes_text import quotes_json, quotes_text
    from runner.engine.data_files import files_of
    from runner.engine.data_inspection import inspect_files
    from runner.engine.quote_inspection import holds_quotes, inspect_quotes
    from runner.results.layout import Page

    files, calendar = files_of(file), _calendar(timezone)
    page = Page.of(sys.stdout, os.environ)
    if columns is None and holds_quotes(files[0]):
        quoted = inspect_quotes(files, file, calendar=calendar)
        text = quotes_json(quoted) if as_json else quotes_text(quoted, page)
    else:
        found = inspect_files(files, file, columns=_columns(columns), calendar=calendar)
        text = inspection_json(found) if as_json else inspection_text(found, page)
    with result_output():
        typer.echo(text, nl=False)


@data.command(epilog="Example: runner data convert prices.csv prices.csv.gz")
def convert(
    source: Annotated[str, typer.Argument(help=_SOURCE_HELP, show_default=False)],
    target: Annotated[
        Path,
        typer.Argument(
            help="The new file: .csv, .csv.gz, .csv.zst or .parquet.", show_default=False
        ),
    ],
    columns: ColumnsOption = None,
    timezone: TimezoneOption = None,
    sort: SortOption = False,
    dedupe: DedupeOption = False,
    skip_bad: Annotated[
        int,
        typer.Option("--skip-bad", min=0, help="Leave out up to this many rows that are bad."),
    ] = 0,
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the rows of a data file into a new one, checked, packed as its name says."""
    from runner.engine.data_files import files_of
    from runner.engine.data_writing import check_target, write_quotes, write_series
    from runner.engine.joining import read_files
    from runner.engine.quote_inspection import holds_quotes
    from runner.engine.quote_series import read_quotes
    from runner.engine.repairs import Allowed

    check_target(target, replace=force)
    files, name, calendar = files_of(source), Path(source).name, _calendar(timezone)
    allowed = Allowed(sort=sort, dedupe=dedupe, skip_bad=skip_bad)
    found: Series | QuoteSeries
    if columns is None and holds_quotes(files[0]):
        found = quotes = read_quotes(files, name, source, allowed=allowed, calendar=calendar)
        write_quotes(quotes, target, replace=force)
    else:
        found = series = read_files(
            files, name, source, columns=_columns(columns), allowed=allowed, calendar=calendar
        )
        write_series(series, target, replace=force)
    if not quiet:
        for said in found.repairs.sentences(source):
            typer.echo(said, err=True)
        _say_written(found, target)


@data.command(epilog="Example: runner data sample made_up.csv --candles 5000 --seed 7")
def sample(
    target: Annotated[
        Path,
        typer.Argument(
            help="The new file: .csv, .csv.gz, .csv.zst or .parquet.", show_default=False
        ),
    ],
    candles: Annotated[
        int | None,
        typer.Option(
            "--candles", min=1, max=100_000_000, help="How many candles. Without it, 1000."
        ),
    ] = None,
    quotes: Annotated[
        int | None,
        typer.Option("--quotes", min=1, max=100_000_000, help="How many quotes, not candles."),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="The same seed gives the same prices.")
    ] = 1,
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", help="Length of one candle. Without it, 1m.")
    ] = None,
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make up candles or quotes for trying out: a random walk, the same for the same seed."""
    from runner.config.units import UnfitError, parse_choice
    from runner.engine.data_sample import sample_quotes, sample_series
    from runner.engine.data_writing import check_target, write_quotes, write_series
    from runner.errors import UsageError
    from runner.protocol.enums import TIMEFRAME_MS

    if quotes is not None and (candles is not None or timeframe is not None):
        other = "--candles" if candles is not None else "--timeframe"
        raise UsageError(
            f"--quotes and {other} do not go together",
            why="a file holds candles or quotes, and quotes have no length",
            fix="leave one out",
            id="E205",
        )
    check_target(target, replace=force)
    found: Series | QuoteSeries
    if quotes is not None:
        found = made = sample_quotes(quotes, seed=seed)
        write_quotes(made, target, replace=force)
    else:
        try:
            length = parse_choice(timeframe or "1m", tuple(TIMEFRAME_MS))
        except UnfitError as problem:
            raise UsageError(f"--timeframe {problem.what}", fix=problem.hint, id="E205") from None
        found = series = sample_series(candles or 1000, seed=seed, timeframe=length)
        write_series(series, target, replace=force)
    if not quiet:
        _say_written(found, target)


def _columns(text: str | None) -> Mapping[str, str] | None:
    from runner.config.fields import columns
    from runner.config.units import UnfitError
    from runner.errors import UsageError

    if text is None:
        return None
    try:
        found: Mapping[str, str] = columns().parse(text)
    except UnfitError as problem:
        raise UsageError(f"--columns {problem.what}", fix=problem.hint, id="E205") from None
    return found


def _calendar(name: str | None) -> Calendar | None:
    from runner.config.units import UnfitError, parse_timezone
    from runner.engine.calendar import Calendar
    from runner.errors import UsageError

    if name is None:
        return None
    try:
        parse_timezone(name)
    except UnfitError as problem:
        raise UsageError(f"--timezone {problem.what}", fix=problem.hint, id="E205") from None
    return Calendar(name.strip())


def _say_written(found: Series | QuoteSeries, target: Path) -> None:
    from runner.engine.quote_series import QuoteSeries
    from runner.protocol.times import iso_ms

    first, last = iso_ms(found.times[0]), iso_ms(found.times[-1])
    word = "quotes" if isinstance(found, QuoteSeries) else "candles"
    typer.echo(f"wrote {len(found):,} {word} to {target}, {first} to {last}", err=True)
