"""Where the files of a symbol are: one file, or all that a pattern means.

In a pattern `{symbol}` stands for a symbol or its ticker, `{timeframe}` for the length of a candle,
and `*`, `?`, `[...]` and `**` for what they stand for in a shell. May import errors and the names
that data files have. Nothing is opened here.
"""

from __future__ import annotations

import glob
from difflib import get_close_matches
from pathlib import Path

from runner.engine.csv_source import SUFFIXES
from runner.engine.parquet_source import SUFFIX
from runner.errors import DataError
from runner.protocol.enums import TIMEFRAME_MS

SYMBOL = "{symbol}"
TIMEFRAME = "{timeframe}"


def files_of(path: str, symbol: str = "", timeframe: str | None = None) -> list[Path]:
    """Return the files of `symbol`, in the order of their names.

    Args:
        path: a file, or a pattern. A file that is called exactly so is taken as it is.
        symbol: what `{symbol}` stands for; the whole of it is tried first, then its ticker.
        timeframe: what `{timeframe}` stands for.

    Raises:
        DataError: E351 if there is no such file; E360 if the symbol cannot be part of a name.
    """
    path = path.replace(TIMEFRAME, timeframe or TIMEFRAME)
    if SYMBOL not in path:
        return _matching(path) or [existing_file(path)]
    names = list(dict.fromkeys((symbol, ticker_of(symbol))))
    for name in names:
        if "/" in name or "\\" in name or "\0" in name or name.startswith("."):
            raise DataError(
                f"a symbol in a file name is a plain word, was {symbol!r}",
                where=path,
                why="it would lead to a file elsewhere",
                id="E360",
            )
    for name in names:
        found = _matching(path, name)
        if found:
            return found
    return [existing_file(path.replace(SYMBOL, names[-1]))]


def timeframes_of(path: str, symbol: str) -> list[str]:
    """Return the timeframes for which a pattern with `{timeframe}` has files of `symbol`."""
    return [
        timeframe
        for timeframe in TIMEFRAME_MS
        if any(
            _matching(path.replace(TIMEFRAME, timeframe), name)
            for name in (symbol, ticker_of(symbol))
        )
    ]


def ticker_of(symbol: str) -> str:
    """Return the symbol without its class: `AAPL` of `S:AAPL`."""
    return symbol.partition(":")[2] or symbol


def shown_of(path: str, files: list[Path], symbol: str, timeframe: str | None) -> str:
    """Return what to call the files together: the only one, or the pattern filled in."""
    if len(files) == 1:
        return str(files[0])
    return path.replace(SYMBOL, ticker_of(symbol)).replace(TIMEFRAME, timeframe or TIMEFRAME)


def _matching(path: str, name: str = "") -> list[Path]:
    exact = Path(path.replace(SYMBOL, name)).expanduser()
    if exact.is_file():
        return [exact]
    if not glob.has_magic(path.replace(SYMBOL, "")):
        return []
    # What is there by its very name is no pattern, whatever characters it is spelled with.
    folder, rest = Path(), list(Path(path).expanduser().parts)
    while rest and (folder / rest[0].replace(SYMBOL, name)).is_dir():
        folder /= rest.pop(0).replace(SYMBOL, name)
    pattern = str(Path(*rest)).replace(SYMBOL, glob.escape(name))
    found = sorted(glob.glob(pattern, root_dir=folder, recursive=True))
    return [file for one in found if (file := folder / one).is_file()]


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
            fix=f"name a file, or one file per symbol: --data {path.rstrip('/')}/{SYMBOL}.csv",
            id="E351",
        )
    if not file.exists():
        folder = file.parent
        beside = _data_files(folder) if folder.is_dir() else []
        near = get_close_matches(file.name, beside, n=1)
        pattern = glob.has_magic(path)
        raise DataError(
            "no data file fits the pattern" if pattern else "there is no such data file",
            where=path,
            why=(
                f"{folder} holds {_some(beside)}"
                if beside
                else f"{folder} holds no .csv file"
                if folder.is_dir()
                else f"there is no directory {folder}"
            ),
            fix=f"did you mean {folder / near[0]}?" if near and not pattern else "check the path",
            id="E351",
        )
    return file


def _data_files(folder: Path) -> list[str]:
    return sorted(
        one.name for one in folder.iterdir() if one.name.lower().endswith((*SUFFIXES, SUFFIX))
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
