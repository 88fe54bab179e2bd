"""What the executions of a run amount to: round trips, wins and losses, time in the market.

One pass over the fills. A *closing execution* is one that made a position smaller. Its result is
the profit it realized, less its own commission for the part that closed, less the share of the
opening commissions that the closed quantity carried. A *round trip* is complete when a position
returns to flat or turns to the other side. Where a symbol may have several positions, each is
followed by itself. Only the standard library, the vocabularies and the
portfolio's `Fill` may be imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from runner.protocol.times import to_ms
from runner.strategy.portfolio import Fill

Interval = tuple[int, int | None]
"""Start and end in Unix milliseconds; no end while it lasts."""
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Executions:
    """The figures of a sequence of executions; money in account currency."""

    executions: int
    closing: int
    """Executions that made a position smaller."""
    round_trips: int
    wins: int
    """Closing executions with a result above zero."""
    gains: Decimal
    """Sum of all results above zero."""
    losses: Decimal
    """Sum of all results below zero, negative."""
    losing: int
    """Closing executions with a result below zero."""
    best: Decimal | None
    worst: Decimal | None
    realized_pnl: Decimal
    """Profit realized, before commission."""
    commission: Decimal
    held: tuple[Interval, ...]
    """When a position was open in any symbol; ascending, without overlap."""

    @property
    def win_rate(self) -> float | None:
        """Share of the closing executions with a result above zero; None without any."""
        return self.wins / self.closing if self.closing else None

    @property
    def profit_factor(self) -> float | None:
        """Sum of the gains / sum of the losses; None without a loss."""
        return float(self.gains / -self.losses) if self.losses else None

    @property
    def average_win(self) -> Decimal | None:
        """Mean result of those above zero; None without any."""
        return self.gains / self.wins if self.wins else None

    @property
    def average_loss(self) -> Decimal | None:
        """Mean result of those below zero, negative; None without any."""
        return self.losses / self.losing if self.losing else None


class _Carried:
    """What a position holds, and the opening commissions that stick to it."""

    __slots__ = ("commission", "quantity")

    def __init__(self) -> None:
        self.quantity = _ZERO
        self.commission = _ZERO

    def execute(self, fill: Fill) -> tuple[Decimal | None, bool]:
        """Fold in an execution; return the closing result and whether a round trip ended."""
        trade = fill.trade
        signed = trade.quantity * trade.side.sign
        before = self.quantity
        self.quantity = after = before + signed
        closed = min(trade.quantity, abs(before)) if before * signed < 0 else _ZERO
        if fill.realized_pnl is None:
            self.commission += trade.commission
            return None, False
        if not closed:
            # It closed something this record never saw opened: held before the run began.
            self.quantity = before
            return fill.realized_pnl - trade.commission, True
        own = trade.commission * closed / trade.quantity
        carried = self.commission * closed / abs(before)
        over = before * after <= 0
        self.commission = (_ZERO if over else self.commission - carried) + trade.commission - own
        return fill.realized_pnl - own - carried, over


def summarise(fills: Sequence[Fill]) -> Executions:
    """Return what `fills`, in their order, amount to."""
    carried: dict[tuple[str, str | None], _Carried] = {}
    results: list[Decimal] = []
    held: list[Interval] = []
    opened: set[tuple[str, str | None]] = set()
    since = 0
    round_trips = 0
    for fill in fills:
        position = (fill.trade.symbol, fill.position_id)
        one = carried.get(position)
        if one is None:
            one = carried[position] = _Carried()
        result, over = one.execute(fill)
        if result is not None:
            results.append(result)
        round_trips += over
        if one.quantity and position not in opened:
            if not opened:
                since = to_ms(fill.trade.timestamp)
            opened.add(position)
        elif not one.quantity and position in opened:
            opened.remove(position)
            if not opened:
                held.append((since, to_ms(fill.trade.timestamp)))
    if opened:
        held.append((since, None))
    gains = [one for one in results if one > 0]
    losses = [one for one in results if one < 0]
    return Executions(
        executions=len(fills),
        closing=len(results),
        round_trips=round_trips,
        wins=len(gains),
        gains=sum(gains, _ZERO),
        losses=sum(losses, _ZERO),
        losing=len(losses),
        best=max(results, default=None),
        worst=min(results, default=None),
        realized_pnl=sum((one.realized_pnl or _ZERO for one in fills), _ZERO),
        commission=sum((one.trade.commission for one in fills), _ZERO),
        held=tuple(held),
    )
