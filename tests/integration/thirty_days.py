"""Thirty simulated days at a gateway that fails two hundred times: memory, threads, files flat.

    python -m tests.integration.thirty_days [DAYS] [FAILURES]

The real program runs a strategy that trades now and then, in a process of its own, against a
scripted gateway that sends the minutes of those days as fast as they are acknowledged and fails in
every way of `FAILURES`, in turn. What the process holds is read off the system a hundred times.
The test-suite plays one day with a failure of each kind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection

from runner.protocol.codec import encode
from runner.protocol.messages import Connection
from runner.protocol.times import from_ms
from tests.integration.market_gateway import PATIENCE_S, Market, minute
from tests.integration.peer import Client, Handler, running
from tests.integration.test_cli import clean_environment
from tests.integration.toxic import ToxicLine, toxic_line

DAY = 24 * 60
BATCH = 20
"""Minutes sent in one write, unless something is to fail among them."""
SAMPLES = 100
GROWTH = 0.05
"""By how much memory may grow from the second quarter to the last: an order stays known to its run,
and a point of the equity curve takes sixteen bytes."""
MISSED = 7
"""Minutes that are lost for good where a connection leaves a gap."""
STRATEGY = """
from runner import Candle, Strategy


class Now_and_then(Strategy):
    def on_candle(self, candle: Candle) -> None:
        block = candle.time // (97 * 60_000)
        if block != self.state.get("block"):
            self.state["block"] = block
            if self.is_flat:
                self.buy(quantity=1, reason="a new block")
            else:
                self.close(reason="a new block")
"""
SETTINGS = {
    "RUNNER_CONNECTION__BACKOFF_INITIAL": "1ms",
    "RUNNER_CONNECTION__BACKOFF_MAX": "20ms",
    "RUNNER_CONNECTION__MAX_ATTEMPTS": "100",
    "RUNNER_CONNECTION__PING_INTERVAL": "300ms",
    "RUNNER_CONNECTION__PING_TIMEOUT": "300ms",
    "RUNNER_CONNECTION__REQUEST_TIMEOUT": "2s",
    # Thirty days pass in a minute, and the clock of these limits is the wall's.
    "RUNNER_RISK__MAX_ORDERS_PER_SECOND": "1000",
    "RUNNER_RISK__MAX_ORDERS_PER_DAY": "100000",
    "RUNNER_RISK__MAX_POSITION_NOTIONAL": "1000000",
}


@dataclass
class Sample:
    """What the processes of a run hold at one moment."""

    candle: int
    resident: int
    """Bytes."""
    threads: int
    files: int


@dataclass
class Failing(Market):
    """A market that fails before some of its minutes."""

    faults: dict[int, str]
    line: ToxicLine | None = None
    pid: int | None = None
    samples: list[Sample] = field(default_factory=list)
    met: dict[str, int] = field(default_factory=dict)
    busy: int = 0
    """How many openings of a connection are answered with 503."""

    def __init__(self, candles: int, faults: dict[int, str]) -> None:
        super().__init__(candles)
        self.faults = dict(faults)
        self.samples = []
        self.met = {}

    def __call__(self, client: Client) -> None:
        self.connections += 1
        self.book = client.book
        client.connected()
        while self.next < self.candles:
            self.look()
            self.tell(client)
            fault = self.faults.pop(self.next, None)
            if fault is not None:
                self.met[fault] = self.met.get(fault, 0) + 1
                if FAILURES[fault](self, client):
                    return
            end = min(self.candles, self.next + BATCH)
            batch = [self.next]
            while batch[-1] + 1 < end and batch[-1] + 1 not in self.faults:
                batch.append(batch[-1] + 1)
            client.send(*(frame_of(index, index == batch[-1]) for index in batch))
            self.wait_for(client, f"m{batch[-1]}")
            self.next = batch[-1] + 1
        self.look()
        self.tell(client)
        client.complete()
        self.wait_for(client, "end")
        client.wait_until_closed(PATIENCE_S)

    def look(self) -> None:
        """Note what the processes of the run hold, a hundred times in all."""
        if self.pid is None or self.next * SAMPLES < len(self.samples) * self.candles:
            return
        with suppress(OSError):  # one that ends while it is looked at
            places = family(self.pid)
            if not places:
                return
            pages = sum(int((one / "statm").read_text().split()[1]) for one in places)
            threads = sum(len(os.listdir(one / "task")) for one in places)
            files = sum(len(os.listdir(one / "fd")) for one in places)
            resident = pages * os.sysconf("SC_PAGE_SIZE")
            self.samples.append(Sample(self.next, resident, threads, files))

    def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer the opening of a connection: 503 as often as is wanted."""
        if not self.busy:
            return None
        self.busy -= 1
        return connection.respond(503, "busy\n")


