"""Random markets and random traders, small enough to shrink well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from hypothesis import strategies as st

from runner.engine.exchange import Exchange
from runner.engine.series import Series
from runner.protocol.commands import (
    CancelOrder,
    Command,
    ModifyOrder,
    ReadState,
    Reply,
    SubmitOrder,
)
from runner.protocol.enums import OrderType, Side, TimeInForce, TrailingType
from runner.protocol.messages import Message, Stretch
from tests.helpers import AAPL, MSFT, Row, series

Trader = Callable[[int, Message], list[Command]]
"""Returns the commands that the message with this ordinal causes."""
Heard = list[Message | Reply]
"""Messages and replies in their order."""

CENTS = st.integers(min_value=50, max_value=150)
DISTANCES = st.integers(min_value=1, max_value=40).map(lambda cents: Decimal(cents) / 100)
PRICES = CENTS.map(lambda cents: Decimal(cents) / 100)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Return a candle whose open and close lie between its low and its high."""
    low, one, other, high = sorted(draw(st.tuples(CENTS, CENTS, CENTS, CENTS)))
    first, last = draw(st.permutations([one, other]))
    return (first / 100, high / 100, low / 100, last / 100)


def markets(symbol: str = AAPL, *, least: int = 2, most: int = 12) -> st.SearchStrategy[Series]:
    """Return hourly candles of one symbol; a day's end may lie among them."""
    start_ms = 1_704_067_200_000 + 20 * 3_600_000
    return st.lists(rows(), min_size=least, max_size=most).map(
        lambda made: series(*made, symbol=symbol, timeframe="1h", start_ms=start_ms)
    )


@st.composite
def submissions(draw: st.DrawFn) -> SubmitOrder:
    """Return an order, acceptable or not."""
    kind = draw(
        st.sampled_from(
            [
                OrderType.MARKET,
                OrderType.LIMIT,
                OrderType.STOP,
                OrderType.STOP_LIMIT,
                OrderType.TRAILING_STOP,
            ]
        )
    )
    trails = kind is OrderType.TRAILING_STOP
    takes_limit = kind in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    takes_stop = kind in (OrderType.STOP, OrderType.STOP_LIMIT)
    return SubmitOrder(
        symbol=draw(st.sampled_from([AAPL, AAPL, MSFT])),
        side=draw(st.sampled_from(Side)),
        quantity=Decimal(draw(st.integers(min_value=1, max_value=80))),
        order_type=kind,
        limit_price=draw(PRICES) if takes_limit else None,
        stop_price=draw(PRICES) if takes_stop else None,
        stop_loss=draw(st.none() | PRICES),
        take_profit=draw(st.none() | PRICES),
        trailing_distance=draw(DISTANCES) if trails else None,
        trailing_type=draw(st.sampled_from(TrailingType)) if trails else None,
        time_in_force=draw(st.sampled_from(TimeInForce)),
        reduce_only=draw(st.sampled_from([False, False, False, True])),
        position_id=draw(st.sampled_from([None, None, None, None, "p-1", "p-2", "p-3"])),
        post_only=draw(st.sampled_from([False, False, True])) if kind is OrderType.LIMIT else False,
        oco_group_id=draw(st.sampled_from([None, None, "one", "two"])),
    )


def changes() -> st.SearchStrategy[Command]:
    """Return a cancellation or modification of an order that may or may not exist."""
    ids = st.integers(min_value=1, max_value=8).map(lambda number: f"o-{number}")
    modification = st.builds(
        ModifyOrder,
        order_id=ids,
        quantity=st.none() | st.integers(min_value=1, max_value=80).map(Decimal),
        limit_price=st.none() | PRICES,
        trailing_distance=st.none() | DISTANCES,
    )
    return st.builds(CancelOrder, ids) | modification


@st.composite
def openings(draw: st.DrawFn) -> SubmitOrder:
    """Return a market order, acceptable where there is money for it."""
    return SubmitOrder(
        symbol=draw(st.sampled_from([AAPL, MSFT])),
        side=draw(st.sampled_from(Side)),
        quantity=Decimal(draw(st.integers(min_value=10, max_value=80))),
        order_type=OrderType.MARKET,
    )


def holders() -> st.SearchStrategy[Trader]:
    """Return a trader that opens positions early, and may do anything else later."""
    opening = st.lists(openings(), min_size=1, max_size=3)
    return st.builds(
        lambda trader, first: lambda n, message: first if n == 0 else trader(n, message),
        traders(),
        opening,
    )


def traders() -> st.SearchStrategy[Trader]:
    """Return a trader that answers some messages with commands, by their ordinal alone."""
    commands: st.SearchStrategy[Command] = submissions() | changes() | st.just(ReadState())
    plans = st.dictionaries(
        st.integers(min_value=0, max_value=30), st.lists(commands, min_size=1, max_size=3)
    )

    def trader(plan: dict[int, list[Command]]) -> Trader:
        return lambda ordinal, _: plan.get(ordinal, [])

    return plans.map(trader)


def by_advancing(exchange: Exchange, trader: Trader) -> Iterator[Message | Reply]:
    """Trade over `advance` and `drain`, as a server does."""
    ordinal = 0
    while True:
        batch = exchange.drain() or exchange.advance()
        if not batch and exchange.finished:
            return
        for message in batch:
            yield message
            for command in trader(ordinal, message):
                yield exchange.execute(command)
            ordinal += 1


def by_messages(
    exchange: Exchange, trader: Trader, *, stretches: bool
) -> Iterator[Message | Reply]:
    """Trade over `messages`, as a run in process does."""
    ordinal = 0
    for one in exchange.messages(stretches=stretches):
        for message in one.candles if isinstance(one, Stretch) else (one,):
            yield message
            commands = trader(ordinal, message)
            ordinal += 1
            if isinstance(one, Stretch):
                one.latest = message  # type: ignore[assignment]
            for command in commands:
                yield exchange.execute(command)
            if commands:
                break
