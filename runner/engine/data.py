"""Which data a run replays: the bundled sample, one file, or the files that a pattern means.

May import the readers, series and errors. Nothing is fetched: all data is on this machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from runner.engine.calendar import Calendar
from runner.engine.csv_data import read_csv
from runner.engine.csv_source import SUFFIXES
from runner.engine.data_files import (
    SYMBOL,
    TIMEFRAME,
    files_of,
    shown_of,
    ticker_of,
    timeframes_of,
)
from runner.engine.quote_series import QuoteSeries, read_quotes
from runner.engine.repairs import NOTHING, Allowed
from runner.engine.series import Series
from runner.errors import DataError
from runner.protocol.admission import ANY_SYMBOL
from runner.protocol.enums import TIMEFRAME_MS
from runner.storage import Storage

SAMPLE = "sample"
SAMPLE_SYMBOLS = ("S:AAPL", "S:GOOG", "S:IBM", "S:MSFT")
"""What the bundled prices hold: daily candles from 2000 (S:GOOG: 2004) to 2013."""


def open_data(
    path: str,
    symbols: Sequence[str],
    *,
    timeframe: str | None = None,
    asked: Sequence[tuple[str, str | None]] = (),
    start_ms: int | None = None,
    end_ms: int | None = None,
    columns: Mapping[str, str] | None = None,
    allowed: Allowed = NOTHING,
    calendar: Calendar | None = None,
) -> list[Series]:
    """Return one series per symbol, in the order of `symbols`, repeats left out.

    Where the files of a symbol differ by timeframe, there is one series for each that is needed.

    Args:
        path: `sample` for the bundled prices; a file with one symbol, CSV (plain or packed) or
            Parquet; or a pattern with `{symbol}`, `{timeframe}`, `*`, `?`, `[...]` or `**`.
            Several files of one symbol are one series.
        symbols: as orders spell them, e.g. `S:AAPL`. Without any, a file gives its own name
            (`aapl.csv` becomes `S:AAPL`) and the sample its first symbol. `*` stands for all
            symbols of the sample, or for that of the file.
        timeframe: length of one candle; None detects it in each file.
        asked: what the run delivers, symbols (`*` for all) and timeframes (None for that of the
            data). It decides between files with `{timeframe}` in their path; where one is missing,
            the next finer one of which it can be made is read. In a file with too few candles to
            tell, it is taken for the length of a candle.
        start_ms: first start to return, Unix milliseconds, UTC; None for no bound.
        end_ms: first start no longer to return, Unix milliseconds, UTC; None for no bound.
        columns: which column is which in every file; None tells it from the headers.
        allowed: the repairs that may be made in every file.
        calendar: whose days and clocks every file's dates and times without a zone are; None for
            UTC dates and no such times.

    Raises:
        DataError: E351 to E365; a file or symbol is missing, or a file is invalid.
    """
    wanted = list(dict.fromkeys(symbols))
    if path == SAMPLE:
        return _sample(wanted, timeframe, start_ms, end_ms, calendar)
    storage = Storage()
    found = []
    for symbol in _named(wanted, path) if SYMBOL in path else [_only(wanted, path, timeframe)]:
        mine = [one for name, one in asked if one is not None and name in (symbol, ANY_SYMBOL)]
        for length in _lengths(path, symbol, timeframe, mine):
            files = files_of(path, symbol, length)
            found.append(
                read_csv(
                    *files,
                    symbol=symbol,
                    timeframe=length,
                    likely=min(mine, key=TIMEFRAME_MS.__getitem__, default=None),
                    start_ms=start_ms,
                    end_ms=end_ms,
                    name=shown_of(path, files, symbol, length),
                    columns=columns,
                    allowed=allowed,
                    storage=storage,
                    calendar=calendar,
                )
            )
            found[-1].files = tuple(files)
    return found


def open_quotes(
    path: str,
    symbols: Sequence[str],
    *,
    start_ms: int | None = None,
    end_ms: int | None = None,
    allowed: Allowed = NOTHING,
    calendar: Calendar | None = None,
) -> list[QuoteSeries]:
    """Return the quotes of each symbol, in the order of `symbols`, repeats left out.

    Args:
        path: a file with one symbol, or a pattern, as for `open_data`, but without `{timeframe}`.
        symbols: as for `open_data`.
        start_ms: first moment to return, Unix milliseconds, UTC; None for no bound.
        end_ms: first moment no longer to return, Unix milliseconds, UTC; None for no bound.
        allowed: the repairs that may be made in every file.
        calendar: whose clocks every file's times without a zone are; None refuses such times.

    Raises:
        DataError: E351 to E368; a file or symbol is missing, or a file is invalid.
    """
    wanted = list(dict.fromkeys(symbols))
    storage = Storage()
    found = []
    for symbol in (
        _named(wanted, path)
        if SYMBOL in path
        else [_only(wanted, path, None, example="--quotes-data quotes/{symbol}.csv")]
    ):
        files = files_of(path, symbol)
        found.append(
            read_quotes(
                files,
                symbol,
                shown_of(path, files, symbol, None),
                start_ms=start_ms,
                end_ms=end_ms,
                allowed=allowed,
                storage=storage,
                calendar=calendar,
            )
        )
    return found


def _sample(
    wanted: list[str],
    timeframe: str | None,
    start_ms: int | None,
    end_ms: int | None,
    calendar: Calendar | None,
) -> list[Series]:
    if ANY_SYMBOL in wanted:
        wanted = list(SAMPLE_SYMBOLS)
    unknown = [symbol for symbol in wanted if symbol not in SAMPLE_SYMBOLS]
    if unknown:
        near = get_close_matches(unknown[0].upper(), SAMPLE_SYMBOLS, n=1)
        raise DataError(
            f"the bundled sample has no {', '.join(unknown)}",
            why=f"it has {', '.join(SAMPLE_SYMBOLS)}",
            fix=(f"did you mean {near[0]}? " if near else "")
            + "For other symbols give your own prices: --data prices/{symbol}.csv",
            id="E360",
        )
    from importlib.resources import as_file, files  # 8 ms that only the sample needs

    made = []
    for symbol in wanted or SAMPLE_SYMBOLS[:1]:
        name = f"{ticker_of(symbol)}.csv"
        with as_file(files("runner.engine") / SAMPLE / name) as file:
            made.append(
                read_csv(
                    file,
                    symbol=symbol,
                    timeframe=timeframe,
                    start_ms=start_ms,
                    end_ms=end_ms,
                    name=f"{SAMPLE}/{name}",
                    calendar=calendar,
                )
            )
            made[-1].files = (file,)
    return made


def _named(wanted: list[str], path: str) -> list[str]:
    if wanted and ANY_SYMBOL not in wanted:
        return wanted
    raise DataError(
        f"{path} needs the symbols by name, was {', '.join(wanted) or 'none'}",
        why="the pattern gives one file per symbol",
        fix="name them: -s S:AAPL:candle",
        id="E360",
    )


def _only(
    wanted: list[str],
    path: str,
    timeframe: str | None,
    *,
    example: str = "--data prices/{symbol}.csv",
) -> str:
    if len(wanted) > 1:
        raise DataError(
            f"one file holds one symbol, and {len(wanted)} are asked for: {', '.join(wanted)}",
            where=path,
            fix=f"give a pattern with one file per symbol: {example}",
            id="E360",
        )
    if wanted and wanted[0] != ANY_SYMBOL:
        return wanted[0]
    if TIMEFRAME in path or len(files := files_of(path, "", timeframe)) > 1:
        raise DataError(
            f"the symbol must be named, was {', '.join(wanted) or 'none'}",
            where=path,
            why="a pattern of files does not tell it",
            fix="name it: -s S:AAPL:candle",
            id="E360",
        )
    return f"S:{_bare_name(files[0])}"


# Of which lengths a symbol's files are to be read; None where the length follows from the file.
def _lengths(
    path: str, symbol: str, timeframe: str | None, asked: Sequence[str]
) -> Sequence[str | None]:
    if timeframe is not None or TIMEFRAME not in path:
        return [timeframe]
    if not asked:
        return [_only_timeframe(path, symbol)]
    there = timeframes_of(path, symbol)
    chosen = dict.fromkeys(_nearest(one, there) for one in asked)
    return list(chosen)


def _nearest(timeframe: str, there: Sequence[str]) -> str:
    length = TIMEFRAME_MS[timeframe]
    fit = [one for one in there if length % TIMEFRAME_MS[one] == 0]
    return max(fit, key=TIMEFRAME_MS.__getitem__, default=timeframe)


def _only_timeframe(path: str, symbol: str) -> str:
    found = timeframes_of(path, symbol)
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError(
            f"no data file of {symbol} fits the pattern, whatever the timeframe",
            where=path,
            why=f"{TIMEFRAME} is one of {', '.join(TIMEFRAME_MS)}",
            fix="check the path",
            id="E351",
        )
    raise DataError(
        f"{path} needs the timeframe by name, and {symbol} has {', '.join(found)}",
        fix=f"name it: -s {symbol}:candle_{found[0]}, or data.timeframe",
        id="E360",
    )


def _bare_name(file: Path) -> str:
    name = file.name.lower()
    packed = next((one for one in reversed(SUFFIXES) if name.endswith(one)), file.suffix)
    return file.name[: len(file.name) - len(packed)].upper()
