"""The result as one JSON document with a schema version.

Key order is fixed. Decimals are text without an exponent, floats are numbers, times are RFC 3339
text in UTC, what is not defined is null. `trades` and `equity` depend on the conversation alone:
the same run gives the same bytes over every runtime. What the wall clock decides stands under
`run`. May import the result and the protocol's decimals and times; never writes anywhere itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any

import msgspec

from runner import __version__
from runner.errors import RunnerError
from runner.protocol.decimals import plain
from runner.protocol.times import iso, iso_ms
from runner.results.facts import (
    NoticeFacts,
    PositionFacts,
    RejectionFacts,
    RunResult,
    TradeFacts,
)
from runner.results.statistics import Statistics

SCHEMA = "runner.run/1"
"""Raised when a key is removed or changes its meaning; new keys do not raise it."""
MAX_POINTS = 10_000
"""Most points of the equity curve in a document; a longer curve is thinned evenly."""


def encode_document(result: RunResult) -> bytes:
    """Return the document as indented JSON in UTF-8, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(to_document(result)), indent=2) + b"\n"


def to_document(result: RunResult) -> dict[str, Any]:
    """Return the result as plain JSON values, in a fixed order of keys."""
    return {
        "schema": SCHEMA,
        "version": __version__,
        "digest": result.digest,
        "strategy": {
            "name": result.strategy.name,
            "source": _text(result.strategy.source),
            "sha256": result.strategy.sha256 or None,
            "params": _value(result.strategy.params),
        },
        "runtime": {
            "name": result.runtime.name,
            "peers": [_text(one) for one in result.runtime.peers],
            **_trading(result),
        },
        "data": _data(result),
        "ending": {
            "why": result.ending.why,
            "confirmed": result.ending.confirmed,
            "exit_code": result.ending.exit_code,
        },
        "error": None if result.error is None else _error(result.error),
        "statistics": {
            "currency": result.currency,
            **_statistics(result.statistics),
            "buy_and_hold": result.buy_and_hold,
        },
        "open_positions": [_position(one) for one in result.open_positions],
        "orders": result.orders,
        "working_orders": result.working_orders,
        "rejections": [_counted(one) for one in result.rejections],
        "notices": [_counted(one) for one in result.notices],
        "warnings": [_text(one) for one in result.warnings],
        "no_trades": [_text(one) for one in result.no_trades],
        "gates": [
            {"required": one.required, "passed": one.passed, "said": one.said}
            for one in result.gates
        ],
        "conventions": {
            "fills": result.conventions.fills,
            "costs": result.conventions.costs,
            "account": result.conventions.account,
        },
        "trades": [_trade(one) for one in result.trades],
        "equity": _equity(result),
        "run": _run(result),
    }


def to_summary(result: RunResult) -> dict[str, Any]:
    """Return the document without its two long lists, `trades` and `equity`."""
    # Made from an empty run, since turning a hundred thousand trades into text takes a second.
    short = to_document(
        replace(result, trades=(), times=result.times[:0], equities=result.equities[:0])
    )
    short["data"] = _data(result)
    return {key: one for key, one in short.items() if key not in ("trades", "equity")}


def thin(points: int, most: int = MAX_POINTS) -> list[int]:
    """Return at most `most` indices below `points`, evenly spread, the first and the last included.

    Depends on the two numbers only.
    """
    if points <= most:
        return list(range(points))
    return [step * (points - 1) // (most - 1) for step in range(most)]


def _trading(result: RunResult) -> dict[str, str]:
    # A backtest trades nothing, and its document says nothing of it.
    runtime = result.runtime
    return {"mode": runtime.mode, "account": _text(runtime.account)} if runtime.mode else {}


def _data(result: RunResult) -> dict[str, Any]:
    times = result.times
    return {
        "source": _text(result.data.source),
        "symbols": [_text(one) for one in result.data.symbols],
        "timeframes": list(result.data.timeframes),
        "first": iso_ms(times[0]) if times else None,
        "last": iso_ms(times[-1]) if times else None,
        "events": result.events,
        "steps": len(times),
    }


def _error(error: RunnerError) -> dict[str, str]:
    return {
        "id": error.id,
        "what": _text(error.what),
        "where": _text(error.where),
        "why": _text(error.why),
        "fix": _text(error.fix),
    }


def _statistics(figures: Statistics) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for one in fields(figures):
        value = getattr(figures, one.name)
        if one.name.endswith("_ms") and one.name != "longest_drawdown_ms":
            document[one.name.removesuffix("_ms")] = None if value is None else iso_ms(value)
        else:
            document[one.name] = _value(value)
    return document


def _position(position: PositionFacts) -> dict[str, Any]:
    return {
        "symbol": _text(position.symbol),
        "quantity": plain(position.quantity),
        "average_entry_price": plain(position.average_entry_price),
        "last_price": _value(position.last_price),
        "unrealized_pnl": _value(position.unrealized_pnl),
    }


def _counted(facts: RejectionFacts | NoticeFacts) -> dict[str, Any]:
    if isinstance(facts, RejectionFacts):
        name, word = "reason", facts.reason
    else:
        name, word = "code", facts.code
    return {name: _text(word), "count": facts.count, "message": _text(facts.message)}


def _trade(trade: TradeFacts) -> dict[str, Any]:
    return {
        "id": _text(trade.id),
        "time": iso(trade.time),
        "symbol": _text(trade.symbol),
        "side": trade.side,
        "quantity": plain(trade.quantity),
        "price": plain(trade.price),
        "commission": plain(trade.commission),
        "realized_pnl": None if trade.realized_pnl is None else plain(trade.realized_pnl),
        "reason": _text(trade.reason),
        "order_id": _text(trade.order_id),
    }


def _equity(result: RunResult) -> dict[str, Any]:
    points = len(result.times)
    kept = thin(points)
    return {
        "points": points,
        "sampled": len(kept) < points,
        "times": [iso_ms(result.times[i]) for i in kept],
        "values": [_value(result.equities[i]) for i in kept],
    }


def _run(result: RunResult) -> dict[str, Any]:
    rate = result.events / result.seconds if result.seconds > 0 else None
    return {
        "started": None if result.started is None else iso(result.started),
        "seconds": round(result.seconds, 6),
        "events_per_second": None if rate is None else round(rate, 1),
        "record": result.record or None,
    }


def _value(value: object) -> Any:
    """Return any value as JSON holds it; what JSON has no form for becomes its text."""
    match value:
        case None | bool() | int():
            return value
        case Decimal():
            return plain(value) if value.is_finite() else None
        case float():
            return value if isfinite(value) else None
        case Enum():
            return _value(value.value)
        case datetime():
            return iso(value)
        case Mapping():
            return {_text(str(key)): _value(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_value(one) for one in value]
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    # A lone surrogate, in a file name for example, is no Unicode text and cannot be encoded.
    return text.encode("utf-8", "replace").decode()


def encode_failure(error: RunnerError) -> bytes:
    """Return the document of a run that could not begin, as indented JSON in UTF-8."""
    document = {
        "schema": SCHEMA,
        "version": __version__,
        "ending": {"why": "failed", "confirmed": False, "exit_code": error.exit_code},
        "error": _error(error),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
