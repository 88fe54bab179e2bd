"""The real program against a real engine's process and a scripted gateway's, over lines that spoil.

Each row of the two tables is one run: what spoils which direction of which channel, from which
share of an undisturbed run's bytes on, and what must come of it. The ordinary suite plays the rows
that are marked; `pytest tests/integration/test_toxic.py --all-toxics` plays all of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from runner.journal import Journal
from tests.integration.kill_strategy import STRATEGY
from tests.integration.market_gateway import GatewayProcess
from tests.integration.test_cli import clean_environment
from tests.integration.toxic import LASTING, Channel, Kind, Toxic, ToxicLine, toxic_line

ORDERS = "self.buy(quantity=5, symbol="
TRADER = STRATEGY.replace(ORDERS, f'os.environ["EARLY"] and {ORDERS}')
PATIENCE_S = 60.0
SAME = "same"
QUICK = {
    "RUNNER_CONNECTION__OPEN_TIMEOUT": "2s",
    "RUNNER_CONNECTION__REQUEST_TIMEOUT": "2s",
    "RUNNER_CONNECTION__CLOSE_TIMEOUT": "1s",
    "RUNNER_CONNECTION__STALL_TIMEOUT": "2s",
    "RUNNER_CONNECTION__BACKOFF_INITIAL": "1ms",
    "RUNNER_CONNECTION__BACKOFF_MAX": "20ms",
    "RUNNER_CONNECTION__MAX_ATTEMPTS": "4",
}


@dataclass(frozen=True)
class Row:
    """One run."""

    kind: Kind
    channel: Channel
    to: str
    """`runner` or `peer`: the direction that is spoilt."""
    moment: float = 0.0
    """The share of an undisturbed run's bytes in that direction that passes before; from 1 on,
    their number."""
    amount: float = 0.0
    expected: str = SAME
    """`same` as undisturbed, or exit code and id of the error, such as `7 E743`."""
    times: int = 1
    keeps: bool = True
    """Whether the engine keeps a run whose connection broke."""
    usual: bool = False
    """Whether the ordinary suite plays it."""
    orders_early: bool = False
    """Whether the strategy orders in `on_start`, before the WebSocket is opened."""

    @property
    def name(self) -> str:
        """What the test is called by."""
        amount = f"-{self.amount:g}" if self.amount else ""
        times = f"-x{self.times}" if self.times > 1 else ""
        kept = "" if self.keeps else "-not-kept"
        kind = self.kind.replace(" ", "-") + ("-early" if self.orders_early else "")
        return f"{kind}{amount}{times}-{self.channel}-to-{self.to}-at-{self.moment:g}{kept}"

    def toxic(self, sizes: dict[tuple[str, bool], int]) -> Toxic:
        """Return what spoils, given how many bytes an undisturbed run has."""
        to_client = self.to == "runner"
        share = self.moment if self.moment < 1 else self.moment / sizes[self.channel, to_client]
        at = round(share * sizes[self.channel, to_client])
        return Toxic(self.kind, self.channel, to_client, at, self.amount, self.times)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play the rows that were asked for."""
    rows = ENGINE if metafunc.function is test_a_spoilt_line_to_an_engine else GATEWAY
    if not metafunc.config.getoption("--all-toxics"):
        rows = [row for row in rows if row.usual]
    metafunc.parametrize("row", rows, ids=lambda row: row.name)


def both(row: Row) -> tuple[Row, Row]:
    """Return a row for either direction; the first is what was given."""
    return row, replace(row, to="peer" if row.to == "runner" else "runner")


def sizes_of(line: ToxicLine) -> dict[tuple[str, bool], int]:
    channels: tuple[Channel, ...] = ("ws", "rest")
    return {
        (channel, to_client): line.passed(channel, to_client=to_client)
        for channel in channels
        for to_client in (True, False)
    }


