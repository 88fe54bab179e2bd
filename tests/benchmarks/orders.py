"""What working orders, executions and further symbols cost an embedded run, in one process.

Every case runs over as many candles and is compared with the first, in turn with it, by processor
time: the ratio is what holds on a noisy machine.

    python -m tests.benchmarks.orders [candles]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from decimal import Decimal

from runner import Candle, Strategy, param
from runner.app import relax_garbage_collection
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.engine.terms import Terms
from runner.session import Session
from runner.strategy.base import seat
from runner.strategy.desk import Desk
from runner.strategy.params import resolve_params
from runner.transports.local import run_local
from tests.benchmarks.synthetic import synthetic

ROUNDS = 3
SYMBOLS = 100


class Resting(Strategy):
    """Rest orders that are never reached; with `every`, trade beside them."""

    orders_resting: int = param(0, ge=0, le=1000, help="orders that rest below the market")
    every: int = param(0, ge=0, le=10_000, help="candles between market orders, 0 for none")

    def on_start(self) -> None:
        self.seen = 0
        self.resting: set[str] = set()

    def on_candle(self, candle: Candle) -> None:
        if candle.symbol not in self.resting:
            self.resting.add(candle.symbol)
            for index in range(self.orders_resting):
                self.buy(quantity=1, limit=round(candle.close * (0.2 + index / 10_000), 4))
        if self.every:
            self.seen += 1
            if self.seen % self.every == 0:
                if self.is_flat:
                    self.buy(quantity=1)
                else:
                    self.sell(quantity=1)


def run(series: Sequence[Series], *, resting: int = 0, every: int = 0) -> int:
    """Run over the series and return the number of executions."""
    desk = Desk()
    desk.subscribed = tuple(one.symbol for one in series)
    params = resolve_params(Resting, {"orders_resting": resting, "every": every})
    session = Session(seat(Resting, desk, params), desk)
    exchange = Exchange(Feed(series), Terms(cash=Decimal(10) ** 9))
    run_local(session, exchange)
    assert len(exchange.working) == 0, "the data is over"
    return len(exchange.trades)


def timed(case: Callable[[], int]) -> tuple[float, int]:
    """Return the seconds of processor time that one call takes, and what it returns."""
    start = time.process_time()
    executions = case()
    return time.process_time() - start, executions


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    one = [synthetic(count)]
    many = [
        synthetic(count // SYMBOLS, seed=number, symbol=f"S:S{number}") for number in range(SYMBOLS)
    ]
    relax_garbage_collection()  # as every run does
    cases: list[tuple[str, Callable[[], int]]] = [
        ("no order", lambda: run(one)),
        ("10 working orders", lambda: run(one, resting=10)),
        ("100 working orders", lambda: run(one, resting=100)),
        ("an execution every 10 candles", lambda: run(one, every=10)),
        ("the same beside 100 working orders", lambda: run(one, every=10, resting=100)),
        (f"{SYMBOLS} symbols, no order", lambda: run(many)),
        (f"{SYMBOLS} symbols, a working order in each", lambda: run(many, resting=1)),
        (f"{SYMBOLS} symbols, 100 working orders in each", lambda: run(many, resting=100)),
        (f"{SYMBOLS} symbols, an execution every 10 candles", lambda: run(many, every=10)),
    ]
    print(f"{count:,} candles, best of {ROUNDS} rounds, processor time")
    base = cases[0][1]
    plain = float("inf")
    for name, case in cases:
        rounds = [(timed(base)[0], *timed(case)) for _ in range(ROUNDS)]
        plain = min(plain, *(first for first, _, _ in rounds))
        best, executions = min(second for _, second, _ in rounds), rounds[0][2]
        each = ""
        if executions:
            each = f"   {(best - plain) / executions * 1e6:5.1f} us for each execution"
        print(f"{name:52} {best / count * 1e9:7.0f} ns a candle   x {best / plain:6.2f}{each}")


if __name__ == "__main__":
    main()
