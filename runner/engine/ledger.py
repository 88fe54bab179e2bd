"""The books: balance, positions and their cost, in exact decimals.

Invariants, asserted in tests after every event:
    equity == balance + unrealized
    balance == starting cash + sum of realized - sum of commissions + sum of financing
    cash paid and received == change of balance + change of the positions' cost
A partial close splits a position's cost; the split is rounded to `COST_STEP`, which moves that
rounding between realized and unrealized profit and never creates or loses money.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from runner.engine.terms import Margin
from runner.protocol.decimals import canonical
from runner.protocol.enums import PositionSide, Side
from runner.protocol.messages import Account, Position

COST_STEP = Decimal("1E-10")
_FOUR = Decimal("1E-4")
_ZERO = Decimal(0)


class Holding:
    """A netting position: `quantity` and `cost` are positive when long, negative when short."""

    __slots__ = (
        "cost", "id", "opened_at", "quantity", "realized", "size", "symbol", "updated_at", "value",
    )  # fmt: skip

    def __init__(self, id: str, symbol: str, opened_at: datetime) -> None:
        self.id = id
        self.symbol = symbol
        self.quantity = _ZERO
        self.cost = _ZERO
        self.size = self.value = 0.0
        # Quantity and cost as floats, for judging by every candle whether exact figures are needed.
        self.realized = _ZERO
        self.opened_at = opened_at
        self.updated_at = opened_at

    @property
    def average_entry_price(self) -> Decimal:
        """Cost per unit, rounded to `COST_STEP`; zero when flat."""
        if not self.quantity:
            return _ZERO
        return canonical((self.cost / self.quantity).quantize(COST_STEP))


class Ledger:
    """Balance, positions and marks of one account."""

    def __init__(
        self,
        cash: Decimal,
        *,
        leverage: Decimal = Decimal(1),
        margin: Margin | None = None,
        currency: str = "USD",
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
        self.holdings: dict[str, Holding] = {}
        """Open positions by symbol."""
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
        """Return the signed open quantity of `symbol`."""
        holding = self.holdings.get(symbol)
        return holding.quantity if holding else _ZERO

    def holds(self, symbol: str, position_id: str) -> bool:
        """Tell whether the open position of `symbol` is the one with this id."""
        holding = self.holdings.get(symbol)
        return holding is not None and holding.id == position_id

    def apply(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        price: Decimal,
        commission: Decimal,
        moment: datetime,
    ) -> Holding:
        """Book one execution and return the position it changed; a flat one leaves the books.

        The symbol is marked at `price`. `quantity` is positive.
        """
        signed = quantity * side.sign
        holding = self.holdings.get(symbol)
        if holding is None:
            self._positions_opened += 1
            holding = Holding(f"p-{self._positions_opened}", symbol, moment)
            self.holdings[symbol] = holding
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
            del self.holdings[symbol]
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
        execution that makes no position larger is always allowed.
        """
        before = self.quantity(symbol)
        after = before + quantity * side.sign
        if abs(after) <= abs(before):
            return True
        mark = self.mark(symbol)
        equity = self.equity() + before * (price - mark) - commission
        exposure = self.exposure() - abs(before) * mark + abs(after) * price
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
        worth = holding.quantity * self.mark(holding.symbol)
        others = self.equity() - worth - maintenance * (self.exposure() - abs(worth))
        slope = holding.quantity - maintenance * abs(holding.quantity)
        price = -others / slope if slope else _ZERO
        return canonical(price.quantize(COST_STEP)) if price > 0 else None

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
