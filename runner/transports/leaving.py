"""Leaving a gateway: cancel what would open positions, close positions, and see that it is so.

Two phases, each verified by reading the gateway's own state, never by what was sent. Orders are
cancelled one by one, by their ids: the request that cancels all of them takes stops and other
people's orders with it. What protects a position stays until there is no position. Doing it twice
does no harm.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from decimal import Decimal
from typing import NamedTuple, Protocol

from runner.errors import RunnerError
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    Command,
    OrderHandle,
    ReadState,
    Reply,
    State,
    SubmitOrder,
)
from runner.protocol.enums import OrderType, Side
from runner.protocol.messages import OrderSnapshot, Position
from runner.safety.checks import protects
from runner.strategy.order import is_leg_id

CANCEL_WITHIN_S = 4.0
"""How long cancelling may take: a run that is asked to end has left within five seconds."""
FLAT_WITHIN_S = 60.0
"""How long closing positions may take."""
PATIENCE_S = 3.0
"""How long an order that closes may be on its way before another one is tried."""
ATTEMPTS = 5
"""Most orders sent to close one position."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.5


class Executor(Protocol):
    """What carries out commands."""

    def execute(self, command: Command) -> Reply:
        """Carry out a command and return the answer."""
        ...


Trace = Callable[[str | None, str, str | None], OrderSnapshot | None]


class Left(NamedTuple):
    """What is left at the gateway; nothing of it where all went well."""

    orders: tuple[OrderSnapshot, ...] = ()
    """Entries of ours that still work."""
    positions: tuple[Position, ...] = ()
    """Positions that were to be closed and are not."""
    unknown: str = ""
    """Why the state could not be read, so that nobody knows what is left."""


class Witness(Protocol):
    """Who is told what is sent and what becomes of it."""

    def heard(self, order: OrderSnapshot) -> None:
        """Take note of an order's new state."""

    def sent(self, request: SubmitOrder, reply: Reply) -> None:
        """Take note of an order that closes a position."""


