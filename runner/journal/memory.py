"""The strategy's own `state`, kept over restarts: one small JSON document, replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from runner.errors import MachineError, RiskHalt, StrategyFailed

STATE_BYTES = 1 << 20
"""Largest state that is kept: it is written whole, after every event that has changed it."""


class Memory:
    """Keeps a value in a file, so that a crash leaves either the old or the new one."""

    def __init__(self, path: Path, *, sync: Callable[[int], None] = os.fsync) -> None:
        self.path = path
        self._sync = sync
        self._kept = b"{}"

    def recall(self) -> Any:
        """Return what was kept last, an empty dictionary where nothing was.

        Raises:
            MachineError: E1040; it cannot be read.
            RiskHalt: E934; what is kept is no JSON.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._refused(error) from None
        try:
            value = msgspec.json.decode(data)
        except msgspec.MsgspecError as error:
            raise RiskHalt(
                f"the state that the strategy had kept is damaged: {error}",
                where=str(self.path),
                why="a strategy that has forgotten half of what it knew must not trade",
                fix="restore the file, or remove it to begin with an empty state",
                id="E934",
            ) from None
        self._kept = data
        return value

    def keep(self, value: Any) -> None:
        """Keep a value, if it is another than the one that is kept already.

        Raises:
            StrategyFailed: E510; it is not made of what JSON knows, or too large.
            MachineError: E1040; it cannot be written.
        """
        try:
            data = msgspec.json.encode(value)
            # What comes back must be what was kept: text for the keys, for example.
            if data != self._kept and msgspec.json.decode(data) != value:
                raise TypeError("it would come back as something else")
        except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
            raise self._unfit(str(error)) from None
        if data == self._kept:
            return
        if len(data) > STATE_BYTES:
            raise self._unfit(f"it is larger than {STATE_BYTES:,} bytes")
        try:
            self._replace(data)
        except OSError as error:
            raise self._refused(error) from None
        self._kept = data

    def _replace(self, data: bytes) -> None:
        new = self.path.with_name(f"{self.path.name}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(new, flags, 0o600)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file, rest) :]
            self._sync(file)
        finally:
            os.close(file)
        new.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            self._sync(folder)
        finally:
            os.close(folder)

    def _unfit(self, why: str) -> StrategyFailed:
        return StrategyFailed(
            f"the strategy's state cannot be kept: {why}",
            where="self.state",
            why="a live run keeps it as JSON after each event, to go on from it after a restart",
            fix="hold numbers, text, booleans, lists and dictionaries with text as keys in it",
            id="E510",
        )

    def _refused(self, error: OSError) -> MachineError:
        return MachineError(
            f"the state of the strategy cannot be kept: {(error.strerror or str(error)).lower()}",
            where=str(self.path),
            why="a restart would go on from an older one",
            fix="make room or set permissions there, or name another gateway.directory",
            id="E1040",
        )
