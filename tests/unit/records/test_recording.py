"""What is written while a run goes on: everything once, in order, and never a wrong end state."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import OrderUpdate
from runner.records.lines import EQUITY, ORDERS, TRADES
from runner.records.points import decode_curve
from runner.records.recording import Recording
from runner.transports.local import run_local
from tests.helpers import candle, series, set_up, snapshot, trade
from tests.unit.results.strategies import InAndOut


def read(folder: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / name).read_bytes().splitlines()]


def looking(folder: Path, desk: object) -> Recording:
    """Return a recording that looks only when it is told to."""
    return Recording(folder, desk, every=1000.0)  # type: ignore[arg-type]


def test_a_finished_run_is_there_as_a_whole(tmp_path: Path) -> None:
    session = set_up(InAndOut)
    recording = looking(tmp_path, session.desk)
    recording.start()

    run_local(session, Exchange(Feed([series(*[100.0 + step for step in range(9)])])))
    recording.stop()

    orders, trades = (read(tmp_path, name) for name in (ORDERS, TRADES))
    curve = decode_curve((tmp_path / EQUITY).read_bytes())
    assert [one["id"] for one in orders] == list(session.desk.tickets)
    assert {one["status"] for one in orders} == {"FILLED", "CANCELLED"}
    assert [one["id"] for one in trades] == [one.trade.id for one in session.desk.portfolio.fills]
    assert trades[1]["realized_pnl"] == "10"
    assert list(curve.times) == list(session.desk.portfolio.times)
    assert list(curve.equities) == list(session.desk.portfolio.equities)


def test_an_order_is_written_when_it_is_new_and_when_it_has_changed(tmp_path: Path) -> None:
    desk = set_up(InAndOut).desk
    recording = looking(tmp_path, desk)
    for status, filled in (
        (OrderStatus.OPEN, 0),
        (OrderStatus.OPEN, 0),
        (OrderStatus.PARTIALLY_FILLED, 4),
        (OrderStatus.FILLED, 10),
        (OrderStatus.FILLED, 10),
    ):
        desk.take_order(
            OrderUpdate("ORDER", snapshot("o-1", status=status, filled=filled, price=100))
        )
        recording._look(finished=False)
    recording.stop()

    assert [(one["status"], one.get("filled", "0")) for one in read(tmp_path, ORDERS)] == [
        ("OPEN", "0"),
        ("PARTIALLY_FILLED", "4"),
        ("FILLED", "10"),
    ]


def test_X10_whatever_a_reason_holds_it_stays_one_line(tmp_path: Path) -> None:
    desk = set_up(InAndOut).desk
    desk.take_candle(candle(100.0))
    for place, reason in enumerate(('a\n{"id":"t-9"}', "\u2028\x00\x1b[2J", "lone \ud800")):
        desk.portfolio.record(trade(f"t-{place}"), Decimal(place), reason)
    recording = looking(tmp_path, desk)

    recording.stop()

    text = (tmp_path / TRADES).read_bytes()
    assert text.count(b"\n") == 3
    assert [one["id"] for one in read(tmp_path, TRADES)] == ["t-0", "t-1", "t-2"]
    assert read(tmp_path, TRADES)[0]["reason"] == 'a\n{"id":"t-9"}'


def test_O5_a_full_disk_is_told_once_and_the_run_goes_on(tmp_path: Path) -> None:
    desk = set_up(InAndOut).desk
    desk.portfolio.record(trade(), None, "")
    told: list[OSError] = []
    recording = Recording(tmp_path, desk, every=1000.0, on_failure=told.append)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, recording._files[TRADES])
    os.close(full)

    recording._look(finished=False)
    recording.stop()

    assert [one.errno for one in told] == [28]


def test_O6_a_record_that_is_there_already_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / TRADES).write_text("old")

    with pytest.raises(FileExistsError):
        looking(tmp_path, set_up(InAndOut).desk)

    assert (tmp_path / TRADES).read_text() == "old"
