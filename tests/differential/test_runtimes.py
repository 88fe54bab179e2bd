"""A backtest is the same backtest everywhere: in process and over the wire, byte for byte."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runner.app import execute
from runner.app.market import feed_of, terms_of, wanted_of
from runner.config.load import load_config
from runner.engine.choices import FillAt, PositionMode, PricePath
from runner.engine.costs import Commission, Slippage, Spread, VolumeImpact
from runner.engine.data import open_data
from runner.engine.data_sample import sample_quotes, sample_series
from runner.engine.data_writing import write_quotes, write_series
from runner.engine.feed import Feed
from runner.engine.terms import Interest, Margin
from runner.protocol.subscriptions import parse_subscriptions
from runner.results.document import to_document
from tests.integration.engine_process import engine
from tests.integration.test_cli import ROOT, clean_environment

STRATEGIES = {
    "sma_cross": ("S:AAPL", "S:MSFT", "S:GOOG"),
    "rsi_reversion": ("S:MSFT", "S:IBM"),
    "breakout": ("S:AAPL", "S:GOOG", "S:IBM", "S:MSFT"),
}
SERVE = ("--symbols", "S:AAPL", "--ws-port", "0", "--rest-port", "0", "--once", "--json")
START, START_MS = "2007-06-01", 1_180_656_000_000
COMPARED = (
    "strategy",
    "data",
    "statistics",
    "open_positions",
    "orders",
    "working_orders",
    "rejections",
    "notices",
    "no_trades",
    "trades",
    "equity",
)
"""What must not differ; where the run took place, how long it took and its conventions do."""


def run(tmp_path: Path, flags: dict[str, object], **environ: str) -> dict[str, Any]:
    loaded = load_config(None, flags=flags, environ=environ, cwd=tmp_path)
    result, error = execute(loaded, cwd=tmp_path, environ=environ)
    assert error is None
    return to_document(result)


def assert_same(embedded: dict[str, Any], wired: dict[str, Any]) -> None:
    assert embedded["trades"]
    for key in COMPARED:
        one, two = dict(embedded), dict(wired)
        if key == "data":
            one["data"], two["data"] = ({**it["data"], "source": ""} for it in (one, two))
        assert msgspec.json.encode(one[key]) == msgspec.json.encode(two[key]), key


@pytest.mark.parametrize("costs", [False, True], ids=["free", "with-costs"])
@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        (name, symbols[:count])
        for name, symbols in STRATEGIES.items()
        for count in (1, len(symbols))
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)}-symbols",
)
def test_trades_and_equity_are_the_same_bytes_embedded_and_over_the_wire(
    tmp_path: Path, name: str, symbols: tuple[str, ...], costs: bool
) -> None:
    flags: dict[str, object] = {
        "strategy": str(ROOT / "strategies" / f"{name}.py"),
        "subscriptions": [f"{symbol}:candle" for symbol in symbols],
        "data.from": START,
    }
    options: dict[str, Any] = {}
    environ = {}
    if costs:
        environ = {
            "RUNNER_EXCHANGE__COMMISSION__RATE": "5 bps",
            "RUNNER_EXCHANGE__COMMISSION__MINIMUM": "1",
            "RUNNER_EXCHANGE__SLIPPAGE__RATE": "2 bps",
        }
        options = {
            "commission": Commission(bps=Decimal(5), minimum=Decimal(1)),
            "slippage": Slippage(bps=Decimal(2)),
        }
    embedded = run(tmp_path, flags, **environ)

    series = open_data("sample", symbols, start_ms=START_MS)
    with engine(*series, exchange=options) as peer:
        wired = run(
            tmp_path,
            flags,
            ENGINE_WS_URL=peer.server.ws_url,
            ENGINE_REST_URL=peer.server.rest_url,
        )

    assert wired["runtime"]["name"] == "engine"
    assert wired["ending"] == {"why": "complete", "confirmed": True, "exit_code": 0}
    assert_same(embedded, wired)


EVERYTHING = """
from runner import Candle, Strategy


