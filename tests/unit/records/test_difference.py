"""What differs between two runs, and where their trades part."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from runner.records.difference import Change, Difference, Pair, difference
from runner.records.lines import TradeLine
from tests.unit.records.making import (
    IN_AND_OUT,
    end_of,
    put,
    recorded_run,
    shelf_of,
    trade_line,
)


def compared(folder: Path, one: list[TradeLine], other: list[TradeLine]) -> Difference:
    shelf = shelf_of(folder)
    return difference(put(shelf, trades=one)[0], put(shelf, trades=other)[0])


def test_two_runs_of_the_same_are_the_same(tmp_path: Path) -> None:
    found = difference(recorded_run(tmp_path), recorded_run(tmp_path))

    assert found.is_same_run
    assert (found.settings, found.source, found.statistics, found.trades) == ([], [], [], [])
    assert found.first is None
    assert found.same_trades > 10


def test_an_edited_strategy_shows_its_edit_and_what_it_changed(tmp_path: Path) -> None:
    before = recorded_run(tmp_path)
    after = recorded_run(tmp_path, source=IN_AND_OUT.replace("else:", "elif candle.time % 7:"))

    found = difference(before, after)

    assert not found.is_same_run
    assert "-        else:" in found.source
    assert "+        elif candle.time % 7:" in found.source
    assert found.first is not None
    assert "realized_pnl" in {one.name for one in found.statistics}


def test_parameters_and_settings_are_told_by_name(tmp_path: Path) -> None:
    before = recorded_run(tmp_path)
    after = recorded_run(tmp_path, params=["size=11"], **{"data.to": "2000-04-29"})

    found = difference(before, after).settings

    assert found[0] == Change("params.size", 10, 11)
    assert [one.name for one in found] == ["params.size", "data.to"]


def test_runs_without_a_known_digest_are_never_said_to_be_the_same(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path)
    one, other = (put(shelf, end=end_of(digest=None))[0] for _ in range(2))

    assert not difference(one, other).is_same_run


def test_the_first_trade_that_differs_is_found_by_number(tmp_path: Path) -> None:
    other = trade_line(2, price=Decimal(101))

    found = compared(
        tmp_path, [trade_line(1), trade_line(2), trade_line(3)], [trade_line(1), other]
    )

    assert found.same_trades == 1
    assert found.first == Pair(trade_line(2), other)


def test_trades_are_paired_by_time_symbol_and_side(tmp_path: Path) -> None:
    late = trade_line(3, time=trade_line(3).time + timedelta(hours=1))

    found = compared(
        tmp_path,
        [trade_line(1), trade_line(2), trade_line(4, quantity=Decimal(5))],
        [trade_line(1), late, trade_line(4)],
    )

    assert found.trades == [
        Pair(trade_line(2), None),
        Pair(None, late),
        Pair(trade_line(4, quantity=Decimal(5)), trade_line(4)),
    ]


def test_ids_and_reasons_make_no_difference(tmp_path: Path) -> None:
    found = compared(
        tmp_path, [trade_line(1)], [trade_line(1, id="x", order_id="y", reason="another word")]
    )

    assert (found.first, found.trades) == (None, [])


def test_where_one_run_has_fewer_trades_the_first_missing_one_is_named(tmp_path: Path) -> None:
    found = compared(tmp_path, [], [trade_line(1)])

    assert found.first == Pair(None, trade_line(1))
