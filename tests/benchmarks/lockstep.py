"""Lock-step events over loopback: the product's client beside a bare socket, against one server.

    python -m tests.benchmarks.lockstep [--steps N] [--rounds N] [--cores any|one|two]

Prints microseconds per event for one symbol per time step, then for one hundred symbols per step
with one ack per batch. The clients take turns, and the fastest round of each counts: what slows a
round down is somebody else. On one core there is no wake-up between client and server and polling
is off, so the work alone is compared; on two, the wake-up dominates and polling shows what it
saves. With `any` the system decides, and may decide either way.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import ClassVar

from runner.protocol.commands import Command, ReadState, Reply, State
from runner.protocol.messages import Account, Candle
from runner.session import Session
from runner.strategy.base import Strategy
from runner.strategy.desk import Desk
from runner.transports.websocket import ConnectionSettings, run_websocket
from tests.benchmarks.lockstep_peer import run_bare

SYMBOLS = 100


class Watcher(Strategy):
    """Does nothing but look at every candle."""

    cores: ClassVar[set[int]] = set()

    def on_start(self) -> None:
        # Not before: the product polls only if it may use several cores, and asks once.
        pin(self.cores)

    def on_candle(self, candle: Candle) -> None:
        pass


class NoOrders:
    """Answers the one command that a run without orders needs."""

    def execute(self, command: Command) -> Reply:
        assert isinstance(command, ReadState)
        money = Decimal(100_000)
        return State(Account(money, money, Decimal(0), money, Decimal(0)), (), ())


def pin(cores: set[int]) -> None:
    """Keep the calling thread on some cores; none means that it may go anywhere."""
    if cores:
        os.sched_setaffinity(0, cores)


def run_product(port: int, *, spin_us: float) -> float:
    """Run a whole backtest with the product's client and return the seconds it took."""
    strategy = Watcher()
    strategy._desk = desk = Desk()
    started = time.perf_counter()
    run_websocket(
        Session(strategy, desk),
        url=f"ws://127.0.0.1:{port}",
        rest=NoOrders(),
        settings=ConnectionSettings(spin_us=spin_us),
    )
    return time.perf_counter() - started


@contextmanager
def server(steps: int, symbols: int, cores: set[int]) -> Iterator[int]:
    """Run the server in a process of its own and give its port."""
    command = [sys.executable, "-m", "tests.benchmarks.lockstep_peer", str(steps), str(symbols)]
    command += [",".join(map(str, cores))] if cores else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def compare(steps: int, symbols: int, rounds: int, where: str) -> dict[str, float]:
    """Return the best microseconds per event of each client."""
    everywhere = os.sched_getaffinity(0)
    first, last = {min(everywhere)}, {max(everywhere)}
    ours, theirs = {"any": (set[int](), set[int]()), "one": (first, first), "two": (first, last)}[
        where
    ]
    Watcher.cores = ours

    def bare(port: int) -> float:
        pin(ours)
        return run_bare(port)

    clients: dict[str, Callable[[int], float]] = {
        "bare socket": bare,
        "product": lambda port: run_product(port, spin_us=0 if where == "one" else 200),
        "product, no polling": lambda port: run_product(port, spin_us=0),
    }
    best = dict.fromkeys(clients, float("inf"))
    with server(steps, symbols, theirs) as port:
        for _ in range(rounds):
            for name, client in clients.items():
                best[name] = min(best[name], client(port) / (steps * symbols) * 1e6)
                pin(everywhere)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=5000, help="time steps per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", choices=("any", "one", "two"), default="any")
    options = parser.parse_args()
    single = 0.0
    for symbols, steps in ((1, options.steps), (SYMBOLS, max(1, options.steps // 20))):
        best = compare(steps, symbols, options.rounds, options.cores)
        bare = best["bare socket"]
        print(f"{symbols} symbol(s) per step, {steps} steps, best of {options.rounds}")
        for name, taken in best.items():
            events = 1e6 / taken
            print(f"  {name:20} {taken:7.1f} us/event {events:9.0f} events/s {taken / bare:5.2f} x")
        if symbols == 1:
            single = best["product"]
        else:
            print(f"  a batched event takes 1/{single / best['product']:.1f} of a single one")


if __name__ == "__main__":
    main()
