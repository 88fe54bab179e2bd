"""The text of a data file, plain or packed, as a stream that never holds the whole of it.

May import unpacking and errors. Nothing is written here, and nothing about its rows is known.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from runner.engine.unpacking import GZIP, PACKED, ZSTANDARD, open_packed
from runner.errors import DataError

SUFFIXES = (".csv", ".csv.gz", ".csv.zst")
"""How files of text are called."""
MAX_LINE = 2**20
"""Most bytes of one line. No row of prices is a hundredth of that, and a line is read whole."""
_CHUNK = 64 * 2**10
_SNIFFED = 4096
_FOREIGN = {
    GZIP: ("is compressed (gzip)", "give it a name that ends in .csv.gz"),
    ZSTANDARD: ("is compressed (Zstandard)", "give it a name that ends in .csv.zst"),
    b"PK\x03\x04": ("is a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV"),
    b"\xff\xfe": ("is UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("is UTF-16 text", "save it as UTF-8"),
    b"PAR1": ("is a Parquet file", "give it a name that ends in .parquet"),
}


@contextmanager
def open_text(path: str | Path, shown: str) -> Iterator[IO[str]]:
    """Open the text of a data file for reading, from its start, line ends untouched.

    Bytes that are no UTF-8 survive as lone surrogates: a number that holds one is refused with its
    line, and a text column nobody reads does no harm.

    Raises:
        DataError: E351 if the file cannot be opened or read; E352 if it is of another kind; E354
            if a line of it is far too long; E358 if it is empty; E362 if it is not packed as its
            name says, or the library for it is missing; E363 if it is damaged or cut off; E364 if
            far too much comes out of it. All but the first few may be raised while reading.
    """
    try:
        with _Lines(_opened(Path(path), shown), shown) as binary:
            buffered = io.BufferedReader(binary, _CHUNK)
            _refuse_other_formats(buffered.peek(_SNIFFED)[:_SNIFFED], shown)
            with io.TextIOWrapper(
                buffered, encoding="utf-8-sig", errors="surrogateescape", newline=""
            ) as text:
                yield text
    except OSError as error:
        raise DataError(
            f"the data file cannot be read: {(error.strerror or str(error)).lower()}",
            where=shown,
            fix="check the path and its permissions",
            id="E351",
        ) from None


@contextmanager
def unchanged(path: str | Path, shown: str) -> Iterator[None]:
    """Hold that a file stays the same while it is read in here.

    Raises:
        DataError: E367; it has changed.
    """
    before = _identity(path)
    try:
        yield
    except DataError:
        # A file that is being written ends with half of a row: that is not what is wrong with it.
        if _identity(path) == before:
            raise
    if _identity(path) != before:
        raise DataError(
            "the data file was changed while it was read",
            where=shown,
            why="nobody could say which prices the result belongs to",
            fix="run again when it is complete; have it written elsewhere and moved into place",
            id="E367",
        )


def _identity(path: str | Path) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _opened(path: Path, shown: str) -> io.RawIOBase:
    if path.suffix.lower() in PACKED:
        if path.stat().st_size == 0:
            raise _empty(shown)
        return open_packed(path, shown)
    return path.open("rb", buffering=0)


class _Lines(io.RawIOBase):
    """Bytes that hold a line end now and then: whoever reads lines never holds much of them."""

    def __init__(self, inner: io.RawIOBase, shown: str) -> None:
        self._inner = inner
        self._shown = shown
        self._line = 1
        self._since = 0
        """Bytes since the last line end."""

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._inner.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        size = self._inner.readinto(buffer) or 0
        data = bytes(buffer[:size])
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._since = size - end - 1 if end >= 0 else self._since + size
        self._line += data.count(b"\n")
        if self._since > MAX_LINE:
            raise DataError(
                f"the line is longer than {MAX_LINE / 2**20:g} MiB",
                where=f"{self._shown}:{self._line}",
                why="this is no table of prices, or the file is damaged",
                fix="look at what is in it",
                id="E354",
            )
        return size


def _refuse_other_formats(start: bytes, shown: str) -> None:
    if not start.strip(b"\xef\xbb\xbf \t\r\n"):
        raise _empty(shown)
    found = next((said for magic, said in _FOREIGN.items() if start.startswith(magic)), None)
    if found is None and start.count(b"\0") > len(start) // 4:
        found = ("is UTF-16 text or no text at all", "save it as UTF-8")
    if found is not None:
        raise DataError(
            f"the data file {found[0]}",
            where=shown,
            why="prices are read from text: UTF-8, commas between columns",
            fix=found[1],
            id="E352",
        )


def _empty(shown: str) -> DataError:
    return DataError(
        "the data file is empty",
        where=shown,
        fix="give a file with the columns timestamp, open, high, low, close, volume",
        id="E358",
    )
