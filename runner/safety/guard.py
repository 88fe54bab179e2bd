"""The guard of one run: it counts, checks every order, watches the equity, and stops trading.

The session asks it before an order leaves and shows it the equity on every event. It changes
nothing itself: a denial goes back to the strategy as a rejection, and what a halt is to cancel or
close stands in the outbox like any other request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from runner.protocol.commands import Capabilities, ModifyOrder, SubmitOrder
from runner.protocol.decimals import plain
from runner.safety.checks import (
    denial_of_kind,
    denial_of_price,
    denial_of_size,
    is_reducing,
    is_sent,
    protects,
)
from runner.safety.limits import Breach, Denial, Limits, Restriction, TradingState
from runner.safety.rates import Bucket, DayCount, Repeats
from runner.strategy.desk import Desk, Request
from runner.strategy.order import CancelRequest, Order
from runner.strategy.placing import place_closing

_DAY_MS = 86_400_000
DENIED = "DENIED"
"""How the reason of a rejection begins that is ours; the limit follows."""
HALT = "halt: "
"""How the reasons of orders begin that a halt places."""


@dataclass(slots=True)
class _Day:
    """The equity that a day is measured from."""

    number: int = -1
    opening: float = 0.0


class Guard:
    """Holds one strategy's orders against the limits of its run."""

    def __init__(self, limits: Limits, desk: Desk) -> None:
        self.limits = limits
        self.state = TradingState.ACTIVE
        self.breach: Breach | None = None
        """Why trading was halted; None as long as it is not."""
        self.denied: dict[str, int] = {}
        """How many orders were denied, by limit."""
        self.requests: tuple[Request, ...] = ()
        """What the halt has left in the outbox; it is to be executed whatever the strategy does."""
        self.capabilities: Capabilities | None = None
        """What the peer can do, where it has told; what it cannot is not sent."""
        self.consult: Callable[[], None] | None = None
        """Called before an order is checked, to find out what restricts it at this moment."""
        self._desk = desk
        self._peak = 0.0
        self._last = 0.0
        self._day = _Day()
        self._bucket = (
            None if limits.max_orders_per_second is None else Bucket(limits.max_orders_per_second)
        )
        self._today = DayCount()
        self._repeats = Repeats()
        self._event = (0, 0)
        self._rejections = 0
        self._restrictions: dict[tuple[str, str | None], Restriction] = {}
        self._asked: tuple[str, str] | None = None

    @property
    def watches_equity(self) -> bool:
        """Whether the equity has a limit, so that it must be looked at on every event."""
        return self.limits.max_drawdown is not None or self.limits.max_daily_loss is not None

    # Orders

    def check(self, request: SubmitOrder, reason: str) -> Denial | None:
        """Return why an order must not be sent, None if it may; what may is counted.

        Args:
            request: the order.
            reason: as its ticket names it; those of the guard itself begin with `HALT`.
        """
        if reason.startswith(HALT):
            return None
        if self._asked is not None:
            self.heed()
        if self.consult is not None:
            self.consult()
        denial = self._denial(request)
        if denial is not None:
            self.denied[denial.limit] = self.denied.get(denial.limit, 0) + 1
            if denial.halts:
                self.halt(denial.limit, denial.message)
        return denial

    def _denial(self, request: SubmitOrder) -> Denial | None:
        if self.state is TradingState.HALTED:
            why = f": {self.breach.message}" if self.breach is not None else ""
            return Denial("HALTED", f"trading is halted{why}")
        if self._restrictions:
            restriction = self._restriction(request)
            if restriction is not None:
                return restriction
        if self.state is TradingState.REDUCING and not is_reducing(request, self._desk):
            return Denial("REDUCING", "only orders that make a position smaller are sent")
        return (
            denial_of_kind(request, self.capabilities)
            or denial_of_size(request, self._desk, self.limits)
            or denial_of_price(request, self._desk, self.limits)
            or self._denial_of_number(request)
        )

    def _denial_of_number(self, request: SubmitOrder) -> Denial | None:
        limits, now = self.limits, self._desk.now_ms
        working = [
            one
            for one in self._desk.working.values()
            if one.parent_order_id is None and is_sent(one)
        ]
        if limits.max_open_orders is not None and len(working) >= limits.max_open_orders:
            return _too_many("max_open_orders", limits.max_open_orders, "orders work already")
        of_event = self._event[1] + 1 if self._event[0] == self._desk.market_events else 1
        if limits.max_orders_per_event is not None and of_event > limits.max_orders_per_event:
            what = "orders were placed on this event already"
            return _too_many("max_orders_per_event", limits.max_orders_per_event, what)
        if self._bucket is not None and not self._bucket.take(now):
            rate = limits.max_orders_per_second or Decimal(0)
            return Denial(
                "max_orders_per_second", f"more than {rate:f} orders a second, by the clock of now"
            )
        today = self._today.add(now)
        if limits.max_orders_per_day is not None and today > limits.max_orders_per_day:
            what = "orders were placed today already"
            return _too_many("max_orders_per_day", limits.max_orders_per_day, what)
        price = request.limit_price or request.stop_price
        alike = self._repeats.add(now, (request.symbol, request.side, request.quantity, price))
        if limits.max_repeats is not None and alike > limits.max_repeats:
            return Denial(
                "max_repeats",
                f"{alike} orders alike within two seconds ({request.side} "
                f"{request.quantity:f} {request.symbol}); risk.max_repeats is {limits.max_repeats}",
                halts=True,
            )
        self._event = (self._desk.market_events, of_event)
        return None

    # Restrictions that pass

    def restrict(
        self, why: str, message: str, *, symbol: str | None = None, pauses: bool = False
    ) -> None:
        """Send only what makes positions smaller, until `lift` is called with the same `why`.

        Args:
            why: names the restriction, in capitals: a denial carries it.
            message: for people.
            symbol: which symbol it holds for; None for all.
            pauses: whether not even that is sent.
        """
        self._restrictions[why, symbol] = Restriction(message, pauses)

    def lift(self, why: str, *, symbol: str | None = None) -> None:
        """End a restriction; one that does not exist is no error."""
        self._restrictions.pop((why, symbol), None)

    @property
    def restrictions(self) -> dict[tuple[str, str | None], str]:
        """What holds at present, by name and symbol, in words."""
        return {name: one.message for name, one in self._restrictions.copy().items()}

    @property
    def standing(self) -> TradingState:
        """What may be sent at present: the state, or what is restricted if that is tighter.

        A restriction of one symbol counts for the whole.
        """
        if self.state is TradingState.HALTED or not self._restrictions:
            return self.state
        if any(one.pauses for one in self._restrictions.copy().values()):
            return TradingState.PAUSED
        return TradingState.REDUCING

    def _restriction(self, request: SubmitOrder) -> Denial | None:
        reduces = is_reducing(request, self._desk)
        for (why, symbol), one in self._restrictions.items():
            if symbol is not None and symbol != request.symbol:
                continue
            if one.pauses:
                return Denial(why, f"{one.message}; no order is sent")
            if not reduces:
                said = "only orders that make a position smaller are sent"
                return Denial(why, f"{one.message}; {said}")
        return None

    def check_change(self, order: Order, changes: ModifyOrder) -> Denial | None:
        """Return why an order must not be changed like this, None if it may.

        What makes it smaller may always be.
        """
        request = SubmitOrder(
            symbol=order.symbol,
            side=order.side,
            quantity=changes.quantity or order.quantity,
            order_type=order.order_type,
            client_order_id=order.client_order_id,
            limit_price=changes.limit_price or order.limit_price,
            stop_price=changes.stop_price or order.stop_price,
            reduce_only=order.reduce_only,
        )
        grows = request.quantity > order.quantity
        if self.consult is not None:
            self.consult()
        denial = None
        if grows and self._restrictions:
            denial = self._restriction(request)
        if denial is None and grows and self.state is not TradingState.ACTIVE:
            denial = Denial(self.state.value, "an order must not grow any more")
        elif denial is None and grows:
            denial = denial_of_size(request, self._desk, self.limits)
        denial = denial or denial_of_price(request, self._desk, self.limits)
        if denial is not None:
            self.denied[denial.limit] = self.denied.get(denial.limit, 0) + 1
        return denial

    def refused(self) -> None:
        """Note that the peer has refused an order."""
        self._rejections += 1
        most = self.limits.max_rejections_in_a_row
        if most is not None and self._rejections > most:
            self.halt(
                "max_rejections_in_a_row",
                f"the peer refused {self._rejections} orders in a row; "
                f"risk.max_rejections_in_a_row is {most}",
            )

    def accepted(self) -> None:
        """Note that the peer has taken an order."""
        self._rejections = 0

    # Equity

    def watch(self, equity: float, now_ms: int) -> None:
        """Look at the equity, and halt trading where it has fallen too far."""
        day = now_ms // _DAY_MS
        if day != self._day.number:
            # The day is measured from the last equity of the day before.
            self._day = _Day(day, self._last or equity)
        self._last = equity
        self._peak = max(self._peak, equity)
        if self.breach is not None:
            return
        limits = self.limits
        if limits.max_drawdown is not None:
            self._fall("max_drawdown", limits.max_drawdown, self._peak, equity, "from its highest")
        if limits.max_daily_loss is not None and self.breach is None:
            most = limits.max_daily_loss
            self._fall("max_daily_loss", most, self._day.opening, equity, "since yesterday")

    def _fall(self, limit: str, most: Decimal, start: float, equity: float, since: str) -> None:
        if start <= 0 or (start - equity) / start <= float(most):
            return
        self.halt(
            limit,
            f"equity {equity:,.2f} is {(start - equity) / start * 100:.2f}% down {since} "
            f"({start:,.2f}); risk.{limit} is {plain(most * 100)}%",
        )

    # States

    def ask_halt(self, limit: str, message: str) -> None:
        """Ask for a halt from outside: any thread, or a signal handler.

        No order passes any more. What is to be cancelled is, when the session next comes by.
        """
        self._asked = (limit, message)

    def heed(self) -> None:
        """Halt if somebody has asked for it. The session's own thread calls this."""
        asked, self._asked = self._asked, None
        if asked is not None:
            self.halt(*asked)

    def halt(self, limit: str, message: str) -> None:
        """Stop trading for good, and leave in the outbox what is to be cancelled or closed."""
        if self.breach is not None:
            return
        desk = self._desk
        self.state = TradingState.HALTED
        self.breach = Breach(limit, message, desk.now_ms)
        others = len(desk.outbox)
        # What is closed needs no stop any more: one that is left could only open a position.
        flattens = self.limits.on_breach == "flatten"
        covered: dict[str, Decimal] = {}
        for order in list(desk.working.values()):
            if order.id is not None and not self._stays(order, covered, flattens=flattens):
                desk.outbox.append(CancelRequest(order))
        if flattens:
            for symbol in list(desk.portfolio.positions):
                place_closing(desk, symbol, reason=f"{HALT}{limit}")
        self.requests = tuple(desk.outbox[others:])

    def _stays(self, order: Order, covered: dict[str, Decimal], *, flattens: bool) -> bool:
        # Several stops protect a position only up to its size; `covered` is what they have of it.
        held = self._desk.portfolio.quantity(order.symbol)
        if flattens:
            held = Decimal(0)
        before = covered.get(order.symbol, Decimal(0))
        if order.parent_order_id is not None or order.reduce_only:
            return True
        if not protects(order, held) or before + order.remaining_quantity > abs(held):
            return False
        covered[order.symbol] = before + order.remaining_quantity
        return True


def _too_many(limit: str, most: int, what: str) -> Denial:
    return Denial(limit, f"{most} {what}; risk.{limit} is {most}")
