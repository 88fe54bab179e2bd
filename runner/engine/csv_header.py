"""Which column of a data file is which: told by its header, by its shape, or by the user.

Known are the headers of Yahoo Finance, Alpaca, Binance and of this program's own files, and the
header-less candles of Binance. What is not certain is not guessed: the error says how to map the
columns by hand. May import the names and the errors; cells become numbers elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from runner.engine.row_fields import (
    CANDLE_FIELDS,
    FIELDS,
    PRICES,
    QUOTE_FIELDS,
    QUOTED_PRICES,
    Fields,
)
from runner.errors import DataError

LABELS = ("symbol", "timeframe")
"""What a whole file has only one of, and some write into every row."""
_BINANCE_WIDTH = 12
_BINANCE_CLOSE_TIME = 6
_BINANCE_DIGITS = (13, 16)
"""Digits of a moment in milliseconds and in microseconds, from 2001 to 2286."""
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns are, counted from 0."""

    width: int
    time: int
    prices: tuple[int, ...]
    """Open, high, low, close; of quotes, bid and ask."""
    amounts: tuple[int | None, ...]
    """The volume; of quotes, the sizes of bid and ask. None where there is no such column."""
    time_name: str
    is_data: bool = False
    """Whether the first row is no header, and holds a candle."""
    labels: tuple[tuple[str, int], ...] = ()
    """Columns that say the same in every row, by name: those of `LABELS` that are there."""


def read_header(
    row: Sequence[str],
    shown: str,
    columns: Mapping[str, str] | None = None,
    fields: Fields = CANDLE_FIELDS,
) -> Header:
    """Return where the columns are.

    Args:
        row: the first row of the file.
        shown: what to call the file in errors.
        columns: for some or all of `FIELDS` the name of its column, in the file's own spelling
            or another case. Numbers, counted from 1, mean that the file has no header.
        fields: what the rows hold.

    Raises:
        DataError: E352 or E353; a column is missing or cannot be told, or this is no header.
    """
    where = f"{shown}:1"
    names = [cell.strip().lower() for cell in row]
    _refuse_delimiters(names, where)
    mapped = dict(columns or {})
    if mapped and all(one.isascii() and one.isdigit() for one in mapped.values()):
        return _by_number(mapped, len(row), where)
    found = _found(names, fields)
    for name, column in mapped.items():
        found[name] = _named(name, column, row, where)
    if not any(found.values()) and any(map(_is_number, names)):
        if fields is CANDLE_FIELDS and _is_binance(row):
            return Header(len(row), 0, (1, 2, 3, 4), (5,), "open time", is_data=True)
        raise DataError(
            f"the first line must name the columns, was {cut(','.join(row))!r}",
            where=where,
            fix=f"put a line like {fields.expected} above it"
            + (
                ", or count the columns: --columns time=1,open=2,high=3,low=4,close=5"
                if fields is CANDLE_FIELDS
                else ""
            ),
            id="E353",
        )
    _refuse_doubt(found, row, where, fields)
    _refuse_missing(found, names, row, where, fields)
    time = found["time"][0]
    return Header(
        len(names),
        time,
        tuple(found[name][0] for name in fields.prices),
        tuple(next(iter(found[name]), None) for name in fields.amounts),
        names[time],
        labels=tuple((name, names.index(name)) for name in LABELS if name in names),
    )


def names_quotes(row: Sequence[str]) -> bool:
    """Tell whether a header is one of quotes: it names bid and ask, and not all of a candle."""
    names = [cell.strip().lower() for cell in row]
    quoted, candle = _found(names, QUOTE_FIELDS), _found(names, CANDLE_FIELDS)
    return all(quoted[name] for name in QUOTED_PRICES) and not all(candle[one] for one in PRICES)


def _found(names: Sequence[str], fields: Fields) -> dict[str, list[int]]:
    found = {
        name: [at for at, one in enumerate(names) if one in known]
        for name, known in fields.names.items()
    }
    if all(fields.letters[name] in names for name in fields.required):
        for name, letter in fields.letters.items():
            found[name] += [at for at, one in enumerate(names) if one == letter]
    return found


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
    return Header(
        width,
        places["time"],
        tuple(places[name] for name in PRICES),
        (places.get("volume"),),
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


def _refuse_doubt(
    found: Mapping[str, list[int]], row: Sequence[str], where: str, fields: Fields
) -> None:
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
        fix="remove or rename one"
        if alike or fields is not CANDLE_FIELDS
        else f"say which: --columns {name}={cells[0]}",
        id="E353",
    )


def _refuse_missing(
    found: Mapping[str, list[int]],
    names: Sequence[str],
    row: Sequence[str],
    where: str,
    fields: Fields,
) -> None:
    missing = [name for name in fields.required if not found[name]]
    if not missing:
        return
    near = {
        name: row[names.index(close[0])].strip()
        for name in missing
        if (close := get_close_matches(name, names, n=1))
    }
    fix = fields.by_hand
    if fields is CANDLE_FIELDS and names_quotes(row):
        fix = "these are quotes: --quotes-data FILE, or data.quotes"
    elif fields is CANDLE_FIELDS and near:
        mapped = ",".join(f"{name}={one}" for name, one in near.items())
        fix = f"did you mean --columns {mapped}?"
    elif fields is not CANDLE_FIELDS and all(_found(names, CANDLE_FIELDS)[one] for one in PRICES):
        fix = "these are candles: --data FILE, or data.path"
    said = ["timestamp" if name == "time" else name for name in missing]
    raise DataError(
        f"the header lacks {', '.join(said)}",
        where=where,
        why=f"it names {cut(', '.join(name or 'nothing' for name in names))}",
        fix=fix,
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
