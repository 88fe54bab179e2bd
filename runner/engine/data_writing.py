"""Candles or quotes as a file, CSV (plain or packed) or Parquet: it reads back as the very same.

The file appears whole or not at all. The same rows give the same bytes. May import the sources
of packed and of Parquet files, series and errors.
"""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from itertools import islice
from math import isinf
from pathlib import Path
from typing import IO

from runner.engine.columns import rows
from runner.engine.csv_source import SUFFIXES
from runner.engine.parquet_source import SUFFIX, duckdb_module, is_parquet, write_table
from runner.engine.quote_series import QuoteSeries
from runner.engine.row_fields import CANDLE_FIELDS, QUOTE_FIELDS, Fields
from runner.engine.series import Series
from runner.engine.unpacking import zstandard_module
from runner.errors import MachineError, UsageError
from runner.protocol.times import iso_ms

_BLOCK_ROWS = 4096
_GZIP_LEVEL = 6


def write_series(series: Series, path: Path, *, replace: bool = False) -> None:
    """Write the candles to `path`, packed as its name says.

    Args:
        series: the candles.
        path: a name that ends in `.csv`, `.csv.gz`, `.csv.zst` or `.parquet`.
        replace: whether a file that is already there may be replaced.

    Raises:
        UsageError: E203 if the name ends otherwise; E204 if the file is there.
        DataError: E362 if the library for `.zst` or `.parquet` is missing.
        MachineError: E1003 if the file cannot be written.
    """
    fields = CANDLE_FIELDS
    _write_rows(rows(series.columns), (*fields.prices, *fields.amounts), path, replace=replace)


def write_quotes(quotes: QuoteSeries, path: Path, *, replace: bool = False) -> None:
    """Write quotes to `path`, packed as its name says, with the sizes that are known.

    Raises:
        DataError, MachineError, UsageError: as `write_series` does.
    """
    fields: Fields = QUOTE_FIELDS
    names, columns = list(fields.prices), [quotes.bids, quotes.asks]
    for name, sizes in zip(fields.amounts, (quotes.bid_sizes, quotes.ask_sizes), strict=True):
        if not all(map(isinf, sizes)):
            names.append(name)
            columns.append(sizes)
    _write_rows(zip(quotes.times, *columns, strict=True), names, path, replace=replace)


def _write_rows(
    found: Iterable[tuple[float, ...]], names: Sequence[str], path: Path, *, replace: bool
) -> None:
    check_target(path, replace=replace)
    try:
        with _appearing(path) as part:
            if is_parquet(path):
                with _beside(part, "rows") as text:
                    _write(found, names, text, ".csv", str)
                    write_table(text, part, names)
            else:
                _write(found, names, part, path.suffix.lower(), iso_ms)
    except OSError as error:
        raise MachineError(
            f"the data file cannot be written: {(error.strerror or str(error)).lower()}",
            where=str(path),
            fix="check the directory, its permissions and the room on the disk",
            id="E1003",
        ) from None


def check_target(path: Path, *, replace: bool) -> None:
    """Refuse a file that could not be written, before any work is done for it.

    Raises:
        UsageError: E203 or E204, as for `write_series`.
        DataError: E362, as for `write_series`.
    """
    known = (*SUFFIXES, SUFFIX)
    if not path.name.lower().endswith(known):
        raise UsageError(
            f"the name of the new file must end in {', '.join(known)}, was {path.name!r}",
            fix=f"write to {path.name.partition('.')[0] or 'prices'}.csv",
            id="E203",
        )
    if path.exists() and not replace:
        raise UsageError(
            "the file is already there",
            where=str(path),
            fix="choose another name, or replace it with --force",
            id="E204",
        )
    if path.suffix.lower() == ".zst":
        zstandard_module(str(path))
    elif is_parquet(path):
        duckdb_module(str(path))


@contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    # Written beside its place and then moved there, so that nobody ever reads half of it.
    with _beside(path, "part") as part:
        yield part
        part.replace(path)


@contextmanager
def _beside(path: Path, suffix: str) -> Iterator[Path]:
    part = path.with_name(f".{path.name.lstrip('.')}.{os.getpid()}.{suffix}")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _write(
    found: Iterable[tuple[float, ...]],
    names: Sequence[str],
    path: Path,
    suffix: str,
    moment: Callable[[int], str],
) -> None:
    with path.open("xb") as raw, _packed(raw, suffix, str(path)) as file:
        file.write(",".join(("timestamp", *names)) + "\n")
        lines = _lines(found, moment)
        while text := "".join(islice(lines, _BLOCK_ROWS)):
            file.write(text)


@contextmanager
def _packed(raw: IO[bytes], suffix: str, shown: str) -> Iterator[IO[str]]:
    with ExitStack() as open_files:
        binary: IO[bytes] = raw
        if suffix == ".gz":
            # Without name and time in it, the same candles give the same file.
            binary = open_files.enter_context(
                gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0)  # type: ignore[arg-type]
            )
        elif suffix == ".zst":
            binary = open_files.enter_context(zstandard_module(shown).ZstdFile(raw, "wb"))
        text = io.TextIOWrapper(binary, encoding="ascii", newline="")
        yield text
        text.flush()
        text.detach()


def _lines(found: Iterable[tuple[float, ...]], moment: Callable[[int], str]) -> Iterator[str]:
    for time, *numbers in found:
        yield f"{moment(int(time))},{','.join(map(_number, numbers))}\n"


def _number(value: float) -> str:
    # The shortest text that is this very float again, without an exponent; what is not known, none.
    text = repr(value)
    if text == "inf":
        return ""
    if "e" in text:
        return format(Decimal(text), "f")
    return text.removesuffix(".0")
