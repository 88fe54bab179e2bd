"""Exit legs of a position: moved, placed where they lack, and bound to the right siblings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.terms import Terms
from runner.protocol.commands import (
    CancelOrder,
    ExitsResult,
    ModifyExits,
    Rejection,
    SubmitOrder,
)
from runner.protocol.enums import OrderStatus, OrderType, Side
from tests.helpers import AAPL, series


def exchange(*closes: float) -> Exchange:
    return Exchange(Feed((series(*closes),)))


def enter(venue: Exchange, quantity: str, *, side: Side = Side.BUY, **options: Any) -> None:
    """Have an entry fill at the open of the next candle."""
    venue.execute(SubmitOrder(AAPL, side, Decimal(quantity), OrderType.MARKET, **options))
    venue.advance()


def exits(venue: Exchange, **prices: str) -> ExitsResult:
    changes = {name: Decimal(price) for name, price in prices.items()}
    result = venue.set_exits("p-1", ModifyExits(**changes))
    assert isinstance(result, ExitsResult)
    return result


def working(venue: Exchange) -> list[tuple[str, str, str, str | None]]:
    """Return type, quantity, price and entry of every working order."""
    return [
        (
            one.order_type.value,
            str(one.quantity),
            str(one.stop_price or one.limit_price),
            one.parent_order_id,
        )
        for one in venue.working.values()
    ]


def test_a_position_without_legs_gets_both_of_them_for_all_of_it() -> None:
    venue = exchange(100, 100, 100)
    venue.advance()
    enter(venue, "10", client_order_id="entry")

    result = exits(venue, stop_loss="90", take_profit="120")

    assert working(venue) == [("STOP", "10", "90", "o-1"), ("LIMIT", "10", "120", "o-1")]
    assert [one.client_order_id for one in venue.working.values()] == ["entry-sl", "entry-tp"]
    assert result.stop_loss is not None
    assert result.stop_loss.order_ids == ("o-2",)
    assert result.stop_loss.trigger_price == 90


def test_a_short_position_is_protected_by_buying() -> None:
    venue = exchange(100, 100, 100)
    venue.advance()
    enter(venue, "10", side=Side.SELL)

    exits(venue, stop_loss="110")

    assert [one.side for one in venue.working.values()] == [Side.BUY]


def test_legs_that_work_are_moved_and_keep_their_ids() -> None:
    venue = exchange(100, 100, 100)
    venue.advance()
    enter(venue, "10", stop_loss=Decimal(80), take_profit=Decimal(150))
    venue.drain()

    result = exits(venue, take_profit="140")

    assert working(venue) == [("STOP", "10", "80", "o-1"), ("LIMIT", "10", "140", "o-1")]
    assert (result.stop_loss, result.take_profit and result.take_profit.order_ids) == (
        None,
        ("o-3",),
    )
    assert [getattr(one, "event", "") for one in venue.drain()] == ["ORDER_MODIFIED"]


def test_a_second_entry_without_legs_is_protected_as_well() -> None:
    venue = exchange(100, 100, 100, 100)
    venue.advance()
    enter(venue, "10", stop_loss=Decimal(80))
    enter(venue, "5")

    exits(venue, stop_loss="85")

    assert working(venue) == [("STOP", "10", "85", "o-1"), ("STOP", "5", "85", "o-3")]


def test_a_new_leg_stands_beside_the_other_leg_of_each_entry() -> None:
    venue = exchange(100, 100, 100, 100)
    venue.advance()
    enter(venue, "10", take_profit=Decimal(150))
    enter(venue, "5", take_profit=Decimal(160))

    exits(venue, stop_loss="85")

    assert working(venue)[2:] == [("STOP", "5", "85", "o-3"), ("STOP", "10", "85", "o-1")]


def test_an_entry_on_the_way_gets_no_leg_before_it_has_filled() -> None:
    venue = exchange(100, 100, 100, 100)
    venue.advance()
    enter(venue, "10")
    venue.execute(SubmitOrder(AAPL, Side.BUY, Decimal(5), OrderType.LIMIT, limit_price=Decimal(50)))

    exits(venue, stop_loss="85")

    assert working(venue)[-1] == ("STOP", "10", "85", "o-1")


@pytest.mark.parametrize(
    ("last", "left"), [(80.0, ("STOP", "LIMIT")), (130.0, ("LIMIT", "STOP"))], ids=["stop", "limit"]
)
def test_a_leg_that_fills_takes_its_sibling_away(last: float, left: tuple[str, str]) -> None:
    venue = exchange(100, 100, last, last)
    venue.advance()
    enter(venue, "10")
    exits(venue, stop_loss="90", take_profit="120")

    venue.advance()

    by_status = {one.status: one.order_type.value for one in list(venue.orders.values())[1:]}
    assert (by_status[OrderStatus.FILLED], by_status[OrderStatus.CANCELLED]) == left
    assert (venue.working, venue.ledger.holdings) == ({}, {})


def test_a_leg_after_a_cancelled_one_has_a_name_of_its_own() -> None:
    venue = exchange(100, 100, 100)
    venue.advance()
    enter(venue, "10", client_order_id="entry", stop_loss=Decimal(80))
    (leg,) = venue.working.values()
    venue.execute(CancelOrder(leg.id))

    exits(venue, stop_loss="90")

    assert [one.client_order_id for one in venue.working.values()] == ["entry-sl-1"]


def test_an_unknown_position_and_one_whose_data_is_over_are_refused() -> None:
    venue = exchange(100, 100)
    venue.advance()
    enter(venue, "10")
    unknown = venue.set_exits("p-9", ModifyExits(stop_loss=Decimal(90)))
    venue.advance()
    late = venue.set_exits("p-1", ModifyExits(stop_loss=Decimal(90)))

    assert isinstance(unknown, Rejection)
    assert isinstance(late, Rejection)
    assert (unknown.status, unknown.code) == (404, "POSITION_NOT_FOUND")
    assert (late.status, late.code) == (422, "ORDER_REJECTED")


def test_each_part_of_an_entry_gets_a_leg_beside_the_one_it_has() -> None:
    # Six of the thousand units of a candle: the entry executes as six and four.
    venue = Exchange(Feed((series(100, 100, 100, 100, 80),)), Terms(volume_share=Decimal("0.006")))
    venue.advance()
    enter(venue, "10", take_profit=Decimal(150))
    venue.advance()

    exits(venue, stop_loss="85")

    assert working(venue) == [
        ("LIMIT", "6", "150", "o-1"),
        ("LIMIT", "4", "150", "o-1"),
        ("STOP", "4", "85", "o-1"),
        ("STOP", "6", "85", "o-1"),
    ]
    assert [one.sibling and one.sibling.id for one in venue.working.values()] == [
        "o-5",
        "o-4",
        "o-3",
        "o-2",
    ]


@given(
    entries=st.lists(
        st.tuples(
            st.integers(1, 9), st.none() | st.integers(40, 90), st.none() | st.integers(110, 160)
        ),
        min_size=1,
        max_size=4,
    ),
    changes=st.lists(
        st.tuples(st.sampled_from(["stop_loss", "take_profit"]), st.integers(1, 200)), max_size=4
    ),
    share=st.sampled_from([None, Decimal("0.002"), Decimal("0.005")]),
)
def test_exits_cover_the_position_and_never_more(
    entries: list[tuple[int, int | None, int | None]],
    changes: list[tuple[str, int]],
    share: Decimal | None,
) -> None:
    venue = Exchange(Feed((series(*[100] * 40),)), Terms(volume_share=share))
    venue.advance()
    for quantity, stop, profit in entries:
        enter(
            venue,
            str(quantity),
            stop_loss=None if stop is None else Decimal(stop),
            take_profit=None if profit is None else Decimal(profit),
        )

    for name, price in changes:
        result = exits(venue, **{name: str(price)})
        named = result.stop_loss if name == "stop_loss" else result.take_profit
        assert named is not None
        legs = [venue.working[one] for one in named.order_ids]
        assert sum(one.remaining for one in legs) == venue.ledger.quantity(AAPL)
        assert {one.stop_price or one.limit_price for one in legs} == {Decimal(price)}