def run(strategy: Path, **environ: str) -> tuple[int, dict[str, Any], str]:
    """Run the program; return exit code, document without wall times, and stderr."""
    ended = subprocess.run(
        [sys.executable, "-m", "runner", "run", strategy.name, "--json", "--ui", "none"],
        cwd=strategy.parent,
        env=clean_environment() | QUICK | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    document = json.loads(ended.stdout) if ended.stdout else {}
    for name in ("run", "runtime", "digest"):
        document.pop(name, None)
    return ended.returncode, document, ended.stderr


# An engine


@dataclass
class Engine:
    """An engine's process, the line before it, and what an undisturbed run is like."""

    process: subprocess.Popen[str]
    line: ToxicLine
    strategy: Path
    expected: dict[str, dict[str, Any]]
    sizes: dict[tuple[str, bool], int]

    def play(self, *toxics: Toxic, **environ: str) -> tuple[int, dict[str, Any], str]:
        """Run the strategy over a line that is spoilt."""
        self.line.spoil(*toxics)
        environ.setdefault("EARLY", "")
        return run(
            self.strategy,
            ENGINE_WS_URL=self.line.ws_url,
            ENGINE_REST_URL=self.line.rest_url,
            SUBSCRIPTIONS="S:AAPL:candle",
            **environ,
        )

    def undisturbed(self, early: str) -> dict[str, Any]:
        """Return what a run comes to that nothing disturbs."""
        if early not in self.expected:
            code, self.expected[early], said = self.play(EARLY=early)
            assert code == 0, said
            assert len(self.expected[early]["trades"]) > 10
        return self.expected[early]


def engine_keeping_for(seconds: int, folder: Path) -> Iterator[Engine]:
    options = ("--ws-port", "0", "--rest-port", "0", "--json", "--to", "2000-04-01")
    kept = ("--resume-window", f"{seconds}s") if seconds else ()
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "engine", "serve", *options, *kept],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=None,
        text=True,
    )
    assert process.stdout is not None
    addresses = json.loads(process.stdout.readline())
    strategy = folder / "trader.py"
    strategy.write_text(TRADER)
    try:
        with toxic_line(addresses["ws_url"], addresses["rest_url"]) as line:
            engine = Engine(process, line, strategy, {}, {})
            engine.undisturbed("")
            engine.sizes = sizes_of(line)
            yield engine
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from engine_keeping_for(60, tmp_path_factory.mktemp("keeping"))


@pytest.fixture(scope="module")
def forgetting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from engine_keeping_for(0, tmp_path_factory.mktemp("forgetting"))


