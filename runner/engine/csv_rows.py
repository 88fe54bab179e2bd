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

from runner.engine.csv_header import PRICES, Header, cut
from runner.engine.csv_times import TimeError, TimeReader
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
    opens: list[float]
    highs: list[float]
    lows: list[float]
    closes: list[float]
    volumes: list[float]
    places: list[int]
    """For each candle the place of its row in the block; empty where that is its own place."""


def read_block(rows: Sequence[Sequence[Any]], header: Header, times: TimeReader) -> Block | None:
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
        return Block(starts, opens, highs, lows, closes, volumes, [])
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
    block = Block([], [], [], [], [], [], [])
    columns = (block.opens, block.highs, block.lows, block.closes)
    for index, row in enumerate(rows):
        if not row:
            continue
        try:
            time, prices, volume = _values(index, row, header, times)
        except RowError as error:
            if skip is None:
                raise
            skip(error)
            continue
        block.times.append(time)
        for column, value in zip(columns, prices, strict=True):
            column.append(value)
        block.volumes.append(volume)
        block.places.append(index)
    return block


def _values(
    index: int, row: Sequence[str], header: Header, times: TimeReader
) -> tuple[int, list[float], float]:
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
    time = _time(index, row[header.time], header, times)
    named = zip(header.prices, PRICES, strict=True)
    prices = [_number(index, row[at], name) for at, name in named]
    _check(index, *prices)
    volume = 0.0 if header.volume is None else _number(index, row[header.volume], "volume")
    if not 0.0 <= volume < LIMIT_FLOAT:
        raise RowError(index, f"volume must be zero or more, was {row[header.volume or 0]!r}")
    return time, prices, volume


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


def _number(index: int, text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    shown = ascii(cut(text))
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
