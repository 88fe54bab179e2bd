"""The rows of a file of quotes: cells to bid, ask, their sizes and the price in the middle.

As with candles, whole columns are converted at once, and only a block that fails is looked at row
by row. May import the rows of candles, headers and times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from operator import le
from typing import Any

from runner.engine.csv_header import Header
from runner.engine.csv_rows import Block, RowError, amount, check_prices, explained, number
from runner.engine.csv_times import TimeError, TimeReader
from runner.engine.row_fields import QUOTED_PRICES, SIZES
from runner.protocol.values import LEAST_FLOAT, LIMIT_FLOAT

UNKNOWN = inf
"""The size of a side of which the file tells none."""


def read_quotes(rows: Sequence[Sequence[Any]], header: Header, times: TimeReader) -> Block | None:
    """Return the rows converted, or None when anything about them is not right."""
    try:
        columns = list(zip(*rows, strict=True))
        if len(columns) != header.width:
            return None
        bids, asks = (list(map(float, columns[at])) for at in header.prices)
        sizes = [
            [UNKNOWN] * len(rows) if at is None else list(map(float, columns[at]))
            for at in header.amounts
        ]
        moments = times.column(columns[header.time])
    except (ValueError, TypeError, TimeError):  # None is no number either
        return None
    # Written so that a NaN anywhere makes a comparison false.
    if (
        all(map(le, bids, asks))
        and min(bids) >= LEAST_FLOAT
        and max(asks) < LIMIT_FLOAT
        and all(
            at is None or (all(map((0.0).__le__, column)) and max(column) < LIMIT_FLOAT)
            for at, column in zip(header.amounts, sizes, strict=True)
        )
    ):
        return Block(moments, (bids, asks, *sizes, list(map(middle, bids, asks))), [])
    return None


def explain_quotes(
    rows: Sequence[Sequence[str]],
    header: Header,
    times: TimeReader,
    skip: Callable[[RowError], None] | None = None,
) -> Block:
    """Return the rows converted one by one, blank ones left out; see `explain_block`.

    Raises:
        RowError: the first row that is not right, and why.
    """
    return explained(rows, header, times, skip, _values)


def middle(bid: float, ask: float) -> float:
    """Return the price in the middle of bid and ask, of 15 digits at most."""
    return float(f"{(bid + ask) / 2:.15g}")


def _values(index: int, row: Sequence[str], header: Header) -> tuple[float, ...]:
    named = zip(header.prices, QUOTED_PRICES, strict=True)
    bid, ask = (number(index, row[at], name) for at, name in named)
    check_prices(index, QUOTED_PRICES, (bid, ask))
    if bid > ask:
        raise RowError(
            index,
            f"bid must not be above ask, was {bid:g} and {ask:g}",
            "nobody sells for less than others offer to pay",
            "check which column is which, or leave the row out",
        )
    sizes = [
        UNKNOWN if at is None or not row[at].strip() else amount(index, row[at], name)
        for at, name in zip(header.amounts, SIZES, strict=True)
    ]
    return bid, ask, *sizes, middle(bid, ask)