ENGINE = [
    # What is only slow or torn changes nothing.
    *both(Row("latency", "ws", "runner", amount=0.002)),
    *both(Row("jitter", "ws", "runner", amount=0.005)),
    *both(Row("bandwidth", "ws", "runner", amount=200_000)),
    Row("slice", "ws", "runner", usual=True),
    Row("slice", "ws", "peer"),
    Row("slice", "ws", "runner", 0.5, amount=1),
    *both(Row("stall", "ws", "runner", 0.5, amount=0.3)),
    *both(Row("latency", "rest", "runner", amount=0.005)),
    *both(Row("bandwidth", "rest", "runner", amount=100_000)),
    Row("slice", "rest", "runner", amount=1),
    Row("slice", "rest", "peer", amount=1),
    *both(Row("stall", "rest", "runner", 0.5, amount=0.3)),
    # What ends a connection costs nothing where the engine keeps the run.
    *both(Row("reset", "ws", "runner")),
    Row("reset", "ws", "runner", 20, usual=True),
    Row("reset", "ws", "runner", 20, expected="7 E730", orders_early=True, keeps=False, usual=True),
    Row("reset", "ws", "runner", 20, orders_early=True),
    Row("reset", "ws", "runner", 300),
    Row("reset", "ws", "runner", 300, orders_early=True),
    Row("reset", "ws", "runner", 0.03),
    Row("reset", "ws", "runner", 0.5, usual=True),
    Row("reset", "ws", "runner", 0.5, times=3),
    Row("reset", "ws", "runner", 0.999),
    Row("reset", "ws", "peer", 0.5, usual=True),
    Row("reset", "ws", "peer", 0.999),
    *both(Row("close", "ws", "runner", 0.5)),
    Row("close", "ws", "runner", 0.999),
    *both(Row("reset", "rest", "runner")),
    Row("reset", "rest", "runner", 0.3),
    Row("reset", "rest", "peer", 0.3, expected="7 E720"),
    Row("reset", "rest", "runner", 0.7, usual=True),
    Row("reset", "rest", "peer", 0.7),
    Row("close", "rest", "runner", 0.5),
    Row("close", "rest", "peer", 0.5, expected="7 E720"),
    Row("reset", "rest", "runner", 0.5, times=3),
    # An answer that never comes is looked for elsewhere.
    Row("black hole", "rest", "runner", 0.5, usual=True),
    Row("half-open", "rest", "runner", 0.5),
    # What nobody hears of ends with the documented error.
    Row("black hole", "rest", "peer", 0.5, expected="7 E720", keeps=False),
    Row("half-open", "ws", "runner", 0.5, expected="7 E743", usual=True, keeps=False),
    Row("black hole", "ws", "runner", 0.5, expected="7 E743", keeps=False),
    Row("black hole", "ws", "peer", 0.5, expected="7 E743", keeps=False),
    Row("half-open", "ws", "runner", 0.0, expected="6 E601", times=9, keeps=False),
    *both(Row("reset", "ws", "runner", 0.0, expected="6 E601", times=9, keeps=False)),
    *both(Row("reset", "rest", "runner", 0.0, expected="6 E610", times=9, keeps=False)),
    Row("reset", "ws", "runner", 0.1, expected="7 E730", keeps=False),
    Row("reset", "ws", "runner", 0.5, expected="7 E730", keeps=False, usual=True),
    Row("close", "ws", "runner", 0.5, expected="7 E730", keeps=False),
    Row("reset", "ws", "peer", 0.5, expected="7 E730", keeps=False),
]


def test_a_spoilt_line_to_an_engine(request: pytest.FixtureRequest, row: Row) -> None:
    is_lost = row.expected != SAME
    engine: Engine = request.getfixturevalue("keeping" if row.keeps else "forgetting")
    early = "yes" if row.orders_early else ""

    code, document, said = engine.play(row.toxic(engine.sizes), EARLY=early)
    engine.line.cut()

    assert (engine.line.fired == 0) == (row.kind in LASTING)
    if is_lost:
        assert f"{code} {said.partition('error[')[2].partition(']')[0]}" == row.expected, said
        assert len(said.splitlines()) <= 8
    else:
        assert code == 0, said
        assert json.dumps(document) == json.dumps(engine.undisturbed(early))


# A gateway

TRADES = """
from runner import Candle, Order, Strategy

PLAN = {3: 1, 8: -1, 13: 2, 18: -3, 23: 4}


class Planned(Strategy):
    def on_start(self) -> None:
        self.state.setdefault("done", [])

    def on_candle(self, candle: Candle) -> None:
        minute = candle.time // 60_000 % 1440
        if minute in PLAN and minute not in self.state["done"]:
            self.state["done"].append(minute)
            self.buy(quantity=PLAN[minute]) if PLAN[minute] > 0 else self.sell(
                quantity=-PLAN[minute]
            )
"""
CANDLES = 30
AS_PLANNED = {"candles": CANDLES, "held": {"S:AAPL": "3"}}


