"""Candles of several lengths in one run: one point of the curve per step, and never back."""

from __future__ import annotations

from itertools import pairwise

import pytest

from runner.protocol.times import iso_ms
from tests.helpers import START_MS, Row, run_strategy, series
from tests.unit.results.strategies import Idle, InAndOut, result

HOURS: list[Row] = [100.0 + hour / 10 for hour in range(48)]
HOURLY = series(*HOURS, timeframe="1h")
DAILY = series(102.3, 104.7, timeframe="1d")


@pytest.mark.parametrize(
    "given", [[HOURLY, DAILY], [DAILY, HOURLY]], ids=["short first", "long first"]
)
def test_candles_that_close_together_are_one_point_of_the_curve(given: list[object]) -> None:
    made = result(Idle, given)  # type: ignore[arg-type]

    assert list(made.times) == [START_MS + hour * 3_600_000 for hour in range(48)]
    assert made.events == 50


@pytest.mark.parametrize(
    "given", [[HOURLY, DAILY], [DAILY, HOURLY]], ids=["short first", "long first"]
)
def test_the_curve_holds_the_equity_after_each_step(given: list[object]) -> None:
    run = run_strategy(InAndOut, given)  # type: ignore[arg-type]

    times = run.desk.portfolio.times
    assert all(one < other for one, other in pairwise(times))
    assert iso_ms(times[-1]) == "2024-01-02T23:00:00Z"
    assert run.desk.portfolio.equities[-1] == pytest.approx(float(run.equity))
