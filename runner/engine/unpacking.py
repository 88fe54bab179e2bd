"""Packed files, unpacked a little at a time.

The name says how a file is packed (`.gz`, `.zst`), its first bytes must agree. A packed file is
not trusted: what comes out of it is bounded, and an end that is missing or followed by something
else is an error. May import errors and, when a `.zst` file is opened, the Zstandard library.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from runner.errors import DataError

PACKED = (".gz", ".zst")
"""Ends of the names of packed files."""
GZIP = b"\x1f\x8b"
ZSTANDARD = b"\x28\xb5\x2f\xfd"
MAX_RATIO = 200
"""Most bytes out for one byte in. Prices pack to a fifth or a tenth; gzip can reach 1,032."""
FREE_BYTES = 16 * 2**20
"""Below this, the ratio does not matter: the file fits anywhere."""
MAX_UNPACKED = 64 * 2**30
"""Most bytes of one file: a thousand million candles."""
_CHUNK = 64 * 2**10


class _Decompressor(Protocol):
    """One packed member; the shape that Python's own bz2, lzma and zstd modules share."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def open_packed(path: Path, shown: str) -> io.RawIOBase:
    """Open what is in a packed file, which is not empty, for reading from its start.

    Raises:
        DataError: E362 if the file is not packed as its name says, or the library for it is
            missing. E363 and E364 may be raised while reading.
        OSError: it cannot be read.
    """
    suffix = path.suffix.lower()
    kind, magic = ("gzip", GZIP) if suffix == ".gz" else ("Zstandard", ZSTANDARD)
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
