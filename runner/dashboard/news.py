"""What has happened in a run since the last look: orders, executions, rejections, the connection.

Read on a thread that is not the run's, from lists that only grow; nothing is missed and nothing
comes twice. Times are those of the run, Unix milliseconds.
"""

from __future__ import annotations

from itertools import islice
from typing import Literal

import msgspec

from runner.dashboard.observer import copied
from runner.protocol.decimals import plain
from runner.protocol.enums import OrderStatus
from runner.protocol.times import iso
from runner.session import Session
from runner.strategy.order import Order
from runner.strategy.portfolio import Fill
from runner.transports.vitals import Vitals


class OrderNews(msgspec.Struct, frozen=True, tag_field="type", tag="order"):
    """An order was placed, or has ended without being executed."""

    event: Literal["placed", "cancelled", "expired", "unknown"]
    id: str
    symbol: str
    side: str
    quantity: str
    order_type: str
    limit_price: str | None = None
    stop_price: str | None = None
    reason: str = ""
    time: str | None = None


class FillNews(msgspec.Struct, frozen=True, tag_field="type", tag="fill"):
    """An order was executed, wholly or in part."""

    id: str
    order_id: str
    symbol: str
    side: str
    quantity: str
    price: str
    commission: str
    realized_pnl: str | None
    reason: str
    time: str


class RejectionNews(msgspec.Struct, frozen=True, tag_field="type", tag="rejection"):
    """An order was refused."""

    id: str
    symbol: str
    side: str
    quantity: str
    reason: str
    message: str


class NoticeNews(msgspec.Struct, frozen=True, tag_field="type", tag="notice"):
    """The peer reported a problem, or a handler raised and was skipped."""

    code: str
    message: str


class ConnectionNews(msgspec.Struct, frozen=True, tag_field="type", tag="connection"):
    """The connection came to stand, or was lost."""

    state: str
    reconnects: int
    attempts: int
    failure: str = ""


Item = OrderNews | FillNews | RejectionNews | NoticeNews | ConnectionNews
_ENDED: dict[OrderStatus, Literal["cancelled", "expired", "unknown"]] = {
    OrderStatus.CANCELLED: "cancelled",
    OrderStatus.EXPIRED: "expired",
    OrderStatus.UNKNOWN: "unknown",
}


class News:
    """Keeps track of what has been told of one run."""

    def __init__(self, session: Session, vitals: Vitals | None = None) -> None:
        self._session = session
        self._vitals = vitals or Vitals()
        self._tickets = self._fills = self._rejections = self._notices = self._failures = 0
        self._open: list[Order] = []
        self._standing = self._vitals.standing
        self._reconnects = 0

    def take(self) -> list[Item]:
        """Return what is new since the last call, in the order of the run's time.

        Raises:
            RuntimeError: the run changed under every attempt to copy it; nothing is lost.
        """
        placed = self._placed()  # first, because only this can fail
        told = [
            *self._connection(),
            *placed,
            *self._rejected(),
            *self._filled(),
            *self._ended(),
            *self._noticed(),
        ]
        return _in_order(told)

    def _connection(self) -> list[Item]:
        vitals = self._vitals
        standing, reconnects = vitals.standing, vitals.reconnects
        if (standing, reconnects) == (self._standing, self._reconnects) or standing == "closed":
            return []
        self._standing, self._reconnects = standing, reconnects
        failure = vitals.failure if standing == "reconnecting" else ""
        return [ConnectionNews(standing, reconnects, vitals.attempts, failure)]

    def _placed(self) -> list[OrderNews]:
        tickets = self._session.desk.tickets
        fresh = copied(lambda: list(islice(tickets.values(), self._tickets, None)))
        self._tickets += len(fresh)
        self._open += fresh
        return [_order(one, "placed") for one in fresh]

    def _rejected(self) -> list[Item]:
        fresh = self._session.rejections[self._rejections :]
        self._rejections += len(fresh)
        return [
            RejectionNews(
                one.client_order_id or one.id or "",
                one.symbol,
                one.side.value,
                plain(one.quantity),
                one.reject_reason or "UNKNOWN",
                one.reject_message or "",
            )
            for one in fresh
        ]

    def _filled(self) -> list[Item]:
        fresh = self._session.desk.portfolio.fills[self._fills :]
        self._fills += len(fresh)
        return [_fill(one) for one in fresh]

    def _ended(self) -> list[Item]:
        done = [one for one in self._open if one.is_done or one.status in _ENDED]
        if not done:
            return []
        self._open = [one for one in self._open if not (one.is_done or one.status in _ENDED)]
        return [_order(one, _ENDED[one.status]) for one in done if one.status in _ENDED]

    def _noticed(self) -> list[Item]:
        notices = self._session.notices[self._notices :]
        failures = self._session.failures[self._failures :]
        self._notices += len(notices)
        self._failures += len(failures)
        return [
            *(NoticeNews(one.code, one.message) for one in notices),
            *(NoticeNews("HANDLER_RAISED", one) for one in failures),
        ]


def _in_order(items: list[Item]) -> list[Item]:
    """Return the items by their time; what has none stays behind the order it is about."""
    moments: dict[str, str] = {}
    latest = ""
    keyed = []
    for item in items:
        latest = getattr(item, "time", None) or latest
        if isinstance(item, OrderNews):
            moments[item.id] = latest
        key = moments.get(item.id, latest) if isinstance(item, RejectionNews) else latest
        keyed.append((key, item))
    return [item for _, item in sorted(keyed, key=lambda pair: pair[0])]


def _order(order: Order, event: Literal["placed", "cancelled", "expired", "unknown"]) -> OrderNews:
    moment = order.created_at if event == "placed" else order.updated_at
    return OrderNews(
        event,
        order.client_order_id or order.id or "",
        order.symbol,
        order.side.value,
        plain(order.quantity),
        order.order_type.value,
        None if order.limit_price is None else plain(order.limit_price),
        None if order.stop_price is None else plain(order.stop_price),
        order.reason,
        None if moment is None else iso(moment),
    )


def _fill(fill: Fill) -> FillNews:
    trade = fill.trade
    return FillNews(
        trade.id,
        trade.order_id,
        trade.symbol,
        trade.side.value,
        plain(trade.quantity),
        plain(trade.price),
        plain(trade.commission),
        None if fill.realized_pnl is None else plain(fill.realized_pnl),
        fill.order_reason,
        iso(trade.timestamp),
    )
