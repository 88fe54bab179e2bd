"""Executions of a live run: each is told once, and none is left out.

Not every gateway sends them, and after a gap nobody knows which were missed. How an order stands
says how much of it has executed; what no execution has told of that is asked for. Where the gateway
cannot say, one execution is concluded from the order: of the quantity that is missing, at the price
that the order's average implies, marked as such. Everything is in the journal before it is told.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from msgspec.structs import replace

from runner.journal import Journal
from runner.journal.executed import Told
from runner.journal.lines import Traded
from runner.protocol.messages import OrderSnapshot, Trade
from runner.transports.backoff import TemporaryFailure
from runner.transports.contradictions import excess
from runner.transports.written import cannot_be, now

_LOG = logging.getLogger(__name__)
PAUSES_S = (2.0, 4.0)
"""How long an order's executions may be on their way before each time they are asked for."""
_PRICE_STEP = Decimal("1E-9")
"""Gateways round the average price of an order; below this, a difference is that rounding."""
_NOTHING = Told()
_ZERO = Decimal(0)


class Source(Protocol):
    """Who knows of executions; `RestClient` does."""

    def executions(self, order_id: str) -> tuple[Trade, ...]:
        """Return the executions of an order, as far as they are shown; in any order."""
        ...


@dataclass(slots=True)
class _Owed:
    """An order of which more has executed than was told."""

    order: OrderSnapshot
    due: float
    asked: int = 0


class Executions:
    """Which executions were told, and which are owed."""

    def __init__(
        self,
        source: Source,
        journal: Journal,
        *,
        currency: Callable[[], str],
        pauses_s: Sequence[float] = PAUSES_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            source: who knows of executions.
            journal: what was told, in this run and before, and where it is written.
            currency: returns the account's, for executions that are concluded.
            pauses_s: how long executions may be on their way before each time they are asked for;
                after the last they are concluded.
            clock: monotonic seconds.
        """
        self._source = source
        self._journal = journal
        self._currency = currency
        self._pauses_s = tuple(pauses_s)
        self._clock = clock
        self._owed: dict[str, _Owed] = {}
        self._working: dict[str, OrderSnapshot] = {}

    def note(self, order: OrderSnapshot) -> None:
        """Take in how an order stands; what it has executed is owed until it is told."""
        if order.status.is_terminal:
            self._working.pop(order.id, None)
        else:
            self._working[order.id] = order
        owed = self._owed.get(order.id)
        if order.filled_quantity <= self._told(order.id).quantity:
            self._owed.pop(order.id, None)
        elif owed is None:
            self._owed[order.id] = _Owed(order, self._clock() + self._pauses_s[0])
        elif order.filled_quantity >= owed.order.filled_quantity:
            owed.order = order

    def hear(self, trade: Trade) -> Trade | None:
        """Write an execution down, and return what is to be told of it; None for nothing.

        It may be known already, or be a part of what was concluded; then the rest of it is told.
        One without an id cannot be told from a repetition. How its order stands decides.

        Raises:
            RiskHalt: E935, its order cannot have executed so much.
        """
        owed = self._owed.get(trade.order_id)
        told = self._told(trade.order_id)
        return self._count(trade, owed.order.filled_quantity - told.quantity if owed else _ZERO)

    def _count(self, trade: Trade, beyond: Decimal) -> Trade | None:
        if not trade.id or trade.id in self._told(trade.order_id).ids:
            return None
        executed = self._journal.past.executed
        counted = executed.uncounted(trade.order_id, trade.quantity, beyond)
        confirms = trade.quantity - counted
        if confirms:
            trade = replace(trade, quantity=counted)
        self._write(trade, confirms)
        if not counted:
            return None
        total = self._told(trade.order_id).quantity
        kept = self._journal.past.named(trade.order_id)
        wrong = excess(trade, total, self._working.get(trade.order_id), kept)
        if wrong is not None:
            raise cannot_be(wrong)
        owed = self._owed.get(trade.order_id)
        if owed is not None and owed.order.filled_quantity <= total:
            del self._owed[trade.order_id]
        return trade

    def wait_s(self) -> float | None:
        """Return how long it is until executions are asked for, at least 0; None for ever."""
        if not self._owed:
            return None
        return max(0.0, min(one.due for one in self._owed.values()) - self._clock())

    def due(self) -> list[Trade]:
        """Ask for what has been owed for too long, and return what was found or concluded.

        Raises:
            RiskHalt: E935, an order cannot have executed so much.
        """
        if not self._owed:
            return []
        moment = self._clock()
        found: list[Trade] = []
        for owed in [one for one in self._owed.values() if one.due <= moment]:
            owed.asked += 1
            is_last = owed.asked >= len(self._pauses_s)
            found += self._ask(owed.order, concludes=is_last)
            if not is_last:
                owed.due = self._clock() + self._pauses_s[owed.asked]
        return found

    def missed(self, orders: Iterable[OrderSnapshot]) -> list[Trade]:
        """Return at once what was not told of orders, the oldest first; what is owed, too.

        Raises:
            RiskHalt: E935, an order cannot have executed so much.
        """
        for order in orders:
            self.note(order)
        found = [one for owed in list(self._owed.values()) for one in self._ask(owed.order)]
        return sorted(found, key=lambda one: one.timestamp)

    def _ask(self, order: OrderSnapshot, *, concludes: bool = True) -> list[Trade]:
        try:
            listed = self._source.executions(order.id)
        except TemporaryFailure as failure:
            _LOG.warning("cannot ask for the executions of %s: %s", order.id, failure.what)
            listed = ()
        # The oldest first: what was concluded before is among them, before what is owed.
        oldest = sorted(listed, key=lambda one: one.timestamp)
        found = [one for trade in oldest if (one := self._count(trade, _ZERO))]
        if self._told(order.id).quantity < order.filled_quantity and concludes:
            concluded = self._conclude(order)
            if concluded is not None:
                self._write(concluded)
                found.append(concluded)
            self._owed.pop(order.id, None)
        return found

    def _conclude(self, order: OrderSnapshot) -> Trade | None:
        told = self._told(order.id)
        quantity = order.filled_quantity - told.quantity
        price = order.average_fill_price or order.limit_price
        if price is not None and told.quantity:
            implied = (order.filled_quantity * price - told.value) / quantity
            price = implied.quantize(_PRICE_STEP).normalize()
        if price is None or price <= 0:
            _LOG.warning("order %s has executed %s, nobody says at which price", order.id, quantity)
            return None
        return Trade(
            id=f"synthesised-{order.id}-{order.filled_quantity:f}",
            order_id=order.id,
            symbol=order.symbol,
            side=order.side,
            quantity=quantity,
            price=price,
            commission=Decimal(0),
            commission_currency=self._currency(),
            timestamp=order.updated_at,
            synthesised=True,
        )

    def _write(self, trade: Trade, confirms: Decimal = _ZERO) -> None:
        self._journal.write(
            Traded(
                now(),
                trade.id,
                trade.order_id,
                trade.symbol,
                trade.side,
                trade.quantity,
                trade.price,
                bool(trade.synthesised),
                confirms or None,
            )
        )

    def _told(self, order_id: str) -> Told:
        return self._journal.past.executed.orders.get(order_id, _NOTHING)
