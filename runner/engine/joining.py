"""Several files of one symbol as one series: in the order of time, then of the files, then of rows.

May import the reader, columns, repairs, series and errors. The order of the files is the caller's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import islice, pairwise
from operator import eq
from pathlib import Path

from runner.engine.calendar import Calendar
from runner.engine.columns import Columns, ColumnWriter, blocks, forget
from runner.engine.csv_reading import read_columns
from runner.engine.repairs import KEPT_EXAMPLES, NOTHING, Allowed, Repairs, merged, without_repeats
from runner.engine.row_forms import CANDLES, RowForm
from runner.engine.series import Series
from runner.errors import DataError
from runner.protocol.times import iso_ms
from runner.storage import Storage


def read_files(
    files: Sequence[str | Path],
    symbol: str,
    shown: str,
    *,
    columns: Mapping[str, str] | None = None,
    allowed: Allowed = NOTHING,
    storage: Storage | None = None,
    calendar: Calendar | None = None,
    form: RowForm = CANDLES,
) -> Series:
    """Return all candles of the files, ascending, no start twice; their timeframe is left empty.

    Args:
        files: one or more.
        symbol: the symbol the candles belong to.
        shown: what to call the files together; each is called by its own path in errors, unless it
            is the only one.
        columns: which column is which in every file; None tells it from the headers.
        allowed: the repairs that may be made. Of the candles of one start that of the last file is
            kept.
        storage: where columns rest that are too long for memory.
        calendar: whose days the dates are, and whose clocks show the times without a zone.
        form: what the rows are; see `read_columns`.

    Raises:
        DataError: as for one file; E357 also if two files hold a candle of one start.
        MachineError: E1005; there is no room for candles on the disk.
    """
    storage = storage or Storage()
    names = [shown] if len(files) == 1 else list(map(str, files))
    parts = [
        read_columns(
            file,
            symbol,
            name,
            columns=columns,
            allowed=allowed,
            storage=storage,
            calendar=calendar,
            form=form,
        )
        for file, name in zip(files, names, strict=True)
    ]
    return parts[0] if len(parts) == 1 else _joined(parts, shown, allowed, storage, form.word)


def _joined(
    parts: Sequence[Series], shown: str, allowed: Allowed, storage: Storage, word: str
) -> Series:
    repairs = _sum_of(parts)
    one_after_the_other = sorted(parts, key=lambda part: part.times[0])
    found: Columns
    if all(a.times[-1] < b.times[0] for a, b in pairwise(one_after_the_other)):
        whole = ColumnWriter(storage)
        for part in one_after_the_other:
            forget(part.columns, storage)
            for block in blocks(part.columns):
                whole.extend(*block)
        found = whole.columns()
    else:
        found = merged([part.columns for part in parts], storage)
        if allowed.dedupe:
            found = without_repeats(found, repairs, storage)
        else:
            _refuse_overlaps(found[0], parts, word)
    return Series(
        parts[0].symbol,
        "",
        *found,
        origin=shown,
        repairs=repairs,
        calendar=parts[0].calendar,
    )


def _sum_of(parts: Sequence[Series]) -> Repairs:
    total = Repairs()
    for part in parts:
        for one in fields(Repairs):
            both = getattr(total, one.name) + getattr(part.repairs, one.name)
            setattr(total, one.name, both)
    del total.examples[KEPT_EXAMPLES:]
    return total


def _refuse_overlaps(times: Sequence[int], parts: Sequence[Series], word: str) -> None:
    places = enumerate(map(eq, times, islice(times, 1, None)))
    at = next((at for at, same in places if same), None)
    if at is None:
        return
    time = times[at]
    first, second = [part.origin for part in parts if _holds(part.times, time)][:2]
    raise DataError(
        f"two files hold a {word} {'that starts at' if word == 'candle' else 'of'} {iso_ms(time)}",
        where=f"{first} and {second}",
        why=f"one moment has one {word}",
        fix="remove it from one of them, or keep that of the last file with --dedupe",
        id="E357",
    )


def _holds(times: Sequence[int], time: int) -> bool:
    at = bisect_left(times, time)
    return at < len(times) and times[at] == time
