"""What a gateway says of its own condition, and what may be sent meanwhile.

Stale prices, a lost broker, a limit of requests, a margin that is short: each becomes a restriction
of the guard, and a notice when it begins and when it ends. Silence counts as well: a symbol of
which nothing has come for long is traded as if the gateway had said so. All durations are of the
monotonic clock. Lives on the strategy's thread.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from runner.protocol.enums import TIMEFRAME_MS
from runner.protocol.messages import (
    AccountUpdate,
    Candle,
    Connection,
    DataStaleness,
    ErrorNotice,
    Message,
    Quote,
    RateLimit,
)
from runner.safety import Guard

STALE, SILENT = "DATA_STALE", "NO_DATA"
LIMITED = "RATE_LIMITED"
BROKER_LOST = "BROKER_DISCONNECTED"
LIFTED = "LIFTED"
"""The notice that a restriction is over."""
QUIET_CANDLES, QUIET_S = 3, 60.0
"""Silence of so many candles, and of so long at least, is more than a quiet market."""
SHORTEST_LIMIT_S, LONGEST_LIMIT_S = 1.0, 60.0
"""How long a limit of requests holds orders back, whatever moment it names: clocks may be wrong."""
LOOK_EVERY_S = 1.0
HALTING = {
    "LIQUIDATION": "the broker has closed a position by force",
    "OCO_DOUBLE_EXIT": "both exits of one position were executed",
}
"""Reports after which the books cannot be trusted. Source: Trading API, `error`."""
FAILED = "BROKER_CONNECTION_FAILED"
TIGHTENING = {
    "POSITION_UNPROTECTED": "exits of a position are missing",
    "MARGIN_WARNING": "the margin is getting short",
    "MARGIN_CALL": "the margin is too small for the positions",
}
"""Reports after which no position may grow as long as the run lasts: a person is to look."""
_LOG = logging.getLogger(__name__)


class _Ticks:
    """When prices of one symbol came last, and what silence is too long."""

    __slots__ = ("at", "limit_s")

    def __init__(self) -> None:
        self.at = 0.0
        self.limit_s = 0.0


class Conditions:
    """Turns what one gateway says of itself into what may be sent."""

    def __init__(
        self,
        guard: Guard,
        reconcile: Callable[[str, str, str], None],
        end: Callable[[], None],
        *,
        stale_after_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Begin with nothing restricted.

        Args:
            guard: is told what may be sent.
            reconcile: has the state read; takes the pause that ends then, why, and what is said.
            end: ends the run, in which nothing will come any more.
            stale_after_s: silence of a symbol that is too long; None follows from its candles.
            clock: monotonic seconds.
            wall: Unix seconds.
        """
        self.news: deque[ErrorNotice] = deque()
        """What the strategy is to be told, oldest first."""
        self._guard = guard
        self._reconcile = reconcile
        self._end = end
        self._stale_after_s = stale_after_s
        self._clock = clock
        self._wall = wall
        self._ticks: dict[str, _Ticks] = {}
        self._silent: set[str] = set()
        self._told: set[str] = set()
        """Symbols of whose silence the strategy has heard: a quiet one would tell it for ever."""
        self._limited_until: float | None = None
        self._look_at = 0.0
        self._acts: dict[type, Callable[[Any], None]] = {
            Candle: self._candle,
            Quote: self._quote,
            DataStaleness: self._staleness,
            Connection: self._connection,
            RateLimit: self._rate_limit,
            ErrorNotice: self._error,
            AccountUpdate: self._account,
        }

    def hear(self, message: Message) -> None:
        """Draw the consequences of a message, before the strategy sees it."""
        act = self._acts.get(type(message))
        if act is not None:
            act(message)

    def look(self, *, now: bool = False) -> None:
        """Draw those of time alone: once a second, or `now`."""
        moment = self._clock()
        if moment < self._look_at and not now:
            return
        self._look_at = moment + LOOK_EVERY_S
        if self._limited_until is not None and moment >= self._limited_until:
            self._limited_until = None
            self._lift(LIMITED, "orders are sent again after the limit of requests")
        for symbol, ticks in self._ticks.items():
            quiet = moment - ticks.at
            if quiet > ticks.limit_s and symbol not in self._silent:
                self._silent.add(symbol)
                said = f"no price of {symbol} has come for {quiet:.0f} s"
                self._restrict(SILENT, said, symbol, is_news=symbol not in self._told)

    def regained(self) -> None:
        """Forget what a connection had said that is replaced: the new one says it again."""
        for why, symbol in self._guard.restrictions:
            if why in (STALE, BROKER_LOST):
                self._lift(why, f"{why} is over: the gateway was reached anew", symbol)

    # Prices

    def _candle(self, candle: Candle) -> None:
        self._came(candle.symbol, QUIET_CANDLES * TIMEFRAME_MS[candle.timeframe] / 1000)

    def _quote(self, quote: Quote) -> None:
        self._came(quote.symbol, 0.0)

    def _came(self, symbol: str, limit_s: float) -> None:
        ticks = self._ticks.get(symbol)
        if ticks is None:
            ticks = self._ticks[symbol] = _Ticks()
            ticks.limit_s = max(limit_s, QUIET_S)
        ticks.at = self._clock()
        # Of a symbol with candles and quotes, what comes more often is missed first.
        ticks.limit_s = self._stale_after_s or min(ticks.limit_s, max(limit_s, QUIET_S))
        if symbol in self._silent:
            self._silent.discard(symbol)
            said = f"prices of {symbol} come again"
            self._lift(SILENT, said, symbol, is_news=symbol not in self._told)
            self._told.add(symbol)

    def _staleness(self, message: DataStaleness) -> None:
        for symbol in message.symbols:
            if message.event == "STALE":
                self._restrict(STALE, f"the gateway says that prices of {symbol} are old", symbol)
            elif message.event == "FRESH":
                self._lift(STALE, f"the gateway says that prices of {symbol} are new", symbol)

    # The gateway and what is behind it

    def _connection(self, message: Connection) -> None:
        said = f": {message.error}" if message.error else ""
        if message.event == BROKER_LOST:
            self._restrict(BROKER_LOST, f"the gateway has lost its broker{said}", pauses=True)
        elif message.event == "BROKER_RECONNECTED":
            self._reconcile(
                BROKER_LOST,
                "the gateway has its broker again, and the state is to be read",
                "the gateway has its broker again, and the state was read",
            )
        elif message.event == FAILED:
            self._halt(FAILED, f"the gateway has given its broker up{said}")
            self._end()

    def _rate_limit(self, message: RateLimit) -> None:
        if message.event != "RATE_LIMIT_HIT":
            return
        left = message.reset_at.timestamp() - self._wall()
        wait_s = min(max(left, SHORTEST_LIMIT_S), LONGEST_LIMIT_S)
        self._limited_until = max(self._limited_until or 0.0, self._clock() + wait_s)
        self._restrict(LIMITED, "the gateway takes no more requests for now", pauses=True)

    def _error(self, message: ErrorNotice) -> None:
        if message.code in HALTING:
            self._halt(message.code, f"{HALTING[message.code]}: {message.message}")
        elif message.code in TIGHTENING:
            self._tighten(message.code)

    def _account(self, message: AccountUpdate) -> None:
        if message.event in TIGHTENING:
            self._tighten(message.event)

    # Consequences

    def _tighten(self, code: str) -> None:
        # The report itself is a notice already.
        self._guard.restrict(code, f"{TIGHTENING[code]} ({code})")

    def _halt(self, code: str, said: str) -> None:
        _LOG.error("%s: trading is halted", said)
        self._guard.halt(code.lower(), said)

    def _restrict(
        self,
        why: str,
        said: str,
        symbol: str | None = None,
        *,
        pauses: bool = False,
        is_news: bool = True,
    ) -> None:
        if (why, symbol) in self._guard.restrictions:
            return
        self._guard.restrict(why, said, symbol=symbol, pauses=pauses)
        what = "no order is sent" if pauses else "only orders that make a position smaller are sent"
        _LOG.log(logging.WARNING if is_news else logging.INFO, "%s: %s", said, what)
        if is_news:
            self.news.append(ErrorNotice(why, f"{said}: {what}", {"symbol": symbol}))

    def _lift(
        self, why: str, said: str, symbol: str | None = None, *, is_news: bool = True
    ) -> None:
        if (why, symbol) not in self._guard.restrictions:
            return
        self._guard.lift(why, symbol=symbol)
        _LOG.info("%s", said)
        if is_news:
            self.news.append(ErrorNotice(LIFTED, said, {"why": why, "symbol": symbol}))
