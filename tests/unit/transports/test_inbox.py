"""What waits for a slow strategy: newer prices replace older ones, nothing else is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.protocol.codec import encode
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import (
    Candle,
    Frame,
    Malformed,
    Message,
    OrderUpdate,
    Quote,
    TradeUpdate,
)
from runner.protocol.times import from_ms
from runner.transports.inbox import Inbox, Overrun
from runner.transports.vitals import Vitals
from tests.helpers import AAPL, MSFT, candle, quote, snapshot, trade


def inbox(limit: int = 1000) -> tuple[Inbox, Vitals, list[str]]:
    """Return an empty inbox, what it tells, and what it says when it is overrun."""
    vitals, said = Vitals("connected"), list[str]()
    return Inbox(limit, vitals, said.append, clock=lambda: 0.0), vitals, said


def framed(message: Message, event_id: str | None = None) -> bytes:
    return encode(message, event_id=event_id, timestamp=from_ms(0))


def taken(box: Inbox) -> list[Any]:
    """Take everything; frames as their messages."""
    items = [box.popleft() for _ in range(len(box))]
    return [one.message if isinstance(one, Frame) else one for one in items]


def order(number: int) -> OrderUpdate:
    return OrderUpdate("ORDER_CREATED", snapshot(f"o-{number}", status=OrderStatus.OPEN))


def test_a_newer_quote_takes_the_turn_of_the_older_one_of_its_symbol() -> None:
    box, vitals, _ = inbox()
    old, other, new = quote(100), quote(50, symbol=MSFT), quote(101)

    for one in (old, other, order(1), new):
        box.append(framed(one))

    assert taken(box) == [new, other, order(1)]
    assert (vitals.received, vitals.conflated_quotes) == (4, 1)


def test_a_quote_that_was_taken_is_replaced_no_more() -> None:
    box, vitals, _ = inbox()
    box.append(framed(quote(100)))

    first = taken(box)
    box.append(framed(quote(101)))

    assert (first, taken(box)) == ([quote(100)], [quote(101)])
    assert vitals.conflated_quotes == 0


def test_a_quote_does_not_overtake_a_candle_of_its_symbol() -> None:
    box, _, _ = inbox()
    for one in (quote(100), candle(100), quote(101), quote(102)):
        box.append(framed(one))

    assert taken(box) == [quote(100), candle(100), quote(102)]


def test_a_candle_is_replaced_by_a_later_version_of_itself_alone() -> None:
    box, vitals, _ = inbox()
    for one in (candle(100, index=1), candle(101, index=1), candle(102, index=2)):
        box.append(framed(one))

    assert [one.close for one in taken(box)] == [101, 102]
    assert vitals.conflated_candles == 1


@pytest.mark.parametrize(
    "make",
    [lambda close: quote(close), lambda close: candle(close)],
    ids=["quote", "candle"],
)
def test_what_has_an_id_is_kept_because_its_sender_waits(make: Callable[[float], Message]) -> None:
    box, vitals, _ = inbox()
    for number in range(3):
        box.append(framed(make(100 + number), f"e{number}"))

    assert taken(box) == [make(100 + number) for number in range(3)]
    assert vitals.conflated_quotes + vitals.conflated_candles == 0


def test_too_much_halts_at_once_and_keeps_what_is_no_price() -> None:
    box, vitals, said = inbox(limit=4)
    for one in (order(1), candle(100), quote(100), order(2), order(3), order(4)):
        box.append(framed(one))

    assert len(said) == 1
    assert "more than 4 messages" in said[0]
    (first, second, gap) = taken(box)
    assert [first, second] == [order(1), order(2)]
    assert isinstance(gap, Overrun)
    assert (vitals.received, vitals.lost) == (6, 4)
    # Behind the gap all goes on.
    box.append(framed(order(5)))
    assert taken(box) == [order(5)]


def test_what_cannot_be_read_waits_like_everything_else() -> None:
    box, _, _ = inbox()
    binary = Malformed("a binary message, not text", b"\0")
    box.append(b"nonsense")
    box.append(binary)

    first, second = taken(box)

    assert isinstance(first, Malformed)
    assert second is binary


messages = st.one_of(
    st.builds(quote, st.integers(1, 9), symbol=st.sampled_from([AAPL, MSFT])),
    st.builds(
        candle,
        st.integers(1, 9),
        index=st.integers(0, 2),
        symbol=st.sampled_from([AAPL, MSFT]),
    ),
    st.builds(order, st.integers(1, 9)),
    st.builds(lambda number: TradeUpdate(trade(f"t-{number}")), st.integers(1, 9)),
)


@given(st.lists(messages | st.none(), max_size=60), st.integers(2, 20))
def test_order_counts_and_the_newest_price_hold_whatever_comes(
    steps: list[Message | None], limit: int
) -> None:
    box, vitals, said = inbox(limit)
    got: list[Any] = []

    for one in steps:
        if one is not None:
            box.append(framed(one))
        elif box:
            got += [item.message for item in [box.popleft()] if isinstance(item, Frame)]
        assert len(box) <= limit + 1
    got += [one for one in taken(box) if not isinstance(one, Overrun)]

    sent = [one for one in steps if one is not None]
    conflated = vitals.conflated_quotes + vitals.conflated_candles
    assert vitals.received == len(sent) == len(got) + conflated + vitals.lost
    if said:
        return
    assert _but(got, (Quote, Candle)) == _but(sent, (Quote, Candle))
    for symbol in (AAPL, MSFT):
        of_sent, of_got = _quotes(sent, symbol), _quotes(got, symbol)
        assert of_got[-1:] == of_sent[-1:]


def _but(messages: list[Any], kinds: tuple[type, ...]) -> list[Any]:
    return [one for one in messages if not isinstance(one, kinds)]


def _quotes(messages: list[Any], symbol: str) -> list[Quote]:
    return [one for one in messages if isinstance(one, Quote) and one.symbol == symbol]
