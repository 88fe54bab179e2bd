"""Candles per second of an embedded run, beside the same loop written by hand, in one process.

Three strategies show where the time goes: `nothing` has an empty handler, `averages` makes the SMA
cross's comparisons and never orders, and the SMA cross itself orders. The product is measured in
turn with the hand-written loop, so that the ratio holds on a noisy machine.

    python -m tests.benchmarks.embedded [candles]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from runner import Candle, Strategy
from runner.app import relax_garbage_collection
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.session import Session
from runner.strategy.base import seat
from runner.strategy.desk import Desk
from runner.strategy.params import resolve_params
from runner.transports.local import run_local
from strategies.sma_cross import SmaCross
from tests.benchmarks import by_hand
from tests.benchmarks.synthetic import synthetic

ROUNDS = 5


class Nothing(Strategy):
    """A handler that does nothing: what delivering a candle costs."""

    def on_candle(self, candle: Candle) -> None:
        pass


class Averages(SmaCross):
    """The SMA cross without its orders: what indicators and questions cost on top."""

    def on_candle(self, candle: Candle) -> None:
        if (self.fast_sma > self.slow_sma and self.is_flat) or (
            self.fast_sma < self.slow_sma and self.is_long
        ):
            pass


def product(series: Series, strategy: type[Strategy], **params: int) -> int:
    """Run a strategy over the series and return the number of its executions."""
    desk = Desk()
    session = Session(seat(strategy, desk, resolve_params(strategy, params)), desk)
    exchange = Exchange(Feed([series]))
    run_local(session, exchange)
    return len(exchange.trades)


def timed(run: Callable[[], object]) -> float:
    """Return the seconds one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    series = synthetic(count)
    relax_garbage_collection()  # as every run does
    cases: list[tuple[str, Callable[[], object], Callable[[], object]]] = []
    for fast, slow in ((10, 30), (50, 200)):
        executions = by_hand.sma_cross(series, fast, slow)[0]
        cases += [
            (
                f"SMA cross {fast}/{slow}, an execution every {count / executions:.0f} candles",
                lambda fast=fast, slow=slow: product(series, SmaCross, fast=fast, slow=slow),
                lambda fast=fast, slow=slow: by_hand.sma_cross(series, fast, slow),
            ),
        ]
    cases += [
        ("averages, no orders", lambda: product(series, Averages), cases[0][2]),
        ("nothing", lambda: product(series, Nothing), cases[0][2]),
    ]
    print(f"{count:,} candles, best of {ROUNDS} rounds, product and hand-written loop in turn")
    for name, ours, theirs in cases:
        rounds = [(timed(ours), timed(theirs)) for _ in range(ROUNDS)]
        mine, hand = min(a for a, _ in rounds), min(b for _, b in rounds)
        print(
            f"{name:52} {count / mine / 1e6:5.2f} M/s {mine / count * 1e9:6.0f} ns"
            f"   by hand {count / hand / 1e6:5.2f} M/s   ratio {mine / hand:5.2f}"
        )


if __name__ == "__main__":
    main()