def family(pid: int) -> list[Path]:
    """Return where the system tells of a process and of those it has started, oldest first.

    A run at a gateway is two: the strategy's, and the one that watches over it.
    """
    place = Path(f"/proc/{pid}")
    if not (place / "statm").exists():
        return []
    children = (place / "task" / str(pid) / "children").read_text().split()
    return [place, *(one for child in children for one in family(int(child)))]


def frame_of(index: int, is_awaited: bool) -> bytes:
    """Return a minute; as at real gateways, only what is to be acknowledged has an id."""
    event_id = f"m{index}" if is_awaited else None
    return encode(minute(index), event_id=event_id, timestamp=from_ms(0))


# What fails. True where the connection is over.


def close(market: Failing, client: Client) -> bool:
    client.send(encode(Connection("DISCONNECTING"), timestamp=from_ms(0)))
    client.socket.close(1001, "going down")
    return True


def abort(market: Failing, client: Client) -> bool:
    client.cut()
    return True


def busy(market: Failing, client: Client) -> bool:
    market.busy = 3
    client.cut()
    return True


def restart(market: Failing, client: Client) -> bool:
    assert market.line is not None
    market.line.refuse()
    market.line.cut()
    threading.Timer(0.1, market.line.listen).start()
    return True


def stall(market: Failing, client: Client) -> bool:
    assert market.line is not None
    market.line.swallow()
    return True


def broker(market: Failing, client: Client) -> bool:
    gone = Connection("BROKER_DISCONNECTED", broker="mock")
    back = Connection("BROKER_RECONNECTED", broker="mock", gap_duration_ms=8421)
    client.send(*(encode(one, timestamp=from_ms(0)) for one in (gone, back)))
    return False


def lost_answer(market: Failing, client: Client) -> bool:
    client.book.faults.setdefault("POST", []).append(place_and(Handler.hang_up))
    return False


def bad_answer(market: Failing, client: Client) -> bool:
    client.book.faults.setdefault("POST", []).append(
        place_and(lambda handler: handler.answer(502, b"<html>bad gateway</html>"))
    )
    return False


def unreadable_state(market: Failing, client: Client) -> bool:
    client.book.faults["GET"] = [refuse] * 2
    client.cut()
    return True


def nonsense(market: Failing, client: Client) -> bool:
    client.send(b'{"type":"candle","bar":', b"\xef\xbb\xbf[]")
    return False


def repeat(market: Failing, client: Client) -> bool:
    client.send(frame_of(market.next - 1, True))
    return False


def gap(market: Failing, client: Client) -> bool:
    client.cut()
    market.next += MISSED
    return True


FAILURES: dict[str, Callable[[Failing, Client], bool]] = {
    one.__name__: one
    for one in (
        close, abort, busy, restart, stall, broker,
        lost_answer, bad_answer, unreadable_state, nonsense, repeat, gap,
    )
}  # fmt: skip


def place_and(then: Callable[[Handler], object]) -> Callable[[Handler], bool]:
    def fault(handler: Handler) -> bool:
        handler.book.fill(handler.book.place(handler.sent))
        then(handler)
        return True

    return fault


