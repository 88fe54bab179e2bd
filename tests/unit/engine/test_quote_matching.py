"""How orders meet the quotes of files: the side, the price, the size, and the moment.

The expected prices are worked out by hand: each row says why. An order is placed on the first
quote, 99 to 101 (in the middle 100), and meets those that follow.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from runner import Candle, Quote, Strategy
from runner.engine.choices import FillAt
from runner.engine.costs import Slippage, Spread, VolumeImpact
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.terms import Margin, Terms
from runner.protocol.enums import OrderType, Side, TimeInForce, TrailingType
from runner.protocol.messages import Message, OrderUpdate, TradeUpdate
from tests.helpers import AAPL, DAY_MS, MSFT, START_MS, quoted, run_strategy, series
from tests.unit.engine.exchange_helpers import modify, orders_in, place, request, said, state_of

BUY, SELL = Side.BUY, Side.SELL
FIRST = (99.0, 101.0)


def opened(*rows: tuple[float, ...], **terms: Any) -> Exchange:
    """Return an exchange that has delivered the first quote, `FIRST`, and goes on with `rows`."""
    exchange = Exchange(Feed([], quotes=[quoted(FIRST, *rows)]), Terms(**terms))
    exchange.advance()
    return exchange


def rest_of(exchange: Exchange) -> list[Message]:
    found: list[Message] = []
    while not exchange.finished:
        found += exchange.advance()
    return found


def fills(messages: list[Message]) -> list[tuple[int, str]]:
    """Return for each execution how many quotes after the first it was, and its price."""
    return [
        (int(one.trade.timestamp.timestamp() * 1000 - START_MS) // 1000, str(one.trade.price))
        for one in messages
        if isinstance(one, TradeUpdate)
    ]


CASES: dict[str, tuple[dict[str, Any], list[tuple[float, ...]], list[tuple[int, str]]]] = {
    # A market order takes its side of the next quote, never of the one it was placed on.
    "market buy at the ask": ({}, [(100, 103)], [(1, "103")]),
    "market sell at the bid": ({"side": SELL}, [(98, 101)], [(1, "98")]),
    # A new limit order that the quote meets takes the quote; one that waited has its limit.
    "limit buy, met at once": ({"limit": 102}, [(98, 100)], [(1, "100")]),
    "limit buy, touched later": ({"limit": 100}, [(99, 101), (99, 100)], [(2, "100")]),
    "limit buy, gone through": ({"limit": 100}, [(99, 101), (90, 91)], [(2, "100")]),
    "limit buy, bid at the limit": ({"limit": 100}, [(99, 101), (100, 101)], []),
    "limit sell, met at once": ({"side": SELL, "limit": 99}, [(100, 102)], [(1, "100")]),
    "limit sell, gone through": (
        {"side": SELL, "limit": 101},
        [(99, 101), (105, 106)],
        [(2, "101")],
    ),
    "limit sell, ask at the limit": ({"side": SELL, "limit": 101}, [(100, 101), (100, 101)], []),
    # A stop takes the quote that reaches it, however far that lies beyond.
    "stop buy, touched by the ask": ({"stop": 103}, [(100, 102), (101, 103)], [(2, "103")]),
    "stop buy, gap": ({"stop": 103}, [(109, 110)], [(1, "110")]),
    "stop buy, bid below it": ({"stop": 103}, [(100, 102)], []),
    "stop sell, touched by the bid": (
        {"side": SELL, "stop": 97},
        [(98, 99), (97, 99)],
        [(2, "97")],
    ),
    "stop sell, only the ask there": ({"side": SELL, "stop": 97}, [(98, 98), (97.5, 97.5)], []),
    # A stop-limit order triggers at a quote and is a limit order from then on.
    "stop-limit, within": ({"stop": 103, "limit": 104}, [(102, 103)], [(1, "103")]),
    "stop-limit, beyond": ({"stop": 103, "limit": 104}, [(104, 105)], []),
    "stop-limit, comes back": (
        {"stop": 103, "limit": 104},
        [(104, 105), (103, 104.5), (102, 103)],
        [(3, "104")],
    ),
    # 3 from the best bid, which is at first the middle: 100, 104; stops at 97, 101.
    "trailing sell": (
        {
            "side": SELL,
            "order_type": OrderType.TRAILING_STOP,
            "trailing_distance": Decimal(3),
            "trailing_type": TrailingType.ABSOLUTE,
        },
        [(98, 99), (104, 105), (102, 103), (100.5, 102)],
        [(4, "100.5")],
    ),
    # 5% above the best ask: 100 -> 105, then 90 -> 94.5.
    "trailing buy": (
        {
            "order_type": OrderType.TRAILING_STOP,
            "trailing_distance": Decimal(5),
            "trailing_type": TrailingType.PERCENT,
        },
        [(89, 90), (93, 94), (94, 95)],
        [(3, "95")],
    ),
    # Immediate orders have one quote.
    "IOC within": ({"limit": 101, "time_in_force": TimeInForce.IOC}, [(99, 101)], [(1, "101")]),
    "IOC without": (
        {"limit": 100, "time_in_force": TimeInForce.IOC},
        [(99, 101), (99, 100)],
        [],
    ),
    "FOK within": ({"limit": 101, "time_in_force": TimeInForce.FOK}, [(99, 101)], [(1, "101")]),
    # A maker's order must wait first.
    "post-only, at once": ({"limit": 101, "post_only": True}, [(99, 101), (99, 100)], []),
    "post-only, later": ({"limit": 100, "post_only": True}, [(99, 101), (99, 100)], [(2, "100")]),
}


@pytest.mark.parametrize(("order", "rows", "expected"), CASES.values(), ids=CASES)
def test_each_order_takes_its_side_of_a_later_quote(
    order: dict[str, Any], rows: list[tuple[float, ...]], expected: list[tuple[int, str]]
) -> None:
    exchange = opened(*rows)
    place(exchange, **order)

    assert fills(rest_of(exchange)) == expected


def test_an_order_that_waited_at_its_limit_is_a_maker() -> None:
    exchange = opened((99, 101), (99, 100))
    place(exchange, limit=100)
    place(exchange, limit=101)

    taken, waited = (one.trade for one in rest_of(exchange) if isinstance(one, TradeUpdate))

    assert (taken.order_id, taken.is_maker) == ("o-2", False)
    assert (waited.order_id, waited.is_maker) == ("o-1", True)


def test_a_step_tells_of_fills_and_then_of_its_quote() -> None:
    exchange = opened((100, 102))
    place(exchange)

    assert said(exchange.advance()) == [
        "o-1 filled at 102",
        "t-1 buy 10 at 102",
        "position opened 10",
        "balance 100000",
        "quote S:AAPL 100 102",
    ]


def test_quotes_carry_their_own_spread_and_slippage_comes_on_top() -> None:
    terms = {
        "spread": Spread(half_bps=Decimal(50)),
        "slippage": Slippage(bps=Decimal(10), range_share=Decimal("0.5")),
    }
    exchange = opened((99, 100), (100, 101), **terms)
    place(exchange)
    first = exchange.advance()
    place(exchange, SELL)

    assert fills(first) == [(1, "100.1")]
    assert fills(rest_of(exchange)) == [(2, "99.9")]


@pytest.mark.parametrize(
    ("sizes", "price"), [((7.0, 20.0), "102.5"), ((), "100")], ids=["known", "unknown"]
)
def test_the_impact_of_volume_is_that_of_the_quoted_size(
    sizes: tuple[float, ...], price: str
) -> None:
    # 10 of the 20 that are offered: a half squared of 10 percent is 2.5 percent.
    impact = Slippage(volume_impact=VolumeImpact(Decimal("0.1")))
    exchange = opened((99.0, 100.0, *sizes), slippage=impact)
    place(exchange)

    assert fills(rest_of(exchange)) == [(1, price)]


def quantities(messages: list[Message]) -> list[tuple[str, str]]:
    return [
        (str(one.trade.quantity), str(one.trade.price))
        for one in messages
        if isinstance(one, TradeUpdate)
    ]


SIZED = [(99.0, 100.0, 50.0, 8.0), (100.0, 101.0, 50.0, 0.0), (101.0, 102.0, 50.0, 30.0)]


@pytest.mark.parametrize(
    ("share", "order", "expected"),
    [
        ("0.5", {}, [("4", "100"), ("6", "102")]),
        ("0.5", {"stop": 100}, [("4", "100"), ("6", "102")]),
        ("0.5", {"side": SELL}, [("10", "99")]),
        ("0.5", {"time_in_force": TimeInForce.IOC}, [("4", "100")]),
        ("0.5", {"time_in_force": TimeInForce.FOK}, []),
        (None, {}, [("10", "100")]),
    ],
    ids=["market", "stop", "the other side", "IOC", "FOK", "no share"],
)
def test_a_share_of_the_size_limits_what_fills_at_a_quote(
    share: str | None, order: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    exchange = opened(*SIZED, volume_share=None if share is None else Decimal(share))
    place(exchange, **order)

    assert quantities(rest_of(exchange)) == expected


def test_without_sizes_a_share_limits_nothing() -> None:
    exchange = opened((99, 100), volume_share=Decimal("0.1"))
    place(exchange, quantity=900)

    assert quantities(rest_of(exchange)) == [("900", "100")]


def test_the_legs_of_an_entry_meet_the_quotes_after_it_and_cancel_each_other() -> None:
    # The stop lies above the bid of the quote that fills the entry: it waits for the next.
    exchange = opened((99, 101), (98, 100), (110, 112))
    place(exchange, stop_loss=99.5, take_profit=105)

    messages = rest_of(exchange)

    assert fills(messages) == [(1, "101"), (2, "98")]
    assert "o-3 cancelled" in orders_in(messages)


def test_a_take_profit_fills_at_its_limit_as_a_maker() -> None:
    exchange = opened((99, 101), (104, 106), (110, 112))
    place(exchange, stop_loss=90, take_profit=105)

    messages = rest_of(exchange)

    assert fills(messages) == [(1, "101"), (3, "105")]
    assert [one.trade.is_maker for one in messages if isinstance(one, TradeUpdate)] == [False, True]
    assert not state_of(exchange).positions


def test_legs_follow_the_parts_in_which_their_entry_fills() -> None:
    exchange = opened(
        *[(99.0, 100.0, 9.0, 3.0), (99.0, 100.0, 9.0, 3.0), (89.0, 91.0, 40.0, 40.0)],
        volume_share=Decimal(1),
    )
    place(exchange, quantity=6, stop_loss=90)

    assert quantities(rest_of(exchange)) == [("3", "100"), ("3", "100"), ("3", "89"), ("3", "89")]


def test_the_fill_of_one_order_of_a_group_cancels_the_others() -> None:
    exchange = opened((99, 101), (102, 104))
    place(exchange, stop=103, oco_group_id="pair")
    place(exchange, limit=95, oco_group_id="pair")

    assert orders_in(rest_of(exchange)) == ["o-1 filled at 104", "o-2 cancelled"]


def test_an_order_for_the_day_ends_with_the_first_quote_of_another_day() -> None:
    rows = [FIRST, (99, 101), (99, 101), (94, 95)]
    data = quoted(*rows, step_ms=DAY_MS // 2)
    exchange = Exchange(Feed([], quotes=[data]))
    exchange.advance()
    place(exchange, limit=96, time_in_force=TimeInForce.DAY)

    messages = rest_of(exchange)

    assert orders_in(messages) == ["o-1 expired"]
    ended = next(one for one in messages if isinstance(one, OrderUpdate))
    assert ended.order.updated_at.timestamp() * 1000 == START_MS + DAY_MS


def test_the_margin_is_judged_at_the_middle_of_each_quote() -> None:
    # 1,000 at 100 with 50,000 of cash: equity 50,000 + 1,000 (mid - 100), called below 25% of
    # the value. At 65 to 69 (67): 17,000 against 16,750; at 64 to 69 (66.5): 16,500 to 16,625.
    exchange = opened(
        (99, 100),
        (65, 69),
        (64, 69),
        (63, 64),
        cash=Decimal(50_000),
        leverage=Decimal(2),
        margin=Margin(maintenance=Decimal("0.25"), warning=Decimal(1)),
    )
    place(exchange, quantity=1000)

    messages = rest_of(exchange)

    assert fills(messages) == [(1, "100"), (4, "63")]


def test_marks_and_the_books_of_a_strategy_agree_after_every_step() -> None:
    equities = []

    class Buys(Strategy):
        def on_quote(self, quote: Quote) -> None:
            equities.append((self.equity, self.price()))
            if self.is_flat:
                self.buy(quantity=10)

        def on_candle(self, candle: Candle) -> None:
            equities.append((self.equity, self.price()))

    minute = [series(105.0, 107.0, timeframe="1m")]
    data = quoted((99, 101), (100, 101.5), (103, 104), (108, 109), step_ms=30_000)
    run = run_strategy(Buys, Feed(minute, quotes=[data]))

    # Bought at 101.5; the candle that closes with the third quote comes before it.
    assert equities == [
        (100_000, 100),
        (99_992.5, 100.75),
        (100_035, 105),
        (100_020, 103.5),
        (100_070, 108.5),
        (100_055, 107),
    ]
    assert run.equity == Decimal(100_055)


def test_where_there_are_quotes_candles_fill_nothing() -> None:
    candles = series((100.0, 150.0, 50.0, 100.0), (100.0, 150.0, 50.0, 100.0), timeframe="1m")
    data = quoted((99, 101), (99, 101), step_ms=150_000)
    exchange = Exchange(Feed([candles], quotes=[data]), Terms(fill_at=FillAt.CLOSE))
    exchange.advance()
    place(exchange, limit=60)
    place(exchange)

    assert [said(exchange.advance())[-1] for _ in range(2)] == ["candle S:AAPL 100"] * 2
    assert fills(rest_of(exchange)) == [(150, "101")]


def test_other_symbols_meet_their_candles_as_ever() -> None:
    candles = series(50.0, 60.0, timeframe="1m", symbol=MSFT)
    data = quoted((99, 101), (99, 102), step_ms=60_000, start_ms=START_MS + 60_000)
    exchange = Exchange(Feed([candles], quotes=[data]))
    assert said(exchange.advance()) == ["candle S:MSFT 50", "quote S:AAPL 99 101"]
    place(exchange)
    place(exchange, symbol=MSFT)

    assert fills(exchange.advance()) == [(60, "60"), (120, "102")]


def test_no_order_meets_the_quote_of_another_symbol_at_its_own_moment() -> None:
    data = [quoted((99, 101), (99, 103)), quoted((49, 51), (49, 53), symbol=MSFT)]
    exchange = Exchange(Feed([], quotes=data))
    assert said(exchange.advance()) == ["quote S:AAPL 99 101", "quote S:MSFT 49 51"]
    place(exchange, symbol=MSFT)

    assert fills(exchange.advance()) == [(1, "53")]


def test_quotes_that_nobody_asked_for_fill_orders_all_the_same() -> None:
    candles = series(100.0, 100.0, timeframe="1m")
    data = quoted((99, 101), (99, 102), step_ms=61_000)
    feed = Feed.of([candles], [(AAPL, None)], quotes=[data])
    exchange = Exchange(feed)
    assert said(exchange.advance()) == []
    assert said(exchange.advance()) == ["candle S:AAPL 100"]
    place(exchange)

    assert fills(exchange.advance()) == [(61, "102")]
    assert len(feed) == 2


def test_the_last_quote_is_that_of_the_file() -> None:
    exchange = opened((100, 102))

    assert exchange.quotes.last(AAPL, START_MS - 1) is None
    assert exchange.quotes.last(AAPL, exchange.now_ms) == Quote(AAPL, START_MS, 99.0, 101.0, 100.0)


def test_a_feed_knows_its_quotes() -> None:
    candles = series(1.0, 2.0, timeframe="1m", symbol=MSFT)
    data = quoted((99, 101), (99, 102))
    feed = Feed.of([candles], [], quoted=["*"], quotes=[data])

    assert (feed.symbols, feed.quoted, feed.heard) == ((MSFT, AAPL), (MSFT,), (AAPL,))
    assert (feed.only, len(feed)) == (None, 4)
    assert feed.span_ms == (START_MS, START_MS + 120_000)
    assert Feed([], quotes=[data]).span_ms == (START_MS, START_MS + 1000)
    assert Feed.of([], [], quoted=[AAPL, "S:NONE"], quotes=[data]).heard == (AAPL,)


def test_each_quote_is_a_point_of_the_curve_where_there_are_no_candles() -> None:
    class Idle(Strategy):
        pass

    run = run_strategy(Idle, Feed([], quotes=[quoted(FIRST, (99, 102), (98, 99))]))

    assert list(run.desk.portfolio.times) == [START_MS + 1000 * at for at in range(3)]


def test_orders_that_are_changed_or_cancelled_meet_quotes_as_they_are_then() -> None:
    exchange = opened((99, 101), (97, 98))
    first = place(exchange, limit=90)
    exchange.advance()
    assert exchange.execute(request(SELL, limit=95))
    exchange.drain()

    modify(exchange, first, limit_price=98)

    # Changed, it is a new limit order: it takes what is there.
    assert fills(rest_of(exchange)) == [(2, "98"), (2, "97")]
