"""The rows of a CSV data file: cells to numbers.

Two ways lead through a block of rows: `read_block` converts whole columns and only knows whether
everything is right; `explain_block` goes cell by cell and knows what is wrong. They accept the
same rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import le
from typing import Any

from runner.engine.csv_header import Header, cut
from runner.engine.csv_times import TimeError, TimeReader
from runner.engine.row_fields import PRICES
from runner.protocol.values import LEAST_FLOAT, LIMIT_FLOAT

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


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
class Block:
    """Converted rows, column by column; blank rows are left out."""

    times: list[int]
    numbers: tuple[list[float], ...]
    """The five other columns of a series: open, high, low, close and volume of candles."""
    places: list[int]
    """For each of them the place of its row in the block; empty where that is its own place."""


def read_block(rows: Sequence[Sequence[Any]], header: Header, times: TimeReader) -> Block | None:
    """Return the rows converted, or None when anything about them is not right."""
    try:
        columns = list(zip(*rows, strict=True))
        if len(columns) != header.width:
            return None
        opens, highs, lows, closes = (list(map(float, columns[at])) for at in header.prices)
        (volume,) = header.amounts
        volumes = [0.0] * len(rows) if volume is None else list(map(float, columns[volume]))
        starts = times.column(columns[header.time])
    except (ValueError, TypeError, TimeError):  # None is no number either
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
        return Block(starts, (opens, highs, lows, closes, volumes), [])
    return None


def explain_block(
    rows: Sequence[Sequence[str]],
    header: Header,
    times: TimeReader,
    skip: Callable[[RowError], None] | None = None,
) -> Block:
    """Return the rows converted one by one, blank ones left out.

    A row that is not right is handed to `skip` and left out; without it, or if it raises, that is
    the end.

    Raises:
        RowError: the first row that is not right, and why.
    """
    return explained(rows, header, times, skip, _values)


def explained(
    rows: Sequence[Sequence[str]],
    header: Header,
    times: TimeReader,
    skip: Callable[[RowError], None] | None,
    values_of: Callable[[int, Sequence[str], Header], tuple[float, ...]],
) -> Block:
    """Do what `explain_block` does, with `values_of` for the five numbers of one row."""
    block = Block([], ([], [], [], [], []), [])
    for index, row in enumerate(rows):
        if not row:
            continue
        try:
            _check_cells(index, row, header)
            time = _time(index, row[header.time], header, times)
            values = values_of(index, row, header)
        except RowError as error:
            if skip is None:
                raise
            skip(error)
            continue
        block.times.append(time)
        for column, value in zip(block.numbers, values, strict=True):
            column.append(value)
        block.places.append(index)
    return block


def _check_cells(index: int, row: Sequence[str], header: Header) -> None:
    if len(row) != header.width:
        raise RowError(
            index,
            f"the row has {len(row)} columns, the header has {header.width}: "
            f"{cut(','.join(row))!r}",
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


def _values(index: int, row: Sequence[str], header: Header) -> tuple[float, ...]:
    named = zip(header.prices, PRICES, strict=True)
    prices = [number(index, row[at], name) for at, name in named]
    _check(index, *prices)
    (volume,) = header.amounts
    return *prices, 0.0 if volume is None else amount(index, row[volume], "volume")


def amount(index: int, text: str, name: str) -> float:
    """Return a volume or a size: zero or more."""
    value = number(index, text, name)
    if not 0.0 <= value < LIMIT_FLOAT:
        raise RowError(index, f"{name} must be zero or more, was {text!r}")
    return value


def _time(index: int, text: str, header: Header, times: TimeReader) -> int:
    try:
        return times.one(text)
    except TimeError as error:
        what = str(error).replace("timestamp", header.time_name, 1)
        raise RowError(index, what, error.why, error.fix, "E356") from None
    except (ValueError, OverflowError):
        raise RowError(
            index, f"{header.time_name} cannot be read, was {cut(text)!r}", id="E356"
        ) from None


def number(index: int, text: str, name: str) -> float:
    """Return the number in a cell; `name` is what it is for."""
    try:
        return float(text)
    except ValueError:
        pass
    shown = ascii(cut(text))
    if not text.strip():
        raise RowError(index, f"{name} is empty", "every price is needed", "remove the row")
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
    check_prices(index, PRICES, (open, high, low, close))
    if high < low:
        raise RowError(index, f"high must not be below low, was {high:g} and {low:g}")
    for name, price in (("open", open), ("close", close)):
        if not low <= price <= high:
            raise RowError(
                index,
                f"{name} must lie between low and high, was {price!r} outside {low!r} to {high!r}",
            )


def check_prices(index: int, names: Sequence[str], prices: Sequence[float]) -> None:
    """Refuse prices that are none."""
    for name, price in zip(names, prices, strict=True):
        if not LEAST_FLOAT <= price < LIMIT_FLOAT:
            raise RowError(index, f"{name} must be a price above zero, was {price:g}")
