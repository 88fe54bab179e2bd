"""Candles from a CSV file, checked to the last cell.

A backtest on a wrong number is worse than none: whatever cannot be read with certainty is an error
that names file, line, column, value and rule. Rows are read in blocks; a block is converted column
by column, which runs in C, and only a block that fails is looked at row by row to find out why.

May import series, messages and vocabularies. Nothing is repaired, sorted or skipped here.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from operator import le, sub
from pathlib import Path
from typing import IO

from runner.engine.csv_rows import (
    Block,
    Header,
    RowError,
    explain_block,
    read_block,
    read_header,
)
from runner.engine.csv_times import TimeReader
from runner.engine.series import Series
from runner.errors import DataError
from runner.protocol.enums import TIMEFRAME_MS
from runner.protocol.times import iso_ms

BLOCK_ROWS = 4096
"""Rows converted at once: enough to spread the cost of a block, little enough to stay in cache."""
_SNIFFED = 4096
_MAGIC = {
    b"\x1f\x8b": ("is compressed (gzip)", "unpack it first: gunzip FILE"),
    b"PK\x03\x04": ("is a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV"),
    b"\xff\xfe": ("is UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("is UTF-16 text", "save it as UTF-8"),
    b"PAR1": ("is a Parquet file", "export it as CSV"),
}


def read_csv(
    path: str | Path,
    *,
    symbol: str,
    timeframe: str | None = None,
    start_ms: int | None = None,
    end_ms: int | None = None,
    name: str = "",
) -> Series:
    """Return the candles of a CSV file that start in the range `start_ms` to before `end_ms`.

    The first line names the columns, in any order and case: `timestamp` (or `date`, `time`,
    `datetime`), `open`, `high`, `low`, `close`, and `volume`, which may be missing and is zero
    then. Other columns are ignored. A timestamp is the start of its candle: ISO 8601 with a zone,
    a date (00:00 UTC), or a whole number of seconds, milliseconds, micro- or nanoseconds since
    1970. The whole file is checked, also outside the range.

    Args:
        path: the file.
        symbol: the symbol the candles belong to.
        timeframe: length of one candle; None takes the smallest step between two candles.
        start_ms: first start to return, Unix milliseconds; None for no bound.
        end_ms: first start no longer to return, Unix milliseconds; None for no bound.
        name: what to call the file in errors; its path by default.

    Raises:
        DataError: E351 to E361; the file cannot be read, or anything in it is wrong.
    """
    shown = name or str(path)
    series = Series(symbol, timeframe or "", origin=shown)
    try:
        with Path(path).open("rb") as raw:
            _refuse_other_formats(raw.read(_SNIFFED), shown)
        # Bytes that are no UTF-8 survive as lone surrogates: a number that holds one is refused
        # with its line, and a text column nobody reads does no harm.
        with Path(path).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            _read_rows(file, series, shown)
    except OSError as error:
        raise DataError(
            f"the data file cannot be read: {(error.strerror or str(error)).lower()}",
            where=shown,
            fix="check the path and its permissions",
            id="E351",
        ) from None
    if not series.times:
        raise DataError(
            "the data file has a header and no candles",
            where=f"{shown}:2",
            fix="give a file with at least one row below its header",
            id="E358",
        )
    series.timeframe = _timeframe(series, timeframe, shown)
    return _in_range(series, start_ms, end_ms)


def _refuse_other_formats(start: bytes, shown: str) -> None:
    if not start.strip(b"\xef\xbb\xbf \t\r\n"):
        raise DataError(
            "the data file is empty",
            where=shown,
            fix="give a file with the columns timestamp, open, high, low, close, volume",
            id="E358",
        )
    found = next((said for magic, said in _MAGIC.items() if start.startswith(magic)), None)
    if found is None and start.count(b"\0") > len(start) // 4:
        found = ("is UTF-16 text or no text at all", "save it as UTF-8")
    if found is not None:
        raise DataError(
            f"the data file {found[0]}",
            where=shown,
            why="prices are read from plain text: UTF-8, commas between columns",
            fix=found[1],
            id="E352",
        )


def _read_rows(file: IO[str], series: Series, shown: str) -> None:
    reader = csv.reader(file, strict=True)
    line = 1
    rows: list[list[str]] = []
    try:
        header_row = _first_row(reader)
        header = read_header(header_row, shown)
        line = reader.line_num + 1
        times = TimeReader()
        while True:
            rows = []
            # Extending keeps the rows before one that csv cannot read, so that they are checked
            # first and the line of the broken one is known.
            rows.extend(islice(reader, BLOCK_ROWS))
            if not rows:
                return
            _append(series, _convert(rows, header, times, line, shown), rows, line, shown)
            line = reader.line_num + 1
    except csv.Error as error:
        if rows:
            block = _convert(rows, header, times, line, shown)
            _append(series, block, rows, line, shown)
            line += sum(map(_lines_of, rows))
        raise DataError(
            f"the row cannot be read: {error}",
            where=f"{shown}:{line}",
            why="a quote that is opened must be closed in its cell",
            fix="repair or remove the row",
            id="E354",
        ) from None


def _first_row(reader: Iterator[list[str]]) -> list[str]:
    for row in reader:
        if row:
            return row
    return []


def _lines_of(row: list[str]) -> int:
    return 1 + sum(cell.count("\n") for cell in row)


def _convert(
    rows: list[list[str]], header: Header, times: TimeReader, line: int, shown: str
) -> Block:
    block = read_block(rows, header, times)
    if block is not None:
        return block
    try:
        return explain_block(rows, header, times)
    except RowError as error:
        at = line + sum(map(_lines_of, rows[: error.row]))
        raise DataError(
            error.what, where=f"{shown}:{at}", why=error.why, fix=error.fix, id=error.id
        ) from None


def _append(series: Series, block: Block, rows: list[list[str]], line: int, shown: str) -> None:
    times = block.times
    before = series.times[-1] if series.times else None
    if times and before is not None and times[0] <= before:
        _refuse_order(rows, 0, times[0], before, line, shown)
    if any(map(le, islice(times, 1, None), times)):
        at = next(i for i in range(1, len(times)) if times[i] <= times[i - 1])
        _refuse_order(rows, at, times[at], times[at - 1], line, shown)
    series.times.extend(times)
    series.opens.extend(block.opens)
    series.highs.extend(block.highs)
    series.lows.extend(block.lows)
    series.closes.extend(block.closes)
    series.volumes.extend(block.volumes)


def _refuse_order(
    rows: list[list[str]], at: int, time: int, before: int, line: int, shown: str
) -> None:
    # Blank rows were left out of the block, so its place is looked up among the others.
    place = [index for index, row in enumerate(rows) if row][at]
    where = f"{shown}:{line + sum(map(_lines_of, rows[:place]))}"
    if time == before:
        raise DataError(
            f"two candles start at {iso_ms(time)}",
            where=where,
            why="one moment has one candle",
            fix="remove one of them",
            id="E357",
        )
    raise DataError(
        f"timestamp must be later than the one before, {iso_ms(before)}, was {iso_ms(time)}",
        where=where,
        why="candles are replayed in the order of the file",
        fix="sort the file by its timestamp, oldest first",
        id="E357",
    )


def _timeframe(series: Series, given: str | None, shown: str) -> str:
    times = series.times
    step = min(map(sub, islice(times, 1, None), times), default=0)
    known = {length: name for name, length in TIMEFRAME_MS.items()}
    listed = ", ".join(TIMEFRAME_MS)
    if given is None:
        if step in known:
            return known[step]
        what = (
            f"the smallest step between two candles is {_duration(step)}"
            if step
            else ("there is only one candle")
        )
        raise DataError(
            f"the timeframe cannot be told: {what}",
            where=shown,
            why=f"a timeframe is one of {listed}",
            fix="name it: data.timeframe, or RUNNER_DATA__TIMEFRAME=1d",
            id="E359",
        )
    if given not in TIMEFRAME_MS:
        raise DataError(f"timeframe must be one of {listed}, was {given!r}", where=shown, id="E359")
    # Two candles may have a weekend between them; three without one true step do not exist.
    if step and (step < TIMEFRAME_MS[given] or (len(times) > 2 and step != TIMEFRAME_MS[given])):
        raise DataError(
            f"timeframe {given} does not fit: "
            f"the smallest step between two candles is {_duration(step)}",
            where=shown,
            why="a candle is delivered when it closes: a wrong length would show it too early",
            fix=f"use timeframe {known[step]}" if step in known else "use other data",
            id="E359",
        )
    return given


def _duration(milliseconds: int) -> str:
    for length, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")):
        if milliseconds >= length:
            return f"{milliseconds / length:g} {unit}"
    return f"{milliseconds} ms"


def _in_range(series: Series, start_ms: int | None, end_ms: int | None) -> Series:
    if start_ms is None and end_ms is None:
        return series
    chosen = series.between(start_ms, end_ms)
    if not chosen.times:
        asked = [
            f"{word} {iso_ms(bound)}"
            for word, bound in (("from", start_ms), ("to before", end_ms))
            if bound is not None
        ]
        raise DataError(
            f"there is no candle of {series.symbol} {' '.join(asked)}",
            where=series.origin,
            why=f"the data runs from {iso_ms(series.times[0])} to {iso_ms(series.times[-1])}",
            fix="choose a range that overlaps it",
            id="E361",
        )
    return chosen
