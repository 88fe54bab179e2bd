"""The file of a journal: lines are only ever added, and a cut in the last one loses nothing else.

A line counts once its newline stands in the file. What a crash has left behind the last newline is
cut off when the file is opened again. Lines are chained, so that one which was altered or removed
since is found out, and nothing is traded on it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from runner.chain import Chain
from runner.errors import MachineError, RiskHalt
from runner.journal.lines import Line
from runner.journal.lock import lock
from runner.journal.past import Past
from runner.secrecy import concealed_bytes

_DECODER: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
_ENCODER = msgspec.json.Encoder()


class Journal:
    """A journal that one process at a time writes to; `past` is what it says."""

    def __init__(self, path: Path, *, sync: Callable[[int], None] = os.fsync) -> None:
        """Open the journal at `path`, which is made where there is none, and read it.

        Args:
            path: of the file; its directory is made too, both for the owner alone.
            sync: brings what was written to the disk.

        Raises:
            MachineError: E1040, it cannot be made, read or written; E1041, another run has it.
            RiskHalt: E930, a line before the last is damaged.
        """
        self.path = path
        self.past = Past()
        self._sync = sync
        self._chain = Chain()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(path, flags, 0o600)
        except OSError as error:
            raise self._refused(error) from None
        try:
            self._size = self._read()
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                sync(folder)  # a file whose name is not on the disk is lost with all its lines
            finally:
                os.close(folder)
        except OSError as error:
            self.close()
            raise self._refused(error) from None
        except BaseException:
            self.close()
            raise

    def write(self, line: Line, *, synced: bool = False) -> None:
        """Add a line; with `synced` it rests on the disk when this returns.

        Raises:
            MachineError: E1040; the line is not in the file.
        """
        text = self._chain.sealed(concealed_bytes(_ENCODER.encode(line)))
        data = memoryview(text + b"\n")
        rest = data
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
            if synced:
                self._sync(self._file)
        except OSError as error:
            # Half a line would spoil the one behind it.
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise self._refused(error) from None
        self._size += len(data)
        self._chain.follows(text)
        self.past.take(line)

    def close(self) -> None:
        """Let go of the file; what was written is in it."""
        os.close(self._file)

    def _read(self) -> int:
        holder = lock(self._file, self.path)
        if holder is not None:
            raise self._held(holder)
        data = bytearray()
        while piece := os.pread(self._file, 1 << 20, len(data)):
            data += piece
        whole = data.rfind(b"\n") + 1
        _take_all(self.past, self._chain, bytes(data[:whole]), self.path)
        if whole < len(data):
            os.ftruncate(self._file, whole)
        return whole

    def _held(self, holder: int) -> MachineError:
        named = f" (process {holder})" if holder else ""
        return MachineError(
            f"another run of this strategy trades at this gateway{named}",
            where=str(self.path),
            why="two runs would take each other's orders for their own",
            fix="end that run, or give this one a gateway.directory of its own",
            id="E1041",
        )

    def _refused(self, error: OSError) -> MachineError:
        said = (error.strerror or str(error)).lower()
        return MachineError(
            f"the journal of live runs cannot be written: {said}",
            where=str(self.path),
            why="no order is sent that is not written down before",
            fix="make room or set permissions there, or name another gateway.directory",
            id="E1040",
        )


def read_past(path: Path) -> Past:
    """Return what a journal says, whoever writes to it now; a line that is cut does not count.

    Raises:
        OSError: it cannot be read.
        RiskHalt: E930, a line before the last is damaged.
    """
    data = path.read_bytes()
    past = Past()
    _take_all(past, Chain(), data[: data.rfind(b"\n") + 1], path)
    return past


def _take_all(past: Past, chain: Chain, data: bytes, path: Path) -> None:
    for number, text in enumerate(data.split(b"\n")[:-1], 1):
        if not chain.follows(text):
            what = "it was altered, or lines before it were removed"
            raise _damaged(path, number, what)
        try:
            past.take(_DECODER.decode(text))
        except msgspec.MsgspecError as error:
            raise _damaged(path, number, str(error)) from None


def _damaged(path: Path, number: int, what: str) -> RiskHalt:
    return RiskHalt(
        f"the journal of the live runs is damaged: {what}",
        where=f"{path}:{number}",
        why="what it holds of our orders cannot be trusted any more",
        fix="look at orders and positions at the gateway, move the file away, then "
        "start with gateway.foreign",
        id="E930",
    )
