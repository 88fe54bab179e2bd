"""Margin: when the equity no longer carries the positions, who is told, and what is closed.

The account is judged by the closes of each time step. Below the warning level it is warned, once
until it has been above it again. Below the maintenance margin it is called: working orders that
could open anything are cancelled, and positions are closed by market orders, the one that requires
most first, until what is left requires no more than the equity, at those closes and before costs.
These orders are filled like all others, at the next open of their symbol. Until then the positions
they close require nothing, so that one shortfall is called once.

Changes the book only. May import the engine's own modules and the protocol.
"""

from __future__ import annotations

from decimal import Decimal
from math import inf

from runner.engine.book import Book
from runner.engine.holding import Holding
from runner.engine.legs import free_name
from runner.protocol.commands import SubmitOrder
from runner.protocol.decimals import plain
from runner.protocol.enums import OrderType, RejectReason, Side
from runner.protocol.messages import AccountUpdate, ErrorNotice, Trade
from runner.protocol.times import from_ms

_SLACK = 1e-9
"""Relative distance from a limit at which floats may err, and exact figures decide."""
_ZERO = Decimal(0)


class MarginWatch:
    """What keeps the equity of an account above its maintenance margin."""

    def __init__(self, book: Book) -> None:
        margin = book.terms.margin
        self._book = book
        self._holdings = book.ledger.holdings
        self._is_warned = False
        self._maintenance = margin.maintenance or _ZERO
        self._warning = self._maintenance * margin.warning
        self._factor = float(self._warning)
        self.is_on = margin.maintenance is not None
        """Whether the account has a maintenance margin at all."""

    def judge(self) -> None:
        """Warn or call the account if the marks demand it, and report what follows."""
        if not self.is_on or self._is_calm():
            self._is_warned = False
            return
        ledger = self._book.ledger
        equity = ledger.equity()
        positions = self._requiring()
        if not positions:
            return
        exposure = sum((value for value, _ in positions), _ZERO)
        if equity < exposure * self._maintenance:
            self._is_warned = True
            self._call(equity, positions, exposure)
        elif equity >= exposure * self._warning:
            self._is_warned = False
        elif not self._is_warned:
            self._is_warned = True
            self._book.queue.append(AccountUpdate("MARGIN_WARNING", ledger.account()))

    def calm_prices(self) -> tuple[float, float]:
        """Return between which prices nothing can happen while only one symbol's price moves.

        Empty, the first above the second, where every price must be judged.
        """
        if not self.is_on:
            return -inf, inf
        if self._is_warned:
            return inf, -inf
        balance = float(self._book.ledger.balance)
        size = gross = value = 0.0
        for one in self._holdings.values():
            size += one.size
            gross += abs(one.size)
            value += one.value
        # What the equity exceeds the warning level by is a line over the price: base + slope x.
        base, slope = balance - value, size - self._factor * gross
        slack = (abs(balance) + abs(value)) * _SLACK
        if not slope:
            return (-inf, inf) if base > slack else (inf, -inf)
        limit, slack = -base / slope, slack / abs(slope)
        return (limit + slack, inf) if slope > 0 else (-inf, limit - slack)

    def _is_calm(self) -> bool:
        if not self._holdings:
            return True
        marks = self._book.ledger.marks
        equity = float(self._book.ledger.balance)
        exposure, scale = 0.0, abs(equity)
        for one in self._holdings.values():
            worth = one.size * marks[one.symbol]
            equity += worth - one.value
            exposure += abs(worth)
            scale += abs(one.value)
        return equity > exposure * self._factor + (scale + exposure) * _SLACK

    def _requiring(self) -> list[tuple[Decimal, Holding]]:
        # The positions with their value at the marks, without those that are being closed by force.
        forced = [one for one in self._book.working.values() if one.liquidation]
        closing = {one.position_id or one.symbol for one in forced}
        mark = self._book.ledger.mark
        return [
            (abs(one.quantity) * mark(one.symbol), one)
            for key, one in self._holdings.items()
            if key not in closing
        ]

    def _call(
        self, equity: Decimal, positions: list[tuple[Decimal, Holding]], exposure: Decimal
    ) -> None:
        book = self._book
        book.queue.append(AccountUpdate("MARGIN_CALL", book.ledger.account()))
        for order in list(book.working.values()):
            if not order.reduce_only:
                book.cancel(order, RejectReason.INSUFFICIENT_MARGIN)
        moment = from_ms(book.now_ms)
        # Sorting keeps the order of positions that require the same: the oldest first.
        for value, holding in sorted(positions, key=lambda one: -one[0]):
            if equity >= exposure * self._maintenance:
                break
            exposure -= value
            request = SubmitOrder(
                symbol=holding.symbol,
                side=Side.SELL if holding.quantity > 0 else Side.BUY,
                quantity=abs(holding.quantity),
                order_type=OrderType.MARKET,
                client_order_id=free_name(book, f"liquidation-{holding.id}"),
                reduce_only=True,
                position_id=holding.id if book.ledger.hedges else None,
            )
            book.accept(request, moment).liquidation = True


def liquidated(trade: Trade, position_id: str) -> ErrorNotice:
    """Return the notice of a position that was closed by force. Source: Trading API."""
    done = "sold" if trade.side is Side.SELL else "bought back"
    return ErrorNotice(
        "LIQUIDATION",
        f"{plain(trade.quantity)} {trade.symbol} {done} at {plain(trade.price)} "
        "to meet a margin call",
        {"position_id": position_id, "order_id": trade.order_id, "trade_id": trade.id},
    )
