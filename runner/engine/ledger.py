"""The books: balance, positions and their cost, in exact decimals.

Invariants, asserted in tests after every event:
    equity == balance + unrealized
    balance == starting cash + sum of realized - sum of commissions
    cash paid and received == change of balance + change of the positions' cost
A partial close splits a position's cost; the split is rounded to `COST_STEP`, which moves that
rounding between realized and unrealized profit and never creates or loses money.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from runner.protocol.decimals import canonical
from runner.protocol.enums import PositionSide, Side
from runner.protocol.messages import Account, Position

COST_STEP = Decimal("1E-10")
_ZERO = Decimal(0)


class Holding:
    """A netting position: `quantity` and `cost` are positive when long, negative when short."""

    __slots__ = ("cost", "id", "opened_at", "quantity", "realized", "symbol", "updated_at")

    def __init__(self, id: str, symbol: str, opened_at: datetime) -> None:
        self.id = id
        self.symbol = symbol
        self.quantity = _ZERO
        self.cost = _ZERO
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
        self, cash: Decimal, *, leverage: Decimal = Decimal(1), currency: str = "USD"
    ) -> None:
        self.starting_cash = cash
        self.balance = cash
        self.leverage = leverage
        self.currency = currency
        self.commissions = _ZERO
        self.realized = _ZERO
        self.holdings: dict[str, Holding] = {}
        """Open positions by symbol."""
        self.marks: dict[str, float] = {}
        """Last known price by symbol. Floats, because every candle writes one and few are read."""
        self._exact: dict[str, tuple[float, Decimal]] = {}
        # The mark as it was last made exact: reading it several times per event costs once.
        self._positions_opened = 0

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

        Gross exposure may not exceed equity after commission times the leverage. An execution
        that makes no position larger is always allowed.
        """
        before = self.quantity(symbol)
        after = before + quantity * side.sign
        if abs(after) <= abs(before):
            return True
        mark = self.mark(symbol)
        equity = self.equity() + before * (price - mark) - commission
        exposure = self.exposure() - abs(before) * mark + abs(after) * price
        return exposure <= equity * self.leverage

    def account(self) -> Account:
        """Return the account as the wire shows it."""
        unrealized = exposure = _ZERO
        for one in self.holdings.values():
            value = one.quantity * self.mark(one.symbol)
            unrealized += value - one.cost
            exposure += abs(value)
        equity = self.balance + unrealized
        used = exposure / self.leverage
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
        )

    def positions(self) -> tuple[Position, ...]:
        """Return all open positions as the wire shows them, oldest first."""
        return tuple(self.position(one) for one in self.holdings.values())
