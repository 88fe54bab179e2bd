"""Several positions in one symbol: which one an order opens, reduces and protects."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner.engine.choices import FillAt, PositionMode
from runner.engine.exchange import Exchange
from runner.engine.series import Series
from runner.engine.terms import Margin
from runner.protocol.commands import ExitsResult, ModifyExits, Rejection
from runner.protocol.enums import OrderStatus, Side
from tests.helpers import AAPL, MSFT, series
from tests.unit.engine.exchange_helpers import (
    accepted,
    open_exchange,
    orders_in,
    place,
    refused,
    request,
    said,
    state_of,
)

BUY, SELL = Side.BUY, Side.SELL
FLAT = series(*[100.0] * 8)


def hedging(*given: Series, **options: object) -> Exchange:
    """Return an exchange that hedges, after its first candle."""
    exchange = open_exchange(*(given or (FLAT,)), position_mode=PositionMode.HEDGING, **options)
    exchange.advance()
    return exchange


def held(exchange: Exchange) -> dict[str, int]:
    return {one.id: int(one.signed_quantity) for one in state_of(exchange).positions}


def opened(*quantities: int, exchange: Exchange | None = None) -> Exchange:
    """Return an exchange with these positions, `p-1` and on."""
    exchange = exchange or hedging()
    for quantity in quantities:
        place(exchange, BUY if quantity > 0 else SELL, abs(quantity))
    exchange.advance()
    return exchange


def test_an_order_that_names_no_position_opens_one_whatever_is_open() -> None:
    assert held(opened(10, -4, 10)) == {"p-1": 10, "p-2": -4, "p-3": 10}


def test_an_order_tells_of_the_position_it_has_opened() -> None:
    exchange = hedging()
    order_id = place(exchange, BUY, 10)
    before = exchange.orders[order_id].snapshot().position_id

    exchange.advance()

    assert (before, exchange.orders[order_id].snapshot().position_id) == (None, "p-1")


def test_an_order_that_names_a_position_reduces_that_one_alone() -> None:
    exchange = opened(10, 10, -10)

    place(exchange, SELL, 4, position_id="p-2")
    place(exchange, BUY, 25, position_id="p-3")
    exchange.advance()

    assert held(exchange) == {"p-1": 10, "p-2": 6}


def test_what_a_close_realizes_is_that_of_its_position() -> None:
    exchange = hedging(series(100.0, 100.0, 110.0, 120.0, 120.0))
    place(exchange, BUY, 10)
    exchange.advance()
    place(exchange, BUY, 10)
    exchange.advance()

    place(exchange, SELL, 10, position_id="p-2")
    exchange.advance()

    # Bought at 110, sold at 120.
    assert (exchange.ledger.realized, exchange.ledger.unrealized()) == (100, 200)


def test_an_order_that_may_only_reduce_takes_the_oldest_position_of_the_other_side() -> None:
    exchange = opened(-3, 10, 5)

    order_id = place(exchange, SELL, 12, reduce_only=True)
    exchange.advance()

    assert held(exchange) == {"p-1": -3, "p-3": 5}
    order = exchange.orders[order_id].snapshot()
    assert (order.position_id, order.status, order.quantity) == ("p-2", OrderStatus.FILLED, 10)


def test_an_order_that_reduces_in_parts_keeps_to_the_position_it_began_with() -> None:
    exchange = hedging(volume_share=Decimal("0.005"))  # five units of a candle
    place(exchange, BUY, 5)
    exchange.advance()
    place(exchange, BUY, 5)
    exchange.advance()

    order_id = place(exchange, SELL, 10, reduce_only=True)
    place(exchange, SELL, 2, position_id="p-1")
    exchange.advance()
    exchange.advance()

    assert held(exchange) == {"p-2": 5}
    assert exchange.orders[order_id].filled == 5


def test_an_order_that_opens_in_parts_opens_one_position() -> None:
    exchange = hedging(volume_share=Decimal("0.005"))
    place(exchange, BUY, 12)

    for _ in range(3):
        exchange.advance()

    assert held(exchange) == {"p-1": 12}


def test_the_rest_of_an_entry_whose_position_was_closed_opens_another() -> None:
    exchange = hedging(volume_share=Decimal("0.005"), fill_at=FillAt.CLOSE)
    place(exchange, BUY, 10)
    place(exchange, SELL, 5, position_id="p-1")
    between = held(exchange)

    exchange.advance()

    assert (between, held(exchange)) == ({}, {"p-2": 5})
    assert exchange.orders["o-1"].snapshot().position_id == "p-2"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"side": SELL, "position_id": "p-9"}, f"no position p-9 is open in {AAPL}"),
        (
            {"side": SELL, "position_id": "p-1", "symbol": MSFT},
            f"no position p-1 is open in {MSFT}",
        ),
        (
            {"side": BUY, "position_id": "p-1"},
            "BUY order that may only reduce, but the position is 10",
        ),
        (
            {"side": BUY, "reduce_only": True},
            "BUY order that may only reduce, but the position is 10",
        ),
    ],
    ids=["no such position", "another symbol", "the wrong side", "nothing to reduce"],
)
def test_an_order_that_could_reduce_nothing_is_refused(
    fields: dict[str, object], message: str
) -> None:
    exchange = opened(10, exchange=hedging(FLAT, series(*[50.0] * 8, symbol=MSFT)))

    rejection = refused(exchange.execute(request(**fields)))  # type: ignore[arg-type]

    assert (rejection.reason, rejection.message) == ("REDUCE_ONLY_VIOLATED", message)


def test_an_order_whose_position_is_gone_is_cancelled_and_touches_no_other() -> None:
    exchange = opened(10, 10)

    place(exchange, SELL, 10, position_id="p-1")
    order_id = place(exchange, SELL, 10, position_id="p-1")
    exchange.advance()

    assert held(exchange) == {"p-2": 10}
    assert exchange.orders[order_id].reject_reason == "REDUCE_ONLY_VIOLATED"


# Exit legs


def legs(exchange: Exchange) -> list[tuple[str | None, str, int]]:
    return [
        (one.position_id, one.side.lower(), int(one.remaining))
        for one in exchange.working.values()
        if one.parent_order_id is not None
    ]


def test_legs_belong_to_the_position_their_entry_opens() -> None:
    exchange = hedging()
    place(exchange, BUY, 10, stop_loss=90)
    place(exchange, SELL, 4, stop_loss=110)
    exchange.advance()

    assert legs(exchange) == [("p-1", "sell", 10), ("p-2", "buy", 4)]


def test_the_legs_of_a_closed_position_go_and_those_of_others_stay() -> None:
    exchange = hedging()
    place(exchange, BUY, 10, stop_loss=90, take_profit=120)
    place(exchange, BUY, 6, stop_loss=90, take_profit=120)
    exchange.advance()

    place(exchange, SELL, 10, position_id="p-1")
    place(exchange, SELL, 2, position_id="p-2")
    exchange.advance()

    assert legs(exchange) == [("p-2", "sell", 4), ("p-2", "sell", 4)]


def test_a_leg_that_executes_closes_its_own_position() -> None:
    exchange = hedging(series(100.0, 100.0, (100.0, 100.0, 90.0, 95.0)))
    place(exchange, BUY, 3)
    place(exchange, BUY, 10, stop_loss=92)
    exchange.advance()

    lines = said(exchange.advance())

    assert held(exchange) == {"p-1": 3}
    assert "position closed 0" in lines


def test_exits_are_set_for_one_position() -> None:
    exchange = hedging()
    place(exchange, BUY, 10, stop_loss=90)
    place(exchange, BUY, 6)
    place(exchange, SELL, 6)
    exchange.advance()
    exchange.drain()

    result = exchange.set_exits("p-2", ModifyExits(stop_loss=Decimal(95)))
    other = exchange.set_exits("p-3", ModifyExits(take_profit=Decimal(80)))

    assert isinstance(result, ExitsResult)
    assert isinstance(other, ExitsResult)
    assert legs(exchange) == [("p-1", "sell", 10), ("p-2", "sell", 6), ("p-3", "buy", 6)]
    assert [one.stop_price for one in exchange.working.values()] == [90, 95, None]
    assert orders_in(exchange.drain()) == ["o-5 created", "o-6 created"]
    assert exchange.orders["o-5"].parent_order_id == "o-2"
    assert isinstance(exchange.set_exits("p-9", ModifyExits(stop_loss=Decimal(1))), Rejection)


# Margin


def test_long_and_short_positions_both_need_margin() -> None:
    exchange = hedging(cash=Decimal(1500))
    place(exchange, BUY, 10)
    exchange.advance()

    rejection = refused(exchange.execute(request(SELL, 6)))
    accepted(exchange.execute(request(SELL, 5)))
    accepted(exchange.execute(request(SELL, 10, position_id="p-1")))
    exchange.advance()

    assert rejection.reason == "INSUFFICIENT_MARGIN"
    assert exchange.ledger.account().margin_used == 500


@pytest.mark.parametrize("quantities", [(10, -4), (4, -10)], ids=["net long", "net short"])
def test_the_liquidation_price_is_that_at_which_all_positions_of_the_symbol_end(
    quantities: tuple[int, int],
) -> None:
    margin = Margin(maintenance=Decimal("0.25"))
    exchange = opened(
        *quantities,
        exchange=hedging(cash=Decimal(400), leverage=Decimal(4), margin=margin),
    )
    first, second = state_of(exchange).positions

    assert first.liquidation_price == second.liquidation_price
    assert first.liquidation_price is not None  # 80, and 1000 / 9.5
    exchange.ledger.marks[AAPL] = float(first.liquidation_price)
    equity, exposure = exchange.ledger.equity(), exchange.ledger.exposure()
    assert float(equity) == pytest.approx(float(exposure) * 0.25)


def test_a_margin_call_closes_the_largest_position_first() -> None:
    margin = Margin(maintenance=Decimal("0.25"))
    exchange = opened(
        4, -10, exchange=hedging(
            series(100.0, 100.0, 160.0, 160.0), cash=Decimal(800), leverage=Decimal(4),
            margin=margin,
        ),
    )  # fmt: skip
    exchange.advance()  # 800 + 4 x 60 - 10 x 60 = 440, of 0.25 x 14 x 160 = 560
    forced = [(one.position_id, one.quantity) for one in exchange.working.values()]

    exchange.advance()

    assert forced == [("p-2", 10)]
    assert held(exchange) == {"p-1": 4}
