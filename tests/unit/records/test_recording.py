"""What is written while a run goes on: everything once, in order, and never a wrong end state."""

from __future__ import annotations

import json
import os
from array import array
from decimal import Decimal
from pathlib import Path

import pytest

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import OrderUpdate
from runner.records.lines import EQUITY, ORDERS, TRADES
from runner.records.recording import Recording, Thinning
from runner.storage import Storage
from runner.strategy.curve import Curve
from runner.transports.local import run_local
from tests.helpers import DAY_MS, START_MS, candle, series, set_up, snapshot, trade
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

    orders, trades, equity = (read(tmp_path, name) for name in (ORDERS, TRADES, EQUITY))
    assert [one["id"] for one in orders] == list(session.desk.tickets)
    assert {one["status"] for one in orders} == {"FILLED", "CANCELLED"}
    assert [one["id"] for one in trades] == [one.trade.id for one in session.desk.portfolio.fills]
    assert trades[1]["realized_pnl"] == "10"
    assert [one[2] for one in equity] == list(session.desk.portfolio.equities)  # type: ignore[index]


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


def points(count: int) -> tuple[array[int], array[float]]:
    times = array("q", [START_MS + place * DAY_MS for place in range(count)])
    return times, array("d", [float(place) for place in range(count)])


@pytest.mark.parametrize("total", [None, 10, 100], ids=["unknown", "as-told", "fewer-than-told"])
@pytest.mark.parametrize("count", [0, 1, 2, 9, 10])
def test_a_short_curve_is_kept_whole_when_it_fits(count: int, total: int | None) -> None:
    curve = Thinning(total, most=100)
    times, equities = points(count)

    found = curve.new(times, equities, finished=True)

    assert [one[0] for one in found] == list(range(count))


@pytest.mark.parametrize("count", [11, 20, 21, 999, 1000, 1001])
@pytest.mark.parametrize("looks", [1, 3, 100])
def test_which_points_are_kept_does_not_depend_on_who_looks_when(count: int, looks: int) -> None:
    once = Thinning(None, most=10).new(*points(count), finished=True)

    curve = Thinning(None, most=10)
    found = []
    for look in range(1, looks + 1):
        times, equities = points(count * look // looks)
        found += curve.new(times, equities, finished=look == looks)

    assert found == once
    assert found[0][0] == 0
    assert found[-1][0] == count - 1
    assert len(found) <= 10 + 5 * (count // 10).bit_length() + 2


def test_the_last_point_waits_for_the_end_of_the_run() -> None:
    curve = Thinning(None)

    assert [one[0] for one in curve.new(*points(3), finished=False)] == [0, 1]
    assert [one[0] for one in curve.new(*points(3), finished=True)] == [2]


def test_a_long_curve_of_known_length_is_thinned_from_the_start() -> None:
    found = Thinning(1000, most=10).new(*points(1000), finished=True)

    assert [one[0] for one in found] == [*range(0, 1000, 128), 999]


def test_points_of_a_curve_that_rests_in_a_file_are_kept_like_all_others() -> None:
    curve = Curve(held=8, storage=Storage(0, block_rows=4))
    thinning = Thinning(None, most=10)
    found = []
    for place in range(50):
        curve.new_times.append(place * 1000)
        curve.new_equities.append(float(place))
        if len(curve.new_times) >= curve.room:
            curve.put_away()
        found += thinning.new(curve.times, curve.equities, finished=False)
    found += thinning.new(curve.times, curve.equities, finished=True)

    assert found == Thinning(None, most=10).new(
        [place * 1000 for place in range(50)], [float(place) for place in range(50)], finished=True
    )
    assert found[-1] == (49, 49_000, 49.0)
