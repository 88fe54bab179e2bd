"""Parquet files through DuckDB, an extra: candles come out, and go in, in batches.

Rows leave here as a CSV file's rows do, so that everything is checked in one place; prices are
numbers already. May import headers, times and errors, and DuckDB when such a file is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from runner.engine.calendar import Calendar
from runner.engine.csv_header import Header, read_header
from runner.engine.csv_times import TimeReader
from runner.engine.row_fields import CANDLE_FIELDS, Fields
from runner.errors import DataError

SUFFIX = ".parquet"
BATCH_ROWS = 4096
_SETTINGS = {
    # One thread gives the rows in the order of the file at a third of the memory; nothing is to be
    # fetched from anywhere.
    "threads": "1",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_WHOLE = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
)
_NUMBERS = ("FLOAT", "DOUBLE", "DECIMAL", "HUGEINT", *_WHOLE)


def is_parquet(path: str | Path) -> bool:
    """Tell whether a file is called like a Parquet file."""
    return Path(path).suffix.lower() == SUFFIX


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one file: time as text, then prices and amounts as numbers or None, then the
    labels as text or None."""

    header: Header
    times: TimeReader
    batches: Iterator[list[tuple[Any, ...]]]


@contextmanager
def open_table(
    path: Path,
    shown: str,
    columns: Mapping[str, str] | None,
    calendar: Calendar | None = None,
    fields: Fields = CANDLE_FIELDS,
) -> Iterator[Table]:
    """Open a Parquet file for reading, from its start.

    Dates, and times without a zone, are those of `calendar`; without one such times are refused.

    Raises:
        DataError: E351 if the file is not there; E353 or E355 if its columns do not fit; E356 if
            its times have no zone; E362 if DuckDB is missing; E363 if the file is damaged.
    """
    library = duckdb_module(shown)
    if not path.is_file():
        raise DataError(
            "the data file cannot be read: there is no such file", where=shown, id="E351"
        )
    with library.connect(config=_SETTINGS) as connection:
        try:
            place = [_literal(path)]
            described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", place)
            types = {name: str(kind) for name, kind, *_ in described.fetchall()}
            header, times, wanted = _plan(types, shown, columns, calendar, fields)
            found = connection.execute(f"SELECT {wanted} FROM read_parquet(?)", place)  # noqa: S608
            yield Table(header, times, iter(lambda: found.fetchmany(BATCH_ROWS), []))
        except library.Error as error:
            raise _damaged(error, shown) from None


def _damaged(error: Exception, shown: str) -> DataError:
    return DataError(
        f"the Parquet file cannot be read: {str(error).splitlines()[0]}",
        where=shown,
        why="it is damaged, cut off, or no Parquet file",
        fix="get it again, or export it anew",
        id="E363",
    )


def names_in(path: Path, shown: str) -> list[str]:
    """Return the names of the columns of a Parquet file.

    Raises:
        DataError: E362 or E363, as for `open_table`.
    """
    library = duckdb_module(shown)
    with library.connect(config=_SETTINGS) as connection:
        try:
            described = connection.execute(
                "DESCRIBE SELECT * FROM read_parquet(?)", [_literal(path)]
            )
            return [str(name) for name, *_ in described.fetchall()]
        except library.Error as error:
            raise _damaged(error, shown) from None


def write_table(source: Path, target: Path, names: Sequence[str]) -> None:
    """Write a CSV file of ours as a Parquet file.

    Args:
        source: the file, with times in whole milliseconds.
        target: where to write.
        names: its columns of numbers, which follow the time.

    Raises:
        DataError: E362 if DuckDB is missing.
        OSError: the file cannot be written.
    """
    library = duckdb_module(str(target))
    types = "{'timestamp': 'BIGINT', " + ", ".join(f"'{name}': 'DOUBLE'" for name in names)
    quoted = str(target).replace("'", "''")
    with library.connect(config=_SETTINGS) as connection:
        try:
            connection.execute(
                "COPY (SELECT make_timestamptz(timestamp * 1000) AS timestamp, "  # noqa: S608
                f"{', '.join(names)} FROM read_csv(?, header = true, "
                f"columns = {types}}})) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)",
                [_literal(source)],
            )
        except library.IOException as error:
            raise OSError(str(error).splitlines()[0]) from None


