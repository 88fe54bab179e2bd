"""The files of one record, and what stands in them: plain structs, one JSON document or line each.

    begin.json       written first: what was to run, on what, with which settings
    strategy.py      the strategy's file as it was loaded
    modules.json     the author's other files that it imports, by path; missing without any
    orders.jsonl     an order each time it was seen changed; its last line holds
    trades.jsonl     one execution a line
    equity.points    the equity curve, 16 bytes a point (`points` says how)
    events.jsonl.gz  all that the strategy was told and answered, if that was asked for
    end.json         written last: how it ended, and the result without trades and curve
    remarks.json     tags and a note, added later by people
    KILL             made by whoever wants the run to halt at once

JSON escapes every control character, so nothing that a strategy or a peer says can begin a line.
May import the protocol and the strategy floor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from runner.secrecy import concealed_bytes
from runner.strategy.order import Order
from runner.strategy.portfolio import Fill

SCHEMA = "runner.record/1"
BEGIN, END, SOURCE, REMARKS = "begin.json", "end.json", "strategy.py", "remarks.json"
MODULES = "modules.json"
ORDERS, TRADES, EQUITY = "orders.jsonl", "trades.jsonl", "equity.points"
OLD_EQUITY = "equity.jsonl"
"""Where the curve was before all of its points were kept: a line of JSON for each."""
EVENTS = "events.jsonl.gz"
KILL = "KILL"
"""Its being there is all that counts; beside the runs it halts all of them."""

_JSON = msgspec.json.Encoder()


class Setting(msgspec.Struct, frozen=True):
    """One key of the configuration, its value as a person would write it, and its origin."""

    key: str
    value: Any
    origin: str


class StrategyPart(msgspec.Struct, frozen=True):
    """Which strategy ran."""

    name: str
    source: str
    """As the user named it."""
    sha256: str
    """Of its file as it was loaded."""
    params: dict[str, Any]
    modules: dict[str, str] = {}
    """SHA-256 of the author's other files that it imports, by path relative to its folder."""


class SessionPart(msgspec.Struct, frozen=True):
    """The rules of the conversation, for having it again."""

    order_prefix: str = "r"
    subscriptions: list[str] = []
    backtest: bool = True
    on_exception: str = "halt"
    require_complete: bool = False
    seed: int = 0


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run before its first event."""

    schema: str = SCHEMA
    id: str
    started: datetime
    pid: int
    command: list[str]
    strategy: StrategyPart
    runtime: str
    peers: list[str]
    """Addresses, without secrets."""
    mode: str = ""
    """At a gateway: `live` (real money), `paper` or `dry` (no order left)."""
    account: str = ""
    """At a gateway: platform and currency, as it reports them."""
    data: str
    symbols: list[str]
    timeframes: list[str]
    candles: int | None
    """How many would come, where that was known."""
    session: SessionPart
    settings: list[Setting]
    """Every key; secrets are masked."""
    versions: dict[str, str]
    events: bool
    """Whether the events were to be kept."""


class Failure(msgspec.Struct, frozen=True):
    """The error that ended a run."""

    id: str
    what: str
    where: str = ""
    why: str = ""
    fix: str = ""


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended."""

    finished: datetime
    why: str
    exit_code: int
    error: Failure | None
    digest: str | None
    """Runs with the same digest give the same result; None where it could not be computed."""
    data_digest: str | None
    result: dict[str, Any] | None
    """The document of the result without `trades` and `equity`, which have files of their own."""


class Remarks(msgspec.Struct, frozen=True):
    """What people said about a run afterwards."""

    tags: list[str] = []
    note: str = ""


class OrderLine(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An order as it was seen at one moment."""

    id: str
    """The client order id; of an order that others placed, the peer's id."""
    symbol: str
    side: str
    type: str
    quantity: Decimal
    status: str
    filled: Decimal = Decimal(0)
    average_price: Decimal | None = None
    limit: Decimal | None = None
    stop: Decimal | None = None
    trail: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    time_in_force: str = "GTC"
    reduce_only: bool = False
    reason: str = ""
    reject_reason: str | None = None
    reject_message: str | None = None
    parent: str | None = None
    peer_id: str | None = None
    created: datetime | None = None
    updated: datetime | None = None


class TradeLine(msgspec.Struct, frozen=True, gc=False):
    """One execution; the keys are those of `trades` in the document of a result."""

    id: str
    time: datetime
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    realized_pnl: Decimal | None
    """Before commission; None if it closed nothing."""
    reason: str
    order_id: str


def order_line(key: str, order: Order) -> OrderLine:
    """Return the line of a ticket that stands on the desk under `key`.

    The ticket may change meanwhile, in another thread. It takes over its status last, so a line
    with a terminal status is complete if that was read first.
    """
    return OrderLine(
        key,
        order.symbol,
        order.side,
        order.order_type,
        order.quantity,
        order.status,
        order.filled_quantity,
        order.average_fill_price,
        order.limit_price,
        order.stop_price,
        order.trailing_distance,
        order.stop_loss,
        order.take_profit,
        order.time_in_force,
        order.reduce_only,
        order.reason,
        order.reject_reason,
        order.reject_message,
        order.parent_order_id,
        order.id,
        order.created_at,
        order.updated_at,
    )


def trade_line(fill: Fill) -> TradeLine:
    """Return the line of an execution."""
    trade = fill.trade
    return TradeLine(
        trade.id,
        trade.timestamp,
        trade.symbol,
        trade.side,
        trade.quantity,
        trade.price,
        trade.commission,
        fill.realized_pnl,
        fill.order_reason,
        trade.order_id,
    )


def encode_lines(lines: Iterable[Any]) -> bytes:
    """Return one JSON document a line, each ended."""
    kept = list(lines)
    try:
        return concealed_bytes(_JSON.encode_lines(kept))
    except UnicodeEncodeError:
        # A lone surrogate, in the reason of an order for example, is no Unicode text.
        plain = (_JSON.encode(_cleaned(msgspec.to_builtins(one))) for one in kept)
        return concealed_bytes(b"".join(one + b"\n" for one in plain))


def encode_document(document: msgspec.Struct) -> bytes:
    """Return a struct as JSON that a person can read."""
    try:
        data = _JSON.encode(document)
    except UnicodeEncodeError:
        data = _JSON.encode(_cleaned(msgspec.to_builtins(document)))
    return msgspec.json.format(concealed_bytes(data), indent=2) + b"\n"


def encode_modules(modules: Mapping[str, bytes]) -> bytes:
    """Return source files as one JSON document: their texts by path."""
    texts = {path: text.decode("utf-8", "replace") for path, text in modules.items()}
    return _JSON.encode(_cleaned(texts))


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_cleaned(key): _cleaned(one) for key, one in value.items()}
        case list() | tuple():
            return [_cleaned(one) for one in value]
        case _:
            return value
