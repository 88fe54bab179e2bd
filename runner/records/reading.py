"""Reading a record back, whatever state its run left it in.

A run may have been killed at any moment: the last line of a file may be cut, files may be missing.
All whole lines count, and nothing here changes a record. May import the errors and this room.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from runner.errors import ConfigError
from runner.records.files import read_whole
from runner.records.holding import holder_of
from runner.records.lines import (
    BEGIN,
    END,
    EQUITY,
    EVENTS,
    MODULES,
    OLD_EQUITY,
    ORDERS,
    REMARKS,
    SOURCE,
    TRADES,
    Begin,
    End,
    OrderLine,
    Remarks,
    TradeLine,
)
from runner.records.points import KeptCurve, decode_curve, decode_old_curve

RUNNING, DIED, FAILED = "running", "died", "failed"
_BEGIN, _END = msgspec.json.Decoder(Begin), msgspec.json.Decoder(End)
_MODULES = msgspec.json.Decoder(dict[str, str])
_REMARKS = msgspec.json.Decoder(Remarks)
_ORDER, _TRADE = msgspec.json.Decoder(OrderLine), msgspec.json.Decoder(TradeLine)
Line = TypeVar("Line")


@dataclass(frozen=True)
class Record:
    """One run as it is found on the shelf; its files are read when they are asked for."""

    folder: Path
    begin: Begin
    end: End | None
    """None while the run goes on, and when it died."""
    holder: int | None
    """The process of a run that goes on."""
    remarks: Remarks

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def status(self) -> str:
        """`running`, `died`, `failed`, or the word that the result has for its end."""
        if self.end is not None:
            return FAILED if self.end.error else self.end.why
        return RUNNING if self.holder is not None else DIED

    @property
    def finished(self) -> datetime | None:
        return self.end.finished if self.end else None

    @cached_property
    def result(self) -> dict[str, Any]:
        """The document of the result without trades and curve; empty for a run without an end."""
        return (self.end.result if self.end else None) or {}

    @cached_property
    def orders(self) -> list[OrderLine]:
        """Every order as it was last seen, in the order of their requests."""
        last: dict[str, OrderLine] = {}
        for one in self.order_history:
            last[one.id] = one
        return list(last.values())

    @property
    def order_history(self) -> list[OrderLine]:
        """Every order each time it was seen changed, the earliest first."""
        return _lines(self.folder / ORDERS, _ORDER)

    @cached_property
    def trades(self) -> list[TradeLine]:
        """Every execution, in the order of their events."""
        return _lines(self.folder / TRADES, _TRADE)

    @cached_property
    def equity(self) -> KeptCurve:
        """The equity curve."""
        for name, decode in ((EQUITY, decode_curve), (OLD_EQUITY, decode_old_curve)):
            with suppress(OSError):
                return decode(read_whole(self.folder / name))
        return KeptCurve((), ())

    @property
    def source(self) -> str:
        """The strategy's file as it was loaded; empty where it had none."""
        try:
            return read_whole(self.folder / SOURCE).decode("utf-8", "replace")
        except OSError:
            return ""

    @property
    def modules(self) -> dict[str, str]:
        """The author's other files that the strategy imports, by path; as they were loaded."""
        return _optional(self.folder / MODULES, _MODULES) or {}

    @property
    def events_file(self) -> Path | None:
        """Where the events are, None if they were not kept."""
        file = self.folder / EVENTS
        return file if self.begin.events and file.is_file() else None

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(one.stat().st_size for one in self.folder.iterdir())


def read_record(folder: Path) -> Record:
    """Return the record in `folder`.

    Raises:
        ConfigError: E394, its beginning cannot be read.
    """
    try:
        begin = _BEGIN.decode(read_whole(folder / BEGIN))
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the record {folder.name} cannot be read",
            where=str(folder / BEGIN),
            why=getattr(error, "strerror", None) or str(error),
            fix=f"remove it: runner runs rm {folder.name}",
            id="E394",
        ) from None
    # The holder before the end: a run that ends in between is then taken for one that has ended.
    holder = holder_of(folder)
    return Record(
        folder,
        begin,
        _optional(folder / END, _END),
        holder,
        _optional(folder / REMARKS, _REMARKS) or Remarks(),
    )


def _optional(path: Path, decoder: msgspec.json.Decoder[Line]) -> Line | None:
    try:
        return decoder.decode(read_whole(path))
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _lines(path: Path, decoder: msgspec.json.Decoder[Line]) -> list[Line]:
    try:
        data = read_whole(path)
    except OSError:
        return []
    whole = data[: data.rfind(b"\n") + 1]
    try:
        return decoder.decode_lines(whole)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _readable(whole, decoder)


def _readable(data: bytes, decoder: msgspec.json.Decoder[Line]) -> list[Line]:
    found = []
    for line in data.splitlines():
        try:
            found.append(decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    return found
