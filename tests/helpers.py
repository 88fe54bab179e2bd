"""What every test may use: market data written by hand, and one way to run a strategy.

Everything is real: the strategy's desk, the session and the embedded exchange. Nothing is mocked.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.quote_rows import UNKNOWN, middle
from runner.engine.quote_series import QuoteSeries
from runner.engine.series import Series
from runner.engine.terms import Terms
from runner.protocol.commands import State
from runner.protocol.enums import (
    TIMEFRAME_MS,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
)
from runner.protocol.messages import Account, Candle, OrderSnapshot, Position, Quote, Trade
from runner.safety import Guard, Limits
from runner.session import Ending, Session
from runner.strategy.base import Strategy, seat
from runner.strategy.desk import Desk
from runner.strategy.params import resolve_params
from runner.transports.local import run_local

AAPL, MSFT = "S:AAPL", "S:MSFT"
DAY_MS = TIMEFRAME_MS["1d"]
START = datetime(2024, 1, 1, tzinfo=UTC)
START_MS = 1_704_067_200_000
"""`START` in Unix milliseconds: where candles made here begin, unless told otherwise."""

Row = float | tuple[float, float, float, float]
"""A candle by its close alone, or by open, high, low and close."""


def candle(
    close: float = 100.0,
    *,
    open: float | None = None,
    high: float | None = None,
    low: float | None = None,
    volume: float = 1000.0,
    index: int = 0,
    time: int | None = None,
    symbol: str = AAPL,
    timeframe: str = "1d",
) -> Candle:
    """Return a candle: the `index`-th since `START`, flat at `close` where nothing else is said."""
    first = close if open is None else open
    return Candle(
        symbol,
        timeframe,
        START_MS + index * TIMEFRAME_MS[timeframe] if time is None else time,
        float(first),
        float(max(first, close) if high is None else high),
        float(min(first, close) if low is None else low),
        float(close),
        float(volume),
    )


def candles(*rows: Row, symbol: str = AAPL, timeframe: str = "1d") -> list[Candle]:
    """Return consecutive candles, one for each row."""
    made = []
    for index, row in enumerate(rows):
        first, high, low, close = row if isinstance(row, tuple) else (row, row, row, row)
        made.append(
            candle(
                close,
                open=first,
                high=high,
                low=low,
                index=index,
                symbol=symbol,
                timeframe=timeframe,
            )
        )
    return made


def series(
    *rows: Row, symbol: str = AAPL, timeframe: str = "1d", start_ms: int = START_MS
) -> Series:
    """Return consecutive candles, one for each row, as a series."""
    made = Series(symbol, timeframe)
    for index, row in enumerate(rows):
        first, high, low, close = row if isinstance(row, tuple) else (row, row, row, row)
        made.times.append(start_ms + index * TIMEFRAME_MS[timeframe])
        made.opens.append(first)
        made.highs.append(high)
        made.lows.append(low)
        made.closes.append(close)
        made.volumes.append(1000.0)
    return made


def quoted(
    *rows: tuple[float, ...], symbol: str = AAPL, start_ms: int = START_MS, step_ms: int = 1000
) -> QuoteSeries:
    """Return quotes a second apart, each from bid, ask and perhaps the sizes of both."""
    made = QuoteSeries(symbol, *(array(kind) for kind in "qddddd"))
    for index, (bid, ask, *sizes) in enumerate(rows):
        bid_size, ask_size = sizes or (UNKNOWN, UNKNOWN)
        row = (start_ms + index * step_ms, bid, ask, bid_size, ask_size, middle(bid, ask))
        for column, value in zip(made.columns, row, strict=True):
            column.append(value)  # type: ignore[attr-defined]
    return made


def quote(last: float = 100.0, *, time: int = START_MS, symbol: str = AAPL) -> Quote:
    """Return a quote with a spread of 0.02 around `last`."""
    return Quote(symbol, time, last - 0.01, last + 0.01, last)


def snapshot(
    id: str = "o-1",
    *,
    status: OrderStatus = OrderStatus.OPEN,
    side: Side = Side.BUY,
    quantity: object = 10,
    filled: object = 0,
    price: object | None = None,
    client_order_id: str | None = None,
    symbol: str = AAPL,
    moment: datetime = START,
    **fields: Any,
) -> OrderSnapshot:
    """Return an order as its peer shows it; `price` is the average price of what is filled."""
    total, done = Decimal(str(quantity)), Decimal(str(filled))
    return OrderSnapshot(
        id=id,
        symbol=symbol,
        side=side,
        order_type=fields.pop("order_type", OrderType.MARKET),
        quantity=total,
        filled_quantity=done,
        remaining_quantity=total - done,
        status=status,
        time_in_force=TimeInForce.GTC,
        created_at=moment,
        updated_at=moment,
        client_order_id=client_order_id,
        average_fill_price=None if price is None else Decimal(str(price)),
        **fields,
    )


def trade(
    id: str = "t-1",
    *,
    order_id: str = "o-1",
    side: Side = Side.BUY,
    quantity: object = 10,
    price: object = 100,
    commission: object = 0,
    symbol: str = AAPL,
    moment: datetime = START,
) -> Trade:
    """Return an execution."""
    return Trade(
        id=id,
        order_id=order_id,
        symbol=symbol,
        side=side,
        quantity=Decimal(str(quantity)),
        price=Decimal(str(price)),
        commission=Decimal(str(commission)),
        commission_currency="USD",
        timestamp=moment,
    )


def position(quantity: object = 10, price: object = 100, *, symbol: str = AAPL) -> Position:
    """Return a position at its entry price; a negative `quantity` is short."""
    signed = Decimal(str(quantity))
    return Position(
        id="p-1",
        symbol=symbol,
        side=PositionSide.LONG if signed >= 0 else PositionSide.SHORT,
        quantity=abs(signed),
        average_entry_price=Decimal(str(price)),
        current_price=Decimal(str(price)),
        unrealized_pnl=Decimal(0),
        realized_pnl=Decimal(0),
        opened_at=START,
        updated_at=START,
    )


def account(balance: object = 100_000) -> Account:
    """Return the account of somebody who holds no position."""
    money = Decimal(str(balance))
    return Account(money, money, Decimal(0), money, Decimal(0))


def state(
    balance: object = 100_000,
    *,
    positions: Sequence[Position] = (),
    orders: Sequence[OrderSnapshot] = (),
) -> State:
    """Return what a peer holds of ours."""
    return State(account(balance), tuple(positions), tuple(orders))


def set_up(
    strategy_class: type[Strategy],
    params: Mapping[str, object] | None = None,
    *,
    symbols: Sequence[str] = (AAPL,),
    limits: Limits | None = None,
    **session_options: Any,
) -> Session:
    """Return a session with a new strategy at its desk, ready for a driver."""
    desk = Desk(history=strategy_class.history)
    desk.subscribed = tuple(symbols)
    strategy = seat(strategy_class, desk, resolve_params(strategy_class, params or {}))
    guard = None if limits is None else Guard(limits, desk)
    return Session(strategy, desk, guard=guard, **session_options)


class Run(NamedTuple):
    """A finished run and all that took part in it."""

    desk: Desk
    exchange: Exchange
    session: Session
    ending: Ending

    @property
    def strategy(self) -> Any:
        """The strategy, untyped: tests read what their own strategies have noted."""
        return self.session.strategy

    @property
    def equity(self) -> Decimal:
        """Equity after the last candle, by the exchange's books."""
        return self.exchange.ledger.equity()


def run_strategy(
    strategy_class: type[Strategy],
    series: Series | Sequence[Series] | Feed,
    params: Mapping[str, object] | None = None,
    *,
    on_exception: str = "halt",
    max_events: int | None = None,
    limits: Limits | None = None,
    **exchange_options: Any,
) -> Run:
    """Run a strategy over series in this process and return the run.

    Args:
        strategy_class: the strategy.
        series: one series, several on one account, or a whole feed.
        params: values of declared parameters by name.
        on_exception: `halt` or `skip`.
        max_events: end after this many messages.
        limits: what every order is held against.
        exchange_options: fields of the `Terms` of the exchange.
    """
    if not isinstance(series, Feed):
        series = Feed([series] if isinstance(series, Series) else series)
    exchange = Exchange(series, Terms(**exchange_options))
    session = set_up(
        strategy_class,
        params,
        symbols=exchange.feed.symbols,
        on_exception=on_exception,
        limits=limits,
    )
    ending = run_local(session, exchange, max_events=max_events)
    return Run(session.desk, exchange, session, ending)