class Everything(Strategy):
    def on_candle(self, candle: Candle) -> None:
        close = candle.close
        match int(close * 100) % 9:
            case 0:
                self.buy(quantity=1000, stop_loss=close * 0.97, take_profit=close * 1.03)
            case 1:
                self.sell(quantity=70, trail=close * 0.02, reduce_only=True)
            case 2:
                self.buy(quantity=60, trail_percent=1.5, time_in_force="DAY")
            case 3:
                self.buy(quantity=40, limit=close, post_only=True, oco_group="pair")
                self.sell(quantity=40, stop=close * 0.97, oco_group="pair")
            case 4:
                self.buy(quantity=90, limit=close, time_in_force="FOK")
            case 5:
                self.sell(quantity=2000, limit=close * 0.99, time_in_force="IOC")
            case 6:
                for order in self.working_orders():
                    if order.trailing_distance is not None:
                        self.modify(order, trail=order.trailing_distance * 2)
            case 7:
                self.target(quantity=-50)
            case _:
                self.cancel()
"""


@pytest.mark.parametrize("fill_at", FillAt, ids=str)
@pytest.mark.parametrize("path", PricePath, ids=str)
def test_every_order_type_and_cost_is_the_same_bytes_over_the_wire(
    tmp_path: Path, path: PricePath, fill_at: FillAt
) -> None:
    (tmp_path / "everything.py").write_text(EVERYTHING)
    flags: dict[str, object] = {
        "strategy": str(tmp_path / "everything.py"),
        "subscriptions": ["S:AAPL:candle", "S:IBM:candle"],
        "data.from": START,
    }
    embedded = run(
        tmp_path,
        flags,
        RUNNER_EXCHANGE__CASH="60000",
        RUNNER_EXCHANGE__LEVERAGE="3",
        RUNNER_EXCHANGE__MARGIN__MAINTENANCE="33%",
        RUNNER_EXCHANGE__BORROW="4%",
        RUNNER_EXCHANGE__FINANCING="6.5%",
        RUNNER_EXCHANGE__VOLUME_SHARE="0.001%",
        RUNNER_EXCHANGE__HALF_SPREAD="1 bps",
        RUNNER_EXCHANGE__COMMISSION__RATE="5 bps",
        RUNNER_EXCHANGE__COMMISSION__MAKER="1 bps",
        RUNNER_EXCHANGE__SLIPPAGE__RANGE_SHARE="5%",
        RUNNER_EXCHANGE__SLIPPAGE__VOLUME_IMPACT="10%",
        RUNNER_EXCHANGE__PRICE_PATH=path,
        RUNNER_EXCHANGE__FILL_AT=fill_at,
    )

    series = open_data("sample", ("S:AAPL", "S:IBM"), start_ms=START_MS)
    options: dict[str, Any] = {
        "cash": Decimal(60_000),
        "leverage": Decimal(3),
        "margin": Margin(maintenance=Decimal("0.33")),
        "interest": Interest(borrow=Decimal("0.04"), financing=Decimal("0.065")),
        "volume_share": Decimal("0.00001"),
        "spread": Spread(half_bps=Decimal(1)),
        "commission": Commission(bps=Decimal(5), maker_bps=Decimal(1)),
        "slippage": Slippage(
            range_share=Decimal("0.05"), volume_impact=VolumeImpact(Decimal("0.1"))
        ),
        "price_path": path,
        "fill_at": fill_at,
    }
    with engine(*series, exchange=options) as peer:
        wired = run(
            tmp_path,
            flags,
            ENGINE_WS_URL=peer.server.ws_url,
            ENGINE_REST_URL=peer.server.rest_url,
        )

    assert len(embedded["trades"]) > 500
    assert {one["code"] for one in embedded["notices"]} >= {"MARGIN_CALL", "LIQUIDATION"}
    assert embedded["statistics"]["financing"].startswith("-")
    assert_same(embedded, wired)


HEDGES = """
from runner import Candle, Strategy


class Hedges(Strategy):
    def on_candle(self, candle: Candle) -> None:
        close = candle.close
        held = self.positions()
        match int(close * 100) % 8:
            case 0:
                self.buy(quantity=100, stop_loss=close * 0.97, take_profit=close * 1.03)
            case 1:
                self.sell(quantity=80, stop_loss=close * 1.04)
            case 2 if held:
                self.close(position=held[-1])
            case 3 if held:
                order = self.sell if held[0].is_long else self.buy
                order(quantity=30, position=held[0], limit=close)
            case 4:
                self.sell(quantity=70, trail=close * 0.02, reduce_only=self.has_positions)
            case 5:
                self.target(quantity=-50)
            case 6 if self.is_flat:
                self.close()
            case _:
                self.cancel()
