"""The tape of a run: all that its session was told, as packed JSON lines, and back.

    {"frame": {...}}                  a message in process, as a frame of the Trading API
    {"frame": {...}, "more": false}   one that came over a wire; its event id is in the frame
    {"submit": {...}, "handle": {...}}                 a command and its answer
    {"closed": ...}, {"regained": ...}, {"stop": ...}  what else can happen to a conversation

Each line is chained to the one before it (`"chain"`), so that an altered tape is found out; tapes
of programs that did not chain are read as they are. It is packed as it goes, and every look ends on
a boundary of the packing, so a run that is killed loses the tail after the last one. Times of
frames that came over a wire are those of this machine on their arrival; in process they are
simulated. May import the protocol, the session's words, the replaying driver, chains, and this
room's files.
"""

from __future__ import annotations

import os
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from runner.chain import Chain
from runner.errors import ConfigError, MachineError
from runner.protocol.codec import decode, encode
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    ModifyOrder,
    ModifyResult,
    OrderHandle,
    ReadState,
    Rejection,
    State,
    SubmitOrder,
    Unanswered,
)
from runner.protocol.messages import Candle, Malformed, Message, Unknown
from runner.protocol.times import EPOCH, from_ms
from runner.records.files import open_existing, open_new, write_all
from runner.secrecy import concealed_bytes
from runner.session import Ack, Answer, Arrival, Ask, Closed, Missed, Regained, Stop
from runner.transports.replaying import Heard

CHUNK = 1024
"""Entries after which the tape is written, whoever has to wait for it."""
_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 3  # twice as fast as the default, for a tenth more bytes
_READ_BYTES = 1 << 16


class _Line(msgspec.Struct, omit_defaults=True):
    """One line; what does not stand in it has its default."""

    frame: msgspec.Raw = msgspec.Raw(b"")
    more: bool | None = None
    event_id: str | None = None
    unknown: Unknown | None = None
    malformed: Malformed | None = None
    closed: Closed | None = None
    regained: Regained | None = None
    missed: Missed | None = None
    stop: Stop | None = None
    submit: SubmitOrder | None = None
    cancel: CancelOrder | None = None
    modify: ModifyOrder | None = None
    read_state: ReadState | None = None
    handle: OrderHandle | None = None
    modified: ModifyResult | None = None
    cancelled: CancelResult | None = None
    rejection: Rejection | None = None
    unanswered: Unanswered | None = None
    state: State | None = None


_NAMES: dict[type, str] = {
    Unknown: "unknown",
    Malformed: "malformed",
    Closed: "closed",
    Regained: "regained",
    Missed: "missed",
    Stop: "stop",
    SubmitOrder: "submit",
    CancelOrder: "cancel",
    ModifyOrder: "modify",
    ReadState: "read_state",
    OrderHandle: "handle",
    ModifyResult: "modified",
    CancelResult: "cancelled",
    Rejection: "rejection",
    Unanswered: "unanswered",
    State: "state",
}
_COMMANDS = ("submit", "cancel", "modify", "read_state")
_REPLIES = ("handle", "modified", "cancelled", "rejection", "unanswered", "state")
_JSON = msgspec.json.Encoder()
_LINES = msgspec.json.Decoder(_Line)