def refuse(handler: Handler) -> bool:
    handler.refuse(503, "PROVIDER_UNAVAILABLE")
    return True


# The run


@dataclass
class Story:
    """What became of a run."""

    code: int
    document: dict[str, Any]
    said: str
    seconds: float
    report: dict[str, Any]
    met: dict[str, int]
    samples: list[Sample]

    def quarter(self, number: int) -> list[Sample]:
        """Return the samples of one quarter of the run, 1 to 4."""
        size = len(self.samples) // 4
        return self.samples[(number - 1) * size : number * size]

    def growth(self) -> float:
        """Return by which share the memory of the last quarter is above that of the second."""
        second, last = (self.quarter(number) for number in (2, 4))
        mean = [sum(one.resident for one in part) / len(part) for part in (second, last)]
        return mean[1] / mean[0] - 1

    def check(self) -> None:
        """Fail unless the run went well and no order was lost or doubled."""
        assert self.code == 0, self.said[-3000:]
        assert not self.report["left"], self.report["left"]
        posted, placed = self.report["posted"], self.report["placed"]
        assert len(posted) == len(set(posted)), "an order was sent twice"
        assert sorted(posted) == sorted(placed)
        if not self.samples:
            return  # this system does not tell what a process holds
        assert self.growth() < GROWTH, [one.resident for one in self.samples]
        second, last = (self.quarter(number) for number in (2, 4))
        for name in ("threads", "files"):
            most = [max(getattr(one, name) for one in part) for part in (second, last)]
            assert most[1] <= most[0] + 1, (name, most)


def play(days: float, failures: int, folder: Path) -> Story:
    """Play so many days with so many failures, evenly spread."""
    candles = round(days * DAY)
    kinds = list(FAILURES)
    step = candles // (failures + 1)
    faults = {step * (one + 1): kinds[one % len(kinds)] for one in range(failures)}
    market = Failing(candles, faults)
    (folder / "now_and_then.py").write_text(STRATEGY)
    began = time.monotonic()
    with (
        running(market, process_request=market.admit) as peer,
        toxic_line(peer.ws_url, peer.rest_url) as line,
    ):
        peer.book.fills = True
        market.line = line
        process = subprocess.Popen(
            [sys.executable, "-m", "runner", "run", "now_and_then.py", "--ui", "none", "--json"],
            cwd=folder,
            env=clean_environment()
            | SETTINGS
            | {"GATEWAY_URL": line.url, "SUBSCRIPTIONS": "S:AAPL:candle_1m"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        market.pid = process.pid
        try:
            out, said = process.communicate()
        finally:
            process.kill()
            market.pid = None
        peer.failures.clear()  # of connections that nobody answered any more, as was wanted
        report = market.report() | {"left": market.faults}
    return Story(
        process.returncode,
        json.loads(out) if out else {},
        said,
        time.monotonic() - began,
        report,
        market.met,
        market.samples,
    )


def main() -> None:
    """Play, and say what came of it."""
    days = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    failures = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with TemporaryDirectory() as directory:
        story = play(days, failures, Path(directory))
    met = ", ".join(f"{name} {times}" for name, times in story.met.items())
    print(f"{days:g} days, {story.report['candles']:,} minutes in {story.seconds:.0f} s")
    print(f"{sum(story.met.values())} failures: {met}")
    print(f"{story.report['connections']} connections")
    print(f"{len(story.report['placed'])} orders, {len(story.report['posted'])} sent")
    for name, at in (("begin", 0), ("middle", 0.5), ("end", 1)):
        one = story.samples[round(at * (len(story.samples) - 1))]
        size = one.resident / 2**20
        print(f"{name:>6}: {size:.1f} MiB, {one.threads} threads, {one.files} files")
    print(f"memory of the last quarter against the second: {story.growth():+.1%}")
    story.check()


if __name__ == "__main__":
    main()
