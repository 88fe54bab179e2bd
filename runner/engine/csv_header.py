"""Which column of a data file is which: told by its header, by its shape, or by the user.

Known are the headers of Yahoo Finance, Alpaca, Binance and of this program's own files, and the
header-less candles of Binance. What is not certain is not guessed: the error says how to map the
columns by hand. May import the errors only; cells become numbers elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from runner.errors import DataError

PRICES = ("open", "high", "low", "close")
FIELDS = ("time", *PRICES, "volume")
"""What a candle is made of: the names on our side of a mapping."""
LABELS = ("symbol", "timeframe")
"""What a whole file has only one of, and some write into every row."""
EXPECTED = "timestamp,open,high,low,close,volume"
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "time": ("timestamp", "date", "time", "datetime", "open_time", "open time", "opentime"),
    **{name: (name,) for name in PRICES},
    "volume": ("volume",),
}
_LETTERS: Final[Mapping[str, str]] = {name: name[0] for name in FIELDS}
"""Headers of single letters, as data services send them; taken only where all of them are there."""
_BINANCE_WIDTH = 12
_BINANCE_CLOSE_TIME = 6
_BINANCE_DIGITS = (13, 16)
"""Digits of a moment in milliseconds and in microseconds, from 2001 to 2286."""
_SHOWN = 60
_BY_HAND = "map them by hand: --columns time=Date,open=Open,high=High,low=Low,close=Close"


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns are, counted from 0."""

    width: int
    time: int
    prices: tuple[int, int, int, int]
    """Open, high, low, close."""
    volume: int | None
    time_name: str
    is_data: bool = False
    """Whether the first row is no header, and holds a candle."""
    labels: tuple[tuple[str, int], ...] = ()
    """Columns that say the same in every row, by name: those of `LABELS` that are there."""


def read_header(row: Sequence[str], shown: str, columns: Mapping[str, str] | None = None) -> Header:
    """Return where the columns are.

    Args:
        row: the first row of the file.
        shown: what to call the file in errors.
        columns: for some or all of `FIELDS` the name of its column, in the file's own spelling
            or another case. Numbers, counted from 1, mean that the file has no header.

    Raises:
        DataError: E352 or E353; a column is missing or cannot be told, or this is no header.
    """
    where = f"{shown}:1"
    names = [cell.strip().lower() for cell in row]
    _refuse_delimiters(names, where)
    mapped = dict(columns or {})
    if mapped and all(one.isascii() and one.isdigit() for one in mapped.values()):
        return _by_number(mapped, len(row), where)
    found = {name: _places(name, names) for name in FIELDS}
    if all(letter in names for name, letter in _LETTERS.items() if name != "volume"):
        for name, letter in _LETTERS.items():
            found[name] += [at for at, one in enumerate(names) if one == letter]
    for name, column in mapped.items():
        found[name] = _named(name, column, row, where)
    if not any(found[name] for name in FIELDS) and any(map(_is_number, names)):
        if _is_binance(row):
            return Header(len(row), 0, (1, 2, 3, 4), 5, "open time", is_data=True)
        raise DataError(
            f"the first line must name the columns, was {cut(','.join(row))!r}",
            where=where,
            fix=f"put a line like {EXPECTED} above it, "
            "or count the columns: --columns time=1,open=2,high=3,low=4,close=5",
            id="E353",
        )
    _refuse_doubt(found, row, where)
    _refuse_missing(found, names, row, where)
    open_, high, low, close_ = (found[name][0] for name in PRICES)
    volume = found["volume"]
    time = found["time"][0]
    return Header(
        len(names),
        time,
        (open_, high, low, close_),
        volume[0] if volume else None,
        names[time],
        labels=tuple((name, names.index(name)) for name in LABELS if name in names),
    )


def _places(name: str, names: Sequence[str]) -> list[int]:
    return [at for at, one in enumerate(names) if one in _NAMES[name]]


