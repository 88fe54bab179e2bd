"""What a strategy can ask for: every helper, and the request it makes."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from runner import Order, OrderStatus, OrderType, Side, TimeInForce
from runner.protocol.commands import SubmitOrder
from runner.protocol.enums import TrailingType
from runner.strategy.order import CancelRequest, LocalRejection, ModifyRequest
from tests.helpers import AAPL, MSFT, candle
from tests.unit.strategy.at_work import D, at_work, hold, requests


@pytest.mark.parametrize(
    ("prices", "order_type"),
    [
        ({}, OrderType.MARKET),
        ({"limit": 99}, OrderType.LIMIT),
        ({"stop": 101}, OrderType.STOP),
        ({"limit": 102, "stop": 101}, OrderType.STOP_LIMIT),
        ({"trail": 2}, OrderType.TRAILING_STOP),
    ],
)
def test_the_prices_make_the_order_type(prices: dict[str, int], order_type: OrderType) -> None:
    strategy = at_work()

    strategy.buy(quantity=1, **prices)  # type: ignore[arg-type]

    assert requests(strategy)[0].order_type is order_type


def test_an_order_carries_all_that_was_said() -> None:
    strategy = at_work()

    order = strategy.sell(
        MSFT,
        quantity="2.5",
        limit=99.1,
        stop=98,
        stop_loss=105,
        take_profit="90",
        time_in_force="DAY",
        reduce_only=True,
        reason="why not",
    )

    assert requests(strategy) == [
        SubmitOrder(
            symbol=MSFT,
            side=Side.SELL,
            quantity=D("2.5"),
            order_type=OrderType.STOP_LIMIT,
            client_order_id="r-1",
            limit_price=D("99.1"),
            stop_price=D(98),
            stop_loss=D(105),
            take_profit=D(90),
            time_in_force=TimeInForce.DAY,
            reduce_only=True,
        )
    ]
    assert (order.status, order.reason, order.limit_price) == ("PENDING", "why not", D("99.1"))
    assert (order.symbol, order.side, order.quantity) == (MSFT, Side.SELL, D("2.5"))


def test_a_trailing_distance_is_in_quote_currency() -> None:
    strategy = at_work()

    strategy.buy(quantity=1, trail=2.5)

    (request,) = requests(strategy)
    assert (request.trailing_distance, request.trailing_type) == (D("2.5"), TrailingType.ABSOLUTE)


def test_a_trailing_distance_can_be_in_percent_of_the_price() -> None:
    strategy = at_work()

    strategy.sell(quantity=1, trail_percent=5)

    (request,) = requests(strategy)
    assert request.order_type is OrderType.TRAILING_STOP
    assert (request.trailing_distance, request.trailing_type) == (D(5), TrailingType.PERCENT)


def test_a_trailing_stop_has_one_distance() -> None:
    with pytest.raises(ValueError, match=r"trail .* or trail_percent, was both"):
        at_work().buy(quantity=1, trail=5, trail_percent=5)


def test_conditions_travel_with_the_order() -> None:
    strategy = at_work()

    strategy.buy(quantity=1, limit=9, post_only=True, oco_group="pair")

    (request,) = requests(strategy)
    assert (request.post_only, request.oco_group_id) == (True, "pair")


@pytest.mark.parametrize(
    ("size", "prices", "expected"),
    [
        ({"quantity": 7}, {}, 7),
        ({"quantity": 0.1 + 0.2}, {}, D("0.3")),
        ({"notional": 1050}, {}, 10),
        ({"notional": 1050}, {"limit": 50}, 21),
        ({"notional": 1050}, {"stop": 150}, 7),
        ({"notional": "1050"}, {"limit": 50, "stop": 150}, 21),
        ({"equity": 0.5}, {}, 50),
        ({"equity": D("0.5")}, {}, 50),
    ],
)
def test_an_order_is_sized_by_number_value_or_share_of_equity(
    size: dict[str, Any], prices: dict[str, Any], expected: object
) -> None:
    strategy = at_work(100.0, cash=10_000)

    order = strategy.buy(**size, **prices)

    assert order.quantity == expected


@pytest.mark.parametrize(
    "sizes",
    [{}, {"quantity": 1, "notional": 5}, {"quantity": 1, "notional": 5, "equity": 0.1}],
    ids=["none", "two", "three"],
)
def test_exactly_one_size_must_be_given(sizes: dict[str, Any]) -> None:
    strategy = at_work()

    for helper in (strategy.buy, strategy.sell, strategy.target):
        with pytest.raises(ValueError, match="give exactly one of quantity, notional, equity"):
            helper(**sizes)


def test_a_time_in_force_that_does_not_exist_is_the_authors_mistake() -> None:
    with pytest.raises(ValueError, match="must be one of GTC, DAY, IOC, FOK, was 'GTD'"):
        at_work().buy(quantity=1, time_in_force="GTD")


def test_without_an_event_the_symbol_must_be_named() -> None:
    strategy = at_work(None)

    with pytest.raises(ValueError, match="name the symbol"):
        strategy.buy(quantity=1)

    assert strategy.buy(AAPL, quantity=1).symbol == AAPL


@pytest.mark.parametrize(
    "quantity",
    [0, -1, nan, inf, "ten", D("NaN"), D("1E+5000000"), "1" * 30, 1e-12],
    ids=["zero", "negative", "nan", "inf", "text", "decimal nan", "huge", "30 digits", "dust"],
)
def test_S17_a_quantity_that_makes_no_order_is_a_rejection_that_never_leaves(
    quantity: Any,
) -> None:
    strategy = at_work()

    order = strategy.buy(quantity=quantity)

    (request,) = requests(strategy)
    assert isinstance(request, LocalRejection)
    assert (request.order, request.reason) == (order, "INVALID_QUANTITY")
    assert request.message


@pytest.mark.parametrize("price", [0, -1, nan, inf, "x", D("1E-5000000")])
@pytest.mark.parametrize("name", ["limit", "stop", "trail", "stop_loss", "take_profit"])
def test_S17_a_price_that_is_none_is_a_rejection_that_never_leaves(name: str, price: Any) -> None:
    strategy = at_work()

    strategy.buy(quantity=1, **{name: price})

    (request,) = requests(strategy)
    assert (type(request), request.reason) == (LocalRejection, "INVALID_PRICE")


@pytest.mark.parametrize(
    "size", [{"notional": 50}, {"equity": 0.001}, {"notional": nan}, {"equity": -1}]
)
def test_S17_a_value_that_buys_nothing_is_a_rejection(size: dict[str, Any]) -> None:
    strategy = at_work(100.0)

    strategy.buy(**size)

    assert requests(strategy)[0].reason == "INVALID_QUANTITY"


def test_a_value_without_a_known_price_is_a_rejection_that_says_so() -> None:
    strategy = at_work(None)

    strategy.buy(MSFT, notional=100)

    assert "no price of S:MSFT is known yet" in requests(strategy)[0].message


def test_crypto_is_sized_in_ten_thousandths() -> None:
    strategy = at_work(None)
    strategy._desk.take_candle(candle(30_000.0, symbol="C:BTCUSD"))

    assert strategy.buy(notional=1000).quantity == D("0.0333")


@pytest.mark.parametrize(
    ("held", "wanted", "side", "quantity"),
    [
        (0, {"quantity": 5}, "BUY", 5),
        (5, {"quantity": 8}, "BUY", 3),
        (5, {"quantity": 2}, "SELL", 3),
        (5, {"quantity": -5}, "SELL", 10),
        (5, {"quantity": 0}, "SELL", 5),
        (-5, {"quantity": 0}, "BUY", 5),
        (0, {"notional": 1000}, "BUY", 10),
        (0, {"notional": -1000}, "SELL", 10),
        (4, {"equity": 0.5}, "BUY", 46),
        (0, {"equity": -0.5}, "SELL", 50),
    ],
)
def test_a_target_orders_the_difference(
    held: int, wanted: dict[str, Any], side: str, quantity: int
) -> None:
    strategy = at_work(100.0)
    if held:
        hold(strategy, held)

    order = strategy.target(**wanted)

    assert order is not None
    assert (order.side, order.quantity, order.order_type) == (side, quantity, "MARKET")


@pytest.mark.parametrize("wanted", [{"quantity": 5}, {"notional": 599}, {"equity": 0.05}])
def test_a_target_that_is_reached_orders_nothing(wanted: dict[str, Any]) -> None:
    strategy = at_work(100.0)
    hold(strategy, 5)

    assert strategy.target(**wanted) is None
    assert requests(strategy) == []


def test_S17_a_target_that_is_no_number_is_a_rejection() -> None:
    strategy = at_work()

    order = strategy.target(quantity=nan)

    assert isinstance(order, Order)
    assert requests(strategy)[0].reason == "INVALID_QUANTITY"


@pytest.mark.parametrize(("held", "side"), [(5, "SELL"), (-5, "BUY")])
def test_close_orders_the_whole_position_and_only_that(held: int, side: str) -> None:
    strategy = at_work()
    hold(strategy, held)

    order = strategy.close(limit=101, reason="enough")

    assert order is not None
    assert (order.side, order.quantity, order.reduce_only, order.reason) == (
        side,
        5,
        True,
        "enough",
    )
    assert order.limit_price == 101


def test_closing_nothing_orders_nothing() -> None:
    strategy = at_work()

    assert strategy.close() is None
    assert requests(strategy) == []


def test_cancel_asks_for_the_order_that_is_named() -> None:
    strategy = at_work()
    first, _ = strategy.buy(quantity=1, limit=90), strategy.buy(quantity=1, limit=91)
    requests(strategy).clear()

    strategy.cancel(first)

    (request,) = requests(strategy)
    assert (type(request), request.order) == (CancelRequest, first)


def test_cancel_without_an_order_asks_for_all_of_the_symbol() -> None:
    strategy = at_work()
    ours = [strategy.buy(quantity=1, limit=90), strategy.buy(quantity=1, limit=91)]
    theirs = strategy.buy(MSFT, quantity=1, limit=90)
    requests(strategy).clear()

    strategy.cancel()
    asked = [one.order for one in requests(strategy)]
    requests(strategy).clear()
    strategy.cancel(symbol=MSFT)

    assert asked == ours
    assert [one.order for one in requests(strategy)] == [theirs]


def test_a_finished_order_is_neither_cancelled_nor_modified() -> None:
    strategy = at_work()
    order = strategy.buy(quantity=1)
    requests(strategy).clear()
    order.status = OrderStatus.FILLED

    strategy.cancel(order)
    strategy.modify(order, limit=1)

    assert requests(strategy) == []


def test_modify_asks_for_what_is_named_and_leaves_the_rest() -> None:
    strategy = at_work()
    order = strategy.buy(quantity=1, limit=90)
    requests(strategy).clear()

    strategy.modify(order, limit=91.5)

    (request,) = requests(strategy)
    assert (type(request), request.order) == (ModifyRequest, order)
    changes = request.changes
    assert (changes.quantity, changes.limit_price, changes.stop_price) == (None, D("91.5"), None)


def test_modifying_to_something_that_is_no_number_is_the_authors_mistake() -> None:
    strategy = at_work()
    order = strategy.buy(quantity=1, limit=90)

    with pytest.raises(ValueError, match="finite"):
        strategy.modify(order, limit=nan)
