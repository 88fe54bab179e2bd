"""Which data a run replays: the bundled sample, one file, or one file per symbol.

May import the CSV reader, series and errors. Nothing is fetched: all data is on this machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from runner.engine.calendar import Calendar
from runner.engine.columns import Storage
from runner.engine.csv_data import read_csv
from runner.engine.csv_source import SUFFIXES
from runner.engine.parquet_source import SUFFIX
from runner.engine.repairs import NOTHING, Allowed
from runner.engine.series import Series
from runner.errors import DataError
from runner.protocol.admission import ANY_SYMBOL

SAMPLE = "sample"
SAMPLE_SYMBOLS = ("S:AAPL", "S:GOOG", "S:IBM", "S:MSFT")
"""What the bundled prices hold: daily candles from 2000 (S:GOOG: 2004) to 2013."""
PLACEHOLDER = "{symbol}"


def open_data(
    path: str,
    symbols: Sequence[str],
    *,
    timeframe: str | None = None,
    start_ms: int | None = None,
    end_ms: int | None = None,
    columns: Mapping[str, str] | None = None,
    allowed: Allowed = NOTHING,
    calendar: Calendar | None = None,
) -> list[Series]:
    """Return one series per symbol, in the order of `symbols`, repeats left out.

    Args:
        path: `sample` for the bundled prices; a file with one symbol, CSV (plain or packed) or
            Parquet; or a pattern with `{symbol}`, one file per symbol.
        symbols: as orders spell them, e.g. `S:AAPL`. Without any, a file gives its own name
            (`aapl.csv` becomes `S:AAPL`) and the sample its first symbol. `*` stands for all
            symbols of the sample, or for that of the file.
        timeframe: length of one candle; None detects it in each file.
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
    if PLACEHOLDER in path:
        sources = [(symbol, _matching(path, symbol)) for symbol in _named(wanted, path)]
    else:
        file = existing_file(path)
        sources = [(_only(wanted, file), file)]
    storage = Storage()
    return [
        read_csv(
            file,
            symbol=symbol,
            timeframe=timeframe,
            start_ms=start_ms,
            end_ms=end_ms,
            columns=columns,
            allowed=allowed,
            storage=storage,
            calendar=calendar,
        )
        for symbol, file in sources
    ]


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
        name = f"{_ticker(symbol)}.csv"
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


def _only(wanted: list[str], file: Path) -> str:
    if len(wanted) > 1:
        raise DataError(
            f"one file holds one symbol, and {len(wanted)} are asked for: {', '.join(wanted)}",
            where=str(file),
            fix="give a pattern with one file per symbol: --data prices/{symbol}.csv",
            id="E360",
        )
    return wanted[0] if wanted and wanted[0] != ANY_SYMBOL else f"S:{_bare_name(file)}"


def _bare_name(file: Path) -> str:
    name = file.name.lower()
    packed = next((one for one in reversed(SUFFIXES) if name.endswith(one)), file.suffix)
    return file.name[: len(file.name) - len(packed)].upper()


def _ticker(symbol: str) -> str:
    return symbol.partition(":")[2] or symbol


def _matching(pattern: str, symbol: str) -> Path:
    ticker = _ticker(symbol)
    for name in (symbol, ticker):
        if "/" in name or "\\" in name or "\0" in name or name.startswith("."):
            raise DataError(
                f"a symbol in a file name is a plain word, was {symbol!r}",
                where=pattern,
                why="it would lead to a file elsewhere",
                id="E360",
            )
    full = Path(pattern.replace(PLACEHOLDER, symbol))
    return full if full.is_file() else existing_file(pattern.replace(PLACEHOLDER, ticker))


def existing_file(path: str) -> Path:
    """Return the file at `path`.

    Raises:
        DataError: E351; there is none, or it is a directory. The error names what is beside it.
    """
    file = Path(path).expanduser()
    if file.is_dir():
        found = _data_files(file)
        raise DataError(
            "the data path is a directory",
            where=path,
            why=f"it holds {_some(found)}" if found else "it holds no .csv file",
            fix=f"name a file, or one file per symbol: --data {path.rstrip('/')}/{PLACEHOLDER}.csv",
            id="E351",
        )
    if not file.exists():
        folder = file.parent
        beside = _data_files(folder) if folder.is_dir() else []
        near = get_close_matches(file.name, beside, n=1)
        raise DataError(
            "there is no such data file",
            where=path,
            why=(
                f"{folder} holds {_some(beside)}"
                if beside
                else f"{folder} holds no .csv file"
                if folder.is_dir()
                else f"there is no directory {folder}"
            ),
            fix=f"did you mean {folder / near[0]}?" if near else "check the path",
            id="E351",
        )
    return file


def _data_files(folder: Path) -> list[str]:
    return sorted(
        one.name for one in folder.iterdir() if one.name.lower().endswith((*SUFFIXES, SUFFIX))
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
