"""The books: balance, positions and their cost, in exact decimals.

Invariants, asserted in tests after every event:
    equity == balance + unrealized
    balance == starting cash + sum of realized - sum of commissions + sum of financing
    cash paid and received == change of balance + change of the positions' cost
A partial close splits a position's cost; the split is rounded to `COST_STEP`, which moves that
rounding between realized and unrealized profit and never creates or loses money.

An account that nets has one position for each symbol. One that hedges has any number, and whoever
books an execution says which of them it concerns.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from runner.engine.holding import COST_STEP, Holding
from runner.engine.terms import Margin
from runner.protocol.decimals import canonical
from runner.protocol.enums import PositionSide, Side
from runner.protocol.messages import Account, Position

_FOUR = Decimal("1E-4")
_ZERO = Decimal(0)


class Ledger:
    """Balance, positions and marks of one account."""

    def __init__(
        self,
        cash: Decimal,
        *,
        leverage: Decimal = Decimal(1),
        margin: Margin | None = None,
        currency: str = "USD",
        hedges: bool = False,
    ) -> None:
        self.starting_cash = cash
        self.balance = cash
        self.currency = currency
        self.commissions = _ZERO
        self.realized = _ZERO
        self.financing = _ZERO
        """Interest booked so far; charges are negative."""
        self.margin = margin or Margin()
        self._leverage = leverage
        self._is_leveraged = self.leverage != 1
        self.hedges = hedges
        """Whether there may be several positions in one symbol."""
        self.holdings: dict[str, Holding] = {}
        """Open positions, oldest first: by symbol, or by id in an account that hedges."""
        self.marks: dict[str, float] = {}
        """Last known price by symbol. Floats, because every candle writes one and few are read."""
        self._exact: dict[str, tuple[float, Decimal]] = {}
        # The mark as it was last made exact: reading it several times per event costs once.
        self._positions_opened = 0

    @property
    def leverage(self) -> Decimal:
        """Value of positions allowed per unit of equity, to four digits after the point."""
        initial = self.margin.initial
        return self._leverage if initial is None else canonical((1 / initial).quantize(_FOUR))

    def mark(self, symbol: str) -> Decimal:
        """Return the last known price of `symbol`; zero before the first."""
        price = self.marks.get(symbol, 0.0)
        known = self._exact.get(symbol)
        if known is None or known[0] != price:
            known = self._exact[symbol] = (price, Decimal(repr(price)))
        return known[1]

    def quantity(self, symbol: str) -> Decimal:
        """Return the signed open quantity of `symbol`, the sum of its positions."""
        if self.hedges:
            return self._net_and_gross(symbol)[0]
        holding = self.holdings.get(symbol)
        return holding.quantity if holding else _ZERO

    def find(self, symbol: str, position_id: str) -> Holding | None:
        """Return the open position of `symbol` with this id, None where there is none."""
        holding = self.holdings.get(position_id if self.hedges else symbol)
        if holding is None or holding.id != position_id or holding.symbol != symbol:
            return None
        return holding

    def concerned(
        self, symbol: str, side: Side, position_id: str | None, *, reduces: bool
    ) -> Holding | None:
        """Return the open position that an order to `side` executes against.

        None means that it opens one or, where it may only reduce, that there is nothing to reduce.
        In an account that hedges, an order that may only reduce and names no position reduces the
        oldest one of the other side.
        """
        if position_id is not None and (reduces or self.hedges):
            holding = self.find(symbol, position_id)
        elif not self.hedges:
            holding = self.holdings.get(symbol)
        elif not reduces:
            return None
        else:
            for one in self.holdings.values():
                if one.symbol == symbol and one.quantity * side.sign < 0:
                    return one
            return None
        if reduces and holding is not None and holding.quantity * side.sign >= 0:
            return None
        return holding

    @property
    def next_id(self) -> str:
        """The id of the position that is opened next."""
        return f"p-{self._positions_opened + 1}"

    def apply(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        price: Decimal,
        commission: Decimal,
        moment: datetime,
        position_id: str | None = None,
    ) -> Holding:
        """Book one execution and return the position it changed; a flat one leaves the books.

        The symbol is marked at `price`. `quantity` is positive. In an account that hedges,
        `position_id` says which position it concerns; None, or the next id, opens one.
        """
        signed = quantity * side.sign
        key = (position_id or self.next_id) if self.hedges else symbol
        holding = self.holdings.get(key)
        if holding is None:
            holding = self.holdings[key] = Holding(self.next_id, symbol, moment)
            self._positions_opened += 1
        before = holding.quantity
        closing = min(quantity, abs(before)) if before * signed < 0 else _ZERO
        realized = _ZERO
        if closing:
            released = (
                holding.cost
                if closing == abs(before)
                else (holding.cost * closing / abs(before)).quantize(COST_STEP)
            )
            realized = (closing if before > 0 else -closing) * price - released
            holding.cost -= released
        opening = quantity - closing
        holding.cost += opening * side.sign * price
        holding.quantity = before + signed
        holding.size, holding.value = float(holding.quantity), float(holding.cost)
        holding.realized += realized
        holding.updated_at = moment
        self.realized += realized
        self.commissions += commission
        self.balance += realized - commission
        mark = self.marks[symbol] = float(price)
        self._exact[symbol] = (mark, price)
        if not holding.quantity:
            del self.holdings[key]
        return holding

    def book_interest(self, amount: Decimal) -> None:
        """Book interest; a charge is negative."""
        self.financing += amount
        self.balance += amount

    def unrealized(self) -> Decimal:
        """Return the profit of all open positions at the marks."""
        return sum(
            (one.quantity * self.mark(one.symbol) - one.cost for one in self.holdings.values()),
            _ZERO,
        )

    def equity(self) -> Decimal:
        """Return balance plus unrealized profit."""
        return self.balance + self.unrealized()

    def exposure(self) -> Decimal:
        """Return the gross value of all positions at the marks."""
        return sum(
            (abs(one.quantity) * self.mark(one.symbol) for one in self.holdings.values()), _ZERO
        )

    def can_carry(
        self, symbol: str, side: Side, quantity: Decimal, price: Decimal, commission: Decimal
    ) -> bool:
        """Tell whether the account can carry the positions after executing at `price`.

        The initial margin of all positions may not exceed the equity after commission. An
        execution that makes no position larger is always allowed; do not ask for one that may
        only reduce. In an account that hedges, every other one makes them larger.
        """
        if self.hedges:
            before, gross = self._net_and_gross(symbol)
            larger = gross + quantity
        else:
            before = self.quantity(symbol)
            gross, larger = abs(before), abs(before + quantity * side.sign)
            if larger <= gross:
                return True
        mark = self.mark(symbol)
        equity = self.equity() + before * (price - mark) - commission
        exposure = self.exposure() - gross * mark + larger * price
        initial = self.margin.initial
        if initial is None:  # not divided: a third of something cannot be written down
            return exposure <= equity * self._leverage
        return exposure * initial <= equity

    def initial_margin(self, exposure: Decimal) -> Decimal:
        """Return the equity that opening positions of this value requires."""
        initial = self.margin.initial
        return exposure / self._leverage if initial is None else exposure * initial

    def liquidation_price(self, holding: Holding) -> Decimal | None:
        """Return where the equity only just meets the maintenance margin, other marks unchanged.

        None where there is no maintenance margin, or no such price.
        """
        maintenance = self.margin.maintenance
        if maintenance is None or not holding.quantity:
            return None
        # All positions of the symbol have its price.
        net, gross = holding.quantity, abs(holding.quantity)
        if self.hedges:
            net, gross = self._net_and_gross(holding.symbol)
        mark = self.mark(holding.symbol)
        others = self.equity() - net * mark - maintenance * (self.exposure() - gross * mark)
        slope = net - maintenance * gross
        price = -others / slope if slope else _ZERO
        return canonical(price.quantize(COST_STEP)) if price > 0 else None

    def _net_and_gross(self, symbol: str) -> tuple[Decimal, Decimal]:
        net = gross = _ZERO
        for one in self.holdings.values():
            if one.symbol == symbol:
                net += one.quantity
                gross += abs(one.quantity)
        return net, gross

    def account(self) -> Account:
        """Return the account as the wire shows it."""
        unrealized = exposure = _ZERO
        for one in self.holdings.values():
            value = one.quantity * self.mark(one.symbol)
            unrealized += value - one.cost
            exposure += abs(value)
        equity = self.balance + unrealized
        used = self.initial_margin(exposure)
        return Account(
            canonical(self.balance),
            canonical(equity),
            canonical(used),
            canonical(max(equity - used, _ZERO)),
            canonical(unrealized),
            self.currency,
        )

    def position(self, holding: Holding, *, was: Decimal = _ZERO) -> Position:
        """Return a holding as the wire shows it; a flat one keeps the side it had (`was`)."""
        mark = self.mark(holding.symbol)
        return Position(
            id=holding.id,
            symbol=holding.symbol,
            side=PositionSide.LONG if (holding.quantity or was) > 0 else PositionSide.SHORT,
            quantity=canonical(abs(holding.quantity)),
            average_entry_price=holding.average_entry_price,
            current_price=canonical(mark),
            unrealized_pnl=canonical(holding.quantity * mark - holding.cost),
            realized_pnl=canonical(holding.realized),
            opened_at=holding.opened_at,
            updated_at=holding.updated_at,
            leverage=self.leverage if self._is_leveraged else None,
            liquidation_price=self.liquidation_price(holding),
        )

    def positions(self) -> tuple[Position, ...]:
        """Return all open positions as the wire shows them, oldest first."""
        return tuple(self.position(one) for one in self.holdings.values())
