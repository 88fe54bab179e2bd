"""`runner runs export`: a run in a form that other programs read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runner.cli.runs_access import DirOption, RunArgument
from runner.secrecy import concealed


class Format(StrEnum):
    """What to write."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"


class Table(StrEnum):
    """Which part of the record."""

    TRADES = "trades"
    ORDERS = "orders"
    EQUITY = "equity"


def export(
    run: RunArgument,
    form: Annotated[
        Format, typer.Option("--format", "-f", help="json holds everything, with all three tables.")
    ] = Format.CSV,
    table: Annotated[
        Table, typer.Option("--table", "-t", help="What to write as csv or parquet.")
    ] = Table.TRADES,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; by default stdout.")
    ] = None,
    directory: DirOption = None,
) -> None:
    """Write a run as CSV, Parquet or JSON."""
    from runner.cli.output import result_output
    from runner.cli.runs_access import print_json, records, shelf_at
    from runner.errors import UsageError
    from runner.records.export import as_csv, as_document, write_parquet

    if form is Format.PARQUET and output is None:
        raise UsageError(
            "Parquet is not written to stdout",
            fix=f"name a file: --output {table}.parquet",
            id="E220",
        )
    (record,) = records(shelf_at(directory), run)
    if (table is Table.EQUITY or form is Format.JSON) and record.equity.notice:
        typer.echo(f"warning: {record.equity.notice}", err=True)
    if form is Format.PARQUET and output is not None:
        write_parquet(record, table, output)
    elif output is not None:
        _write(output, as_csv(record, table) if form is Format.CSV else _json(as_document(record)))
    elif form is Format.CSV:
        with result_output():
            typer.echo(as_csv(record, table), nl=False)
    else:
        print_json(as_document(record))


def _json(document: object) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _write(path: Path, text: str) -> None:
    from runner.errors import MachineError

    try:
        path.write_text(concealed(text), encoding="utf-8")
    except OSError as error:
        raise MachineError(
            f"the file cannot be written: {(error.strerror or str(error)).lower()}",
            where=str(path),
            fix="check the directory, its permissions and the room on the disk",
            id="E1023",
        ) from None
