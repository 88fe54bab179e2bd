"""Lock-step events over loopback: the product's client beside a bare socket, against one server.

    python -m tests.benchmarks.lockstep [--steps N] [--rounds N] [--one-core]

Prints microseconds per event for one symbol per time step, then for one hundred symbols per step
with one ack per batch. The clients take turns, and the fastest round of each counts: what slows a
round down is somebody else. `--one-core` puts client and server on the same core, which leaves the
work and takes out the wake-up; polling is then off.
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

    def on_candle(self, candle: Candle) -> None:
        pass


class NoOrders:
    """Answers the one command that a run without orders needs."""

    def execute(self, command: Command) -> Reply:
        assert isinstance(command, ReadState)
        money = Decimal(100_000)
        return State(Account(money, money, Decimal(0), money, Decimal(0)), (), ())


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
def server(steps: int, symbols: int, cores: str) -> Iterator[int]:
    """Run the server in a process of its own and give its port."""
    command = [sys.executable, "-m", "tests.benchmarks.lockstep_peer", str(steps), str(symbols)]
    process = subprocess.Popen([*command, cores] if cores else command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def compare(steps: int, symbols: int, rounds: int, cores: str) -> dict[str, float]:
    """Return the best microseconds per event of each client."""
    clients: dict[str, Callable[[int], float]] = {
        "bare socket": run_bare,
        "product": lambda port: run_product(port, spin_us=200),
        "product, no polling": lambda port: run_product(port, spin_us=0),
    }
    best = dict.fromkeys(clients, float("inf"))
    with server(steps, symbols, cores) as port:
        for _ in range(rounds):
            for name, client in clients.items():
                best[name] = min(best[name], client(port) / (steps * symbols) * 1e6)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=5000, help="time steps per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one-core", action="store_true", help="client and server on one core")
    options = parser.parse_args()
    cores = ""
    if options.one_core:
        cores = str(min(os.sched_getaffinity(0)))
        os.sched_setaffinity(0, {int(cores)})
    single = 0.0
    for symbols, steps in ((1, options.steps), (SYMBOLS, max(1, options.steps // 20))):
        best = compare(steps, symbols, options.rounds, cores)
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
