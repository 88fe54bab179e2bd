"""The table of all figures: name, kind, labels, what it says, and how it is read off a look.

Names are those that Prometheus advises: base units, `_total` for what only grows. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from runner.metrics.reading import Reading
from runner.safety import TradingState
from runner.transports.vitals import Vitals

Value = float | None
Kind = Literal["counter", "gauge", "summary"]


class Total(NamedTuple):
    """A summary: how often, and how long together."""

    times: int
    seconds: float


Values = Mapping[str, float] | Total | Value
"""By the value of the one label; a summary; or one value, None where there is none."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure."""

    name: str
    kind: Kind
    help: str
    read: Callable[[Reading, Vitals], Values]
    label: str = ""
    wire_only: bool = False
    """Whether it says nothing of a run in process, and is left out there."""


STANDINGS = ("connecting", "connected", "reconnecting", "closed")
_STATES = tuple(one.value for one in TradingState)


def _one_of(names: tuple[str, ...], present: str) -> dict[str, float]:
    return {name: float(name == present) for name in names}


FIGURES = (
    Figure(
        "runner_events_total",
        "counter",
        "Candles and quotes taken in.",
        lambda run, _: {"candle": run.candles, "quote": run.quotes},
        label="type",
    ),
    Figure(
        "runner_last_event_timestamp_seconds",
        "gauge",
        "When the last event arrived, Unix time.",
        lambda run, _: run.last_event_s,
        wire_only=True,
    ),
    Figure(
        "runner_simulated_timestamp_seconds",
        "gauge",
        "The strategy's clock, Unix time.",
        lambda run, _: run.clock_s,
    ),
    Figure(
        "runner_queue_length",
        "gauge",
        "Events that have arrived and wait for the strategy.",
        lambda _, wire: wire.queue,
        wire_only=True,
    ),
    Figure(
        "runner_conflated_total",
        "counter",
        "Prices that newer ones replaced before a slow strategy took them.",
        lambda _, wire: {"candle": wire.conflated_candles, "quote": wire.conflated_quotes},
        label="type",
        wire_only=True,
    ),
    Figure(
        "runner_lost_messages_total",
        "counter",
        "Messages that were lost because too many waited.",
        lambda _, wire: wire.lost,
        wire_only=True,
    ),
    Figure(
        "runner_ack_latency_seconds",
        "summary",
        "From taking an event to its acknowledgment: its handler and the answers to its orders.",
        lambda _, wire: Total(wire.acks, wire.acks_s),
        wire_only=True,
    ),
    Figure(
        "runner_ack_latency_worst_seconds",
        "gauge",
        "The longest of them.",
        lambda _, wire: wire.worst_ack_s,
        wire_only=True,
    ),
    Figure(
        "runner_request_latency_seconds",
        "summary",
        "From sending an order, or another request, to its answer.",
        lambda _, wire: Total(wire.requests, wire.requests_s),
        wire_only=True,
    ),
    Figure(
        "runner_request_latency_worst_seconds",
        "gauge",
        "The longest of them.",
        lambda _, wire: wire.worst_request_s,
        wire_only=True,
    ),
    Figure(
        "runner_orders_placed_total",
        "counter",
        "Orders of the run, exits included.",
        lambda run, _: run.placed,
    ),
    Figure(
        "runner_orders_total",
        "counter",
        "Orders that have come to their end, by how.",
        lambda run, _: run.ended,
        label="status",
    ),
    Figure(
        "runner_orders_working",
        "gauge",
        "Orders that may still execute.",
        lambda run, _: run.working,
    ),
    Figure(
        "runner_orders_denied_total",
        "counter",
        "Orders that were not sent, by the limit that held them back.",
        lambda run, _: run.denied,
        label="limit",
    ),
    Figure(
        "runner_trades_total",
        "counter",
        "Executions.",
        lambda run, _: run.executions,
    ),
    Figure(
        "runner_equity",
        "gauge",
        "Equity at the last known prices, in the currency of the account.",
        lambda run, _: run.equity,
    ),
    Figure(
        "runner_balance",
        "gauge",
        "Balance, in the currency of the account.",
        lambda run, _: run.balance,
    ),
    Figure(
        "runner_drawdown_ratio",
        "gauge",
        "How far the equity is below its highest so far, 0 to 1.",
        lambda run, _: run.drawdown,
    ),
    Figure(
        "runner_position_quantity",
        "gauge",
        "Open positions; negative when short.",
        lambda run, _: run.positions,
        label="symbol",
    ),
    Figure(
        "runner_trading_state",
        "gauge",
        "1 for what the limits allow now, 0 for the other states.",
        lambda run, _: _one_of(_STATES, run.state),
        label="state",
    ),
    Figure(
        "runner_trading_restrictions",
        "gauge",
        "What holds orders back for now, by its name: of how many symbols.",
        lambda run, _: run.restricted,
        label="why",
    ),
    Figure(
        "runner_connection_state",
        "gauge",
        "1 for how the connection stands, 0 for the other states.",
        lambda _, wire: _one_of(STANDINGS, wire.standing),
        label="state",
        wire_only=True,
    ),
    Figure(
        "runner_reconnects_total",
        "counter",
        "Connections that replaced one which broke.",
        lambda _, wire: wire.reconnects,
        wire_only=True,
    ),
    Figure(
        "runner_connection_failures",
        "gauge",
        "Failed attempts to connect, in a row.",
        lambda _, wire: wire.attempts,
        wire_only=True,
    ),
    Figure(
        "runner_handler_failures_total",
        "counter",
        "Events skipped because a handler raised.",
        lambda run, _: run.failures,
    ),
    Figure(
        "runner_unreadable_frames_total",
        "counter",
        "Frames that could not be read.",
        lambda run, _: run.unreadable,
        wire_only=True,
    ),
)
