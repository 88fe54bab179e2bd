"""SIGTERM at random points of live runs: each is gone within five seconds, its journal valid.

    python -m tests.integration.sigterm 200 [--seed 1]

Every run is the real program, its guard included, against a scripted gateway that streams candles,
answers late or not at all, and fills some orders. The longest time from the signal to the end of
the process is printed.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from runner.journal import Journal
from tests.integration.gateway import Gateway, gateway, send_signal, strategy_in
from tests.integration.peer import Client, Handler

BOUND_S = 5.0
STARTS_S = 60.0
"""How long a run may take to begin on a machine that is busy."""
STRATEGY = """
from runner import Strategy

class Busy(Strategy):
    def on_candle(self, candle):
        self.state["seen"] = self.state.get("seen", 0) + 1
        for order in self.orders[:2]:
            self.cancel(order)
        self.buy(quantity=1, limit=50)
        self.sell(quantity=1, limit=500)
        self.sell(quantity=1, stop=40, reduce_only=True)
"""
WIDE = ("max_orders_per_second", "max_orders_per_day", "max_open_orders", "max_repeats")
LIMITS = [f"--set=risk.{one}=1000000" for one in (*WIDE, "max_orders_per_event")]


def slowness_s() -> float:
    """Return how much longer than on a machine of its own a program takes now, roughly.

    A run that leaves may have to start one.
    """
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "runner", "--help"], stdout=subprocess.DEVNULL, check=True
    )
    return 5 * max(0.0, time.monotonic() - began - 0.3)


class Left(NamedTuple):
    """How one run left."""

    point: int
    seconds: float
    """From the signal to the end of the process."""
    code: int
    said: str


def streams(pause_s: float) -> Callable[[Client], None]:
    """Return a gateway's side that sends candles until the client closes."""

    def script(client: Client) -> None:
        client.connected()
        closed = threading.Event()

        def send() -> None:
            index = 0
            while not closed.wait(pause_s):
                client.candles(index)
                index += 1

        def quietly() -> None:
            try:
                send()
            except OSError:
                return

        thread = threading.Thread(target=quietly, daemon=True)
        thread.start()
        try:
            client.wait_until_closed(60)
        finally:
            closed.set()

    return script


def moody(draw: random.Random, released: threading.Event) -> Callable[[Handler], bool]:
    """Return what makes answers late, lost or unkind, one way after the other."""

    def answer(handler: Handler) -> bool:
        mood = draw.random()
        if mood < 0.9:
            time.sleep(draw.random() * 0.02)
        elif mood < 0.97:
            time.sleep(draw.random() * 0.3)
        elif mood < 0.98:
            handler.refuse(503, "PROVIDER_UNAVAILABLE")
            return True
        elif mood < 0.985:
            handler.hang_up()
            return True
        elif mood < 0.99 and handler.command == "POST":
            handler.book.place(handler.sent)  # placed, and nobody is told
            handler.hang_up()
            return True
        elif mood > 0.995:
            released.wait(20)  # no answer for longer than a run may stay
        return False

    return answer


def play(point: int, seed: int, folder: Path) -> Left:
    """Send SIGTERM to one run at a moment that point and seed decide, and return how it left.

    On a machine that is busy with other things it may take longer.

    Raises:
        AssertionError: it stayed too long, or its journal does not hold what it did.
    """
    draw = random.Random(f"{seed} {point}")
    with gateway(streams(draw.choice([0.002, 0.01, 0.05]))) as peer:
        moods = moody(draw, peer.book.released)
        for method in ("POST", "DELETE"):
            peer.book.faults[method] = [moods] * 100_000
        name = strategy_in(folder, STRATEGY)
        process = peer.start(folder, "run", name, "--ui", "none", *LIMITS)
        try:
            posts = draw.randrange(40)
            until = time.monotonic() + STARTS_S
            while not peer.book.posts:
                assert time.monotonic() < until, f"point {point}: no order came"
                time.sleep(0.01)
            # An order in doubt holds up the others, so that there may be less of them.
            until = time.monotonic() + 3
            while len(peer.book.posts) < posts and time.monotonic() < until:
                time.sleep(0.002)
            time.sleep(draw.random() * 0.1)
            if draw.random() < 0.15:  # dead, from the moment on at which it is needed
                silent = [lambda _: peer.book.released.wait(20)] * 1000
                peer.book.faults |= dict.fromkeys(("GET", "POST", "DELETE"), silent)
            began = time.monotonic()
            send_signal(process, signal.SIGTERM)
            _, said = process.communicate(timeout=60)
            left = Left(point, time.monotonic() - began, process.returncode, said)
        finally:
            process.kill()
        _check(peer, folder, left)
    return left


def _check(peer: Gateway, folder: Path, left: Left) -> None:
    shown = f"point {left.point}: {left}"
    assert left.code in (143, 9), shown
    assert "Traceback" not in left.said, shown
    assert left.seconds < BOUND_S + slowness_s(), shown
    (path,) = (folder / ".runner" / "live").glob("*/journal.jsonl")
    journal = Journal(path)  # raises where a line is damaged
    known = set(journal.past.orders)
    open_ = {one.client_order_id for one in journal.past.open()}
    journal.close()
    names = [one["client_order_id"] for one in peer.book.posts]
    assert len(names) == len(set(names)), f"sent twice, {shown}"
    assert set(names) <= known, f"sent and not written down, {shown}"
    works = {
        one["client_order_id"]
        for one in peer.book.orders
        if one["status"] == "OPEN" and not one.get("reduce_only")
    }
    if left.code == 143:
        assert not works, f"entries left behind, {shown}"
    assert works <= open_, f"forgotten, {shown}"


def main() -> int:
    """Play the points that are asked for and print how long it took at most."""
    parser = argparse.ArgumentParser(description="SIGTERM at random points of live runs.")
    parser.add_argument("points", type=int, nargs="?", default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    longest, codes, failed = Left(-1, 0.0, 0, ""), Counter[int](), 0
    for point in range(given.points):
        with tempfile.TemporaryDirectory() as folder:
            try:
                left = play(point, given.seed, Path(folder))
            except (AssertionError, subprocess.TimeoutExpired) as error:
                failed += 1
                print(error, flush=True)
                continue
        codes[left.code] += 1
        longest = max(longest, left, key=lambda one: one.seconds)
    print(
        f"{given.points} points, {failed} failed; exit codes {dict(codes)}; "
        f"longest {longest.seconds:.2f} s at point {longest.point}"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
