"""The mirror: account, positions and executions as folded from the events received so far.

It answers every question a strategy has about its state without a request. Two sources feed it:
what the peer states outright (`position`, `account`), which is taken over, and what an order's
fills imply, because many gateways report nothing else. It also keeps the equity curve: one point
per time step, taken after the step's last candle.

A peer may hold several positions in one symbol: it hedges. It is known to do so once it names the
position that an order has opened, or states two of one symbol. From then on they are kept by id in
`parts`, and `positions` has their sums, so that nothing which marks positions needs to know of it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from decimal import Decimal

from runner.protocol.commands import Held, State
from runner.protocol.enums import Side
from runner.protocol.messages import Account, Candle, Position, Quote, Trade
from runner.strategy.curve import Curve
from runner.strategy.open_position import OpenPosition, execute, sum_of

_ZERO = Decimal(0)


class Fill:
    """One execution as the run's record keeps it, with the profit it realized."""

    __slots__ = ("order_reason", "position_id", "realized_pnl", "trade")

    def __init__(
        self,
        trade: Trade,
        realized_pnl: Decimal | None,
        order_reason: str,
        position_id: str | None = None,
    ) -> None:
        self.trade = trade
        self.position_id = position_id
        """The position it changed, where there may be several in one symbol; else None."""
        self.realized_pnl = realized_pnl
        """Profit realized by the part that closed a position, before commission; None if it
        closed nothing."""
        self.order_reason = order_reason


