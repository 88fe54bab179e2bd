"""Kill a strategy's process at each of its events, start it again, and compare what came of it.

    python -m tests.integration.kill_strategy [EVENTS]

The engine is a process that lives on; the strategy's process ends by SIGKILL inside the handler of
one event and is started again with `--resume`. Its document must equal that of a run that nobody
disturbed, except for wall times. The test-suite does so at a few events; this does at all.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.integration.test_cli import clean_environment

EVENTS = 50
PATIENCE_S = 30.0
STRATEGY = """
import os
import signal

from runner import Account, Candle, Order, Position, Strategy, Trade


class Mortal(Strategy):
    def on_start(self) -> None:
        self.told = 0
        self.lowest = 0.0
        self.buy(quantity=5, symbol="S:AAPL")

    def live(self) -> None:
        self.told += 1
        if self.told == int(os.environ.get("KILL_AT", "0")):
            os.kill(os.getpid(), signal.SIGKILL)

    def on_candle(self, candle: Candle) -> None:
        self.lowest = min(self.lowest or candle.low, candle.low)
        turn = int(candle.close * 100) % 5
        if turn == 0:
            self.buy(quantity=7, stop_loss=self.lowest * 0.97, take_profit=candle.close * 1.03)
        elif turn == 1:
            self.sell(quantity=3 + len(self.orders) % 5)
        elif turn == 2:
            for order in self.working_orders():
                self.cancel(order)
        elif turn == 3:
            self.buy(notional=candle.close * 50_000)
        else:
            self.buy(quantity=1, limit=candle.low)
        self.live()

    def on_order(self, order: Order) -> None:
        self.live()

    def on_trade(self, trade: Trade) -> None:
        self.live()

    def on_position(self, position: Position) -> None:
        self.live()

    def on_account(self, account: Account) -> None:
        self.live()
"""


class Engine:
    """An engine in a process of its own that keeps runs, and what it says."""

    def __init__(self, process: subprocess.Popen[str], addresses: dict[str, str]) -> None:
        self.addresses = addresses
        self.said: list[str] = []
        self._process = process
        assert process.stderr is not None
        self._reader = threading.Thread(target=self.said.extend, args=(process.stderr,))
        self._reader.start()

    def run_kept(self, known: int) -> str:
        """Return the name of the run that was kept last, once more than `known` have been."""
        until = time.monotonic() + PATIENCE_S
        while True:
            names = re.findall(r"--resume (\w+)", "".join(self.said))
            if len(names) > known:
                return names[-1]
            if time.monotonic() > until:
                raise TimeoutError("".join(self.said))
            time.sleep(0.01)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(PATIENCE_S)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


@contextmanager
def keeping_engine() -> Iterator[Engine]:
    """Serve the bundled prices of one quarter, and keep runs for a minute."""
    options = ("--ws-port", "0", "--rest-port", "0", "--json", "--resume-window", "60s")
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "engine", "serve", *options, "--to", "2000-04-01"],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    running = Engine(process, json.loads(process.stdout.readline()))
    try:
        yield running
    finally:
        running.close()


def play(
    engine: Engine, strategy: Path, *options: str, kill_at: int = 0
) -> tuple[int, dict[str, Any]]:
    """Run the strategy in a process; return its exit code and its document without wall times."""
    ended = subprocess.run(
        [sys.executable, "-m", "runner", "run", str(strategy), "--json", "--quiet", *options],
        cwd=strategy.parent,
        env=clean_environment()
        | {
            "ENGINE_WS_URL": engine.addresses["ws_url"],
            "ENGINE_REST_URL": engine.addresses["rest_url"],
            "SUBSCRIPTIONS": "S:AAPL:candle",
            "KILL_AT": str(kill_at),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    document = json.loads(ended.stdout) if ended.stdout else {"stderr": ended.stderr}
    document.pop("run", None)
    return ended.returncode, document


def survives(engine: Engine, strategy: Path, expected: dict[str, Any], event: int) -> None:
    """Kill the strategy at an event, start it again, and compare.

    Raises:
        AssertionError: it was not killed, could not go on, or something else came of it.
    """
    kept = len(re.findall("--resume", "".join(engine.said)))
    code, _ = play(engine, strategy, kill_at=event)
    assert code == -9, code
    code, document = play(engine, strategy, "--resume", engine.run_kept(kept))
    assert code == 0, document
    assert json.dumps(document) == json.dumps(expected), f"event {event}"


def main() -> None:
    """Kill at all events, and say so."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    began = time.monotonic()
    with TemporaryDirectory() as directory, keeping_engine() as engine:
        strategy = Path(directory) / "mortal.py"
        strategy.write_text(STRATEGY)
        code, expected = play(engine, strategy)
        assert code == 0, expected
        for event in range(1, events + 1):
            survives(engine, strategy, expected, event)
    seconds = time.monotonic() - began
    print(
        f"killed at each of {events} events and started again in {seconds:.0f} s: "
        f"{len(expected['trades'])} trades, the same document every time"
    )


if __name__ == "__main__":
    main()