"""


def test_positions_that_are_hedged_are_the_same_bytes_over_the_wire(tmp_path: Path) -> None:
    (tmp_path / "hedges.py").write_text(HEDGES)
    flags: dict[str, object] = {
        "strategy": str(tmp_path / "hedges.py"),
        "subscriptions": ["S:AAPL:candle", "S:IBM:candle"],
        "data.from": START,
    }
    embedded = run(
        tmp_path,
        flags,
        RUNNER_EXCHANGE__CASH="60000",
        RUNNER_EXCHANGE__LEVERAGE="3",
        RUNNER_EXCHANGE__MARGIN__MAINTENANCE="33%",
        RUNNER_EXCHANGE__BORROW="4%",
        RUNNER_EXCHANGE__FINANCING="6.5%",
        RUNNER_EXCHANGE__VOLUME_SHARE="0.0001%",
        RUNNER_EXCHANGE__COMMISSION__RATE="5 bps",
        RUNNER_EXCHANGE__POSITION_MODE="hedging",
    )

    series = open_data("sample", ("S:AAPL", "S:IBM"), start_ms=START_MS)
    options: dict[str, Any] = {
        "cash": Decimal(60_000),
        "leverage": Decimal(3),
        "margin": Margin(maintenance=Decimal("0.33")),
        "interest": Interest(borrow=Decimal("0.04"), financing=Decimal("0.065")),
        "volume_share": Decimal("0.000001"),
        "commission": Commission(bps=Decimal(5)),
        "position_mode": PositionMode.HEDGING,
    }
    with engine(*series, exchange=options) as peer:
        wired = run(
            tmp_path,
            flags,
            ENGINE_WS_URL=peer.server.ws_url,
            ENGINE_REST_URL=peer.server.rest_url,
        )

    assert len(embedded["trades"]) > 300
    assert {one["code"] for one in embedded["notices"]} >= {"MARGIN_CALL", "LIQUIDATION"}
    assert_same(embedded, wired)


def test_two_processes_give_what_one_process_gives(tmp_path: Path) -> None:
    strategy = str(ROOT / "strategies" / "sma_cross.py")
    command = [sys.executable, "-m", "runner"]
    environ = clean_environment()
    embedded = subprocess.run(
        [*command, "run", strategy, "--json"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        check=True,
    )

    server = subprocess.Popen(
        [*command, "engine", "serve", *SERVE],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert server.stdout is not None
        addresses = json.loads(server.stdout.readline())
        wired = subprocess.run(
            [*command, "run", strategy, "--json"],
            cwd=tmp_path,
            env=environ
            | {
                "ENGINE_WS_URL": addresses["ws_url"],
                "ENGINE_REST_URL": addresses["rest_url"],
                "SUBSCRIPTIONS": "S:AAPL:candle",
            },
            capture_output=True,
            check=True,
        )
        assert server.wait(timeout=20) == 0
    finally:
        server.kill()
        server.communicate()

    assert_same(json.loads(embedded.stdout), json.loads(wired.stdout))


LENGTHS = """
from runner import Candle, Strategy


class Lengths(Strategy):
    def on_start(self) -> None:
        self.fast = self.sma(3, timeframe="1h")
        self.slow = self.sma(2, timeframe="1d")

    def on_candle(self, candle: Candle) -> None:
        if candle.timeframe == "1d":
            self.buy(quantity=5, limit=candle.close, time_in_force="DAY")
        elif self.fast > self.slow:
            self.buy(quantity=7, stop_loss=candle.close * 0.99, take_profit=candle.close * 1.01)
        elif self.fast < self.slow:
            self.target(quantity=-3)
