"""Run a strategy over candles in one call, on the real exchange, and look at what it did.

Nothing is imitated: the session, the exchange and the books are those of `runner run`. May import
everything below; never the command line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from runner.config.units import UnfitError, parse_rate
from runner.engine.costs import Commission, Slippage
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.engine.terms import Terms
from runner.errors import UsageError
from runner.protocol.messages import Trade
from runner.session import Session
from runner.strategy.base import Strategy, seat
from runner.strategy.desk import Desk
from runner.strategy.inspection import check_strategy
from runner.strategy.loader import load_strategy
from runner.strategy.order import Order
from runner.strategy.params import resolve_params
from runner.transports.local import run_local

_BPS = Decimal(10_000)


@dataclass(frozen=True)
class Backtest:
    """What a strategy did over candles. Money and quantities are exact decimals."""

    strategy: Any
    """The strategy itself after its last event, with whatever it keeps in attributes."""
    orders: list[Order]
    """Every order, those refused and exits attached to others included, the oldest first."""
    trades: list[Trade]
    """Every execution, the oldest first."""
    rejections: list[Order]
    """The orders that were refused; see `reject_reason`."""
    starting_cash: Decimal
    equity: Decimal
    """Money at the end, open positions counted at the last close."""
    positions: Mapping[str, Decimal] = field(default_factory=dict)
    """Quantity by symbol, negative when short; only what is still open at the end."""

    @property
    def order(self) -> Order:
        """The only order there is.

        Raises:
            AssertionError: there is none, or more than one.
        """
        assert len(self.orders) == 1, f"there are {len(self.orders)} orders: {self.orders}"
        return self.orders[0]

    @property
    def reasons(self) -> list[str]:
        """The reasons that the strategy gave for its orders, in their order."""
        return [one.reason for one in self.orders]

    @property
    def profit(self) -> Decimal:
        """Equity at the end less the money at the start."""
        return self.equity - self.starting_cash

    @property
    def is_flat(self) -> bool:
        """True when nothing is held at the end."""
        return not self.positions


def backtest(
    strategy: type[Strategy] | str,
    market: Series | Sequence[Series],
    /,
    *,
    cash: Decimal | float | str = 100_000,
    leverage: Decimal | float | str = 1,
    commission: str = "0 bps",
    slippage: str = "0 bps",
    params: Mapping[str, object] | None = None,
    folder: Path | None = None,
    **named: object,
) -> Backtest:
    """Run a strategy over candles to their end and return what it did.

    Args:
        strategy: the class, or anything `runner run` takes: a file, package.module:Class, a name.
        market: what `candles(...)` returned; several of different symbols as a list.
        cash: balance at the start.
        leverage: value of positions allowed per unit of equity.
        commission: share of the traded value, with its unit: "5 bps" or "0.05%".
        slippage: on market and stop fills, against the strategy, with its unit.
        params: parameters of the strategy by name, also those called like an argument here.
        folder: where a relative path starts; by default the working directory.
        named: parameters of the strategy: `fast=3`.

    Raises:
        ConfigError: E310, a parameter is unknown or does not fit.
        StrategyLoadError: E401 to E432, there is no such strategy, or it cannot run.
        StrategyFailed: E501, a handler raised; its cause is what it raised.
        UsageError: E211, the candles, the cash or a rate cannot be used.
    """
    given = [market] if isinstance(market, Series) else list(market)
    if not given or not all(isinstance(one, Series) for one in given):
        raise UsageError(
            "a backtest needs candles",
            where="backtest(strategy, candles)",
            fix='pass what candles(...) returns: backtest(SmaCross, candles("flat 30, up 10"))',
            id="E211",
        )
    if isinstance(strategy, str):
        found = load_strategy(strategy, cwd=folder or Path.cwd())
    else:
        found = check_strategy(strategy, folder or Path.cwd())
    values = resolve_params(found, {**(params or {}), **named})
    money = _amount("cash", cash)
    exchange = Exchange(
        Feed(given),
        Terms(
            cash=money,
            leverage=_amount("leverage", leverage),
            commission=Commission(bps=_rate("commission", commission) * _BPS),
            slippage=Slippage(bps=_rate("slippage", slippage) * _BPS),
        ),
    )
    desk = Desk(history=found.history)
    desk.subscribed = exchange.feed.symbols
    session = Session(seat(found, desk, values), desk)
    run_local(session, exchange)
    return Backtest(
        strategy=session.strategy,
        orders=list(desk.tickets.values()),
        trades=list(exchange.trades),
        rejections=list(session.rejections),
        starting_cash=money,
        equity=exchange.ledger.equity(),
        positions={
            symbol: one.quantity for symbol, one in exchange.ledger.holdings.items() if one.quantity
        },
    )


def _amount(name: str, given: Decimal | float | str) -> Decimal:
    try:
        amount = Decimal(str(given))
    except ArithmeticError:
        amount = Decimal("NaN")
    if not (amount.is_finite() and amount > 0):
        raise UsageError(f"{name} must be a number above 0, was {given!r}", id="E211")
    return amount


def _rate(name: str, given: str) -> Decimal:
    try:
        return parse_rate(given)
    except UnfitError as problem:
        raise UsageError(f"{name} {problem.what}", fix=problem.hint, id="E211") from None
