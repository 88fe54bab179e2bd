"""A record in other forms: tables as CSV or Parquet, or all of it as one JSON document.

CSV and JSON are exact; Parquet holds quantities and prices as floating point numbers, which is what
programs that read it expect. May import this room, the engine's access to DuckDB, and the protocol.
"""

from __future__ import annotations

import csv
import glob
import io
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from runner.errors import MachineError
from runner.protocol.decimals import plain
from runner.protocol.times import iso, iso_ms
from runner.records.lines import OrderLine, TradeLine
from runner.records.reading import Record

TABLES = ("trades", "orders", "equity")
_MOMENTS = ("time", "created", "updated")
_NUMBERS = (
    "average_price",
    "commission",
    "equity",
    "filled",
    "limit",
    "price",
    "quantity",
    "realized_pnl",
    "stop",
    "stop_loss",
    "take_profit",
    "trail",
)
_FLAGS = ("reduce_only",)


def table_of(record: Record, table: str) -> tuple[list[str], Iterable[list[Any]]]:
    """Return the column names and the rows of `trades`, `orders` or `equity`, all as JSON values.

    Amounts are text without an exponent, times RFC 3339, what is not defined is None.
    """
    if table == "equity":
        curve = record.equity
        moments = map(iso_ms, curve.times)
        return ["time", "equity"], ([*row] for row in zip(moments, curve.equities, strict=True))
    kind: type[msgspec.Struct] = TradeLine if table == "trades" else OrderLine
    lines: Sequence[msgspec.Struct] = record.trades if table == "trades" else record.orders
    names = list(kind.__struct_fields__)
    return names, ([_plain(getattr(one, name)) for name in names] for one in lines)


def as_document(record: Record) -> dict[str, Any]:
    """Return all of a record as plain JSON values: what ran, how it ended, and its three tables.

    The result is the document of the run (`runner.run/1`) with every trade.
    """
    tables = {name: _objects(*table_of(record, name)) for name in TABLES}
    return {**summary_of(record), **tables}


def summary_of(record: Record) -> dict[str, Any]:
    """Return a record without its tables as plain JSON values."""
    begin, end = (msgspec.to_builtins(one) for one in (record.begin, record.end))
    return {
        "schema": begin.pop("schema"),
        "id": record.id,
        "status": record.status,
        "pid": record.holder,
        "tags": record.remarks.tags,
        "note": record.remarks.note,
        "begin": begin,
        "end": end,
        "events": None if record.events_file is None else str(record.events_file),
    }


def as_csv(record: Record, table: str) -> str:
    """Return a table as CSV with a header; empty fields stand for what is not defined."""
    names, rows = table_of(record, table)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_field(one) for one in row] for row in rows)
    return text.getvalue()


def write_parquet(record: Record, table: str, path: Path) -> None:
    """Write a table to a Parquet file, which appears whole or not at all.

    Raises:
        DataError: E362, DuckDB is missing.
        MachineError: E1023, the file cannot be written.
    """
    from runner.engine.parquet_source import duckdb_module

    duckdb = duckdb_module(str(path))
    names, _ = table_of(record, table)
    columns = ", ".join(f"'{name}': '{_kind(name)}'" for name in names)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    rows = path.with_name(f".{path.name}.{os.getpid()}.rows")
    try:
        rows.write_text(as_csv(record, table), encoding="utf-8")
        with duckdb.connect(":memory:") as connection:
            connection.execute(
                f"COPY (SELECT * FROM read_csv(?, header = true, columns = {{{columns}}}, "  # noqa: S608
                "auto_detect = false, delim = ',', quote = '\"', escape = '\"')) "
                f"TO '{_quoted(part)}' (FORMAT parquet)",
                [glob.escape(str(rows))],
            )
        part.replace(path)
    except (OSError, duckdb.Error) as error:
        raise MachineError(
            f"the file cannot be written: {str(error).splitlines()[0]}",
            where=str(path),
            fix="check the directory, its permissions and the room on the disk",
            id="E1023",
        ) from None
    finally:
        for one in (part, rows):
            one.unlink(missing_ok=True)


def _kind(name: str) -> str:
    if name in _MOMENTS:
        return "TIMESTAMP WITH TIME ZONE"
    if name in _NUMBERS:
        return "DOUBLE"
    return "BOOLEAN" if name in _FLAGS else "VARCHAR"


def _objects(names: list[str], rows: Iterable[list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return plain(value)
        case datetime():
            return iso(value)
        case Enum():
            return value.value
        case _:
            return value


def _field(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
