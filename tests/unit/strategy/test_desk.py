"""The desk: what is known while an event is handled, and executions folded once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import OrderStatus, OrderType, Side
from runner.protocol.messages import Message, OrderUpdate, TradeUpdate
from runner.strategy.desk import Desk
from runner.strategy.order import Order
from tests.helpers import (
    AAPL,
    DAY_MS,
    MSFT,
    START,
    START_MS,
    candle,
    candles,
    position,
    quote,
    snapshot,
    state,
    trade,
)


def submitted(desk: Desk, *, side: Side = Side.BUY, quantity: int = 10) -> Order:
    request = SubmitOrder(AAPL, side, Decimal(quantity), OrderType.MARKET, desk.next_order_id())
    order = desk.submit(request, "because")
    order.id = "o-1"
    desk.settle(order)
    return order


def filled(quantity: object, price: object, *, of: object = 10) -> OrderUpdate:
    done = quantity == of
    status = OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED
    return OrderUpdate(
        "ORDER_FILLED" if done else "ORDER_PARTIALLY_FILLED",
        snapshot(filled=quantity, price=price, quantity=of, status=status, client_order_id="r-1"),
    )


def after_two_parts(order_of_events: tuple[int, ...]) -> Desk:
    """Return a desk that was told of an order filled in two parts, in a given order."""
    desk = Desk()
    desk.load(state(10_000))
    submitted(desk)
    events: list[Message] = [
        filled(4, 100),
        filled(10, 106),
        TradeUpdate(trade("t-1", quantity=4, price=100)),
        TradeUpdate(trade("t-2", quantity=6, price=110)),
    ]
    for message in (events[index] for index in order_of_events):
        if isinstance(message, OrderUpdate):
            desk.take_order(message)
        elif isinstance(message, TradeUpdate):
            desk.take_trade(message.trade)
    return desk


# Time, prices, history


def test_the_clock_is_the_end_of_the_candle() -> None:
    desk = Desk()
    before = desk.now_ms

    desk.take_candle(candle())

    assert (before, desk.now_ms, desk.now) == (0, START_MS + DAY_MS, START + timedelta(days=1))


def test_the_clock_never_goes_back() -> None:
    desk = Desk()
    desk.take_candle(candle(index=3))
    reached = desk.now_ms

    desk.take_trade(trade(moment=START))
    after_trade = desk.now_ms
    desk.take_quote(quote(time=START_MS))

    assert (after_trade, desk.now_ms) == (reached, reached)


def test_the_clock_does_not_depend_on_who_asked_for_it_before() -> None:
    desk = Desk()
    later = START + timedelta(hours=1)
    cancelled = snapshot("o-9", status=OrderStatus.CANCELLED, moment=later)

    desk.take_order(OrderUpdate("ORDER_CANCELLED", cancelled))
    desk.take_trade(trade(moment=START))

    assert desk.now == later


def test_a_fill_that_an_answer_told_of_is_folded_when_its_event_comes() -> None:
    desk = Desk()
    submitted(desk)
    part = snapshot(filled=4, price=90, client_order_id="r-1", status=OrderStatus.PARTIALLY_FILLED)
    whole = snapshot(filled=10, price=96, client_order_id="r-1", status=OrderStatus.FILLED)
    desk.take_order(OrderUpdate("ORDER_PARTIALLY_FILLED", part))

    desk.tickets["r-1"].update(whole)  # what a cancellation that came too late is answered
    desk.take_order(OrderUpdate("ORDER_FILLED", whole))

    held = desk.portfolio.positions[AAPL]
    assert (held.quantity, held.average_entry_price) == (10, 96)


def test_prices_are_known_per_symbol() -> None:
    desk = Desk()

    desk.take_candle(candle(10.0))
    desk.take_quote(quote(20.0, symbol=MSFT))

    assert (desk.price(AAPL), desk.price(MSFT), desk.price("S:IBM")) == (10.0, 20.0, None)


def test_market_events_count_candles_and_quotes() -> None:
    desk = Desk()

    desk.take_candle(candle())
    desk.take_quote(quote())

    assert desk.market_events == 2


def test_history_is_kept_per_symbol_and_bounded() -> None:
    desk = Desk(history=2)
    ours, theirs = candles(1.0, 2.0, 3.0), candles(7.0, 8.0, 9.0, symbol=MSFT)

    for first, second in zip(ours, theirs, strict=True):
        desk.take_candle(first)
        desk.take_candle(second)

    assert list(desk.history(AAPL)) == ours[1:]
    assert list(desk.history(MSFT)) == theirs[1:]
    assert list(desk.history("S:IBM")) == []


def test_history_is_of_the_timeframe_being_handled() -> None:
    desk = Desk()
    day, hour = candle(1.0), candle(2.0, timeframe="1h")

    desk.take_candle(day)
    of_days = list(desk.history(AAPL))
    desk.take_candle(hour)

    assert (of_days, list(desk.history(AAPL))) == ([day], [hour])


def test_takers_take_a_candle_like_take_candle() -> None:
    one_by_one, at_once = Desk(), Desk()

    for one in candles(1.0, 2.0, 3.0):
        one_by_one.take_candle(one)
        for taker in at_once.takers(one):
            taker(one)

    assert at_once.now_ms == one_by_one.now_ms
    assert at_once.price(AAPL) == one_by_one.price(AAPL) == 3.0
    assert list(at_once.history(AAPL)) == list(one_by_one.history(AAPL))
    assert at_once.portfolio.times == one_by_one.portfolio.times


# Tickets


def test_order_ids_are_unique_and_the_same_in_every_run() -> None:
    found = [[desk.next_order_id() for _ in range(3)] for desk in (Desk(), Desk())]

    assert found == [["r-1", "r-2", "r-3"]] * 2


def test_a_submitted_order_is_a_working_ticket_and_a_request() -> None:
    desk = Desk()

    order = submitted(desk)

    assert (order.status, order.is_working, order.reason) == (OrderStatus.PENDING, True, "because")
    assert list(desk.working.values()) == [order]
    assert len(desk.outbox) == 1


def test_later_events_update_the_same_ticket() -> None:
    desk = Desk()
    order = submitted(desk)

    found = desk.take_order(filled(10, 100))

    assert found is order
    assert (order.status, order.filled_quantity, order.average_fill_price) == ("FILLED", 10, 100)
    assert desk.working == {}


def test_a_ticket_is_found_by_its_own_id_before_its_peers_is_known() -> None:
    desk = Desk()
    order = submitted(desk)
    order.id = None
    desk._by_id.clear()

    desk.take_order(filled(10, 100))

    assert (order.id, order.is_filled) == ("o-1", True)


def test_an_order_of_somebody_else_gets_a_ticket_of_its_own() -> None:
    desk = Desk()

    leg = desk.take_order(OrderUpdate("ORDER_CREATED", snapshot("o-9"), parent_order_id="o-1"))

    assert (leg.id, leg.client_order_id, leg.parent_order_id) == ("o-9", None, "o-1")
    assert list(desk.working.values()) == [leg]


def test_an_older_message_does_not_reopen_a_finished_order() -> None:
    desk = Desk()
    order = submitted(desk)
    desk.take_order(filled(10, 100))

    desk.take_order(OrderUpdate("ORDER_CREATED", snapshot(client_order_id="r-1")))

    assert (order.status, desk.working) == (OrderStatus.FILLED, {})


# Executions are told twice and folded once


@pytest.mark.parametrize("order_of_events", list(permutations(range(4))))
def test_an_execution_is_folded_once_whoever_tells_of_it_first(
    order_of_events: tuple[int, ...],
) -> None:
    desk = after_two_parts(order_of_events)

    assert desk.portfolio.quantity(AAPL) == 10


@pytest.mark.parametrize(
    "order_of_events", [(0, 2, 1, 3), (2, 0, 3, 1), (0, 1, 2, 3), (2, 3, 0, 1)]
)
def test_the_entry_price_is_that_of_the_executions(order_of_events: tuple[int, ...]) -> None:
    desk = after_two_parts(order_of_events)

    assert desk.portfolio.positions[AAPL].average_entry_price == 106
    assert [one.trade.id for one in desk.portfolio.fills] == ["t-1", "t-2"]


def test_realized_profit_is_reported_with_the_trade_that_follows_its_order() -> None:
    desk = Desk()
    desk.load(state(10_000))
    desk.portfolio.fill(AAPL, Side.BUY, Decimal(10), Decimal(90))
    submitted(desk, side=Side.SELL)
    update = filled(10, 100)

    desk.take_order(
        OrderUpdate(update.event, snapshot(
            filled=10, price=100, side=Side.SELL, status=OrderStatus.FILLED, client_order_id="r-1"
        ))
    )  # fmt: skip
    desk.take_trade(trade(side=Side.SELL, commission=1))

    (fill,) = desk.portfolio.fills
    assert (fill.realized_pnl, fill.order_reason) == (100, "because")
    assert desk.portfolio.balance == 10_000 + 100 - 1


def test_a_trade_of_an_unknown_order_is_folded() -> None:
    desk = Desk()

    desk.take_trade(trade(order_id="o-77", quantity=3, price=5))

    assert desk.portfolio.quantity(AAPL) == 3


def test_what_was_filled_before_the_state_was_read_is_not_folded_again() -> None:
    desk = Desk()
    working = snapshot("o-5", filled=4, price=100, status=OrderStatus.PARTIALLY_FILLED)
    desk.load(state(orders=[working]))
    desk.portfolio.fill(AAPL, Side.BUY, Decimal(4), Decimal(100))

    desk.take_order(
        OrderUpdate(
            "ORDER_FILLED", snapshot("o-5", filled=10, price=100, status=OrderStatus.FILLED)
        )
    )
    desk.take_trade(trade("t-2", order_id="o-5", quantity=6))

    assert desk.portfolio.quantity(AAPL) == 10


def test_loading_the_state_makes_tickets_of_working_orders() -> None:
    desk = Desk()

    desk.load(state(orders=[snapshot("o-5", client_order_id="r-old")]))

    (order,) = desk.working.values()
    assert (order.id, order.client_order_id, order.status) == ("o-5", "r-old", OrderStatus.OPEN)


def test_what_an_order_had_filled_before_a_gap_is_not_added_to_the_position_after_it() -> None:
    desk = Desk()
    ended = snapshot("o-1", status=OrderStatus.CANCELLED, filled=4, price=100)
    desk.load(state(orders=[snapshot("o-1")]))
    (order,) = desk.tickets.values()
    order.update(ended)  # the answer to its cancellation told of the executions

    desk.load(state(positions=[position(4)]))
    desk.take_order(OrderUpdate("ORDER_CANCELLED", ended))

    assert desk.portfolio.quantity(AAPL) == 4


# Focus


def test_an_event_of_another_symbol_moves_the_focus() -> None:
    desk = Desk()
    desk.take_candle(candle())

    desk.take_trade(trade(symbol=MSFT))

    assert desk.symbol == MSFT


def test_an_interruption_is_a_request_that_asks_for_nothing() -> None:
    desk = Desk()

    desk.interrupt()

    assert len(desk.outbox) == 1
