"""The class a strategy derives from: handlers to override, helpers to call, state to read.

A helper puts a request on the desk and returns at once; the session executes it after the handler
has returned and before the event is acknowledged. Nothing here talks to anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, TypeVar

from runner.protocol.commands import ModifyOrder
from runner.protocol.enums import Side
from runner.protocol.messages import (
    Account,
    Candle,
    Connection,
    ErrorNotice,
    Position,
    Quote,
    RateLimit,
    Trade,
)
from runner.strategy.desk import Desk
from runner.strategy.holding import Holding
from runner.strategy.indicators import (
    AtrKernel,
    EmaKernel,
    Indicator,
    RsiKernel,
    SmaKernel,
    highest,
    lowest,
)
from runner.strategy.order import CancelRequest, ModifyRequest, Order
from runner.strategy.placing import ARITHMETIC, Wish, place, place_closing, place_difference
from runner.strategy.sizing import Number, exact_quantity

if TYPE_CHECKING:
    from random import Random

S = TypeVar("S", bound="Strategy")


class Strategy:
    """Base class of every strategy. Override the handlers you need; all are optional.

    Handlers are plain functions: time does not pass inside one, so there is nothing to await. What
    a handler orders is executed when it returns, before the event is acknowledged.
    """

    history = 1000
    """How many candles `candles` can look back, per symbol and timeframe."""

    default_subscriptions: tuple[str, ...] = ()
    """What to subscribe to when the run does not say, e.g. `("S:AAPL:candle",)`."""

    state: Any
    """What a live run shall remember over a restart: a dictionary, empty at first, of what JSON
    knows. It is written to the disk after every event that has changed it, and is back before
    `on_start`. In a backtest it is a plain dictionary."""

    _desk: Desk

    # Handlers

    def on_start(self) -> None:
        """Prepare: make indicators here. Account and positions are known, prices are not."""

    def on_candle(self, candle: Candle) -> None:
        """Handle a candle that has just closed."""

    def on_quote(self, quote: Quote) -> None:
        """Handle a change of bid or ask."""

    def on_order(self, order: Order) -> None:
        """Handle a change of an order: accepted, filled, cancelled, rejected, expired."""

    def on_trade(self, trade: Trade) -> None:
        """Handle one execution."""

    def on_position(self, position: Position) -> None:
        """Handle a changed position; quantity zero means closed."""

    def on_account(self, account: Account) -> None:
        """Handle changed money: an execution, interest, a margin warning or a margin call.

        The last two also reach `on_error`, as MARGIN_WARNING and MARGIN_CALL. After a call the peer
        closes positions by force: orders that you have not placed appear among `orders`, their
        executions reach `on_trade`, and `on_error` as LIQUIDATION.
        """

    def on_connection(self, connection: Connection) -> None:
        """Handle a change of the connection, e.g. a gap in the data after a reconnect."""

    def on_rate_limit(self, limit: RateLimit) -> None:
        """Handle a warning that requests are running out."""

    def on_error(self, error: ErrorNotice) -> None:
        """Handle a problem the peer reports."""

    def on_stop(self) -> None:
        """Clean up: called once, after the last event."""

    # Orders

    def buy(
        self,
        symbol: str | None = None,
        *,
        quantity: Number | None = None,
        notional: Number | None = None,
        equity: Number | None = None,
        limit: Number | None = None,
        stop: Number | None = None,
        trail: Number | None = None,
        trail_percent: Number | None = None,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        time_in_force: str = "GTC",
        reduce_only: bool = False,
        post_only: bool = False,
        oco_group: str | None = None,
        position: Holding | str | None = None,
        reason: str = "",
    ) -> Order:
        """Order to buy, and return the ticket at once.

        Args:
            symbol: what to buy; the symbol of the event being handled by default.
            quantity: units to buy. Give exactly one of quantity, notional and equity.
            notional: value to buy, in quote currency.
            equity: value to buy, as a fraction of the current equity (0.95 is 95 %).
            limit: highest price to pay; makes it a limit order.
            stop: price at which the order becomes active; makes it a stop order, together with
                `limit` a stop-limit order.
            trail: distance of a trailing stop from the best price, in quote currency.
            trail_percent: the same in percent of the best price: 5 is 5 %.
            stop_loss: trigger price of a stop order that protects the position once filled.
            take_profit: limit price of an order that takes the profit once filled.
            time_in_force: GTC, DAY, IOC or FOK.
            reduce_only: only ever make the position smaller.
            post_only: cancel the limit order rather than let it execute at once.
            oco_group: any name; when one order of that name executes wholly or is rejected at its
                fill, the others are cancelled.
            position: one of `positions()`, or its id: make that one smaller, and nothing else.
            reason: why, for reports.

        Raises:
            ValueError: none or several of quantity, notional and equity are given, both distances
                of a trailing stop are, there is no symbol, the time in force does not exist, or
                the position has no id.
                Numbers that make no order (zero, negative, not finite) do not raise: they come
                back as a rejection.
        """
        name, named = self._named(symbol, position)
        wish = Wish(
            Side.BUY, name, quantity, notional, equity, limit, stop, trail, trail_percent,
            stop_loss, take_profit, time_in_force, reduce_only, post_only, oco_group, reason, named,
        )  # fmt: skip
        with localcontext(ARITHMETIC):
            return place(self._desk, wish)

    def sell(
        self,
        symbol: str | None = None,
        *,
        quantity: Number | None = None,
        notional: Number | None = None,
        equity: Number | None = None,
        limit: Number | None = None,
        stop: Number | None = None,
        trail: Number | None = None,
        trail_percent: Number | None = None,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        time_in_force: str = "GTC",
        reduce_only: bool = False,
        post_only: bool = False,
        oco_group: str | None = None,
        position: Holding | str | None = None,
        reason: str = "",
    ) -> Order:
        """Order to sell; beyond what is held this sells short. Arguments as for `buy`.

        With a peer that hedges, only an order that is `reduce_only` or names a position makes one
        smaller: any other opens one of its own, beside what is held.
        """
        name, named = self._named(symbol, position)
        wish = Wish(
            Side.SELL, name, quantity, notional, equity, limit, stop, trail, trail_percent,
            stop_loss, take_profit, time_in_force, reduce_only, post_only, oco_group, reason, named,
        )  # fmt: skip
        with localcontext(ARITHMETIC):
            return place(self._desk, wish)

    def target(
        self,
        symbol: str | None = None,
        *,
        quantity: Number | None = None,
        notional: Number | None = None,
        equity: Number | None = None,
        reason: str = "",
    ) -> Order | None:
        """Order the difference to a wanted position; None when it is already there.

        The arguments give the position to end up with, negative for short: units, value in quote
        currency, or a fraction of the current equity. With a peer that hedges it is the net one:
        positions to the other side are made smaller first, the oldest first, each by an order of
        its own, and the ticket of the last order is returned.

        Raises:
            ValueError: as for `buy`.
        """
        name = self._symbol(symbol)
        wish = Wish(Side.BUY, name, quantity, notional, equity, reason=reason)
        with localcontext(ARITHMETIC):
            return place_difference(self._desk, wish)

    def close(
        self,
        symbol: str | None = None,
        *,
        position: Holding | str | None = None,
        limit: Number | None = None,
        reason: str = "",
    ) -> Order | None:
        """Order to close the whole position, and only that; None when there is none.

        Where several positions are open in the symbol, each is closed by an order of its own, and
        the ticket of the last one is returned.

        Args:
            symbol: whose position to close; the symbol of the event being handled by default.
            position: one of `positions()`, or its id, to close that one alone.
            limit: price of a limit order; a market order by default.
            reason: why, for reports.
        """
        name, named = self._named(symbol, position)
        with localcontext(ARITHMETIC):
            return place_closing(self._desk, name, position_id=named, limit=limit, reason=reason)

    def cancel(self, order: Order | None = None, *, symbol: str | None = None) -> None:
        """Cancel one working order, or all working orders of a symbol.

        Args:
            order: the ticket to cancel; a finished one is left alone.
            symbol: whose orders to cancel when no order is given; by default the symbol of the
                event being handled.
        """
        orders = [order] if order is not None else self.working_orders(symbol)
        self._desk.outbox.extend(CancelRequest(one) for one in orders if one.is_working)

    def modify(
        self,
        order: Order,
        *,
        quantity: Number | None = None,
        limit: Number | None = None,
        stop: Number | None = None,
        trail: Number | None = None,
    ) -> None:
        """Change a working order: its total quantity, its prices, or a trailing stop's distance.

        The distance is in the unit it was placed with. A finished order is left alone.

        Raises:
            ValueError: a value is not a finite number.
        """
        if order.is_done:
            return
        with localcontext(ARITHMETIC):
            changes = ModifyOrder(
                order_id="",
                quantity=None if quantity is None else exact_quantity(quantity),
                limit_price=None if limit is None else exact_quantity(limit),
                stop_price=None if stop is None else exact_quantity(stop),
                trailing_distance=None if trail is None else exact_quantity(trail),
            )
        self._desk.outbox.append(ModifyRequest(order, changes))

    # State

    @property
    def symbol(self) -> str:
        """The symbol of the event being handled."""
        return self._symbol(None)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols the run is subscribed to."""
        return self._desk.subscribed

    @property
    def now(self) -> datetime:
        """The moment of the event being handled, UTC: simulated in a backtest."""
        return self._desk.now

    @property
    def random(self) -> Random:
        """Where to draw random numbers from: the same `seed` of a run draws the same ones."""
        return self._desk.random

    @property
    def is_flat(self) -> bool:
        """True when the net position in the symbol of the event being handled is zero."""
        desk = self._desk
        position = desk.portfolio.positions.get(desk.symbol)  # type: ignore[arg-type]
        return position is None or not position.size

    @property
    def is_long(self) -> bool:
        """True when the net position in the symbol of the event being handled is positive."""
        desk = self._desk
        position = desk.portfolio.positions.get(desk.symbol)  # type: ignore[arg-type]
        return position is not None and position.size > 0

    @property
    def is_short(self) -> bool:
        """True when the net position in the symbol of the event being handled is negative."""
        desk = self._desk
        position = desk.portfolio.positions.get(desk.symbol)  # type: ignore[arg-type]
        return position is not None and position.size < 0

    @property
    def has_positions(self) -> bool:
        """True when any position is open in the symbol of the event being handled.

        With a peer that hedges, also when they cancel out, so that `is_flat` is true as well.
        """
        desk = self._desk
        return desk.symbol in desk.portfolio.positions

    def position(self, symbol: str | None = None) -> Holding:
        """Return the position in a symbol, by default that of the event being handled.

        With a peer that hedges it is the net of all: their sum, with the average entry price of
        those on its side, zero where they cancel out, and the profit of all of them.
        """
        name = self._symbol(symbol)
        price = self._desk.price(name)
        net = self._desk.portfolio.positions.get(name)
        if net is None:
            return Holding(name, Decimal(0), Decimal(0), price)
        several = tuple(self.positions(name)) if self._desk.portfolio.hedges else ()
        if len(several) < 2:
            several = ()
        return Holding(name, net.quantity, net.average_entry_price, price, net.id, several)

    def positions(self, symbol: str | None = None) -> list[Holding]:
        """Return the open positions in a symbol, by default that of the event, oldest first.

        That is one at most, except with a peer that hedges.
        """
        name = self._symbol(symbol)
        price = self._desk.price(name)
        return [
            Holding(name, one.quantity, one.average_entry_price, price, one.id)
            for one in self._desk.portfolio.open_positions(name)
        ]

    @property
    def orders(self) -> list[Order]:
        """The tickets of all working orders, oldest first, whatever their symbol."""
        return list(self._desk.working.values())

    def working_orders(self, symbol: str | None = None) -> list[Order]:
        """Return the tickets of a symbol's working orders, oldest first."""
        name = self._symbol(symbol)
        return [one for one in self._desk.working.values() if one.symbol == name]

    @property
    def account(self) -> Account | None:
        """The account as the peer last stated it."""
        return self._desk.portfolio.account

    @property
    def equity(self) -> float:
        """Balance plus the profit of open positions at the last known prices."""
        return self._desk.equity()

    def price(self, symbol: str | None = None) -> float | None:
        """Return the last known price of a symbol; None before the first."""
        return self._desk.price(self._symbol(symbol))

    def candles(self, n: int, symbol: str | None = None) -> list[Candle]:
        """Return the last `n` candles of a symbol, oldest first; fewer while there are fewer.

        Raises:
            ValueError: more than `history` candles are asked for.
        """
        if n > self._desk.history_limit:
            raise ValueError(
                f"candles({n}) looks back further than the {self._desk.history_limit} candles "
                f"kept; set `history = {n}` on the strategy class"
            )
        return list(self._desk.history(self._symbol(symbol)))[-n:] if n > 0 else []

    # Indicators

    def sma(self, length: int, *, timeframe: str | None = None) -> Indicator:
        """Return the simple moving average of the last `length` closes."""
        return self._indicator(f"sma({length})", length, SmaKernel, timeframe)

    def ema(self, length: int, *, timeframe: str | None = None) -> Indicator:
        """Return the exponential moving average of the closes, smoothing 2 / (length + 1)."""
        return self._indicator(f"ema({length})", length, EmaKernel, timeframe)

    def rsi(self, length: int = 14, *, timeframe: str | None = None) -> Indicator:
        """Return Wilder's relative strength index of the closes, 0 to 100."""
        return self._indicator(f"rsi({length})", length + 1, RsiKernel, timeframe)

    def atr(self, length: int = 14, *, timeframe: str | None = None) -> Indicator:
        """Return Wilder's average true range, in quote currency."""
        return self._indicator(f"atr({length})", length + 1, AtrKernel, timeframe)

    def highest(self, length: int, *, timeframe: str | None = None) -> Indicator:
        """Return the highest high of the last `length` candles, the current one included."""
        return self._indicator(f"highest({length})", length, highest, timeframe)

    def lowest(self, length: int, *, timeframe: str | None = None) -> Indicator:
        """Return the lowest low of the last `length` candles, the current one included."""
        return self._indicator(f"lowest({length})", length, lowest, timeframe)

    @property
    def is_warm(self) -> bool:
        """True when every indicator has a value for the symbol being handled."""
        return all(one.is_warm for one in self._desk.indicators)

    # Inside

    def _indicator(self, name: str, length: int, make: Any, timeframe: str | None) -> Indicator:
        if length < 1:
            raise ValueError(f"{name}: the length must be at least 1")
        if self._desk.streams:
            raise ValueError(f"{name}: make indicators in on_start, before the first candle")
        indicator = Indicator(name, length, make, timeframe)
        self._desk.indicators.append(indicator)
        return indicator

    def _named(self, symbol: str | None, position: Holding | str | None) -> tuple[str, str | None]:
        # The symbol that an order is for, and the id of the position that it names.
        if position is None:
            return self._symbol(symbol), None
        if isinstance(position, Holding):
            if position.id is None:
                raise ValueError(f"the position in {position.symbol} has no id: it cannot be named")
            return position.symbol, position.id
        found = self._desk.portfolio.find(position)
        return self._symbol(symbol) if found is None else found[0], position

    def _symbol(self, symbol: str | None) -> str:
        name = symbol or self._desk.symbol
        if name is None:
            raise ValueError("no event is being handled yet: name the symbol")
        return name


def seat(strategy: type[S], desk: Desk, params: Mapping[str, Any]) -> S:
    """Make a strategy that works at `desk` with `params`, which hold already in its `__init__`.

    Raises:
        Whatever the strategy's own `__init__` raises.
    """
    made = strategy.__new__(strategy)
    made._desk = desk
    made.state = {}
    for name, value in params.items():
        setattr(made, name, value)
    strategy.__init__(made)
    return made
