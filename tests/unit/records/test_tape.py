"""The tape: what goes in comes out, as far as it was written, whatever cut it off."""

from __future__ import annotations

import gzip
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runner.errors import ConfigError, MachineError
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    ModifyOrder,
    ModifyResult,
    OrderHandle,
    ReadState,
    Rejection,
    SubmitOrder,
    Unanswered,
)
from runner.protocol.enums import OrderStatus, OrderType, Side
from runner.protocol.messages import (
    AccountUpdate,
    BacktestComplete,
    Connection,
    ErrorNotice,
    Malformed,
    OrderUpdate,
    PositionUpdate,
    TradeUpdate,
    Unknown,
)
from runner.records.tape import CHUNK, Tape, count_lines, read_tape
from runner.session import NEXT, Ack, Arrival, Closed, Missed, Regained, Stop
from runner.transports.replaying import Heard
from tests.helpers import account, candle, position, quote, snapshot, state, trade

SUBMIT = SubmitOrder("S:AAPL", Side.BUY, Decimal("1E+1"), OrderType.LIMIT, "r-1", Decimal("0.1"))
ENTRIES: list[tuple[Any, Any]] = [
    (ReadState(), state(positions=[position(-5)], orders=[snapshot()])),
    (NEXT, candle(100.1, volume=1e20)),
    (NEXT, quote(0.1)),
    (SUBMIT, OrderHandle("o-1", OrderStatus.OPEN, "r-1")),
    (SUBMIT, Rejection(422, "ORDER_REJECTED", 'no "money"\n', "INSUFFICIENT_MARGIN", {"a": 1})),
    (SUBMIT, Unanswered("the line broke")),
    (CancelOrder("o-1", "r-1"), CancelResult(success=False, order=snapshot())),
    (ModifyOrder("o-1", "r-1", Decimal(5)), ModifyResult(snapshot(), "o-0")),
    (NEXT, OrderUpdate("ORDER_FILLED", snapshot(status=OrderStatus.FILLED, filled=10, price=1))),
    (NEXT, TradeUpdate(trade(price="1.000000001"))),
    (NEXT, PositionUpdate("POSITION_OPENED", position(3))),
    (NEXT, AccountUpdate("MARGIN_CALL", account("-1.5"))),
    (NEXT, ErrorNotice("CODE", "two\nlines", {"deep": [1, None]})),
    (NEXT, Arrival(candle(1e-7), "e-1", more=True)),
    (NEXT, Arrival(Connection("RECONNECTED", gap_duration_ms=5), None, more=False)),
    (NEXT, Arrival(Unknown("new", b'{"type":"new"}'), "e-2", more=False)),
    (NEXT, Arrival(Malformed("no JSON", b"\xff\n"), None, more=True)),
    (NEXT, Unknown("odd", b"x")),
    (NEXT, Regained(1500)),
    (NEXT, Missed("OVERRUN", "too many", halts=True)),
    (ReadState(capabilities=True), state()),
    (NEXT, Closed(1006, "gone")),
    (NEXT, Stop("interrupted")),
    (NEXT, BacktestComplete("embedded")),
]


def written(path: Path, entries: list[tuple[Any, Any]]) -> Path:
    tape = Tape(path)
    for ask, answer in entries:
        tape.hear(ask, answer)
    tape.close()
    return path


def as_heard(entries: list[tuple[Any, Any]]) -> list[Heard]:
    return [Heard(answer, None if ask is NEXT else ask) for ask, answer in entries]


def test_everything_a_session_can_be_told_comes_back(tmp_path: Path) -> None:
    file = written(tmp_path / "tape", ENTRIES)

    assert list(read_tape(file)) == as_heard(ENTRIES)


def test_a_tape_is_packed_lines_whose_frames_are_those_of_the_api(tmp_path: Path) -> None:
    file = written(tmp_path / "tape", ENTRIES)

    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]

    assert len(lines) == len(ENTRIES)
    assert lines[1]["frame"]["type"] == "candle"
    assert lines[1]["frame"]["bar"]["close"] == "100.1"
    assert lines[13]["frame"]["event_id"] == "e-1"
    assert file.stat().st_mode & 0o777 == 0o600


