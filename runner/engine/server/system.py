"""The REST endpoints about the engine itself: health, metrics, capabilities, circuit breakers.

Nothing is counted per event for them: everything is read off the server when somebody asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from aiohttp import web

from runner.engine.exchange import Exchange
from runner.engine.server.answers import Refusal, answer
from runner.engine.server.metrics import CONTENT_TYPE, Metric, exposition
from runner.engine.server.replay import wall_clock
from runner.engine.server.shapes import (
    Capabilities,
    CircuitBreaker,
    CircuitBreakerStatus,
    ConnectionStatus,
    DetailedHealthStatus,
    LiveStatus,
    PositionMode,
    ProviderHealth,
    ReadyStatus,
    RewindResult,
)
from runner.protocol.enums import OrderType

PROVIDER = "embedded"
ASSET_CLASSES = ("STOCK", "FOREX", "CRYPTO")
"""Those that a symbol can name; the engine treats them alike."""
FEATURES = (
    "bracket_orders", "oco", "post_only", "reduce_only", "short_selling", "trailing_stop",
)  # fmt: skip
RESET_COOLDOWN = 60.0
"""Seconds between two resets of the circuit breakers. Source: Trading API."""


class SystemDesk(Protocol):
    """What the endpoints need of their server."""

    @property
    def exchange(self) -> Exchange: ...

    @property
    def is_stopping(self) -> bool: ...

    @property
    def version(self) -> str: ...

    @property
    def has_strategy(self) -> bool:
        """Whether a strategy is connected."""

    def rewind(self, run_id: str) -> int:
        """Have a run begin anew; return how many events it had come to."""

    @property
    def events(self) -> tuple[int, int]:
        """Events of the present run: sent, and not acknowledged yet."""

    @property
    def runs(self) -> Mapping[str, int]:
        """Runs so far by how they ended."""


class SystemEndpoints:
    """The handlers of everything that is not trading."""

    def __init__(
        self, desk: SystemDesk, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._desk = desk
        self._monotonic = monotonic
        self._last_reset: float | None = None

    # Health

    async def livez(self, _: web.Request) -> web.Response:
        return answer(LiveStatus())

    async def readyz(self, _: web.Request) -> web.Response:
        if self._desk.is_stopping:
            why = "the engine is shutting down"
            return answer(ReadyStatus(False, (PROVIDER,), 1, why), status=503)
        return answer(ReadyStatus(True, (PROVIDER,), 1))

    async def health(self, _: web.Request) -> web.Response:
        return answer(
            DetailedHealthStatus(
                status="degraded" if self._desk.is_stopping else "connected",
                version=self._desk.version,
                git_sha="unknown",
                providers=(ProviderHealth(PROVIDER, connected=not self._desk.is_stopping),),
            )
        )

    async def read_status(self, _: web.Request) -> web.Response:
        return answer(ConnectionStatus(True, 0, wall_clock()))

    # What it can do

    async def read_capabilities(self, _: web.Request) -> web.Response:
        ledger = self._desk.exchange.ledger
        leverage = ledger.leverage
        features = [*FEATURES, *(["leverage"] if leverage > 1 else [])]
        if ledger.hedges:
            features.append("hedging")
        return answer(
            Capabilities(
                supported_asset_classes=ASSET_CLASSES,
                supported_order_types=tuple(OrderType),
                position_mode=PositionMode.HEDGING if ledger.hedges else PositionMode.NETTING,
                features=tuple(features),
                max_leverage=leverage,
            )
        )

    # Circuit breakers

    async def read_circuit_breakers(self, _: web.Request) -> web.Response:
        # The provider is this process, and legs are placed by it: neither can fail by itself.
        closed = CircuitBreaker("closed", 0)
        return answer(CircuitBreakerStatus(adapter=closed, exit_order=closed))

    async def rewind_run(self, request: web.Request) -> web.Response:
        run_id = request.match_info["run_id"]
        return answer(RewindResult(run_id, self._desk.rewind(run_id)))

    async def reset_circuit_breakers(self, request: web.Request) -> web.Response:
        now = self._monotonic()
        if self._last_reset is not None and now - self._last_reset < RESET_COOLDOWN:
            rest = RESET_COOLDOWN - (now - self._last_reset)
            raise Refusal("RESET_COOLDOWN", f"the next reset is possible in {rest:.0f} s")
        self._last_reset = now
        return await self.read_circuit_breakers(request)

    # Metrics

    async def metrics(self, _: web.Request) -> web.Response:
        return web.Response(
            body=exposition(self._metrics()), headers={"Content-Type": CONTENT_TYPE}
        )

    def _metrics(self) -> list[Metric]:
        desk, exchange = self._desk, self._desk.exchange
        sent, pending = desk.events
        return [
            Metric("runner_engine_info", "gauge", "Version of the engine.", 1,
                   labels={"version": desk.version}),
            Metric("runner_engine_ready", "gauge", "1 while orders are taken.",
                   int(not desk.is_stopping)),
            Metric("runner_engine_strategy_connected", "gauge", "1 while a strategy is connected.",
                   int(desk.has_strategy)),
            *(
                Metric("runner_engine_runs_total", "counter", "Runs that have ended.", count,
                       labels={"outcome": outcome})
                for outcome, count in desk.runs.items()
            ),
            Metric("runner_engine_run_events_sent", "gauge", "Events sent in this run.", sent),
            Metric("runner_engine_run_events_pending", "gauge",
                   "Events sent and not acknowledged yet.", pending),
            Metric("runner_engine_run_orders", "gauge", "Orders accepted in this run.",
                   len(exchange.orders)),
            Metric("runner_engine_run_orders_working", "gauge", "Orders working now.",
                   len(exchange.working)),
            Metric("runner_engine_run_trades", "gauge", "Trades of this run.",
                   len(exchange.trades)),
            Metric("runner_engine_run_positions_open", "gauge", "Positions open now.",
                   len(exchange.ledger.holdings)),
            Metric("runner_engine_run_simulated_time_seconds", "gauge",
                   "Simulated time, seconds since 1970 UTC.", exchange.now_ms / 1000),
            Metric("runner_engine_run_finished", "gauge", "1 once the data of this run is over.",
                   int(exchange.finished)),
        ]  # fmt: skip
