"""The rows of a CSV data file: which column is which, and cells to numbers.

Two ways lead through a block of rows: `read_block` converts whole columns and only knows whether
everything is right; `explain_block` goes cell by cell and knows what is wrong. They accept the
same rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from operator import le

from runner.engine.csv_times import TimeError, TimeReader
from runner.errors import DataError
from runner.protocol.values import LEAST_FLOAT, LIMIT_FLOAT

TIME_NAMES = ("timestamp", "date", "time", "datetime")
PRICES = ("open", "high", "low", "close")
_EXPECTED = "timestamp,open,high,low,close,volume"
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_SHOWN = 60


class RowError(ValueError):
    """A row that cannot be used: its place in the block, and what is wrong with it."""

    def __init__(self, row: int, what: str, why: str = "", fix: str = "", id: str = "E355") -> None:
        super().__init__(what)
        self.row = row
        self.what = what
        self.why = why
        self.fix = fix
        self.id = id


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns are, counted from 0."""

    width: int
    time: int
    prices: tuple[int, int, int, int]
    """Open, high, low, close."""
    volume: int | None
    time_name: str


@dataclass(frozen=True, slots=True)
class Block:
    """Converted rows, column by column; blank rows are left out."""

    times: list[int]
    opens: list[float]
    highs: list[float]
    lows: list[float]
    closes: list[float]
    volumes: list[float]


def read_header(row: Sequence[str], shown: str) -> Header:
    """Return where the columns are.

    Raises:
        DataError: E352 or E353; a column is missing or named twice, or this is no header.
    """
    names = [cell.strip().lower() for cell in row]
    where = f"{shown}:1"
    if len(names) == 1:
        for delimiter, said in ((";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")):
            if delimiter in names[0]:
                raise DataError(
                    f"the columns are separated by {said}",
                    where=where,
                    why="columns are separated by commas, and numbers have a decimal point",
                    fix="export the file with commas between columns and points in numbers",
                    id="E352",
                )
    if not any(name in (*TIME_NAMES, *PRICES) for name in names) and any(map(_is_number, names)):
        raise DataError(
            f"the first line must name the columns, was {_cut(','.join(row))!r}",
            where=where,
            fix=f"put a line like {_EXPECTED} above it",
            id="E353",
        )
    times = [index for index, name in enumerate(names) if name in TIME_NAMES]
    found = {
        name: [i for i, one in enumerate(names) if one == name] for name in (*PRICES, "volume")
    }
    twice = [name for name, places in found.items() if len(places) > 1]
    if len(times) > 1:
        twice.append(" and ".join(names[index] for index in times))
    if twice:
        raise DataError(
            f"the header names more than one column for {', '.join(twice)}",
            where=where,
            why="one of them would be ignored",
            fix="remove or rename one",
            id="E353",
        )
    missing = [name for name in PRICES if not found[name]]
    if not times:
        missing.insert(0, "timestamp")
    if missing:
        near = [
            f"{row[names.index(close[0])].strip()} for {name}"
            for name in missing
            if (close := get_close_matches(name, names, n=1))
        ]
        raise DataError(
            f"the header lacks {', '.join(missing)}",
            where=where,
            why=f"it names {_cut(', '.join(name or 'nothing' for name in names))}",
            fix=f"did you write {', '.join(near)}?" if near else f"name them as in {_EXPECTED}",
            id="E353",
        )
    volume = found["volume"]
    open_, high, low, close_ = (found[name][0] for name in PRICES)
    return Header(
        len(names),
        times[0],
        (open_, high, low, close_),
        volume[0] if volume else None,
        names[times[0]],
    )


