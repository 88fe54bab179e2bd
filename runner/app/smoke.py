"""Try a strategy where it is going to hurt, in a few seconds: bad markets, refusals, a bad wire.

Each scenario seats the strategy afresh and runs it with the real session, exchange and server.
Nothing here judges whether a strategy is any good, only whether it survives and stays consistent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from runner.app.run import seat_session
from runner.config.models import RunConfig
from runner.dashboard.capture import Capture, captured
from runner.errors import ProtocolError, RunnerError
from runner.protocol.admission import Subscription
from runner.session import Ending, Session
from runner.transports.stop import StopRequest, stop_after

if TYPE_CHECKING:
    from runner.engine.columns import Row
    from runner.engine.series import Series
    from runner.engine.terms import Terms
    from runner.protocol.messages import Trade

CANDLES = 300
"""Candles of each symbol in a scenario: room for the indicators of most strategies."""
SECONDS = 20.0
"""Longest time of one scenario."""
REPEAT_EVERY, CUT_EVERY = 7, 61
"""Faults of the wire, in frames. Primes, so that they meet every kind of frame."""
MANY = 20
"""So many orders after which one may ask whether a strategy looks at what became of them."""
_SEED = 20_240_101


@dataclass(frozen=True, slots=True)
class Check:
    """What became of one scenario."""

    scenario: str
    said: str
    """What happened, for people."""
    error: RunnerError | None = None
    warning: str = ""

    @property
    def passed(self) -> bool:
        return self.error is None


@dataclass(frozen=True, slots=True)
class _Tried:
    """A session after its run."""

    session: Session
    ending: Ending | None
    error: RunnerError | None

    @property
    def trades(self) -> list[Trade]:
        return [one.trade for one in self.session.desk.portfolio.fills]

    def said(self) -> str:
        desk = self.session.desk
        return (
            f"{desk.market_events:,} events, {len(desk.tickets):,} orders, "
            f"{len(self.trades):,} trades, {len(self.session.rejections):,} rejected"
        )


class Smoke:
    """The scenarios for one strategy, as the configuration describes it."""

    def __init__(self, config: RunConfig, cwd: Path) -> None:
        """Load the strategy once, so that what is wrong with it is told before anything runs.

        Raises:
            RunnerError: it cannot be loaded, or its parameters do not fit.
        """
        self._config = config
        self._cwd = cwd
        _, self.facts, subscriptions = self._seat()
        self._wanted = _streams(subscriptions)

    def checks(self) -> Iterator[Check]:
        """Run the scenarios one after another and yield what became of each."""
        scenarios: Sequence[tuple[str, Callable[[], tuple[_Tried, str]]]] = (
            ("quiet prices", self._quiet),
            ("gaps, jumps and no volume", self._rough),
            ("every order refused", self._refused),
            ("fills in small parts", self._parts),
            ("stopped in the middle", self._stopped),
            ("a wire that repeats and breaks", self._wire),
        )
        for name, scenario in scenarios:
            with captured(Capture(sys.stderr)):
                tried, warning = scenario()
            yield Check(name, tried.said(), tried.error, warning)

    # Scenarios

    def _quiet(self) -> tuple[_Tried, str]:
        tried = self._embedded(self._prices())
        idle = "it ordered nothing: the other scenarios say little about its orders"
        return tried, "" if tried.session.desk.tickets or tried.error else idle

    def _rough(self) -> tuple[_Tried, str]:
        return self._embedded([_roughened(one) for one in self._prices()]), ""

    def _refused(self) -> tuple[_Tried, str]:
        tried = self._embedded(self._prices(), replace(self._terms(), cash=Decimal("0.01")))
        orders = len(tried.session.desk.tickets)
        if orders < MANY or tried.trades:
            return tried, ""
        return tried, f"it ordered {orders:,} times although every order was refused"

    def _parts(self) -> tuple[_Tried, str]:
        prices = self._prices()
        volumes = [volume for one in prices for volume in one.volumes if volume]
        # A share that lets about three units through in a candle.
        share = Decimal(3) / Decimal(repr(max(volumes, default=1.0)))
        terms = replace(self._terms(), volume_share=min(share, Decimal(1)))
        return self._embedded(prices, terms), ""

    def _stopped(self) -> tuple[_Tried, str]:
        return self._embedded(self._prices(), max_events=CANDLES // 2), ""

    def _wire(self) -> tuple[_Tried, str]:
        prices = self._prices()
        tried = self._over_a_wire(prices)
        if tried.error is not None:
            return tried, ""
        if tried.trades != self._embedded(prices).trades:
            error = ProtocolError(
                "the trades over the wire are not those of the same run in process",
                why="the strategy depends on something else than its events: the wall clock, "
                "random numbers without a seed, or state that outlives it",
                fix="use self.now instead of the clock, and give random numbers a seed",
                id="E760",
            )
            return replace(tried, error=error), ""
        return tried, ""

    # How they run

    def _seat(self) -> tuple[Session, object, tuple[Subscription, ...]]:
        return seat_session(self._config, self._cwd)

    def _embedded(
        self, prices: list[Series], terms: Terms | None = None, *, max_events: int | None = None
    ) -> _Tried:
        from runner.engine.exchange import Exchange
        from runner.engine.feed import Feed
        from runner.transports.local import run_local

        session, _, _ = self._seat()
        exchange = Exchange(Feed(prices), terms or self._terms())
        session.desk.subscribed = exchange.feed.symbols
        return _tried(
            session, lambda stop: run_local(session, exchange, stop=stop, max_events=max_events)
        )

    def _over_a_wire(self, prices: list[Series]) -> _Tried:
        from runner.engine.exchange import Exchange
        from runner.engine.feed import Feed
        from runner.engine.server import EngineServer, Faults, SessionRules
        from runner.engine.server.background import served
        from runner.transports.rest import RestClient
        from runner.transports.websocket import ConnectionSettings, run_websocket

        session, _, _ = self._seat()
        feed = Feed(prices)
        session.desk.subscribed = feed.symbols
        rules = SessionRules(
            resume_seconds=SECONDS, faults=Faults(repeat_every=REPEAT_EVERY, cut_every=CUT_EVERY)
        )
        server = EngineServer(
            lambda: Exchange(feed, self._terms()), rules=rules, ws_port=0, rest_port=0, once=True
        )
        settings = ConnectionSettings(backoff_initial_s=0.01, backoff_max_s=0.1)
        with served(server):
            rest = RestClient(server.rest_url)
            tried = _tried(
                session,
                lambda stop: run_websocket(
                    session, url=server.ws_url, rest=rest, settings=settings, stop=stop
                ),
            )
        return tried if tried.error else replace(tried, error=_unconfirmed(tried, server.runs))

    def _terms(self) -> Terms:
        from runner.app.market import terms_of

        return terms_of(self._config.exchange)

    def _prices(self) -> list[Series]:
        from runner.engine.data import SAMPLE_SYMBOLS, open_data
        from runner.engine.data_sample import sample_series

        found: list[Series] = []
        for place, (symbol, timeframe) in enumerate(self._wanted):
            if symbol in SAMPLE_SYMBOLS and timeframe == "1d":
                whole = open_data("sample", [symbol])[0]
                found.append(whole.between(None, whole.times[CANDLES]))
            else:
                made = sample_series(
                    CANDLES, seed=_SEED + place, timeframe=timeframe, symbol=symbol
                )
                found.append(made)
        return found


def _tried(session: Session, drive: Callable[[StopRequest], Ending]) -> _Tried:
    stop = StopRequest()
    try:
        with stop_after(stop, SECONDS):
            ending = drive(stop)
    except RunnerError as failed:
        return _Tried(session, None, failed)
    if ending.why == "timeout":
        error = ProtocolError(
            f"a scenario of {CANDLES} candles took longer than {SECONDS:g} s",
            why="a handler that waits holds up simulated time, and in live trading the account",
            fix="look at what the handler does",
            id="E761",
        )
        return _Tried(session, ending, error)
    return _Tried(session, ending, None)


def _unconfirmed(tried: _Tried, runs: dict[str, int]) -> RunnerError | None:
    is_done = tried.ending is not None and tried.ending.confirmed and runs["complete"] == 1
    if is_done:
        return None
    return ProtocolError(
        "the engine did not see every event acknowledged",
        why=f"its runs ended like this: {runs}",
        fix="this is a defect of runner: please report it with the strategy",
        id="E762",
    )


def _streams(subscriptions: tuple[Subscription, ...]) -> list[tuple[str, str]]:
    """Return symbol and timeframe of what the strategy wants, the sample's first if nothing."""
    found = {
        (one.symbol if one.symbol != "*" else "S:AAPL"): one.timeframe or "1d"
        for one in subscriptions
    }
    return list(found.items()) or [("S:AAPL", "1d")]


def _roughened(series: Series) -> Series:
    """Return the series with a tenth of its candles missing, jumps, and candles nobody traded."""
    from runner.engine.series import Series

    rows: list[Row] = []
    factor = 1.0
    for index, one in enumerate(series.candles()):
        if index % 10 == 3:
            continue
        factor *= {50: 1.6, 100: 0.4, 150: 1.3, 200: 0.7}.get(index, 1.0)
        volume = 0.0 if index % 4 == 0 else one.volume
        first, high, low, last = (
            round(price * factor, 4) for price in (one.open, one.high, one.low, one.close)
        )
        rows.append((one.time, first, high, low, last, volume))
    return Series.of(rows, series.symbol, series.timeframe, origin=series.origin)
