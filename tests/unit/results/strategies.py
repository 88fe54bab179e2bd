"""Small strategies, and results of theirs, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runner import Candle, Strategy, param
from runner.engine.series import Series
from runner.engine.terms import Terms
from runner.results.conventions import embedded_conventions
from runner.results.result import DataFacts, RunResult, StrategyFacts, build_result
from tests.helpers import Run, run_strategy, series


class InAndOut(Strategy):
    """Buy on every candle on which nothing is held, and sell on the next."""

    size: int = param(10, ge=1, help="units to buy")

    def on_candle(self, candle: Candle) -> None:
        if self.is_flat:
            self.buy(quantity=self.size, reason="flat")
        else:
            self.close(reason="held")


class Idle(Strategy):
    """Do nothing."""


RISING = series(*[100.0 + step for step in range(9)])


def result_of(run: Run, **facts: Any) -> RunResult:
    """Return the result of a finished run, described as the command line would."""
    name = type(run.strategy).__name__
    given: dict[str, Any] = {
        "strategy": StrategyFacts(name, f"strategies/{name.lower()}.py", {"size": 10}),
        "data": DataFacts("bundled sample", run.exchange.feed.symbols, ("1d",)),
        "conventions": embedded_conventions(Terms()),
        "seconds": 0.5,
    }
    return build_result(run.session, run.ending, **{**given, **facts})


def result(
    strategy: type[Strategy] = InAndOut,
    data: Series | Sequence[Series] = RISING,
    **facts: Any,
) -> RunResult:
    """Run a strategy and return its result."""
    return result_of(run_strategy(strategy, data), **facts)