"""


def test_candles_of_several_lengths_are_the_same_bytes_over_the_wire(tmp_path: Path) -> None:
    (tmp_path / "lengths.py").write_text(LENGTHS)
    made = sample_series(800, seed=3, timeframe="30m", start_ms=1_709_442_000_000)  # 2024-03-03
    write_series(made, tmp_path / "AAPL.csv")
    subscriptions = "S:AAPL:candle_1h,S:AAPL:candle_1d,S:AAPL:candle"
    options = ["--data", "AAPL.csv", "--timezone", "America/New_York"]
    command = [sys.executable, "-m", "runner"]
    environ = clean_environment() | {"SUBSCRIPTIONS": subscriptions}
    ports = ["--ws-port", "0", "--rest-port", "0", "--once", "--json"]
    embedded = subprocess.run(
        [*command, "run", "lengths.py", *options, "--json"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        check=True,
    )

    server = subprocess.Popen(
        [*command, "engine", "serve", *options, *ports, "--timeframes", "1h,1d,30m"],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert server.stdout is not None
        addresses = json.loads(server.stdout.readline())
        wired = subprocess.run(
            [*command, "run", "lengths.py", "--json"],
            cwd=tmp_path,
            env=environ
            | {"ENGINE_WS_URL": addresses["ws_url"], "ENGINE_REST_URL": addresses["rest_url"]},
            capture_output=True,
            check=True,
        )
        assert server.wait(timeout=20) == 0
    finally:
        server.kill()
        server.communicate()

    one, two = json.loads(embedded.stdout), json.loads(wired.stdout)
    assert set(one["data"]["timeframes"]) == {"30m", "1h", "1d"}
    one["data"]["timeframes"] = two["data"]["timeframes"] = []
    assert_same(one, two)


QUOTES = """
from runner import Candle, Quote, Strategy


class Quotes(Strategy):
    def on_quote(self, quote: Quote) -> None:
        assert self.now == quote.timestamp
        assert quote.bid <= quote.last <= quote.ask
        match int(quote.ask * 100) % 5:
            case 0:
                self.buy(quantity=5, limit=quote.bid, time_in_force="DAY")
            case 1:
                self.buy(equity=0.1, stop_loss=quote.bid * 0.97, take_profit=quote.ask * 1.03)
            case 2:
                self.target(quantity=-3)
"""


@pytest.mark.parametrize(
    "subscriptions",
    [
        ["S:AAPL:quote"],
        ["S:IBM:candle", "S:AAPL:quote", "S:IBM:quote"],
        ["S:AAPL:quote", "S:AAPL:candle_1w"],
    ],
    ids=["quotes-only", "with-candles", "with-coarser-candles"],
)
def test_quotes_are_the_same_bytes_over_the_wire(tmp_path: Path, subscriptions: list[str]) -> None:
    (tmp_path / "quotes.py").write_text(QUOTES)
    flags: dict[str, object] = {
        "strategy": str(tmp_path / "quotes.py"),
        "subscriptions": subscriptions,
        "data.from": START,
    }
    embedded = run(tmp_path, flags, RUNNER_EXCHANGE__HALF_SPREAD="3 bps")

    wanted, quoted = wanted_of(parse_subscriptions(",".join(subscriptions)))
    names = dict.fromkeys([*(name for name, _ in wanted), *quoted])
    feed = Feed.of(open_data("sample", list(names), start_ms=START_MS), wanted, quoted=quoted)
    with engine(feed, exchange={"spread": Spread(half_bps=Decimal(3))}) as peer:
        wired = run(
            tmp_path,
            flags,
            ENGINE_WS_URL=peer.server.ws_url,
            ENGINE_REST_URL=peer.server.rest_url,
        )

    for one in (embedded, wired):
        one["data"]["timeframes"] = one["data"]["symbols"] = []
    assert_same(embedded, wired)


EVERYTHING_ON_QUOTES = """
from runner import Candle, Quote, Strategy


class EverythingOnQuotes(Strategy):
    def on_candle(self, candle: Candle) -> None:
        if int(candle.close * 100) % 2:
            self.buy(notional=500)

    def on_quote(self, quote: Quote) -> None:
        bid, ask = quote.bid, quote.ask
        match int(quote.bid_size + 100 * ask) % 40:
            case 0:
                self.buy(quantity=100, stop_loss=bid - 0.05, take_profit=ask + 0.05)
            case 1:
                self.sell(quantity=70, trail=0.03, reduce_only=True)
            case 2:
                self.buy(quantity=60, trail_percent=0.05, time_in_force="DAY")
            case 3:
                self.buy(quantity=40, limit=bid, post_only=True, oco_group=f"pair {quote.time}")
                self.sell(quantity=40, stop=bid - 0.04, oco_group=f"pair {quote.time}")
            case 4:
                self.buy(quantity=90, limit=ask, time_in_force="FOK")
            case 5:
                self.sell(quantity=200, limit=bid, time_in_force="IOC")
            case 6:
                self.buy(quantity=10, stop=ask + 0.01, limit=ask + 0.02)
            case 7:
                self.target(quantity=-50)
            case 8:
                self.cancel()
            case 9:
                for order in self.working_orders():
                    if order.trailing_distance is not None:
                        self.modify(order, trail=order.trailing_distance * 2)