def duckdb_module(shown: str) -> Any:
    """Return DuckDB.

    Raises:
        DataError: E362; it is not installed.
    """
    try:
        return import_module("duckdb")
    except ImportError:
        raise DataError(
            "a .parquet file needs a library that is not installed",
            where=shown,
            fix="pip install 'strategy-runner[parquet]', or use CSV, which may be packed",
            id="E362",
        ) from None


# A name with a star in it would be taken for a pattern.
def _literal(path: Path) -> str:
    return "".join(f"[{one}]" if one in "*?[" else one for one in str(path.absolute()))


def _plan(
    types: Mapping[str, str],
    shown: str,
    columns: Mapping[str, str] | None,
    calendar: Calendar | None,
    fields: Fields,
) -> tuple[Header, TimeReader, str]:
    names = list(types)
    header = read_header(names, shown, columns, fields)
    if header.is_data:
        raise DataError(
            "the columns of a Parquet file have names and cannot be counted",
            where=shown,
            why=f"it names {', '.join(names)}",
            fix="map them by name: --columns time=Date,open=Open",
            id="E353",
        )
    time = names[header.time]
    numbers = [names[at] for at in header.prices]
    numbers += [names[at] for at in header.amounts if at is not None]
    for name in numbers:
        if types[name].partition("(")[0] not in _NUMBERS:
            raise DataError(
                f"the column {name} must hold numbers, was {types[name]}", where=shown, id="E355"
            )
    reader, moment = _moment(time, types[time], shown, TimeReader(calendar))
    # NULL becomes empty text and None, which are then refused row by row.
    wanted = [f"coalesce({moment}, '')", *(f"{_quoted(name)}::DOUBLE" for name in numbers)]
    labels = tuple((name, len(wanted) + at) for at, (name, _) in enumerate(header.labels))
    wanted += [f"{_quoted(names[at])}::VARCHAR" for _, at in header.labels]
    places = iter(range(1, len(wanted)))
    planned = Header(
        len(wanted),
        0,
        tuple(next(places) for _ in header.prices),
        tuple(None if at is None else next(places) for at in header.amounts),
        header.time_name,
        labels=labels,
    )
    return planned, reader, ", ".join(wanted)


def _moment(name: str, kind: str, shown: str, reader: TimeReader) -> tuple[TimeReader, str]:
    column = _quoted(name)
    if kind == "TIMESTAMP WITH TIME ZONE":
        return reader.take_microseconds(), f"epoch_us({column})::VARCHAR"
    if kind == "DATE":
        return reader.take_microseconds(dates=True), f"epoch_us({column})::VARCHAR"
    if kind in _WHOLE or kind == "VARCHAR":
        return reader, f"{column}::VARCHAR"
    if kind.startswith("TIMESTAMP"):
        if reader.calendar is not None:
            wall = f"epoch_us({column}::TIMESTAMP)::VARCHAR"
            return reader.take_microseconds(wall=True), wall
        raise DataError(
            f"the times in {name} must name their zone, was {kind} without one",
            where=shown,
            why="without one nobody knows which moment they mean",
            fix="export them with time zone UTC, or name the zone: --timezone America/New_York",
            id="E356",
        )
    raise DataError(f"the column {name} must hold times, was {kind}", where=shown, id="E356")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def as_text(row: Sequence[Any]) -> list[str]:
    """Return a row as a CSV file would have it, for telling what is wrong with it."""
    return [one if isinstance(one, str) else "" if one is None else repr(one) for one in row]