class Tape:
    """Writes what a session is told. `hear` is for the run's thread, `flush` for any."""

    def __init__(self, path: Path) -> None:
        """Begin a new tape.

        Raises:
            OSError: the file cannot be made, or is there already.
        """
        self._path = path
        self._descriptor = open_new(path)
        self._packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
        self._heard: list[tuple[Ask, Answer, int]] = []
        self._lock = threading.Lock()
        self._moment = EPOCH
        self._chain = Chain()
        self.error: MachineError | None = None
        """Why nothing is written any more."""

    def hear(self, ask: Ask, answer: Answer) -> None:
        """Keep what was asked and answered.

        Raises:
            MachineError: E1021, the tape cannot be written.
        """
        if self.error is not None:
            raise self.error
        self._heard.append((ask, answer, time.time_ns()))
        if len(self._heard) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write what has been heard by now, so that it can be read whatever comes."""
        with self._lock:
            count = len(self._heard)
            batch = self._heard[:count]
            del self._heard[:count]
            lines = concealed_bytes(b"".join(self._line(*one) for one in batch)).splitlines()
            data = b"".join(self._chain.next(line) + b"\n" for line in lines)
            if data and self.error is None:
                self._write(self._packer.compress(data) + self._packer.flush(zlib.Z_SYNC_FLUSH))

    def close(self) -> None:
        """Write the rest and the end; more than once does no harm."""
        self.flush()
        with self._lock:
            if self._descriptor >= 0:
                if self.error is None:
                    self._write(self._packer.flush())
                os.close(self._descriptor)
                self._descriptor = -1

    def _write(self, data: bytes) -> None:
        try:
            write_all(self._descriptor, data)
        except OSError as error:
            self.error = MachineError(
                f"the events cannot be kept: {(error.strerror or str(error)).lower()}",
                where=str(self._path),
                why="--record (records.events) asks for all of them",
                fix="make room on the disk, or run without --record",
                id="E1021",
            )

    def _line(self, ask: Ask, answer: Answer, at_ns: int) -> bytes:
        kind = type(answer)
        if type(ask) is Ack:
            return b""
        if kind is Candle:
            self._moment = from_ms(answer.close_time)  # type: ignore[union-attr]
        if kind is Arrival:
            return self._arrived(answer, at_ns)  # type: ignore[arg-type]
        name = _NAMES.get(kind)
        if type(ask) in _NAMES:
            return _encoded({_NAMES[type(ask)]: ask, name or "unanswered": answer})
        if name is not None:
            return _encoded({name: answer})
        frame = encode(_message(answer), timestamp=self._moment)
        return b'{"frame":%b}\n' % frame

    def _arrived(self, arrival: Arrival, at_ns: int) -> bytes:
        message, event_id, more = arrival.message, arrival.event_id, arrival.more
        name = _NAMES.get(type(message))
        if name is not None:  # what could not be understood then is kept as it was
            return _encoded({name: message, "event_id": event_id, "more": more})
        moment = from_ms(at_ns // 1_000_000)
        frame = encode(message, event_id=event_id, timestamp=moment)
        return b'{"frame":%b,"more":%b}\n' % (frame, b"true" if more else b"false")


def read_tape(path: Path) -> Iterator[Heard]:
    """Yield what was heard, as far as the tape goes.

    Raises:
        OSError: the file cannot be opened.
        ConfigError: E397, what comes next was altered, or something before it removed.
    """
    for number, line in enumerate(_chained(path), 1):
        try:
            heard = _heard(_LINES.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            heard = None
        if heard is None:
            raise _damaged(path, number)
        yield heard


def count_lines(path: Path) -> int:
    """Return how many lines a tape has; each is held against the one before it.

    Raises:
        OSError: the file cannot be opened.
        ConfigError: E397, as for `read_tape`.
    """
    return sum(1 for _ in _chained(path))


def _chained(path: Path) -> Iterator[bytes]:
    chain = Chain()
    number = 0
    try:
        for line in _whole_lines(path):
            number += 1
            if not chain.follows(line):
                raise _damaged(path, number)
            yield line
    except zlib.error:
        raise _damaged(path, number + 1) from None


def _whole_lines(path: Path) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=_GZIP)
    rest = b""
    with open(open_existing(path), "rb") as file:
        while block := file.read(_READ_BYTES):
            *lines, rest = (rest + unpacker.decompress(block)).split(b"\n")
            yield from lines


def _damaged(path: Path, number: int) -> ConfigError:
    return ConfigError(
        f"the events that were kept are damaged at line {number:,}",
        where=str(path),
        why="each line ends in a digest of itself and of all before it: this one was altered, or "
        "lines before it were removed",
        fix="what comes before it is whole; keep the events again: runner run --record",
        id="E397",
    )


def _heard(line: _Line) -> Heard | None:
    command = _first(line, _COMMANDS)
    if command is not None:
        return Heard(_first(line, _REPLIES), command)
    if len(line.frame):
        frame = decode(bytes(line.frame))
        if line.more is None:
            return Heard(frame.message)
        return Heard(Arrival(frame.message, frame.event_id, line.more))
    odd = line.unknown or line.malformed
    if odd is not None:
        if line.more is None:
            return Heard(odd)
        return Heard(Arrival(odd, line.event_id, line.more))
    other = line.closed or line.regained or line.missed or line.stop
    return None if other is None else Heard(other)


def _first(line: _Line, names: tuple[str, ...]) -> Any:
    return next((one for name in names if (one := getattr(line, name)) is not None), None)


def _message(answer: Answer) -> Message:
    return answer  # type: ignore[return-value]


def _encoded(line: dict[str, object]) -> bytes:
    return _JSON.encode(line) + b"\n"