def test_acknowledgments_are_not_kept(tmp_path: Path) -> None:
    file = written(tmp_path / "tape", [(Ack(("e-1",)), None), (NEXT, candle())])

    assert len(list(read_tape(file))) == 1


def test_the_same_run_in_process_gives_the_same_tape(tmp_path: Path) -> None:
    bare = [one for one in ENTRIES if not isinstance(one[1], Arrival)]
    one, other = (written(tmp_path / name, bare) for name in "ab")

    assert one.read_bytes() == other.read_bytes()


def test_I9_a_tape_cut_at_any_byte_gives_what_came_before(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "tape")
    flushed = []
    for place, (ask, answer) in enumerate(ENTRIES):
        tape.hear(ask, answer)
        if place % 5 == 4:
            tape.flush()
            flushed.append(((tmp_path / "tape").stat().st_size, place + 1))
    tape.close()
    data, heard = (tmp_path / "tape").read_bytes(), as_heard(ENTRIES)

    for cut in range(len(data)):
        (tmp_path / "cut").write_bytes(data[:cut])
        found = list(read_tape(tmp_path / "cut"))
        assert found == heard[: len(found)]
        assert len(found) >= max([count for size, count in flushed if size <= cut], default=0)


def rewritten(path: Path, lines: list[bytes]) -> Path:
    path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
    return path


def lines_of(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines()


def test_a_damaged_tape_gives_what_came_before_and_says_so(tmp_path: Path) -> None:
    file = written(tmp_path / "tape", ENTRIES)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)

    found: list[Heard] = []
    with pytest.raises(ConfigError) as caught:
        found.extend(read_tape(file))

    assert caught.value.id == "E397"
    assert found == as_heard(ENTRIES)[: len(found)]


@pytest.mark.parametrize("change", ["altered", "removed", "swapped", "doubled"])
@pytest.mark.parametrize("place", range(0, len(ENTRIES) - 1, 4))
def test_I9_a_line_that_is_not_as_it_was_is_named(tmp_path: Path, change: str, place: int) -> None:
    lines = lines_of(written(tmp_path / "tape", ENTRIES))
    match change:
        case "altered":
            lines[place] = lines[place].replace(b":", b": ", 1)
        case "removed":
            del lines[place]
        case "swapped":
            lines[place : place + 2] = reversed(lines[place : place + 2])
        case "doubled":
            lines.insert(place + 1, lines[place])
    file = rewritten(tmp_path / "changed", lines)

    with pytest.raises(ConfigError) as caught:
        list(read_tape(file))

    named = place + 2 if change == "doubled" else place + 1
    assert (caught.value.id, caught.value.exit_code) == ("E397", 3)
    assert caught.value.what.endswith(f"line {named}")
    with pytest.raises(ConfigError, match=f"line {named}"):
        count_lines(file)


def test_a_tape_from_before_there_were_chains_is_read(tmp_path: Path) -> None:
    lines = lines_of(written(tmp_path / "tape", ENTRIES))
    bare = [json.loads(line) for line in lines]
    for one in bare:
        del one["chain"]
    file = rewritten(tmp_path / "old", [json.dumps(one).encode() for one in bare])

    assert list(read_tape(file)) == as_heard(ENTRIES)
    assert count_lines(file) == len(ENTRIES)


def test_a_tape_is_written_at_the_latest_when_it_is_full(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "tape")
    for index in range(CHUNK + 1):
        tape.hear(NEXT, candle(index=index))

    assert len(list(read_tape(tmp_path / "tape"))) == CHUNK

    tape.close()
    tape.close()
    assert len(list(read_tape(tmp_path / "tape"))) == CHUNK + 1


def test_O5_a_full_disk_stops_the_run_that_asked_for_its_events(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "tape")
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, tape._descriptor)
    os.close(full)
    tape.hear(NEXT, candle())
    tape.flush()

    with pytest.raises(MachineError, match="no space left") as error:
        tape.hear(NEXT, candle())

    assert (error.value.id, error.value.exit_code) == ("E1021", 10)
    assert tape.error is error.value
    tape.close()
