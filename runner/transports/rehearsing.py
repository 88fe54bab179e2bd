"""A dry run: the gateway's prices and the whole pipeline, and an exchange of our own for orders.

Stands between the law and the driver. Commands are answered here and never reach the driver, which
therefore has nothing that it could send; of all that is asked only the first reading of the state
goes out. What the gateway tells about the real account does not reach the strategy.

An order meets the next price of its symbol. A quote fills at bid and ask. A candle that began
before an order was placed shows prices from before it, so of such a one only the close counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.engine.terms import Terms
from runner.protocol.commands import ReadState, State
from runner.protocol.messages import (
    AccountUpdate,
    Candle,
    Financing,
    Message,
    OrderUpdate,
    Pong,
    PositionUpdate,
    Quote,
    TradeUpdate,
)
from runner.protocol.times import to_ms
from runner.session import NEXT, Ack, Arrival, Ask, Ending, Talk

_OF_THE_ACCOUNT = (OrderUpdate, TradeUpdate, PositionUpdate, AccountUpdate, Financing)


class Rehearsal:
    """The exchange of a dry run; it holds nothing at first but the money of the real account."""

    def __init__(self, state: State, symbols: Sequence[str], terms: Terms) -> None:
        """Open an account like the real one.

        Args:
            state: of the real account, of which the equity is taken over, as cash.
            symbols: what may be traded; others are added when their prices come.
            terms: what trading costs.
        """
        money = replace(terms, cash=state.account.equity, currency=state.account.currency)
        self.exchange = Exchange(Feed([Series(one, "1m") for one in symbols]), money)

    def meet(self, price: Candle | Quote) -> list[Message]:
        """Let orders meet a price, and return what comes of it."""
        exchange = self.exchange
        if price.symbol not in exchange.feed.symbols:
            exchange.feed.symbols = (*exchange.feed.symbols, price.symbol)
        if isinstance(price, Quote):
            return exchange.meet(price, price.time)
        working = [one for one in exchange.working.values() if one.symbol == price.symbol]
        if any(to_ms(one.created_at) > price.time for one in working):
            close = price.close
            price = msgspec.structs.replace(price, open=close, high=close, low=close)
        return exchange.meet(price, price.close_time)


def rehearsed(talk: Talk, symbols: Sequence[str], terms: Terms) -> Talk:
    """Return a conversation whose orders are simulated; to its driver it looks like any other."""
    rehearsal: Rehearsal | None = None
    told: deque[Message] = deque()
    """What our exchange has to tell, before anything else is."""
    arrived: Any = None
    try:
        ask: Ask = next(talk)
        while True:
            if type(ask) is Ack:
                ask = talk.send((yield ask))
                continue
            if rehearsal is None:
                assert isinstance(ask, ReadState)
                real: State = yield ask
                rehearsal = Rehearsal(real, symbols, terms)
                begun = rehearsal.exchange.execute(ask)
                assert isinstance(begun, State)
                # What the gateway would refuse is refused here, too.
                begun = msgspec.structs.replace(begun, capabilities=real.capabilities)
                ask = talk.send(begun)
                continue
            exchange = rehearsal.exchange
            if ask is not NEXT:
                ask = talk.send(exchange.execute(ask))  # type: ignore[arg-type]
                continue
            told.extend(exchange.drain())
            if told:
                ask = talk.send(told.popleft())
                continue
            if arrived is None:
                arrived = yield NEXT
                message = arrived.message if type(arrived) is Arrival else None
                if isinstance(message, _OF_THE_ACCOUNT):
                    arrived = msgspec.structs.replace(arrived, message=Pong())
                elif isinstance(message, Candle | Quote):
                    told.extend(rehearsal.meet(message))
                    continue
            arrived, now = None, arrived
            ask = talk.send(now)
    except StopIteration as end:
        ending: Ending = end.value
        return ending