@dataclass
class Gateway:
    """A gateway's process, the line before it, and what an undisturbed run is like."""

    process: GatewayProcess
    line: ToxicLine
    sizes: dict[tuple[str, bool], int]

    def play(self, folder: Path, *toxics: Toxic) -> tuple[int, dict[str, Any], str]:
        """Run the strategy over a line that is spoilt; return exit code, report, and stderr."""
        self.line.cut()
        places = self.process.ask("begin", candles=CANDLES)
        self.line.lead_to(*(places[name].partition("//")[2] for name in ("ws", "rest")))
        self.line.spoil(*toxics)
        strategy = folder / "planned.py"
        strategy.write_text(TRADES)
        code, _, said = run(
            strategy,
            GATEWAY_URL=self.line.url,
            SUBSCRIPTIONS="S:AAPL:candle_1m",
            RUNNER_CONNECTION__PING_INTERVAL="300ms",
            RUNNER_CONNECTION__PING_TIMEOUT="300ms",
        )
        return code, self.process.ask("report"), said


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    process = GatewayProcess()
    try:
        with toxic_line("ws://127.0.0.1:1", "http://127.0.0.1:1") as line:
            gateway = Gateway(process, line, {})
            code, report, said = gateway.play(tmp_path_factory.mktemp("undisturbed"))
            assert code == 0, said
            assert report["connections"] == 1
            assert len(report["placed"]) == 5
            gateway.sizes = sizes_of(line)
            yield gateway
    finally:
        process.close()


GATEWAY = [
    *both(Row("latency", "ws", "runner", amount=0.002)),
    *both(Row("slice", "ws", "runner", amount=1)),
    *both(Row("stall", "ws", "runner", 0.5, amount=0.2)),
    *both(Row("latency", "rest", "runner", amount=0.005)),
    *both(Row("slice", "rest", "runner", amount=1)),
    *both(Row("reset", "ws", "runner")),
    Row("reset", "ws", "runner", 0.1, usual=True),
    *both(Row("reset", "ws", "runner", 0.5)),
    Row("reset", "ws", "runner", 0.5, times=3, usual=True),
    Row("reset", "ws", "runner", 0.999),
    *both(Row("close", "ws", "runner", 0.5)),
    Row("black hole", "ws", "runner", 0.5),
    Row("black hole", "ws", "peer", 0.5),
    Row("half-open", "ws", "runner", 0.5, usual=True),
    Row("stall", "ws", "runner", 0.5, amount=2.0),
    *both(Row("reset", "rest", "runner")),
    Row("reset", "rest", "runner", 0.3),
    Row("reset", "rest", "runner", 0.5, usual=True),
    Row("reset", "rest", "runner", 0.8),
    Row("close", "rest", "runner", 0.6),
    Row("black hole", "rest", "runner", 0.6),
    Row("half-open", "rest", "runner", 0.6),
    # An order that never arrived is in doubt to the end, and the run says so.
    Row("reset", "rest", "peer", 0.6, expected="9 E932"),
    Row("black hole", "rest", "peer", 0.6, expected="9 E932"),
    *both(Row("reset", "rest", "runner", 0.0, expected="6 E610", times=9)),
    Row("reset", "ws", "runner", 0.0, expected="6 E601", times=9),
]


def test_a_spoilt_line_to_a_gateway(planned: Gateway, tmp_path: Path, row: Row) -> None:
    code, report, said = planned.play(tmp_path, row.toxic(planned.sizes))

    posted = report["posted"]
    assert len(posted) == len(set(posted)), "an order was sent twice"
    assert len(report["placed"]) == len(set(report["placed"]))
    if row.expected == SAME:
        assert code == 0, said
        assert AS_PLANNED.items() <= report.items(), said
    else:
        assert f"{code} {said.partition('error[')[2].partition(']')[0]}" == row.expected, said
    assert (planned.line.fired == 0) == (row.kind in LASTING)
    journals = [*tmp_path.glob(".runner/live/*/journal.jsonl")]
    for path in journals:
        Journal(path).close()
        assert set(report["placed"]) <= names_in(path)


def names_in(journal: Path) -> set[str]:
    """Return the ids of the orders that were written down before they left."""
    lines = map(json.loads, journal.read_text().splitlines())
    return {line["client_order_id"] for line in lines if line["kind"] == "intent"}
