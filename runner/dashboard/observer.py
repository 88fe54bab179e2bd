"""From a run that is going on to snapshots of it, read on a thread that is not the run's.

It takes no lock and leaves no trace: small things are copied, large ones thinned out. What it sees
may be torn, one value of before and one of after an event, and the next look mends that. A
collection that changes its size while it is walked through is walked through again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

from runner.dashboard.control import trading_of, unprotected
from runner.dashboard.curve import curve_of
from runner.dashboard.snapshot import (
    Curve,
    Facts,
    IndicatorRow,
    Link,
    LogLine,
    OrderRow,
    PositionRow,
    Snapshot,
    State,
)
from runner.protocol.enums import OrderType
from runner.session import Session
from runner.strategy.desk import Desk
from runner.strategy.indicators import Indicator
from runner.strategy.open_position import OpenPosition
from runner.strategy.order import Order
from runner.strategy.portfolio import Portfolio
from runner.transports.pace import Pace
from runner.transports.stop import StopRequest
from runner.transports.vitals import Vitals

T = TypeVar("T")
WORKING_SHOWN, RECENT_SHOWN, POSITIONS_SHOWN = 50, 50, 100
STOPS_AMONG = 100
"""How many of the latest orders are looked through for a stop that is missing."""
_TRIES = 5
_RATE_OVER_S = 2.0
"""The rate is that of the last seconds: a run speeds up and slows down."""


def copied(take: Callable[[], T]) -> T:
    """Return what `take` copies from a collection that another thread may be changing.

    Raises:
        RuntimeError: it changed under every one of several attempts.
    """
    for _ in range(_TRIES - 1):
        try:
            return take()
        except RuntimeError:
            continue
    return take()


class Observer:
    """Looks at one run."""

    def __init__(
        self,
        facts: Facts,
        session: Session,
        *,
        stop: StopRequest | None = None,
        pace: Pace | None = None,
        vitals: Vitals | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Prepare to look.

        Args:
            facts: what holds for the whole run.
            session: the strategy's side of the run; only ever read.
            stop, pace, vitals: of the driver.
            clock: monotonic seconds, the one that `vitals` is written by.
        """
        self.facts = facts
        self._session = session
        self._stop = stop or StopRequest()
        self._pace = pace
        self._vitals = vitals or Vitals()
        self._clock = clock
        self._began = clock()
        self._looks: deque[tuple[float, int]] = deque([(self._began, 0)])
        self._done = 0
        self._moved_at: float | None = None
        self._names: dict[int, str] = {}

    def look(self, log: tuple[LogLine, ...] = (), log_level: str = "warning") -> Snapshot:
        """Return the run as it is now.

        Raises:
            RuntimeError: something changed under every attempt to copy it; look again.
        """
        now = self._clock()
        desk = self._session.desk
        self._count(now)
        portfolio = desk.portfolio
        account = portfolio.account
        tickets, working = desk.tickets, desk.working
        return Snapshot(
            facts=self.facts,
            state=self._state(),
            seconds=now - self._began,
            done=self._done,
            clock_ms=desk.progress_ms,
            rate=self._rate(),
            speed=str(self._pace.speed) if self._pace is not None else "max",
            currency=account.currency if account is not None else "USD",
            equity=copied(portfolio.equity),
            starting_equity=portfolio.starting_equity,
            curve=curve_of(portfolio) if self._done else Curve(),
            positions=_positions(self._session),
            orders=_orders(desk),
            working=len(working),
            orders_total=len(tickets),
            trades_total=len(portfolio.fills),
            rejected_total=len(self._session.rejections),
            trading=trading_of(self._session.guard),
            indicators=self._indicators(),
            indicator_symbol=desk.symbol or "",
            link=self._link(now),
            log=log,
            log_level=log_level,
        )

    def _count(self, now: float) -> None:
        # The run adds before it takes away, so a torn look counts too much; the next one mends it.
        done = self._session.desk.market_events
        if done != self._done:
            self._moved_at = now
        self._done = done
        looks = self._looks
        looks.append((now, done))
        while len(looks) > 2 and now - looks[0][0] > _RATE_OVER_S:
            looks.popleft()

    def _rate(self) -> float:
        (then, before), (now, done) = self._looks[0], self._looks[-1]
        return max(done - before, 0) / (now - then) if now > then else 0.0

    def _state(self) -> State:
        if self._stop.asked is not None:
            return "stopping"
        if self._pace is not None and self._pace.is_paused:
            return "paused"
        return "running" if self._done else "starting"

    def _link(self, now: float) -> Link:
        vitals = self._vitals
        arrived = vitals.arrived_at if vitals.standing != "in process" else self._moved_at
        ack_s = vitals.ack_s
        return Link(
            state=vitals.standing,
            age_s=None if arrived is None else max(now - arrived, 0.0),
            attempts=vitals.attempts,
            reconnects=vitals.reconnects,
            failure=vitals.failure,
            queue=vitals.queue,
            conflated=vitals.conflated_quotes + vitals.conflated_candles,
            acks=vitals.acks,
            ack_ms=None if ack_s is None else ack_s * 1000,
            ack_worst_ms=vitals.worst_ack_s * 1000,
            held_s=self._pace.held_s() if self._pace is not None else None,
        )

    def _indicators(self) -> tuple[IndicatorRow, ...]:
        desk = self._session.desk
        indicators = desk.indicators[:]
        if indicators and len(self._names) != len(indicators):
            self._names = _names_of(self._session, indicators)
        seen: dict[str, int] = {}
        for (symbol, timeframe), stream in copied(lambda: list(desk.streams.items())):
            if symbol == desk.symbol:
                seen[timeframe] = len(stream.history) + len(desk.tape)
        longest = max(seen.values(), default=0)
        return tuple(
            IndicatorRow(
                self._names.get(id(one), one.name),
                one.value if one.is_warm else None,
                min(seen.get(one.timeframe, 0) if one.timeframe else longest, one.length),
                one.length,
            )
            for one in indicators
        )


