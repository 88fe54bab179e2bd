from __future__ import annotations

import errno
import json
import os
import stat
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from runner.errors import MachineError, RiskHalt
from runner.journal import Journal
from runner.journal.lines import Begun, Intent, Outcome
from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderType, Side

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def intent(name: str, reason: str = "") -> Intent:
    order = SubmitOrder("S:AAPL", Side.BUY, Decimal("1.5"), OrderType.MARKET, client_order_id=name)
    return Intent(MOMENT, name, order, reason)


def written(path: Path, *names: str) -> None:
    journal = Journal(path)
    journal.write(Begun(MOMENT, "first", "S", "http://here", 4711))
    for name in names:
        journal.write(intent(name), synced=True)
    journal.close()


def unsynced(file: int) -> None:
    """Leave it to the system when the bytes reach the disk: what is tested is what they are."""


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    written(tmp_path / "journal.jsonl", "first-1")

    journal = Journal(tmp_path / "journal.jsonl")

    (kept,) = journal.past.never_left()
    assert kept.request is not None
    assert (kept.client_order_id, kept.request.quantity) == ("first-1", Decimal("1.5"))
    journal.close()


def test_a_journal_cut_at_any_byte_keeps_every_whole_line_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, "first-1", "first-2", "first-3")
    data = path.read_bytes()

    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        journal = Journal(path, sync=unsynced)
        journal.write(intent("later-1"))
        journal.close()

        whole = data[: data.rfind(b"\n", 0, cut) + 1]
        assert path.read_bytes().startswith(whole)
        again = Journal(path, sync=unsynced)
        expected = [f"first-{n}" for n in range(1, whole.count(b"\n"))] + ["later-1"]
        assert [one.client_order_id for one in again.past.never_left()] == expected
        again.close()


def test_a_damaged_line_before_the_last_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, "first-1", "first-2")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b'{"kind":"intent","cli\n' + lines[2])

    with pytest.raises(RiskHalt) as caught:
        Journal(path)

    assert (caught.value.id, caught.value.where) == ("E930", f"{path}:2")


def test_file_and_directory_are_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "live" / "journal.jsonl"

    Journal(path).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(MachineError) as caught:
        Journal(tmp_path / "journal.jsonl")

    assert caught.value.id == "E1040"
    assert not (tmp_path / "elsewhere").exists()


def test_C15_a_second_run_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    first = Journal(path)

    with pytest.raises(MachineError) as caught:
        Journal(path)

    assert caught.value.id == "E1041"
    assert f"process {os.getpid()}" in caught.value.what
    first.close()
    Journal(path).close()


def test_O5_a_line_that_cannot_be_brought_to_the_disk_is_not_in_the_file(tmp_path: Path) -> None:
    is_full = False

    def sync(file: int) -> None:
        if is_full:
            raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "journal.jsonl"
    journal = Journal(path, sync=sync)
    journal.write(intent("first-1"), synced=True)
    before = path.read_bytes()
    is_full = True

    with pytest.raises(MachineError, match="no space left") as caught:
        journal.write(intent("first-2"), synced=True)

    assert (caught.value.id, caught.value.exit_code) == ("E1040", 10)
    assert path.read_bytes() == before
    assert [one.client_order_id for one in journal.past.never_left()] == ["first-1"]
    journal.close()


def test_X10_text_of_others_cannot_break_a_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.write(intent("first-1", reason='a\nb\r"\x00 \ud7ff'))
    journal.write(Outcome(MOMENT, "first-1", "rejected", "no\n{}\n"))
    journal.close()

    again = Journal(path)

    assert again.past.orders["first-1"].reason == 'a\nb\r"\x00 \ud7ff'
    assert not again.past.open()
    again.close()


@pytest.mark.parametrize("change", ["altered", "removed", "swapped"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_I9_a_line_that_is_not_as_it_was_stops_the_start(
    tmp_path: Path, change: str, place: int
) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, "first-1", "first-2", "first-3")
    lines = path.read_bytes().splitlines(keepends=True)
    match change:
        case "altered":
            lines[place] = lines[place].replace(b"2024", b"2025", 1)
        case "removed":
            del lines[place]
        case "swapped":
            lines[place : place + 2] = reversed(lines[place : place + 2])
    path.write_bytes(b"".join(lines))

    with pytest.raises(RiskHalt, match="altered") as caught:
        Journal(path)

    assert (caught.value.id, caught.value.exit_code) == ("E930", 9)
    assert caught.value.where == f"{path}:{place + 1}"


def test_a_journal_from_before_there_were_chains_goes_on_with_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, "first-1")
    bare = [json.loads(line) for line in path.read_bytes().splitlines()]
    for one in bare:
        del one["chain"]
    path.write_text("".join(json.dumps(one) + "\n" for one in bare))

    journal = Journal(path)
    journal.write(intent("first-2"))
    journal.close()

    again = Journal(path)
    assert [one.client_order_id for one in again.past.never_left()] == ["first-1", "first-2"]
    again.close()
