"""The index: a row per record in an SQLite file, so that thousands are listed without reading them.

It holds nothing of its own. Whatever is missing in it, or wrong, is read from the records, and a
file that cannot be used is thrown away and made anew; so runs may write at once, be killed, or be
removed by hand. May import this room and the standard library.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from pathlib import Path

from runner.errors import ConfigError, MachineError
from runner.protocol.times import iso
from runner.records.files import open_new
from runner.records.reading import RUNNING, Record, read_record
from runner.records.shelf import Shelf

NAME = "index.sqlite"
BUSY_S = 5.0
"""How long to wait for another process that writes."""
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Row:
    """What a list of runs shows of one; fractions for rates, None where a figure is not defined."""

    id: str
    started: str
    """RFC 3339, UTC."""
    seconds: float | None
    status: str
    exit_code: int | None
    error: str
    """Id of the error that ended the run."""
    strategy: str
    source: str
    params: str
    runtime: str
    symbols: str
    data: str
    events: int | None
    orders: int
    trades: int
    final_equity: float | None
    total_return: float | None
    maximum_drawdown: float | None
    sharpe: float | None
    digest: str
    tags: str
    """Between spaces, each."""
    note: str
    size: int
    """Bytes on the disk."""


_COLUMNS = [one.name for one in fields(Row)]
_MIGRATIONS = (
    "CREATE TABLE runs (id TEXT PRIMARY KEY, started TEXT NOT NULL, seconds REAL, status TEXT, "
    "exit_code INTEGER, error TEXT, strategy TEXT, source TEXT, params TEXT, runtime TEXT, "
    "symbols TEXT, data TEXT, events INTEGER, orders INTEGER, trades INTEGER, final_equity REAL, "
    "total_return REAL, maximum_drawdown REAL, sharpe REAL, digest TEXT, tags TEXT, note TEXT, "
    "size INTEGER) WITHOUT ROWID",
    "CREATE INDEX runs_by_start ON runs (started)",
)
"""Each brings the file from one version to the next; the number of those done is `user_version`."""


def row_of(record: Record) -> Row:
    """Return the row of a record."""
    begin, end, result = record.begin, record.end, record.result
    figures = result.get("statistics", {})
    if result:
        orders, trades = result["orders"], figures["executions"]
        final = figures["final_equity"]
    else:
        orders, trades = len(record.orders), len(record.trades)
        final = record.equity.equities[-1] if len(record.equity) else None
    return Row(
        id=record.id,
        started=iso(begin.started),
        seconds=(end.finished - begin.started).total_seconds() if end else None,
        status=record.status,
        exit_code=end.exit_code if end else None,
        error=end.error.id if end and end.error else "",
        strategy=begin.strategy.name,
        source=begin.strategy.source,
        params=" ".join(f"{name}={one}" for name, one in begin.strategy.params.items()),
        runtime=begin.runtime,
        symbols=", ".join(begin.symbols),
        data=begin.data,
        events=result.get("data", {}).get("events"),
        orders=orders,
        trades=trades,
        final_equity=final,
        total_return=figures.get("total_return"),
        maximum_drawdown=figures.get("maximum_drawdown"),
        sharpe=figures.get("sharpe"),
        digest=(end.digest if end else None) or "",
        tags=f" {' '.join(record.remarks.tags)} " if record.remarks.tags else "",
        note=record.remarks.note,
        size=record.size,
    )


class Index:
    """The rows of a shelf, brought up to date when it is opened."""

    def __init__(self, shelf: Shelf, connection: sqlite3.Connection) -> None:
        self._shelf = shelf
        self._connection = connection

    def rows(self) -> list[Row]:
        """Return all rows, the oldest run first."""
        names = ", ".join(_COLUMNS)
        found = self._connection.execute(f"SELECT {names} FROM runs ORDER BY started, id")  # noqa: S608
        return [Row(*one) for one in found]

    def ids(self) -> list[str]:
        """Return all ids, the oldest run first."""
        found = self._connection.execute("SELECT id FROM runs ORDER BY started, id")
        return [one for (one,) in found]

    def refresh(self, ids: Sequence[str] = ()) -> None:
        """Read what is on the shelf and not in the index, what was still running, and `ids`."""
        there = set(self._shelf.ids())
        known = dict(self._connection.execute("SELECT id, status FROM runs").fetchall())
        # What was running may have ended or died; everything else stays as it was.
        stale = {one for one, status in known.items() if status in (RUNNING, UNREADABLE)}
        wanted = (there - known.keys()) | ((stale | set(ids)) & there)
        rows = [self._row(one) for one in sorted(wanted)]
        gone = known.keys() - there
        if not rows and not gone:
            return
        marks = ", ".join("?" * len(_COLUMNS))
        with self._connection:
            self._connection.executemany("DELETE FROM runs WHERE id = ?", [(one,) for one in gone])
            self._connection.executemany(
                f"INSERT OR REPLACE INTO runs ({', '.join(_COLUMNS)}) VALUES ({marks})",  # noqa: S608
                [astuple(one) for one in rows if one is not None],
            )

    def _row(self, id: str) -> Row | None:
        try:
            return row_of(read_record(self._shelf.folder(id)))
        except ConfigError:
            return _unreadable(id)
        except FileNotFoundError:
            return None  # removed in this moment, by somebody else


def _unreadable(id: str) -> Row:
    day = datetime.strptime(f"{id[:8]}+0000", "%Y%m%d%z") if _is_day(id[:8]) else None
    values = {one.name: "" for one in fields(Row)} | {
        "id": id,
        "started": iso(day) if day else "",
        "status": UNREADABLE,
        "orders": 0,
        "trades": 0,
        "size": 0,
    }
    empty = ("seconds", "exit_code", "events", "final_equity", "total_return", "maximum_drawdown")
    return Row(**{**values, **dict.fromkeys((*empty, "sharpe"))})  # type: ignore[arg-type]


def _is_day(text: str) -> bool:
    try:
        datetime.strptime(f"{text}+0000", "%Y%m%d%z")
    except ValueError:
        return False
    return True


@contextmanager
def open_index(shelf: Shelf, refresh: Sequence[str] = ()) -> Iterator[Index]:
    """Open the index of a shelf, up to date; `refresh` names records to read in any case.

    A file that is damaged, or of a later version, is made anew. Where the directory cannot be
    written to, the rows are kept in memory only.

    Raises:
        MachineError: E1022, another process holds it for too long.
    """
    connection = _opened(shelf.root / NAME)
    try:
        index = Index(shelf, connection)
        try:
            index.refresh(refresh)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            raise MachineError(
                f"the index of the records was busy for {BUSY_S:g} s",
                where=str(shelf.root / NAME),
                fix="try again; if no run goes on, remove that file: it is made anew",
                id="E1022",
            ) from None
        yield index
    finally:
        connection.close()


def _opened(path: Path) -> sqlite3.Connection:
    try:
        return _connected(str(path))
    except sqlite3.OperationalError:
        return _connected(":memory:")
    except sqlite3.DatabaseError:
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        try:
            return _connected(str(path))
        except sqlite3.Error:
            return _connected(":memory:")


def _connected(name: str) -> sqlite3.Connection:
    if name != ":memory:":
        _make_private(Path(name))
    connection = sqlite3.connect(name, timeout=BUSY_S)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # The index is made anew when a loss of power damages it, so it need not wait for the disk.
        connection.execute("PRAGMA synchronous = OFF")
        _migrate(connection)
        connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM runs LIMIT 1")  # noqa: S608
    except BaseException:
        connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    # SQLite would make it as readable as the user's umask allows.
    if path.is_symlink():
        raise sqlite3.DatabaseError("the index is a link")
    with suppress(OSError):
        os.close(open_new(path))


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(_MIGRATIONS):
        raise sqlite3.DatabaseError("the index was made by a later version")
    if version == len(_MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")  # two runs may find an empty file at the same moment
    with connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for number, statement in enumerate(_MIGRATIONS[version:], version + 1):
            connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