class Portfolio:
    """Positions, money, executions and the equity curve of one run."""

    def __init__(self) -> None:
        self.account: Account | None = None
        self.balance = 0.0
        self.positions: dict[str, OpenPosition] = {}
        """The position in each symbol, the sum where there are several."""
        self.parts: dict[str, dict[str | None, OpenPosition]] = {}
        """The positions of each symbol by id, oldest first, where the peer hedges; else empty."""
        self.hedges = False
        """Whether the peer is known to hold several positions in one symbol."""
        self.last: dict[str, float] = {}
        """Last known price by symbol."""
        self.fills: list[Fill] = []
        self.commissions = _ZERO
        self.financing = _ZERO
        """Interest booked during the run; charges are negative."""
        self.curve = Curve()
        self.starting_equity = 0.0
        self._step_end = 0

    @property
    def times(self) -> Sequence[int]:
        """Starts of the time steps' candles, Unix milliseconds; without any, moments of quotes."""
        return self.curve.times

    @property
    def equities(self) -> Sequence[float]:
        """Equity after each time step."""
        return self.curve.equities

    def load(self, state: State, *, earned: Decimal = _ZERO) -> None:
        """Take over what the peer holds, at the start and after a gap.

        Args:
            state: of the peer.
            earned: what executions have brought that were missed before the start; the run counts
                them, so its equity begins before them.
        """
        first = self.account is None
        self.account = state.account
        self.balance = float(state.account.balance)
        self.positions.clear()
        self.parts.clear()
        if len({one.symbol for one in state.positions}) < len(state.positions):
            self.hedges = True
        for position in state.positions:
            self.set_position(position)
        if first:
            self.starting_equity = float(state.account.equity - earned)

    def hold(self, held: Sequence[Held]) -> None:
        """Hold positions as they were before executions that are told now."""
        for one in held:
            self.positions[one.symbol] = OpenPosition(one.quantity, one.average_entry_price)

    def equity(self) -> float:
        """Return balance plus the profit of open positions at the last known prices."""
        equity = self.balance
        for symbol, position in self.positions.items():
            price = self.last.get(symbol)
            if price is not None:
                equity += position.size * price - position.value
        return equity

    def quantity(self, symbol: str) -> Decimal:
        """Return the signed quantity held of `symbol`."""
        position = self.positions.get(symbol)
        return position.quantity if position else _ZERO

    def mark(self, candles: Sequence[Candle], *, one_symbol: bool) -> None:
        """Take in candles in their order: prices, and the equity point of each time step.

        Nothing but candles may have happened between the first and the last of them. With
        `one_symbol` there is no other symbol in the run, so that every candle is a step.
        """
        last, times, equities = self.last, self.curve.new_times, self.curve.new_equities
        if len(times) > self.curve.room:
            self.curve.put_away()
            times, equities = self.curve.new_times, self.curve.new_equities
        if not one_symbol:
            for candle in candles:
                last[candle.symbol] = candle.close
                if times and times[-1] == candle.time:
                    equities[-1] = self.equity()
                else:
                    self._point(candle)
            return
        symbol = candles[-1].symbol
        last[symbol] = candles[-1].close
        self._step_end = candles[-1].close_time
        position = self.positions.get(symbol)
        balance = self.balance
        if len(candles) == 1:  # between two orders there is often but one
            times.append(candles[0].time)
            profit = position.size * candles[0].close - position.value if position else 0.0
            equities.append(balance + profit)
            return
        # An array made of a list takes a third of the time that extending by the list takes.
        times += array("q", [candle.time for candle in candles])
        if position is None:
            equities += array("d", [balance]) * len(candles)
        else:
            size, value = position.size, position.value
            equities += array("d", [balance + (size * one.close - value) for one in candles])

    def mark_quote(self, quote: Quote, *, is_step: bool) -> None:
        """Take in a quote: the price, and with `is_step` an equity point of its own.

        Where candles make the points, a quote only brings the point of its own moment up to date.
        """
        self.last[quote.symbol] = quote.last
        curve = self.curve
        if curve.new_times and quote.time <= self._step_end:
            curve.new_equities[-1] = self.equity()
        elif is_step:
            if len(curve.new_times) > curve.room:
                curve.put_away()
            self._step_end = quote.time
            curve.new_times.append(quote.time)
            curve.new_equities.append(self.equity())

    def begin_with_candles(self) -> None:
        """Forget the points that quotes have made: from here on candles make them."""
        if self.curve.new_times:
            self.curve = Curve()

    def _point(self, candle: Candle) -> None:
        # Candles of several lengths that close together are one step. Its point stands at the
        # latest of their starts, so that the curve never goes back. A day on which the clocks are
        # put back closes, by its 24 hours, before the hour that comes with it.
        times, equities, end = self.curve.new_times, self.curve.new_equities, candle.close_time
        if times and end <= self._step_end:
            times[-1] = max(times[-1], candle.time)
            equities[-1] = self.equity()
        else:
            self._step_end = end
            times.append(max(times[-1], candle.time) if times else candle.time)
            equities.append(self.equity())

    def set_position(self, position: Position) -> None:
        """Take over a position as the peer states it."""
        symbol, stated = position.symbol, None
        if position.quantity:
            average = position.average_entry_price
            stated = OpenPosition(position.signed_quantity, average, position.id)
            self.last.setdefault(symbol, float(position.current_price))
        if self.hedges:
            # It takes the place of what an execution has opened of which nobody said where.
            self.parts.get(symbol, {}).pop(None, None)
            self._put_part(symbol, position.id, stated)
        elif stated is not None:
            self.positions[symbol] = stated
        else:
            self.positions.pop(symbol, None)

    def set_account(self, account: Account) -> None:
        """Take over the account as the peer states it."""
        self.account = account
        self.balance = float(account.balance)

    def fill(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        price: Decimal,
        *,
        position_id: str | None = None,
        reduces: bool = False,
    ) -> Decimal | None:
        """Fold in an execution and return the profit it realized, None if it only opened.

        Args:
            symbol, side, quantity, price: of the execution.
            position_id: the position it changes, where the peer says so.
            reduces: whether it can only make a position smaller.
        """
        if position_id is not None and not (self.hedges or reduces):
            self._learn_to_hedge()
        if self.hedges:
            if position_id is None and reduces:
                position_id = self._oldest_against(symbol, side)
            before = self.parts.get(symbol, {}).get(position_id)
            after, realized = execute(before, side, quantity, price)
            if after is not None:
                after.id = position_id
            self._put_part(symbol, position_id, after)
        else:
            after, realized = execute(self.positions.get(symbol), side, quantity, price)
            if after is None:
                self.positions.pop(symbol, None)
            else:
                self.positions[symbol] = after
        self.last[symbol] = float(price)
        if realized is not None:
            self.balance += float(realized)
        return realized

    def record(
        self,
        trade: Trade,
        realized_pnl: Decimal | None,
        reason: str,
        position_id: str | None = None,
    ) -> None:
        """Keep an execution and pay its commission."""
        position_id = position_id if self.hedges else None
        self.fills.append(Fill(trade, realized_pnl, reason, position_id))
        self.commissions += trade.commission
        self.balance -= float(trade.commission)

    # Several positions in one symbol

    def open_positions(self, symbol: str) -> list[OpenPosition]:
        """Return the open positions of `symbol`, oldest first."""
        if self.hedges:
            return list(self.parts.get(symbol, {}).values())
        position = self.positions.get(symbol)
        return [] if position is None else [position]

    def find(self, position_id: str) -> tuple[str, OpenPosition] | None:
        """Return the open position with this id, and its symbol."""
        for symbol in self.positions:
            for one in self.open_positions(symbol):
                if one.id == position_id:
                    return symbol, one
        return None

    def _learn_to_hedge(self) -> None:
        self.hedges = True
        self.parts = {symbol: {one.id: one} for symbol, one in self.positions.items()}

    def _oldest_against(self, symbol: str, side: Side) -> str | None:
        against = (one for one in self.open_positions(symbol) if one.quantity * side.sign < 0)
        oldest = next(against, None)
        return None if oldest is None else oldest.id

    def _put_part(self, symbol: str, id: str | None, position: OpenPosition | None) -> None:
        parts = self.parts.setdefault(symbol, {})
        if position is None:
            parts.pop(id, None)
        else:
            parts[id] = position
        if len(parts) > 1:
            self.positions[symbol] = sum_of(list(parts.values()))
        elif parts:
            self.positions[symbol] = next(iter(parts.values()))
        else:
            self.positions.pop(symbol, None)