"""


@pytest.mark.parametrize(
    "subscriptions",
    [
        ["S:ONE:quote"],
        ["S:ONE:quote", "S:TWO:quote"],
        ["S:ONE:candle_5m", "S:TWO:quote", "S:ONE:quote"],
    ],
    ids=["one-symbol", "two-symbols", "with-candles"],
)
def test_quotes_of_files_fill_orders_and_are_the_same_bytes_over_the_wire(
    tmp_path: Path, subscriptions: list[str]
) -> None:
    (tmp_path / "everything.py").write_text(EVERYTHING_ON_QUOTES)
    for seed, name in enumerate(("ONE", "TWO")):
        write_quotes(sample_quotes(2000, seed=seed), tmp_path / f"quotes-{name}.csv")
        candles = sample_series(34, seed=seed, timeframe="1m")
        write_series(candles, tmp_path / f"candles-{name}.csv")
    environ = {
        "RUNNER_DATA__PATH": str(tmp_path / "candles-{symbol}.csv"),
        "RUNNER_DATA__QUOTES": str(tmp_path / "quotes-{symbol}.csv"),
        "RUNNER_EXCHANGE__CASH": "30000",
        "RUNNER_EXCHANGE__LEVERAGE": "3",
        "RUNNER_EXCHANGE__MARGIN__MAINTENANCE": "33%",
        "RUNNER_EXCHANGE__VOLUME_SHARE": "50%",
        "RUNNER_EXCHANGE__HALF_SPREAD": "1 bps",
        "RUNNER_EXCHANGE__COMMISSION__RATE": "1 bps",
        "RUNNER_EXCHANGE__COMMISSION__MAKER": "0 bps",
        "RUNNER_EXCHANGE__SLIPPAGE__RATE": "1 bps",
        "RUNNER_EXCHANGE__SLIPPAGE__VOLUME_IMPACT": "1%",
    }
    flags: dict[str, object] = {
        "strategy": str(tmp_path / "everything.py"),
        "subscriptions": subscriptions,
    }
    embedded = run(tmp_path, flags, **environ)

    config = load_config(None, flags=flags, environ=environ, cwd=tmp_path).config
    wanted, quoted = wanted_of(config.subscriptions)
    names = list(dict.fromkeys(one.symbol for one in config.subscriptions))
    feed = feed_of(config.data, wanted, names, quoted=quoted, cwd=tmp_path)
    terms = terms_of(config.exchange)
    options = {one.name: getattr(terms, one.name) for one in fields(terms)}
    with engine(feed, exchange=options) as peer:
        wired = run(
            tmp_path,
            flags,
            ENGINE_WS_URL=peer.server.ws_url,
            ENGINE_REST_URL=peer.server.rest_url,
        )

    for one in (embedded, wired):
        one["data"]["timeframes"] = one["data"]["symbols"] = []
    assert len(embedded["trades"]) > 100
    assert_same(embedded, wired)


def test_L3_a_run_that_saw_no_market_event_fails_its_gate(tmp_path: Path) -> None:
    (series,) = open_data("sample", ("S:AAPL",), start_ms=START_MS)
    flags = {"strategy": str(ROOT / "strategies" / "sma_cross.py")}
    with engine(series) as peer:
        environ = {
            "ENGINE_WS_URL": peer.server.ws_url,
            "ENGINE_REST_URL": peer.server.rest_url,
            "SUBSCRIPTIONS": "S:MSFT:candle",
        }
        loaded = load_config(None, flags=flags, environ=environ, cwd=tmp_path)
        result, error = execute(loaded, cwd=tmp_path, environ=environ)

    assert error is not None
    assert error.id == "E801"
    assert result.ending.exit_code == 8
    assert "none of the" in error.what
