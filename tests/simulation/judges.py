"""Judgments made without the product: how far the equity fell, and whether books add up."""

from __future__ import annotations

from decimal import Decimal

from runner.engine.exchange import Exchange
from runner.protocol.messages import AccountUpdate, Candle, Message, TradeUpdate
from runner.safety import Limits
from runner.session import Session

_DAY_MS = 86_400_000
_ZERO = Decimal(0)


class Watch:
    """Judges the fall of the equity independently of the guard."""

    def __init__(self, limits: Limits | None, session: Session) -> None:
        self._session = session
        self._limits = limits
        self._is_due = False
        self._peak = self._last = 0.0
        self._day, self._opening = -1, 0.0
        self._fell = False

    def take(self, message: Message) -> None:
        """Note what is being handed over: some messages change the equity, and are looked at."""
        admits = self._session.admits
        if isinstance(message, Candle | TradeUpdate | AccountUpdate):
            self._is_due = admits is None or admits(message)
        else:
            self._is_due = False

    def fell(self, equity: float) -> bool:
        """Return whether the equity has ever fallen beyond a limit, this moment included."""
        limits = self._limits
        if limits is None or not self._is_due or self._fell:
            return self._fell
        self._is_due = False
        day = self._session.desk.now_ms // _DAY_MS
        if day != self._day:
            self._day, self._opening = day, self._last or equity
        self._last, self._peak = equity, max(self._peak, equity)
        for most, start in (
            (limits.max_drawdown, self._peak),
            (limits.max_daily_loss, self._opening),
        ):
            if most is not None and (start - equity) / start > float(most) + 1e-9:
                self._fell = True
        return self._fell


class Audit:
    """Adds up the venue's executions by itself, as they come."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._seen = 0
        self._paid = self._commissions = _ZERO
        self._held: dict[str, Decimal] = {}

    def is_exact(self, equity: Decimal) -> bool:
        """Return whether executions, money and positions agree to the last digit.

        `equity` is what the venue says it is worth.
        """
        ledger, trades, held = self._exchange.ledger, self._exchange.trades, self._held
        if len(trades) > self._seen:
            for one in trades[self._seen :]:
                signed = one.quantity * one.side.sign
                self._paid += signed * one.price
                self._commissions += one.commission
                held[one.symbol] = held.get(one.symbol, _ZERO) + signed
                if not held[one.symbol]:
                    del held[one.symbol]
            self._seen = len(trades)
        worth = ledger.starting_cash - self._paid - self._commissions + ledger.financing
        cost = _ZERO
        for name, holding in ledger.holdings.items():
            if held.get(name) != holding.quantity:
                return False
            cost += holding.cost
        balance = ledger.balance
        if not (
            type(balance) is Decimal
            and balance == worth + cost
            and balance - ledger.starting_cash
            == ledger.realized - ledger.commissions + ledger.financing
            and ledger.commissions == self._commissions
            and len(held) == len(ledger.holdings)
        ):
            return False
        for name, quantity in held.items():
            worth += quantity * ledger.mark(name)
        return equity == worth