def _names_of(session: Session, indicators: list[Indicator]) -> dict[int, str]:
    """Return each indicator's name, with that of the attribute that holds it, if one does.

    The attributes are those that the strategy's own code names. Asking the object for its `vars`
    would have CPython give it a dictionary, after which every attribute it reads in a handler costs
    more: a tenth of a run at full speed.
    """
    names = {id(one): one.name for one in indicators}
    strategy = session.strategy
    kind = type(strategy)
    if hasattr(kind, "__getattr__"):
        return names  # asking it could run the author's code
    for base in kind.__mro__:
        for method in vars(base).values():
            for name in getattr(getattr(method, "__code__", None), "co_names", ()):
                value = None if hasattr(kind, name) else getattr(strategy, name, None)
                if isinstance(value, Indicator) and names.get(id(value)) == value.name:
                    names[id(value)] = f"{name} {value.name}"
    return names


def _positions(session: Session) -> tuple[PositionRow, ...]:
    desk = session.desk
    held = copied(lambda: list(islice(_open_positions(desk.portfolio), POSITIONS_SHOWN)))
    if not held:
        return ()
    working = copied(lambda: list(desk.working.values()))
    latest = copied(lambda: list(islice(reversed(desk.tickets.values()), STOPS_AMONG)))
    bare = unprotected(session, latest)
    return tuple(_position(desk, symbol, position, working, bare) for symbol, position in held)


def _open_positions(portfolio: Portfolio) -> Iterator[tuple[str, OpenPosition]]:
    for symbol in portfolio.positions:
        for one in portfolio.open_positions(symbol):
            yield symbol, one


def _position(
    desk: Desk,
    symbol: str,
    position: OpenPosition,
    working: list[Order],
    bare: Callable[[str, OpenPosition], bool],
) -> PositionRow:
    last = desk.portfolio.last.get(symbol)
    closing = [
        one
        for one in working
        if one.symbol == symbol
        and one.side.sign * position.size < 0
        and (one.position_id == position.id or not desk.portfolio.hedges)
    ]
    stops = [float(one.stop_price) for one in closing if one.stop_price is not None]
    targets = [
        float(one.limit_price)
        for one in closing
        if one.limit_price is not None and one.order_type is OrderType.LIMIT
    ]
    is_long = position.size > 0
    return PositionRow(
        symbol,
        position.size,
        float(position.average_entry_price),
        last,
        None if last is None else position.size * last - position.value,
        stop=(max if is_long else min)(stops, default=None),
        target=(min if is_long else max)(targets, default=None),
        is_unprotected=not stops and bare(symbol, position),
    )


def _orders(desk: Desk) -> tuple[OrderRow, ...]:
    at_work = copied(lambda: list(islice(reversed(desk.working.values()), WORKING_SHOWN)))
    latest = copied(lambda: list(islice(reversed(desk.tickets.values()), RECENT_SHOWN)))
    shown = set(map(id, at_work))
    return tuple(map(_order, [*at_work, *(one for one in latest if id(one) not in shown)]))


def _order(order: Order) -> OrderRow:
    price = order.limit_price or order.stop_price or order.average_fill_price
    reason = order.reason
    if order.is_rejected:
        refused = order.reject_message or order.reject_reason or ""
        reason = f"{order.reject_reason}: {refused}" if order.reject_reason else refused
    elif not reason and order.parent_order_id is not None:
        reason = "stop-loss" if order.stop_price is not None else "take-profit"
    return OrderRow(
        id=order.client_order_id or order.id or "",
        symbol=order.symbol,
        side=order.side.value,
        quantity=float(order.quantity),
        filled=float(order.filled_quantity),
        kind=order.order_type.value,
        price=None if price is None else float(price),
        status=order.status.value,
        is_working=order.is_working,
        reason=reason,
    )
