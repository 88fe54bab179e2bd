"""The index: always up to date, made anew when it is lost, and shared by many at once."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from runner.errors import MachineError
from runner.records import index as index_module
from runner.records.files import write_whole
from runner.records.index import NAME, Row, open_index
from runner.records.lines import END, REMARKS, Remarks, encode_document
from runner.records.retention import remove
from runner.records.shelf import Shelf
from tests.unit.records.making import (
    MOMENT,
    end_of,
    put,
    recorded_run,
    shelf_of,
    trade_line,
)


def rows(shelf: Shelf, *refresh: str) -> list[Row]:
    with open_index(shelf, refresh) as index:
        return index.rows()


def test_a_row_holds_what_a_list_shows(tmp_path: Path) -> None:
    record = recorded_run(tmp_path)

    (row,) = rows(shelf_of(tmp_path))

    figures = record.result["statistics"]
    assert (row.id, row.status, row.exit_code, row.error) == (record.id, "complete", 0, "")
    assert (row.strategy, row.params, row.symbols) == ("InAndOut", "size=10", "S:AAPL")
    assert (row.trades, row.orders) == (len(record.trades), len(record.orders))
    assert row.total_return == figures["total_return"]
    assert row.digest == record.result["digest"]
    assert row.size == record.size


def test_runs_come_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path)
    ids = [
        put(shelf, started=MOMENT + timedelta(seconds=seconds), end=end_of())[0].id
        for seconds in (5, 1, 3)
    ]

    assert [one.id for one in rows(shelf)] == [ids[1], ids[2], ids[0]]


def test_what_was_running_is_looked_at_again(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path)
    record, hold = put(shelf, trades=[trade_line()])
    assert [(one.status, one.trades) for one in rows(shelf)] == [("running", 1)]

    hold.release()
    assert [one.status for one in rows(shelf)] == ["died"]

    write_whole(record.folder / END, encode_document(end_of("timeout")))
    assert [one.status for one in rows(shelf)] == ["died"]  # what is over is not read again
    assert [one.status for one in rows(shelf, record.id)] == ["timeout"]


def test_records_removed_by_hand_leave_the_list(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path)
    kept, gone = (put(shelf, end=end_of())[0] for _ in range(2))
    assert len(rows(shelf)) == 2

    remove(shelf, gone.id)

    assert [one.id for one in rows(shelf)] == [kept.id]
    assert [one.name for one in shelf.runs.iterdir()] == [kept.id]


def test_tags_and_note_survive_the_loss_of_the_index(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path)
    record, _ = put(shelf, end=end_of())
    write_whole(record.folder / REMARKS, encode_document(Remarks(["good", "v2"], "a note")))
    before = rows(shelf)

    (shelf.root / NAME).unlink()

    assert rows(shelf) == before
    assert (before[0].tags, before[0].note) == (" good v2 ", "a note")


@pytest.mark.parametrize(
    "damage",
    [b"", b"not a database at all, but a text that is long enough", b"SQLite format 3\0garbage"],
    ids=["empty", "text", "half"],
)
def test_an_index_that_cannot_be_used_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    shelf = shelf_of(tmp_path)
    put(shelf, end=end_of())
    before = rows(shelf)
    (shelf.root / NAME).write_bytes(damage)

    assert rows(shelf) == before
    assert rows(shelf) == before


@pytest.mark.parametrize(
    "statement",
    ["PRAGMA user_version = 99", "DROP TABLE runs", "ALTER TABLE runs DROP COLUMN sharpe"],
)
def test_an_index_of_another_version_is_made_anew(tmp_path: Path, statement: str) -> None:
    shelf = shelf_of(tmp_path)
    put(shelf, end=end_of())
    before = rows(shelf)
    with closing(sqlite3.connect(shelf.root / NAME)) as connection, connection:
        connection.execute(statement)

    assert rows(shelf) == before


def test_an_older_index_is_brought_to_this_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = shelf_of(tmp_path)
    put(shelf, end=end_of())
    with monkeypatch.context() as patch:
        patch.setattr(index_module, "_MIGRATIONS", index_module._MIGRATIONS[:1])
        before = rows(shelf)

    assert rows(shelf) == before
    with closing(sqlite3.connect(shelf.root / NAME)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_record_that_cannot_be_read_is_listed_as_that(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path)
    record, _ = put(shelf, end=end_of())
    (record.folder / "begin.json").write_text("{")

    assert [(one.id, one.status) for one in rows(shelf)] == [(record.id, "unreadable")]


def test_many_may_open_an_index_that_is_not_there_yet(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path)
    for _ in range(3):
        put(shelf, end=end_of())
    found: list[int] = []
    barrier = threading.Barrier(8)

    def look() -> None:
        barrier.wait()
        found.append(len(rows(shelf)))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert found == [3] * 8


def test_an_index_that_stays_busy_is_an_error_with_a_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = shelf_of(tmp_path)
    put(shelf, end=end_of())
    rows(shelf)
    put(shelf, end=end_of())
    monkeypatch.setattr(index_module, "BUSY_S", 0.01)
    with closing(sqlite3.connect(shelf.root / NAME)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(MachineError, match="busy") as error:
            rows(shelf)

    assert error.value.id == "E1022"


def test_X9_an_index_that_is_a_link_is_replaced(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path)
    put(shelf, end=end_of())
    target = tmp_path / "target"
    target.write_text("mine")
    (shelf.root / NAME).symlink_to(target)

    assert len(rows(shelf)) == 1

    assert target.read_text() == "mine"
    assert (shelf.root / NAME).stat().st_mode & 0o777 == 0o600