class Departure:
    """One leaving of one gateway."""

    def __init__(
        self,
        rest: Executor,
        prefixes: Collection[str],
        next_id: Callable[[], str],
        *,
        witness: Witness | None = None,
        names_positions: bool = False,
        trace: Trace | None = None,
        left_s: Callable[[], float] = lambda: math.inf,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare.

        Args:
            rest: carries out commands, soon and without looking anything up.
            prefixes: what the client order ids of our orders begin with, before a dash.
            next_id: returns client order ids for the orders that close positions.
            witness: told of all that happens.
            names_positions: whether the account holds several positions in one symbol, so that
                an order must name the one that it closes.
            trace: finds an order by our id, its symbol and the gateway's id, to tell the witness
                at the end what has become of the orders that close; None for nobody.
            left_s: how long cancelling may still take, where somebody waits for its end.
            clock: monotonic seconds.
            sleep: sleeps so many seconds.
        """
        self._rest = rest
        self._ours = tuple(f"{one}-" for one in prefixes)
        self._next_id = next_id
        self._witness = witness
        self._names_positions = names_positions
        self._trace = trace
        self._left_s = left_s
        self._clock = clock
        self._sleep = sleep

    def cancel(self, symbols: Collection[str] | None = None) -> Left:
        """Cancel our working entries until none is left, of `symbols` or of all."""
        until = self._clock() + CANCEL_WITHIN_S
        pause = _FIRST_PAUSE_S
        while True:
            until = min(until, self._clock() + self._left_s())
            state = self._read(until)
            if isinstance(state, str):
                return Left(unknown=state)
            held = _held(state.positions)
            entries = [
                one
                for one in self._mine(state.orders, symbols)
                if not is_leg_id(one.client_order_id)
                and not protects(one, held.get(one.symbol, Decimal(0)))
            ]
            if not entries or self._clock() >= until:
                return Left(orders=tuple(entries))
            self._cancel(entries)
            self._sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def flatten(self, symbols: Collection[str] | None = None) -> Left:
        """Cancel our entries, close the positions of `symbols` or all, then cancel our exits."""
        left = self.cancel(symbols)
        if left.orders or left.unknown:
            return left
        closing: dict[str, _Closing] = {}
        left = self._close_all(symbols, closing)
        self._account_for(closing.values())
        return left

    def _close_all(self, symbols: Collection[str] | None, closing: dict[str, _Closing]) -> Left:
        until = self._clock() + FLAT_WITHIN_S
        pause = _FIRST_PAUSE_S
        while True:
            state = self._read(until)
            if isinstance(state, str):
                return Left(unknown=state)
            open_ = [
                one
                for one in state.positions
                if one.quantity and (symbols is None or one.symbol in symbols)
            ]
            if not open_:
                # Without a position an exit is an entry.
                done = {one.symbol for one in closing.values()}
                self._cancel(self._mine(state.orders, done))
                return Left()
            if self._clock() >= until:
                return Left(positions=tuple(open_))
            for position in open_:
                known = closing.setdefault(position.id, _Closing(position.symbol))
                if known.may_try(self._clock(), state.orders):
                    self._close(position, known)
            self._sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _close(self, position: Position, known: _Closing) -> None:
        request = SubmitOrder(
            symbol=position.symbol,
            side=Side.SELL if position.signed_quantity > 0 else Side.BUY,
            quantity=position.quantity,
            order_type=OrderType.MARKET,
            client_order_id=self._next_id(),
            reduce_only=True,
            position_id=position.id if self._names_positions else None,
        )
        known.attempts += 1
        known.names.append(request.client_order_id or "")
        try:
            reply = self._rest.execute(request)
        except RunnerError:
            known.since = self._clock()
            return
        known.since = self._clock()
        known.order_id = reply.id if isinstance(reply, OrderHandle) else None
        if self._witness is not None:
            self._witness.sent(request, reply)

    def _account_for(self, closing: Iterable[_Closing]) -> None:
        if self._trace is None or self._witness is None:
            return
        for known in closing:
            for name in known.names:
                with suppress(RunnerError):
                    order = self._trace(name, known.symbol, None)
                    if order is not None:
                        self._witness.heard(order)

    def _cancel(self, orders: Iterable[OrderSnapshot]) -> None:
        for order in orders:
            try:
                reply = self._rest.execute(CancelOrder(order.id, order.client_order_id))
            except RunnerError:
                continue  # what works is seen when the state is read again
            if isinstance(reply, CancelResult) and self._witness is not None:
                self._witness.heard(reply.order)

    def _mine(
        self, orders: Iterable[OrderSnapshot], symbols: Collection[str] | None
    ) -> list[OrderSnapshot]:
        return [
            one
            for one in orders
            if (one.client_order_id or "").startswith(self._ours)
            and (symbols is None or one.symbol in symbols)
        ]

    def _read(self, until: float) -> State | str:
        pause = _FIRST_PAUSE_S
        while True:
            try:
                state = self._rest.execute(ReadState())
            except RunnerError as error:
                if self._clock() >= until:
                    return f"{error.what}: {error.why}" if error.why else error.what
                self._sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
                continue
            assert isinstance(state, State)
            return state


class _Closing:
    """The orders sent to close one position."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.attempts = 0
        self.since = 0.0
        self.order_id: str | None = None
        self.names: list[str] = []
        """Our ids of the orders that were sent."""

    def may_try(self, now: float, working: Iterable[OrderSnapshot]) -> bool:
        # Books may show a position for a moment longer than it exists. Where a peer does not heed
        # reduce-only, a second order would open the opposite one.
        if self.attempts == 0:
            return True
        if self.attempts >= ATTEMPTS or now - self.since < PATIENCE_S * self.attempts:
            return False
        return all(one.id != self.order_id for one in working)


def _held(positions: Iterable[Position]) -> dict[str, Decimal]:
    held: dict[str, Decimal] = {}
    for one in positions:
        held[one.symbol] = held.get(one.symbol, Decimal(0)) + one.signed_quantity
    return held
