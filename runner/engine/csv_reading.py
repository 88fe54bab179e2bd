"""From the rows of a data file to the columns of a series.

Rows are read in blocks; a block is converted column by column, which runs in C, and only a block
that fails is looked at row by row to find out why. A repair that was asked for happens here, and is
counted. May import the rows, the source, series and errors.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, pairwise
from operator import le, lt
from pathlib import Path
from typing import IO, Any

from runner.engine.calendar import UTC_CALENDAR, Calendar
from runner.engine.columns import Columns, ColumnWriter
from runner.engine.csv_header import Header, cut, read_header
from runner.engine.csv_rows import Block, RowError
from runner.engine.csv_source import open_text, unchanged
from runner.engine.csv_times import TimeReader
from runner.engine.parquet_source import Table, as_text, is_parquet, open_table
from runner.engine.repairs import NOTHING, Allowed, Repairs, in_order, without_repeats
from runner.engine.row_forms import CANDLES, RowForm
from runner.engine.series import Series
from runner.errors import DataError
from runner.protocol.times import iso_ms
from runner.storage import Storage

BLOCK_ROWS = 4096
"""Rows converted at once: enough to spread the cost of a block, little enough to stay in cache."""


def read_columns(
    path: str | Path,
    symbol: str,
    shown: str,
    *,
    columns: Mapping[str, str] | None = None,
    allowed: Allowed = NOTHING,
    storage: Storage | None = None,
    calendar: Calendar | None = None,
    form: RowForm = CANDLES,
) -> Series:
    """Return all candles of a file, ascending, no start twice; their timeframe is left empty.

    Of quotes the columns after the moment are bid, ask, their sizes and the price in the middle.

    Args:
        path: the file: CSV, plain or packed, or Parquet.
        symbol: the symbol the candles belong to.
        shown: what to call the file in errors.
        columns: which column is which, where the header does not tell; see `read_header`.
        allowed: the repairs that may be made.
        storage: where the columns rest; None makes one for this file.
        calendar: whose days the dates are, and whose clocks show the times without a zone; None
            for UTC dates and no such times.
        form: what the rows are.

    Raises:
        DataError: E351 to E358 and E362 to E368. In a Parquet file a place is a row, from 1.
        MachineError: E1005; a file that is too long for memory finds no room on the disk.
    """
    reader = _Reader(shown, columns, allowed, storage or Storage(), TimeReader(calendar), form)
    with unchanged(path, shown):
        if is_parquet(path):
            with open_table(Path(path), shown, columns, calendar, form.fields) as table:
                reader.read_table(table)
        else:
            with open_text(path, shown) as file:
                reader.read(file)
    found = reader.columns()
    if not found[0]:
        raise DataError(
            f"the data file has a header and no {form.word}s",
            where=f"{shown}:2",
            fix="give a file with at least one row below its header",
            id="E358",
        )
    return Series(
        symbol, "", *found, origin=shown, repairs=reader.repairs, calendar=calendar or UTC_CALENDAR
    )


class _Reader:
    """Reads the rows of one file into columns."""

    def __init__(
        self,
        shown: str,
        columns: Mapping[str, str] | None,
        allowed: Allowed,
        storage: Storage,
        times: TimeReader,
        form: RowForm,
    ) -> None:
        self._form = form
        self.repairs = Repairs()
        self._shown = shown
        self._columns = columns
        self._allowed = allowed
        self._storage = storage
        self._rows = ColumnWriter(storage)
        self._times = times
        self._labels: dict[str, object] = {}
        self._latest: int | None = None
        """Start of the last row so far."""

    def read(self, file: IO[str]) -> None:
        reader = csv.reader(file, strict=True)
        line = 1
        rows: list[list[str]] = []
        header: Header | None = None
        try:
            first = _first_row(reader)
            header = read_header(first, self._shown, self._columns, self._form.fields)
            found: Iterator[list[str]] = reader
            if header.is_data:
                line = reader.line_num - _lines_of(first) + 1
                found = chain([first], reader)
            else:
                line = reader.line_num + 1
            while True:
                rows = []
                # Extending keeps the rows before one that csv cannot read, so that they are
                # checked first and the line of the broken one is known.
                rows.extend(islice(found, BLOCK_ROWS))
                if not rows:
                    return
                self._take(rows, header, line)
                line = reader.line_num + 1
        except csv.Error as error:
            if rows and header is not None:
                self._take(rows, header, line)
                line += sum(map(_lines_of, rows))
            raise DataError(
                f"the row cannot be read: {error}",
                where=f"{self._shown}:{line}",
                why="a quote that is opened must be closed in its cell",
                fix="repair or remove the row",
                id="E354",
            ) from None

    def read_table(self, table: Table) -> None:
        # Its rows are counted from 1 where a text has lines.
        self._times = table.times
        row = 1
        for rows in table.batches:
            self._take(rows, table.header, row)
            row += len(rows)

    def columns(self) -> Columns:
        """Return what was read, in order, repaired as far as that was allowed."""
        found = self._rows.columns()
        if self._allowed.sort:
            found = in_order(found, self.repairs, self._storage)
        if self._allowed.dedupe:
            found = without_repeats(found, self.repairs, self._storage)
        elif self._allowed.sort:
            _refuse_repeats(found[0], self._shown, self._form.word)
        return found

    def _take(self, rows: Sequence[Sequence[Any]], header: Header, line: int) -> None:
        block = self._form.read(rows, header, self._times)
        if block is None:
            rows = list(map(as_text, rows))
            block = self._explained(rows, header, line)
        if header.labels and block.times:
            self._check_labels(block, rows, header, line)
        if not self._allowed.sort:
            self._check_order(block, rows, line)
        self._rows.extend(block.times, *block.numbers)
        if block.times:
            self._latest = block.times[-1]

    def _explained(self, rows: Sequence[Sequence[str]], header: Header, line: int) -> Block:
        def where(place: int) -> str:
            return f"{self._shown}:{line + sum(map(_lines_of, rows[:place]))}"

        def skip(error: RowError) -> None:
            if self.repairs.skipped >= self._allowed.skip_bad:
                raise error
            self.repairs.skip(where(error.row), error.what)

        try:
            return self._form.explain(rows, header, self._times, skip)
        except RowError as error:
            if self._allowed.skip_bad:
                raise DataError(
                    f"more than {self._allowed.skip_bad} bad rows, the next one: {error.what}",
                    where=where(error.row),
                    why=f"at most that many may be left out (data.skip_bad); {error.why}".rstrip(
                        "; "
                    ),
                    fix="look at the file: runner data inspect FILE",
                    id="E365",
                ) from None
            raise DataError(
                error.what, where=where(error.row), why=error.why, fix=error.fix, id=error.id
            ) from None

    def _check_labels(
        self, block: Block, rows: Sequence[Sequence[Any]], header: Header, line: int
    ) -> None:
        used = [rows[place] for place in block.places] if block.places else rows
        for name, column in header.labels:
            cells = [row[column] for row in used]
            first = self._labels.setdefault(name, cells[0])
            if cells.count(first) == len(cells):
                continue
            at = next(at for at, cell in enumerate(cells) if cell != first)
            raise DataError(
                f"the file holds two {name}s, {cut(str(first))!r} and {cut(str(cells[at]))!r}",
                where=self._where(block, rows, at, line),
                why=f"one series has one {name}",
                fix="give each a file of its own: --data prices/{symbol}/{timeframe}.csv",
                id="E368",
            )

    def _where(self, block: Block, rows: Sequence[Sequence[Any]], at: int, line: int) -> str:
        place = block.places[at] if block.places else at
        return f"{self._shown}:{line + sum(map(_lines_of, rows[:place]))}"

    def _check_order(self, block: Block, rows: Sequence[Sequence[Any]], line: int) -> None:
        times = block.times
        # Equal starts are in order where repeats may be dropped later.
        wrong = lt if self._allowed.dedupe else le
        latest = self._latest
        if times and latest is not None and wrong(times[0], latest):
            self._refuse_order(block, rows, 0, latest, line)
        if any(map(wrong, islice(times, 1, None), times)):
            at = next(i for i in range(1, len(times)) if wrong(times[i], times[i - 1]))
            self._refuse_order(block, rows, at, times[at - 1], line)

    def _refuse_order(
        self, block: Block, rows: Sequence[Sequence[Any]], at: int, before: int, line: int
    ) -> None:
        where = self._where(block, rows, at, line)
        time = block.times[at]
        if time == before:
            raise _repeated(time, where, self._form.word)
        raise DataError(
            f"timestamp must be later than the one before, {iso_ms(before)}, was {iso_ms(time)}",
            where=where,
            why=f"{self._form.word}s are replayed in the order of the file",
            fix="sort the file by its timestamp, oldest first, or let --sort do it",
            id="E357",
        )


def _refuse_repeats(times: Sequence[int], shown: str, word: str) -> None:
    for time, following in pairwise(times):
        if time == following:
            raise _repeated(time, shown, word)


def _repeated(time: int, where: str, word: str) -> DataError:
    return DataError(
        f"two {word}s {'start at' if word == 'candle' else 'are of'} {iso_ms(time)}",
        where=where,
        why=f"one moment has one {word}",
        fix="remove one of them, or keep the last of them with --dedupe",
        id="E357",
    )


def first_row(file: IO[str]) -> list[str]:
    """Return the first row of a text that is not blank, as far as it can be read."""
    try:
        return _first_row(csv.reader(file))
    except csv.Error:
        return []


def _first_row(reader: Iterator[list[str]]) -> list[str]:
    for row in reader:
        if row:
            return row
    return []


def _lines_of(row: Sequence[Any]) -> int:
    return 1 + sum(cell.count("\n") for cell in row if isinstance(cell, str))