def read_block(rows: Sequence[Sequence[str]], header: Header, times: TimeReader) -> Block | None:
    """Return the rows converted, or None when anything about them is not right."""
    try:
        columns = list(zip(*rows, strict=True))
        if len(columns) != header.width:
            return None
        opens, highs, lows, closes = (list(map(float, columns[at])) for at in header.prices)
        volumes = (
            [0.0] * len(rows) if header.volume is None else list(map(float, columns[header.volume]))
        )
        starts = times.column(columns[header.time])
    except (ValueError, TimeError):
        return None
    # Written so that a NaN anywhere makes a comparison false.
    if (
        all(map(le, lows, opens))
        and all(map(le, opens, highs))
        and all(map(le, lows, closes))
        and all(map(le, closes, highs))
        and min(lows) >= LEAST_FLOAT
        and max(highs) < LIMIT_FLOAT
        and all(map((0.0).__le__, volumes))
        and max(volumes) < LIMIT_FLOAT
    ):
        return Block(starts, opens, highs, lows, closes, volumes)
    return None


def explain_block(rows: Sequence[Sequence[str]], header: Header, times: TimeReader) -> Block:
    """Return the rows converted one by one, blank ones left out.

    Raises:
        RowError: the first row that is not right, and why.
    """
    block = Block([], [], [], [], [], [])
    columns = (block.opens, block.highs, block.lows, block.closes)
    for index, row in enumerate(rows):
        if not row:
            continue
        if len(row) != header.width:
            raise RowError(
                index,
                f"the row has {len(row)} columns, the header has {header.width}: "
                f"{_cut(','.join(row))!r}",
                "a decimal comma or a comma inside a number splits a value in two"
                if len(row) > header.width
                else "the row may have been cut off",
                "repair or remove the row",
                "E354",
            )
        for cell in row:
            if "\0" in cell:
                raise RowError(
                    index, "the row holds a NUL byte", "the file is damaged", "restore it", "E354"
                )
        block.times.append(_time(index, row[header.time], header, times))
        named = zip(header.prices, PRICES, strict=True)
        prices = [_number(index, row[at], name) for at, name in named]
        _check(index, *prices)
        for column, value in zip(columns, prices, strict=True):
            column.append(value)
        volume = 0.0 if header.volume is None else _number(index, row[header.volume], "volume")
        if not 0.0 <= volume < LIMIT_FLOAT:
            raise RowError(index, f"volume must be zero or more, was {row[header.volume or 0]!r}")
        block.volumes.append(volume)
    return block


def _time(index: int, text: str, header: Header, times: TimeReader) -> int:
    try:
        return times.one(text)
    except TimeError as error:
        what = str(error).replace("timestamp", header.time_name, 1)
        raise RowError(index, what, error.why, error.fix, "E356") from None
    except (ValueError, OverflowError):
        raise RowError(
            index, f"{header.time_name} cannot be read, was {_cut(text)!r}", id="E356"
        ) from None


def _number(index: int, text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    shown = ascii(_cut(text))
    if not text.strip():
        raise RowError(index, f"{name} is empty", "a candle needs every price", "remove the row")
    if _THOUSANDS.fullmatch(text.strip()):
        raise RowError(
            index,
            f"{name} is not a number, was {shown}",
            "a comma in a number may be a decimal comma or may separate thousands",
            "write numbers with a decimal point and without separators",
        )
    if _DECIMAL_COMMA.fullmatch(text.strip()):
        raise RowError(
            index,
            f"{name} has a decimal comma, was {shown}",
            "numbers have a decimal point",
            f"write {text.strip().replace(',', '.')}",
        )
    raise RowError(index, f"{name} is not a number, was {shown}")


def _check(index: int, open: float, high: float, low: float, close: float) -> None:
    for name, price in zip(PRICES, (open, high, low, close), strict=True):
        if not LEAST_FLOAT <= price < LIMIT_FLOAT:
            raise RowError(index, f"{name} must be a price above zero, was {price:g}")
    if high < low:
        raise RowError(index, f"high must not be below low, was {high:g} and {low:g}")
    for name, price in (("open", open), ("close", close)):
        if not low <= price <= high:
            raise RowError(
                index,
                f"{name} must lie between low and high, was {price!r} outside {low!r} to {high!r}",
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
