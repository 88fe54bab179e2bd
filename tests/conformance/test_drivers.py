"""The contract between a strategy and its runtime, whichever driver carries it.

Each test runs once in process and once against a real server over real sockets. What is expected
stands written out: the two agreeing on something wrong would not pass.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from runner import Candle, ErrorNotice, Order, Position, Trade
from runner.errors import StrategyFailed
from runner.protocol.messages import Account
from tests.conformance.play import Diary, Play, play_over
from tests.helpers import AAPL, MSFT, series


@pytest.fixture(params=["local", "websocket"])
def play(request: pytest.FixtureRequest) -> Play:
    return play_over(request.param)


class Talkative(Diary):
    """Notes every handler; subclasses decide what to order."""

    def on_start(self) -> None:
        self.note("start", self.account.balance if self.account else None)

    def on_candle(self, candle: Candle) -> None:
        self.note("candle", candle.symbol, candle.close)
        self.decide(candle)

    def decide(self, candle: Candle) -> None:
        """Order something."""

    def on_order(self, order: Order) -> None:
        self.note("order", order.client_order_id, order.status, order.filled_quantity)

    def on_trade(self, trade: Trade) -> None:
        self.note("trade", trade.side, trade.quantity, trade.price)

    def on_position(self, position: Position) -> None:
        self.note("position", position.signed_quantity, position.average_entry_price)

    def on_account(self, account: Account) -> None:
        self.note("account", account.balance)

    def on_error(self, error: ErrorNotice) -> None:
        self.note("error", error.code)

    def on_stop(self) -> None:
        self.note("stop", len(self.orders))


def test_every_candle_is_handled_once_in_order_between_start_and_stop(play: Play) -> None:
    played = play(Talkative, series(10, 11, 12))

    assert played.diary == [
        "start 100000",
        "candle S:AAPL 10.0",
        "candle S:AAPL 11.0",
        "candle S:AAPL 12.0",
        "stop 0",
    ]
    assert played.ending.why == "complete"
    assert played.ending.confirmed


def test_an_order_fills_at_the_next_open_and_is_told_before_the_next_candle(play: Play) -> None:
    class Buys(Talkative):
        def decide(self, candle: Candle) -> None:
            if candle.close == 10:
                ticket = self.buy(quantity=2)
                self.note("ticket", ticket.status, ticket.id)

    played = play(Buys, series(10, (11, 13, 11, 12)))

    assert played.diary == [
        "start 100000",
        "candle S:AAPL 10.0",
        "ticket PENDING None",
        "order r-1 OPEN 0",
        "order r-1 FILLED 2",
        "trade BUY 2 11",
        "position 2 11",
        "account 100000",
        "candle S:AAPL 12.0",
        "stop 0",
    ]


def test_several_symbols_of_one_step_are_told_in_the_order_of_the_feed(play: Play) -> None:
    class BuysBoth(Talkative):
        def decide(self, candle: Candle) -> None:
            if self.is_flat and not self.working_orders():
                self.buy(quantity=1)

    played = play(BuysBoth, series(10, 11, symbol=MSFT), series(20, 21, symbol=AAPL))

    assert played.diary == [
        "start 100000",
        "candle S:MSFT 10.0",
        "candle S:AAPL 20.0",
        "order r-1 OPEN 0",
        "order r-2 OPEN 0",
        "order r-1 FILLED 1",
        "trade BUY 1 11",
        "position 1 11",
        "account 100000",
        "order r-2 FILLED 1",
        "trade BUY 1 21",
        "position 1 21",
        "account 100000",
        "candle S:MSFT 11.0",
        "candle S:AAPL 21.0",
        "stop 0",
    ]


def test_a_rejection_is_told_as_data_with_its_reason(play: Play) -> None:
    class BuysTooMuch(Talkative):
        def decide(self, candle: Candle) -> None:
            if candle.close == 10:
                self.ticket = self.buy(quantity=1_000_000)

    played = play(BuysTooMuch, series(10, 11))

    ticket: Order = played.strategy.ticket
    assert "order r-1 REJECTED 0" in played.diary
    assert ticket.reject_reason == "INSUFFICIENT_MARGIN"
    assert "needs more margin" in str(ticket.reject_message)
    assert [ticket] == played.session.rejections


def test_an_order_that_never_leaves_is_told_like_any_rejection(play: Play) -> None:
    class BuysNothing(Talkative):
        def decide(self, candle: Candle) -> None:
            self.buy(quantity=0)

    played = play(BuysNothing, series(10))

    assert played.diary[2] == "order r-1 REJECTED 0"


def test_cancel_and_modify_reach_the_peer_and_come_back_once(play: Play) -> None:
    class Changes(Talkative):
        def decide(self, candle: Candle) -> None:
            if candle.close == 10:
                self.ticket = self.buy(quantity=1, limit=5)
            elif candle.close == 11:
                self.modify(self.ticket, limit=6, quantity=3)
            elif candle.close == 12:
                self.note("limit", self.ticket.limit_price, self.ticket.quantity)
                self.cancel()

    played = play(Changes, series(10, 11, 12, 13))

    assert played.diary == [
        "start 100000",
        "candle S:AAPL 10.0",
        "order r-1 OPEN 0",
        "candle S:AAPL 11.0",
        "order r-1 OPEN 0",
        "candle S:AAPL 12.0",
        "limit 6 3",
        "order r-1 CANCELLED 0",
        "candle S:AAPL 13.0",
        "stop 0",
    ]


def test_what_the_peer_refuses_to_modify_reaches_on_error(play: Play) -> None:
    class Meddles(Talkative):
        def decide(self, candle: Candle) -> None:
            if candle.close == 10:
                self.ticket = self.buy(quantity=1, limit=5)
                self.modify(self.ticket, stop=7)

    played = play(Meddles, series(10))

    assert "error INVALID_VALUE" in played.diary


def test_an_attached_stop_loss_protects_what_was_filled(play: Play) -> None:
    class Protected(Talkative):
        def decide(self, candle: Candle) -> None:
            if candle.close == 10:
                self.buy(quantity=4, stop_loss=8, take_profit=20)

    played = play(Protected, series(10, (10, 11, 9, 10.5), (9, 9, 7, 8)))

    fills = [line for line in played.diary if line.startswith(("trade", "order r-1-"))]
    assert fills == [
        "trade BUY 4 10",
        "order r-1-sl OPEN 0",
        "order r-1-tp OPEN 0",
        "order r-1-sl FILLED 4",
        "trade SELL 4 8",
        "order r-1-tp CANCELLED 0",
    ]
    assert played.strategy._desk.tickets["r-1-sl"].parent_order_id == "o-1"


def test_an_order_that_fills_in_parts_is_told_part_by_part_with_its_legs(play: Play) -> None:
    class BuysMuch(Talkative):
        def decide(self, candle: Candle) -> None:
            if candle.close == 10:
                self.buy(quantity=6, stop_loss=8)

    played = play(BuysMuch, series(10, 11, 14, 15), exchange={"volume_share": Decimal("0.004")})

    assert played.diary == [
        "start 100000",
        "candle S:AAPL 10.0",
        "order r-1 OPEN 0",
        "order r-1 PARTIALLY_FILLED 4",
        "trade BUY 4 11",
        "position 4 11",
        "account 100000",
        "order r-1-sl OPEN 0",
        "candle S:AAPL 11.0",
        "order r-1 FILLED 6",
        "trade BUY 2 14",
        "position 6 12",
        "account 100000",
        "order r-1-sl-1 OPEN 0",
        "candle S:AAPL 14.0",
        "candle S:AAPL 15.0",
        "order r-1-sl CANCELLED 0",
        "order r-1-sl-1 CANCELLED 0",
        "stop 0",
    ]
    fills = played.session.desk.portfolio.fills
    assert [str(one.trade.price) for one in fills] == ["11", "14"]


def test_the_profit_of_each_part_is_that_of_its_own_price(play: Play) -> None:
    class SellsInParts(Talkative):
        def decide(self, candle: Candle) -> None:
            if candle.close == 10:
                self.buy(quantity=3)
            elif candle.close == 11:
                self.close()

    played = play(
        SellsInParts,
        series(10, 11, 11.5, 13, 17, 19),
        exchange={"volume_share": Decimal("0.003")},
    )
    slow = play(
        SellsInParts,
        series(10, 10.5, 10.7, 11, 13, 17, 19),
        exchange={"volume_share": Decimal("0.001")},
    )

    assert [one.realized_pnl for one in played.session.desk.portfolio.fills] == [
        None,
        Decimal("1.5"),
    ]
    # Bought at 10.5, 10.7 and 11: 32.2 for 3, so a unit costs 10.7333...; sold at 13, 17 and 19.
    profits = [one.realized_pnl for one in slow.session.desk.portfolio.fills]
    assert profits[:3] == [None, None, None]
    assert [round(one, 6) for one in profits[3:] if one is not None] == [
        Decimal("2.266667"),
        Decimal("6.266667"),
        Decimal("8.266667"),
    ]


def test_a_trailing_stop_follows_and_its_distance_can_be_changed(play: Play) -> None:
    class Trails(Talkative):
        def decide(self, candle: Candle) -> None:
            if candle.close == 10:
                self.buy(quantity=1)
            elif candle.close == 11:
                self.ticket = self.sell(quantity=1, trail_percent=50, reduce_only=True)
            elif candle.close == 20:
                self.modify(self.ticket, trail=10)
            elif candle.close == 19:
                self.note("stop at", self.ticket.stop_price, self.ticket.trailing_distance)

    played = play(Trails, series(10, 11, 20, 19, (19, 19, 16, 17)))

    assert "stop at 18 10" in played.diary, "20 less 10 %"
    assert played.diary[-5:-1] == [
        "trade SELL 1 18",
        "position 0 0",
        "account 100007",
        "candle S:AAPL 17.0",
    ]


def test_orders_that_take_or_leave_cancel_each_other_and_never_wait(play: Play) -> None:
    class Conditions(Talkative):
        def decide(self, candle: Candle) -> None:
            if candle.close == 10:
                self.buy(quantity=1, limit=9, time_in_force="FOK")
                self.buy(quantity=1, limit=11, post_only=True)
                self.buy(quantity=1, stop=12, oco_group="break")
                self.sell(quantity=1, stop=8, oco_group="break")

    played = play(Conditions, series(10, 10.5, (10.5, 12, 10.5, 11)))

    assert [one for one in played.diary if "CANCELLED" in one or "trade" in one] == [
        "order r-2 CANCELLED 0",
        "order r-1 CANCELLED 0",
        "trade BUY 1 12",
        "order r-4 CANCELLED 0",
    ]
    tickets = played.session.desk.tickets
    assert tickets["r-2"].reject_reason == "POST_ONLY_VIOLATED"


def test_orders_that_still_work_at_the_end_are_cancelled_before_on_stop(play: Play) -> None:
    class Waits(Talkative):
        def decide(self, candle: Candle) -> None:
            self.buy(quantity=1, limit=1)

    played = play(Waits, series(10))

    assert played.diary[-2:] == ["order r-1 CANCELLED 0", "stop 0"]


def test_state_inside_a_handler_is_that_of_its_event(play: Play) -> None:
    class Looks(Talkative):
        def decide(self, candle: Candle) -> None:
            self.note(
                self.now.date(), self.price(), self.equity, self.position().quantity, self.is_long
            )
            if self.is_flat:
                self.buy(quantity=10)

    played = play(Looks, series(10, (10, 12, 10, 12)))

    looks = [line for line in played.diary if line.startswith("2024")]
    assert looks == ["2024-01-02 10.0 100000.0 0 False", "2024-01-03 12.0 100020.0 10 True"]


def test_indicators_are_ready_before_the_handler_and_silent_until_warm(play: Play) -> None:
    class Averages(Talkative):
        def on_start(self) -> None:
            self.average = self.sma(2)

        def decide(self, candle: Candle) -> None:
            self.note(bool(self.average), self.average > 0, f"{self.average:g}")

    played = play(Averages, series(10, 12, 16))

    assert [line for line in played.diary if line[0] in "FT"] == [
        "False False nan",
        "True True 11",
        "True True 14",
    ]


def test_a_handler_that_raises_ends_the_run_with_its_name(play: Play) -> None:
    class Raises(Talkative):
        def decide(self, candle: Candle) -> None:
            if candle.close == 11:
                raise ValueError("no")

    with pytest.raises(StrategyFailed, match="on_candle raised ValueError: no") as caught:
        play(Raises, series(10, 11, 12))

    assert isinstance(caught.value.__cause__, ValueError)


def test_skipping_goes_on_after_the_event_and_drops_what_it_had_ordered(play: Play) -> None:
    class Raises(Talkative):
        def decide(self, candle: Candle) -> None:
            if candle.close == 11:
                self.buy(quantity=1)
                raise ValueError("no")

    played = play(Raises, series(10, 11, 12), on_exception="skip")

    assert [line for line in played.diary if line.startswith(("candle", "trade"))] == [
        "candle S:AAPL 10.0",
        "candle S:AAPL 11.0",
        "candle S:AAPL 12.0",
    ]
    assert len(played.session.failures) == 1


def test_what_is_not_subscribed_is_not_handled(play: Play) -> None:
    def admits(message: Any) -> bool:
        return getattr(message, "symbol", AAPL) == AAPL

    played = play(Talkative, series(10, symbol=AAPL), series(20, symbol=MSFT), admits=admits)

    assert [line for line in played.diary if line.startswith("candle")] == ["candle S:AAPL 10.0"]
    assert played.session.not_subscribed == 1


def test_orders_of_on_start_and_on_stop_are_executed(play: Play) -> None:
    class Early(Talkative):
        def on_start(self) -> None:
            self.buy(AAPL, quantity=1)

        def on_stop(self) -> None:
            self.late = self.sell(AAPL, quantity=1)

    played = play(Early, series((10, 10, 10, 10)))

    assert "trade BUY 1 10" in played.diary
    assert played.strategy.late.reject_reason == "MARKET_CLOSED"
    assert played.session.desk.portfolio.quantity(AAPL) == Decimal(1)
