"""What a query string asks for, and which orders, trades and candles that is.

Pure: texts in, filters out. A field nobody knows is ignored, as the protocol wants; a value that
cannot be read is refused, because ignoring it would answer another question than the one asked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from runner.engine.series import Series
from runner.engine.server.answers import Refusal
from runner.protocol.enums import TIMEFRAME_MS, OrderStatus, Side
from runner.protocol.messages import Candle, OrderSnapshot, Trade
from runner.protocol.times import to_ms
from runner.protocol.values import ORDER_STATUSES, SIDES, WireError, moment_of, word

DEFAULT_BARS = 100
MAX_LIMIT = 10_000

Item = TypeVar("Item")


def fields_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the fields of a query string, each at most once.

    Raises:
        Refusal: a field is repeated; several statuses are one comma list.
    """
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise _invalid(name, f"{name} is given twice; write several values as one comma list")
        fields[name] = value
    return fields


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """Which orders are asked for. Source: Trading API."""

    symbol: str | None = None
    statuses: frozenset[OrderStatus] = frozenset()
    """Empty for whatever the endpoint lists by itself."""
    side: Side | None = None
    client_order_id: str | None = None
    oco_group_id: str | None = None
    since: datetime | None = None
    """Inclusive, of the creation."""
    until: datetime | None = None
    """Exclusive, of the creation."""
    limit: int | None = None

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> OrderQuery:
        """Read the fields of a query string.

        Raises:
            Refusal: a value cannot be read.
        """
        try:
            return cls(
                symbol=fields.get("symbol"),
                statuses=frozenset(
                    word(ORDER_STATUSES, one.strip(), "status")
                    for one in fields.get("status", "").split(",")
                    if one.strip()
                ),
                side=word(SIDES, fields["side"], "side") if "side" in fields else None,
                client_order_id=fields.get("client_order_id"),
                oco_group_id=fields.get("oco_group_id"),
                since=_moment(fields, "since"),
                until=_moment(fields, "until"),
                limit=_limit(fields),
            )
        except WireError as problem:
            raise _invalid(problem.field, str(problem)) from None

    def admits(self, order: OrderSnapshot) -> bool:
        """Tell whether an order is among those asked for; the limit is applied by `newest`."""
        return (
            (self.symbol is None or order.symbol == self.symbol)
            and (not self.statuses or order.status in self.statuses)
            and (self.side is None or order.side is self.side)
            and (self.client_order_id is None or order.client_order_id == self.client_order_id)
            and (self.oco_group_id is None or order.oco_group_id == self.oco_group_id)
            and _within(order.created_at, self.since, self.until)
        )


@dataclass(frozen=True, slots=True)
class TradeQuery:
    """Which trades are asked for. Source: Trading API."""

    symbol: str | None = None
    order_id: str | None = None
    since: datetime | None = None
    """Inclusive."""
    until: datetime | None = None
    """Exclusive."""
    limit: int | None = None

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> TradeQuery:
        """Read the fields of a query string.

        Raises:
            Refusal: a value cannot be read.
        """
        return cls(
            fields.get("symbol"),
            fields.get("order_id"),
            _moment(fields, "since"),
            _moment(fields, "until"),
            _limit(fields),
        )

    def admits(self, trade: Trade) -> bool:
        """Tell whether a trade is among those asked for; the limit is applied by `newest`."""
        return (
            (self.symbol is None or trade.symbol == self.symbol)
            and (self.order_id is None or trade.order_id == self.order_id)
            and _within(trade.timestamp, self.since, self.until)
        )


@dataclass(frozen=True, slots=True)
class BarQuery:
    """Which candles are asked for. Source: Trading API."""

    timeframe: str
    start: datetime | None = None
    """Inclusive, of the candle's start."""
    end: datetime | None = None
    """Inclusive, of the candle's start."""
    limit: int | None = None

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> BarQuery:
        """Read the fields of a query string.

        Raises:
            Refusal: the timeframe is missing, or a value cannot be read.
        """
        timeframe = fields.get("timeframe")
        if timeframe is None:
            raise _invalid("timeframe", "timeframe is required")
        if timeframe not in TIMEFRAME_MS:
            known = ", ".join(TIMEFRAME_MS)
            raise Refusal(
                "INVALID_VALUE",
                f"timeframe must be one of {known}",
                details={"field": "timeframe", "provided": timeframe},
            )
        return cls(timeframe, _moment(fields, "start"), _moment(fields, "end"), _limit(fields))

    def of(self, series: Series, *, now_ms: int) -> list[Candle]:
        """Return the candles of `series` asked for, ascending, none that closes after `now_ms`.

        With a start, a limit counts from there; without one it counts back from the end.
        """
        end = series.closed_at(now_ms)
        if self.end is not None:
            end = min(end, bisect_right(series.times, to_ms(self.end)))
        if self.start is None:
            count = min(self.limit or DEFAULT_BARS, MAX_LIMIT)
            return series.part(max(0, end - count), end)
        first = bisect_left(series.times, to_ms(self.start))
        return series.part(first, min(end, first + min(self.limit or MAX_LIMIT, MAX_LIMIT)))


def newest(items: Sequence[Item], limit: int | None) -> Sequence[Item]:
    """Return the last `limit` items in their order; all of them where there is no limit."""
    return items if limit is None else items[-limit:]


def _within(moment: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or moment >= since) and (until is None or moment < until)


def _moment(fields: Mapping[str, str], name: str) -> datetime | None:
    text = fields.get(name)
    if text is None:
        return None
    try:
        return moment_of(text)
    except WireError as problem:
        raise _invalid(name, f"{name}: {problem}") from None


def _limit(fields: Mapping[str, str]) -> int | None:
    text = fields.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
        raise _invalid("limit", f"limit must be a whole number above zero, was {text[:40]!r}")
    return int(text)


def _invalid(field: str, message: str) -> Refusal:
    return Refusal("INVALID_REQUEST", message, details={"field": field} if field else None)
