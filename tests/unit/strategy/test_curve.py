"""An equity curve that is longer than memory is the same curve."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.data import open_data
from runner.engine.series import Series
from runner.results.curve_figures import exposure
from runner.results.statistics import compute
from runner.storage import Column, Storage
from runner.strategy import portfolio
from runner.strategy.curve import Curve
from strategies.sma_cross import SmaCross
from tests.helpers import DAY_MS, Run, run_strategy


def curve_of(values: list[float], *, held: int = 1, block: int = 3) -> Curve:
    curve = Curve(held=held, storage=Storage(block_rows=block))
    for at, value in enumerate(values):
        curve.new_times.append(at * DAY_MS)
        curve.new_equities.append(value)
        if len(curve.new_times) > curve.room:
            curve.put_away()
    return curve


def test_a_short_curve_stays_in_memory() -> None:
    curve = curve_of([1.0, 2.0, 3.0], held=3)

    assert (curve.times, curve.equities) == (curve.new_times, curve.new_equities)
    assert type(curve.equities) is array


def test_no_point_moves_when_older_ones_go_to_the_file() -> None:
    values = [float(at) for at in range(50)]
    curve = curve_of(values[:20])
    before, point = curve.equities, curve.equities[7]

    for at in range(20, 50):
        curve.new_times.append(at * DAY_MS)
        curve.new_equities.append(values[at])
        curve.put_away()

    assert type(curve.equities) is Column
    assert (list(before), point) == (values[:20], 7.0)
    assert (list(curve.equities), curve.equities[7]) == (values, 7.0)
    assert list(curve.times[10:50:7]) == [at * DAY_MS for at in range(10, 50, 7)]
    assert len(curve.new_times) <= 4


def test_the_newest_point_can_always_be_changed() -> None:
    for count in range(1, 12):
        curve = curve_of([1.0] * count)
        curve.put_away()

        curve.new_equities[-1] = 5.0

        assert list(curve.equities) == [1.0] * (count - 1) + [5.0]


@given(
    values=st.lists(st.sampled_from([90.0, 95.0, 100.0, 105.0, 110.0, 0.5]), max_size=40),
    start=st.sampled_from([100.0, 200.0, 50.0, 0.0, -5.0]),
    block=st.integers(1, 5),
)
def test_the_figures_do_not_depend_on_where_the_curve_rests(
    values: list[float], start: float, block: int
) -> None:
    stored = curve_of(values, block=block)
    times = array("q", (at * DAY_MS for at in range(len(values))))

    assert compute(stored.times, stored.equities, start, []) == compute(
        times, array("d", values), start, []
    )


@given(
    count=st.integers(1, 20),
    moments=st.lists(st.integers(-DAY_MS, 22 * DAY_MS), max_size=8, unique=True),
    block=st.integers(1, 5),
)
def test_the_time_in_the_market_does_not_either(count: int, moments: list[int], block: int) -> None:
    stored = curve_of([1.0] * count, block=block)
    ordered = sorted(moments)
    held = list(zip(ordered[::2], [*ordered[1::2], None], strict=False))
    times = range(0, count * DAY_MS, DAY_MS)
    inside = sum(
        any(start <= time and (end is None or time < end) for start, end in held) for time in times
    )

    assert exposure(stored.times, held) == exposure(list(times), held) == inside / count


@pytest.mark.parametrize("symbols", [("S:AAPL",), ("S:AAPL", "S:GOOG")], ids=["one", "two"])
def test_a_whole_run_in_little_memory_is_the_run_in_memory(
    monkeypatch: pytest.MonkeyPatch, symbols: tuple[str, ...]
) -> None:
    def run(series: list[Series]) -> Run:
        return run_strategy(SmaCross, series)

    data = open_data("sample", symbols)
    usual = run(data)
    monkeypatch.setattr(portfolio, "Curve", lambda: Curve(held=100, storage=Storage(block_rows=64)))
    little = run(data)

    ours, theirs = little.desk.portfolio, usual.desk.portfolio
    assert type(ours.times) is Column
    assert (ours.times, ours.equities) == (theirs.times, theirs.equities)
    assert len(ours.curve.new_times) < 3270 / 2
