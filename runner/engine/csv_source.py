"""The text of a data file, plain or compressed, as a stream that never holds the whole of it.

The name says how a file is packed (`.gz`, `.zst`), its first bytes must agree. A packed file is
not trusted: what comes out of it is bounded, and an end that is missing or followed by something
else is an error. May import errors and, when a `.zst` file is opened, the Zstandard library.
Nothing is written here, and nothing about candles is known.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Protocol

from runner.errors import DataError

SUFFIXES = (".csv", ".csv.gz", ".csv.zst")
"""How files of text are called."""
MAX_RATIO = 200
"""Most bytes out for one byte in. Prices pack to a fifth or a tenth; gzip can reach 1,032."""
FREE_BYTES = 16 * 2**20
"""Below this, the ratio does not matter: the file fits anywhere."""
MAX_UNPACKED = 64 * 2**30
"""Most bytes of one file: a thousand million candles."""
_CHUNK = 64 * 2**10
_SNIFFED = 4096
_GZIP = b"\x1f\x8b"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_FOREIGN = {
    _GZIP: ("is compressed (gzip)", "give it a name that ends in .csv.gz"),
    _ZSTANDARD: ("is compressed (Zstandard)", "give it a name that ends in .csv.zst"),
    b"PK\x03\x04": ("is a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV"),
    b"\xff\xfe": ("is UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("is UTF-16 text", "save it as UTF-8"),
    b"PAR1": ("is a Parquet file", "give it a name that ends in .parquet"),
}


class _Decompressor(Protocol):
    """One packed member; the shape that Python's own bz2, lzma and zstd modules share."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


@contextmanager
def open_text(path: str | Path, shown: str) -> Iterator[IO[str]]:
    """Open the text of a data file for reading, from its start, line ends untouched.

    Bytes that are no UTF-8 survive as lone surrogates: a number that holds one is refused with its
    line, and a text column nobody reads does no harm.

    Raises:
        DataError: E351 if the file cannot be opened or read; E352 if it is of another kind; E358
            if it is empty; E362 if it is not packed as its name says, or the library for it is
            missing; E363 if it is damaged or cut off; E364 if far too much comes out of it.
            All but the first few may be raised while reading.
    """
    try:
        with _opened(Path(path), shown) as binary:
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


def _opened(path: Path, shown: str) -> io.RawIOBase:
    suffix = path.suffix.lower()
    if suffix not in (".gz", ".zst"):
        return path.open("rb", buffering=0)
    if path.stat().st_size == 0:
        raise _empty(shown)
    kind, magic = ("gzip", _GZIP) if suffix == ".gz" else ("Zstandard", _ZSTANDARD)
    with path.open("rb") as file:
        start = file.read(len(magic))
    if start != magic:
        raise DataError(
            f"the data file is called {suffix} and is not {kind}",
            where=shown,
            why=f"{kind} begins with the bytes {magic.hex(' ')}, was {start.hex(' ')}",
            fix="give it the name of what it is, such as prices.csv",
            id="E362",
        )
    make, failures = _gzip() if suffix == ".gz" else _zstandard(shown)
    return _Unpacked(path.open("rb", buffering=0), make, failures, shown)


class _Gzip:
    """A gzip member with the interface of the other decompressors."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max(max_length, 0))


def _gzip() -> tuple[Callable[[], _Decompressor], tuple[type[Exception], ...]]:
    return _Gzip, (zlib.error,)


def zstandard_module(shown: str) -> Any:
    """Return the Zstandard library: Python's own from 3.14 on, its backport before.

    Raises:
        DataError: E362; there is none.
    """
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(name)
        except ImportError:
            continue
    raise DataError(
        "a .zst file needs a library that is not installed",
        where=shown,
        why="Python reads Zstandard by itself from 3.14 on",
        fix="pip install 'strategy-runner[zstd]', or pack the file with gzip",
        id="E362",
    )


def _zstandard(shown: str) -> tuple[Callable[[], _Decompressor], tuple[type[Exception], ...]]:
    library = zstandard_module(shown)
    return library.ZstdDecompressor, (library.ZstdError,)


class _Unpacked(io.RawIOBase):
    """What comes out of a packed file, a little at a time."""

    def __init__(
        self,
        file: io.RawIOBase,
        make: Callable[[], _Decompressor],
        failures: tuple[type[Exception], ...],
        shown: str,
    ) -> None:
        self._file = file
        self._make = make
        self._failures = failures
        self._shown = shown
        self._member: _Decompressor | None = make()
        self._pending = b""
        self._read = 0
        self._given = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        while self._member is not None:
            data = self._pending
            self._pending = b""
            if not data and self._member.needs_input:
                data = self._more()
                if not data:
                    raise self._damaged("it is cut off")
            try:
                out = self._member.decompress(data, len(buffer))
            except self._failures as error:
                raise self._damaged(str(error)) from None
            if self._member.eof:
                self._next_member(self._member.unused_data)
            if out:
                self._count(len(out))
                buffer[: len(out)] = out
                return len(out)
        return 0

    def _more(self) -> bytes:
        data = self._file.read(_CHUNK) or b""
        self._read += len(data)
        return data

    # Files may be joined end to end, and may be padded with zeros. Anything else is not ours.
    def _next_member(self, rest: bytes) -> None:
        rest = rest.lstrip(b"\0")
        while not rest:
            rest = self._more()
            if not rest:
                self._member = None
                return
            rest = rest.lstrip(b"\0")
        self._member, self._pending = self._make(), rest

    def _count(self, size: int) -> None:
        self._given += size
        if self._given > FREE_BYTES and self._given > MAX_RATIO * self._read:
            what = f"more than {MAX_RATIO} bytes come out for each byte in it"
        elif self._given > MAX_UNPACKED:
            what = f"more than {MAX_UNPACKED / 2**30:g} GiB come out of it"
        else:
            return
        raise DataError(
            f"the packed data file is too large: {what}",
            where=self._shown,
            why="prices do not pack like that; it may be made to fill the machine",
            fix="look at what is in it, and unpack it yourself if it is good",
            id="E364",
        )

    def _damaged(self, said: str) -> DataError:
        return DataError(
            f"the packed data file is damaged: {said}",
            where=self._shown,
            why="the prices in it would be incomplete or wrong",
            fix="get it again; a download may have been cut off",
            id="E363",
        )


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