def _named(name: str, column: str, row: Sequence[str], where: str) -> list[int]:
    cells = [cell.strip() for cell in row]
    exact = [at for at, one in enumerate(cells) if one == column]
    if exact:
        return exact
    alike = [at for at, one in enumerate(cells) if one.lower() == column.lower()]
    if alike:
        return alike
    by_lower = {one.lower(): one for one in cells}
    near = get_close_matches(column.lower(), by_lower, n=1)
    raise DataError(
        f"the header has no column {column!r}, which is to be the {name}",
        where=where,
        why=f"it names {cut(', '.join(one or 'nothing' for one in cells))}",
        fix=f"did you mean {name}={by_lower[near[0]]}?" if near else "map a column that is there",
        id="E353",
    )


def _by_number(mapped: Mapping[str, str], width: int, where: str) -> Header:
    missing = [name for name in FIELDS[:-1] if name not in mapped]
    if missing:
        raise DataError(
            f"without a header every column must be mapped; not mapped: {', '.join(missing)}",
            where=where,
            fix="count the columns from 1: --columns time=1,open=2,high=3,low=4,close=5",
            id="E353",
        )
    places = {name: int(one) - 1 for name, one in mapped.items()}
    beyond = [name for name, at in places.items() if not 0 <= at < width]
    if beyond:
        name = beyond[0]
        raise DataError(
            f"there is no column {mapped[name]}, which is to be the {name}",
            where=where,
            why=f"the first row has {width} columns, counted from 1",
            fix="map a column that is there",
            id="E353",
        )
    open_, high, low, close_ = (places[name] for name in PRICES)
    return Header(
        width,
        places["time"],
        (open_, high, low, close_),
        places.get("volume"),
        "time",
        is_data=True,
    )


# Twelve numbers: opened at, four prices, volume, closed at, and more. Another table of twelve
# numbers does not have two moments of the same kind, the second one later, at these two places.
def _is_binance(row: Sequence[str]) -> bool:
    if len(row) != _BINANCE_WIDTH or not all(map(_is_number, row)):
        return False
    opened, closed = row[0].strip(), row[_BINANCE_CLOSE_TIME].strip()
    return (
        opened.isdecimal()
        and closed.isdecimal()
        and len(opened) == len(closed)
        and len(opened) in _BINANCE_DIGITS
        and opened < closed
    )


def _refuse_delimiters(names: Sequence[str], where: str) -> None:
    if len(names) != 1:
        return
    for delimiter, said in ((";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")):
        if delimiter in names[0]:
            raise DataError(
                f"the columns are separated by {said}",
                where=where,
                why="columns are separated by commas, and numbers have a decimal point",
                fix="export the file with commas between columns and points in numbers",
                id="E352",
            )


def _refuse_doubt(found: Mapping[str, list[int]], row: Sequence[str], where: str) -> None:
    doubtful = {name: places for name, places in found.items() if len(places) > 1}
    if not doubtful:
        return
    spelled = {name: [row[at].strip() for at in places] for name, places in doubtful.items()}
    said = "; ".join(f"{name} ({', '.join(cells)})" for name, cells in spelled.items())
    name, cells = next(iter(spelled.items()))
    alike = len({one.lower() for one in cells}) == 1
    raise DataError(
        f"the header names more than one column for {cut(said)}",
        where=where,
        why="one of them would be ignored",
        fix="remove or rename one" if alike else f"say which: --columns {name}={cells[0]}",
        id="E353",
    )


def _refuse_missing(
    found: Mapping[str, list[int]], names: Sequence[str], row: Sequence[str], where: str
) -> None:
    missing = [name for name in FIELDS[:-1] if not found[name]]
    if not missing:
        return
    near = {
        name: row[names.index(close[0])].strip()
        for name in missing
        if (close := get_close_matches(name, names, n=1))
    }
    said = ["timestamp" if name == "time" else name for name in missing]
    raise DataError(
        f"the header lacks {', '.join(said)}",
        where=where,
        why=f"it names {cut(', '.join(name or 'nothing' for name in names))}",
        fix=(
            "did you mean --columns "
            + ",".join(f"{name}={one}" for name, one in near.items())
            + "?"
            if near
            else _BY_HAND
        ),
        id="E353",
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def cut(text: str) -> str:
    """Return `text`, shortened where it is too long for an error."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
