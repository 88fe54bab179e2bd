"""The law: an ack follows the handler and the answers to its orders, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from runner import Candle, Connection, Order, Strategy
from runner.errors import ProtocolError, RiskHalt, StrategyFailed
from runner.protocol.commands import Command, ReadState, Rejection, Reply, SubmitOrder, Unanswered
from runner.protocol.messages import (
    BacktestComplete,
    DataStaleness,
    ErrorNotice,
    Malformed,
    Message,
    OrderUpdate,
    Ping,
    Stretch,
    TradeUpdate,
    Unknown,
)
from runner.session import (
    ACK_LIMIT,
    MAX_REQUESTS_PER_EVENT,
    Ack,
    Arrival,
    Closed,
    Ending,
    Regained,
    Stop,
)
from tests.helpers import MSFT, candle, candles, quote, snapshot, state, trade
from tests.unit.session.helpers import Accepting, Conversation, begun


class Watching(Strategy):
    """Writes down what is called."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def on_start(self) -> None:
        self.calls.append("on_start")

    def on_candle(self, candle: Candle) -> None:
        self.calls.append(candle.close)

    def on_connection(self, connection: Connection) -> None:
        self.calls.append((connection.event, connection.gap_duration_ms))

    def on_order(self, order: Order) -> None:
        self.calls.append(order.status.value)

    def on_stop(self) -> None:
        self.calls.append("on_stop")


class Buying(Watching):
    """Buys on every candle."""

    def on_candle(self, candle: Candle) -> None:
        super().on_candle(candle)
        self.order = self.buy(quantity=1)


# The beginning


def test_the_state_is_read_before_the_strategy_starts() -> None:
    conversation = Conversation(Watching)

    asked = conversation.start()

    assert asked == [ReadState()]
    assert conversation.strategy.calls == ["on_start"]
    assert conversation.session.desk.portfolio.balance == 100_000


def test_orders_of_the_start_are_sent_before_the_first_event() -> None:
    class Early(Strategy):
        def on_start(self) -> None:
            self.buy("S:AAPL", quantity=1)

    asked = Conversation(Early).start()

    assert [type(ask) for ask in asked] == [ReadState, SubmitOrder]


# Acks


def test_an_ack_follows_the_handler() -> None:
    conversation = begun(Watching)

    asked = conversation.arrive(id="evt-7")

    assert asked == [Ack(("evt-7",))]
    assert conversation.strategy.calls[-1] == 100.0


def test_an_ack_waits_for_the_answers_to_the_orders() -> None:
    class Twice(Strategy):
        def on_candle(self, candle: Candle) -> None:
            self.buy(quantity=1)
            self.sell(MSFT, quantity=2)

    asked = begun(Twice).arrive()

    assert [type(ask) for ask in asked] == [SubmitOrder, SubmitOrder, Ack]


def test_an_ack_waits_for_the_orders_that_an_answer_causes() -> None:
    class Persistent(Strategy):
        def on_candle(self, candle: Candle) -> None:
            self.buy(quantity=1)

        def on_order(self, order: Order) -> None:
            if order.is_rejected and order.symbol != MSFT:
                self.buy(MSFT, quantity=1)

    def refusing(command: Command) -> Reply:
        if isinstance(command, ReadState):
            return state()
        return Rejection(422, "ORDER_REJECTED", "no", "MARKET_CLOSED")

    asked = begun(Persistent, refusing).arrive()

    assert [type(ask) for ask in asked] == [SubmitOrder, SubmitOrder, Ack]


def test_a_frame_without_an_id_is_handled_and_not_acknowledged() -> None:
    conversation = begun(Watching)

    assert conversation.arrive(id=None) == []
    assert conversation.strategy.calls[-1] == 100.0


def test_ids_are_acknowledged_together_when_nothing_more_has_arrived() -> None:
    conversation = begun(Watching)

    asked = [conversation.arrive(id=f"evt-{number}", more=number < 4) for number in range(1, 5)]

    assert asked == [[], [], [], [Ack(("evt-1", "evt-2", "evt-3", "evt-4"))]]


def test_a_long_burst_is_acknowledged_in_portions() -> None:
    conversation = begun(Strategy)

    for number in range(ACK_LIMIT * 2 + 1):
        conversation.arrive(id=f"evt-{number}", more=True)

    assert [len(ask.ids) for ask in conversation.asked if isinstance(ask, Ack)] == [ACK_LIMIT] * 2


def test_orders_are_answered_before_the_next_of_a_burst_is_handled() -> None:
    conversation = begun(Buying)

    first = conversation.arrive(id="evt-1", more=True)
    second = conversation.arrive(id="evt-2")

    assert [type(ask) for ask in first] == [SubmitOrder]
    assert [type(ask) for ask in second] == [SubmitOrder, Ack]
    assert conversation.acked == ["evt-1", "evt-2"]


@pytest.mark.parametrize(
    "message",
    [
        quote(),
        OrderUpdate("ORDER_CREATED", snapshot()),
        TradeUpdate(trade()),
        Connection("CONNECTED"),
        ErrorNotice("X", "y"),
        DataStaleness("STALE", ("S:AAPL",)),
        Unknown("novelty", b"{}"),
        Ping(),
    ],
    ids=lambda message: type(message).__name__,
)
def test_every_frame_with_an_id_is_acknowledged_once(message: Message) -> None:
    conversation = begun(Strategy)

    conversation.arrive(message, "evt-1")
    conversation.arrive(candle(), "evt-2")

    assert conversation.acked == ["evt-1", "evt-2"]


def test_unknown_types_are_counted() -> None:
    conversation = begun(Strategy)

    for name in ("novelty", "novelty", "other"):
        conversation.arrive(Unknown(name, b"{}"))

    assert conversation.session.unknown_types == {"novelty": 2, "other": 1}


def test_what_nobody_subscribed_to_is_acknowledged_unseen() -> None:
    conversation = begun(Watching, admits=lambda message: message.symbol == MSFT)

    conversation.arrive(candle(), "evt-1")
    conversation.arrive(candle(5.0, symbol=MSFT), "evt-2")

    assert conversation.acked == ["evt-1", "evt-2"]
    assert conversation.strategy.calls == ["on_start", 5.0]
    assert (conversation.session.not_subscribed, conversation.session.desk.market_events) == (1, 1)


# In process


def test_a_bare_message_is_handled_and_nothing_is_acknowledged() -> None:
    conversation = begun(Buying)

    asked = conversation.send(candle())

    assert [type(ask) for ask in asked] == [SubmitOrder]


def test_a_stretch_is_taken_to_its_end_when_nothing_is_ordered() -> None:
    conversation = begun(Watching)
    stretch = Stretch(iter(candles(1.0, 2.0, 3.0)), one_stream=True)

    assert conversation.send(stretch) == []

    assert conversation.strategy.calls == ["on_start", 1.0, 2.0, 3.0]
    assert stretch.latest == candles(1.0, 2.0, 3.0)[-1]


def test_a_stretch_is_left_where_an_order_was_placed() -> None:
    conversation = begun(Buying)
    made = candles(1.0, 2.0, 3.0)
    stretch = Stretch(iter(made), one_stream=True)

    asked = conversation.send(stretch)

    assert [type(ask) for ask in asked] == [SubmitOrder]
    assert conversation.strategy.calls == ["on_start", 1.0]
    assert (stretch.latest, list(stretch.candles)) == (made[0], made[1:])


def test_an_empty_stretch_is_nothing() -> None:
    conversation = begun(Watching)
    stretch = Stretch(iter(()), one_stream=True)

    assert conversation.send(stretch) == []
    assert (stretch.latest, conversation.strategy.calls) == (None, ["on_start"])


def test_an_interruption_ends_a_stretch_early() -> None:
    class Interrupted(Watching):
        def on_candle(self, candle: Candle) -> None:
            super().on_candle(candle)
            self._desk.interrupt()

    conversation = begun(Interrupted)

    asked = conversation.send(Stretch(iter(candles(1.0, 2.0)), one_stream=True))

    assert (asked, conversation.strategy.calls) == ([], ["on_start", 1.0])


# Endings


def test_completion_is_acknowledged_after_on_stop_and_its_orders() -> None:
    class Leaving(Watching):
        def on_stop(self) -> None:
            super().on_stop()
            self.buy(quantity=1)

    conversation = begun(Leaving)
    conversation.arrive(id="evt-1")

    asked = conversation.arrive(BacktestComplete(), "evt-2")

    assert [type(ask) for ask in asked] == [SubmitOrder, Ack]
    assert conversation.acked == ["evt-1", "evt-2"]
    assert conversation.strategy.calls[-1] == "on_stop"
    assert conversation.ending == Ending("complete", confirmed=True)


def test_completion_acknowledges_what_was_still_open() -> None:
    conversation = begun(Watching)
    conversation.arrive(id="evt-1", more=True)

    asked = conversation.arrive(BacktestComplete(), "evt-2")

    assert asked == [Ack(("evt-1", "evt-2"))]


def test_completion_in_process_is_confirmed() -> None:
    conversation = begun(Watching)

    conversation.send(BacktestComplete())

    assert conversation.ending == Ending("complete", confirmed=True)
    assert conversation.strategy.calls == ["on_start", "on_stop"]


def test_completion_without_an_id_is_not_confirmed() -> None:
    conversation = begun(Watching)

    asked = conversation.arrive(BacktestComplete(), None)

    assert (asked, conversation.ending) == ([], Ending("complete", confirmed=False))


def test_a_normal_close_with_everything_acknowledged_ends_unconfirmed() -> None:
    conversation = begun(Watching)
    conversation.arrive()

    conversation.send(Closed(1000))

    assert conversation.ending == Ending("closed", confirmed=False)
    assert conversation.strategy.calls[-1] == "on_stop"


@pytest.mark.parametrize("code", [1001, 1006, 1009, 1011, 4000])
def test_any_other_close_of_a_backtest_breaks_the_run(code: int) -> None:
    conversation = begun(Watching)

    with pytest.raises(ProtocolError) as caught:
        conversation.send(Closed(code, "because"))

    assert (caught.value.exit_code, caught.value.id) == (7, "E730")
    assert f"{code} because" in caught.value.what


def test_a_normal_close_with_something_not_acknowledged_breaks_the_run() -> None:
    conversation = begun(Watching)
    conversation.arrive(id="evt-1", more=True)

    with pytest.raises(ProtocolError):
        conversation.send(Closed(1000))

    assert conversation.acked == []


@pytest.mark.parametrize(
    "end",
    [Closed(1000), Arrival(BacktestComplete(), None, more=False)],
    ids=["close", "completion without id"],
)
def test_an_unconfirmed_end_breaks_the_run_where_completion_is_required(end: object) -> None:
    conversation = begun(Watching, require_complete=True)

    with pytest.raises(ProtocolError) as caught:
        conversation.send(end)

    assert (caught.value.exit_code, caught.value.id) == (7, "E731")


def test_a_confirmed_end_satisfies_the_requirement() -> None:
    conversation = begun(Watching, require_complete=True)

    conversation.arrive(BacktestComplete(), "evt-1")

    assert conversation.ending == Ending("complete", confirmed=True)


@pytest.mark.parametrize("why", ["interrupted", "terminated", "timeout", "max_events"])
def test_a_stop_lets_the_strategy_stop_and_acknowledges_what_is_done(why: Any) -> None:
    conversation = begun(Watching)
    conversation.arrive(id="evt-1", more=True)

    asked = conversation.send(Stop(why))

    assert asked == [Ack(("evt-1",))]
    assert conversation.strategy.calls[-1] == "on_stop"
    assert conversation.ending == Ending(why, confirmed=False)


# A connection regained


def test_after_a_gap_the_state_is_read_before_the_strategy_hears_of_it() -> None:
    conversation = begun(Buying, backtest=False)
    conversation.arrive(id="evt-1")

    asked = conversation.send(Regained(1500))

    assert asked == [ReadState()]
    assert conversation.strategy.calls[-1] == ("RECONNECTED", 1500)


def test_an_order_that_is_gone_after_a_gap_becomes_unknown_and_is_told() -> None:
    conversation = begun(Buying, backtest=False)
    conversation.arrive(id="evt-1")

    conversation.send(Regained(1500))

    assert conversation.strategy.order.status == "UNKNOWN"
    assert conversation.strategy.calls[-2:] == ["UNKNOWN", ("RECONNECTED", 1500)]


def test_an_order_that_survived_a_gap_stays_as_it_is() -> None:
    class Keeping(Accepting):
        def __call__(self, command: Command) -> Reply:
            if isinstance(command, ReadState) and self.orders:
                return state(orders=[snapshot("o-1", client_order_id="r-1")])
            return super().__call__(command)

    conversation = begun(Buying, Keeping(), backtest=False)
    conversation.arrive(id="evt-1")

    conversation.send(Regained(1500))

    assert conversation.strategy.order.status == "OPEN"


# A burst of which one event fails


def test_A11_what_was_handled_before_the_failing_event_is_acknowledged_and_it_is_not() -> None:
    class Failing(Watching):
        def on_candle(self, candle: Candle) -> None:
            if candle.close == 3:
                raise ValueError("no")

    conversation = begun(Failing)
    for index, one in enumerate(candles(1, 2), start=1):
        conversation.arrive(one, f"evt-{index}", more=True)

    with pytest.raises(StrategyFailed):
        conversation.arrive(candle(3, index=2), "evt-3", more=True)

    assert conversation.acked == ["evt-1", "evt-2"]


def test_F10_a_candle_that_goes_back_in_time_ends_a_backtest_unacknowledged() -> None:
    conversation = begun(Watching)
    conversation.arrive(candle(index=4))

    with pytest.raises(ProtocolError) as caught:
        conversation.arrive(candle(index=3))

    assert (caught.value.exit_code, caught.value.id) == (7, "E711")
    assert "2024-01-04T00:00:00Z, after that of 2024-01-05T00:00:00Z" in caught.value.where
    assert conversation.acked == ["evt-1"]
    assert len(conversation.strategy.calls) == 2  # on_start, and the first candle


def test_F10_each_symbol_and_length_of_candle_has_a_time_of_its_own() -> None:
    conversation = begun(Watching)

    for one in (
        candle(index=4),
        candle(index=3, symbol=MSFT),
        candle(index=2, timeframe="1h"),
        candle(index=4),
    ):
        conversation.arrive(one)

    assert conversation.acked == ["evt-1", "evt-2", "evt-3", "evt-4"]


def test_F10_a_live_run_takes_prices_as_they_come() -> None:
    conversation = begun(Watching, backtest=False)

    conversation.arrive(candle(index=4))
    conversation.arrive(candle(index=3))

    assert conversation.acked == ["evt-1", "evt-2"]


# What cannot be understood, or answered


def test_a_malformed_frame_of_a_backtest_breaks_the_run_and_shows_its_bytes() -> None:
    conversation = begun(Watching)

    with pytest.raises(ProtocolError) as caught:
        conversation.arrive(Malformed("it is no JSON", b"{oops"), "evt-1")

    assert (caught.value.exit_code, caught.value.id) == (7, "E710")
    assert "{oops" in caught.value.where
    assert conversation.acked == []


def test_a_malformed_frame_of_a_live_run_is_counted() -> None:
    conversation = begun(Watching, backtest=False)

    conversation.arrive(Malformed("it is no JSON", b"{oops"), None)

    assert conversation.session.malformed == 1


def silent(command: Command) -> Reply:
    return state() if isinstance(command, ReadState) else Unanswered("timed out after 5 s")


def test_an_unanswered_order_of_a_backtest_breaks_the_run_unacknowledged() -> None:
    conversation = begun(Buying, silent)

    with pytest.raises(ProtocolError) as caught:
        conversation.arrive(id="evt-1")

    assert (caught.value.exit_code, caught.value.id) == (7, "E720")
    assert "timed out after 5 s" in caught.value.what
    assert conversation.acked == []


def test_an_unanswered_order_of_a_live_run_is_unknown_and_told() -> None:
    conversation = begun(Buying, silent, backtest=False)

    conversation.arrive(id="evt-1")

    assert conversation.strategy.order.status == "UNKNOWN"
    assert conversation.strategy.calls[-1] == "UNKNOWN"
    assert conversation.strategy.orders == [conversation.strategy.order]
    assert [one.code for one in conversation.session.notices] == ["REQUEST_UNANSWERED"]
    assert conversation.acked == ["evt-1"]


class Looping(Strategy):
    """Orders again whenever it is refused."""

    def on_candle(self, candle: Candle) -> None:
        self.buy(quantity=-1)

    def on_order(self, order: Order) -> None:
        self.buy(quantity=-1)


def test_S16_a_loop_of_requests_is_halted() -> None:
    conversation = begun(Looping)

    with pytest.raises(RiskHalt) as caught:
        conversation.arrive(id="evt-1")

    assert (caught.value.exit_code, caught.value.id) == (9, "E910")
    assert conversation.acked == []


@pytest.mark.parametrize("extra", [0, 1])
def test_S16_the_limit_is_on_the_requests_of_one_event(extra: int) -> None:
    class Many(Strategy):
        def on_candle(self, candle: Candle) -> None:
            for _ in range(MAX_REQUESTS_PER_EVENT + extra):
                self.buy(quantity=1)

    peer = Accepting()
    conversation = begun(Many, peer)

    if extra:
        with pytest.raises(RiskHalt):
            conversation.arrive()
    else:
        conversation.arrive(id="evt-1")
        conversation.arrive(id="evt-2")
        assert conversation.acked == ["evt-1", "evt-2"]

    assert len(peer.orders) == MAX_REQUESTS_PER_EVENT * (1 if extra else 2)


# The same event twice


def test_F8_an_event_that_comes_again_is_acknowledged_again_and_not_handled() -> None:
    conversation = begun(Buying)
    conversation.arrive(id="evt-1")
    conversation.arrive(id="evt-2")
    conversation.arrive(id="evt-1", more=True)
    asked = conversation.arrive(id="evt-2")

    assert conversation.strategy.calls == ["on_start", 100.0, 100.0]
    assert asked == [Ack(("evt-1", "evt-2"))]


def test_F8_events_without_an_id_are_never_repetitions() -> None:
    conversation = begun(Watching)
    conversation.arrive(id=None)
    conversation.arrive(id=None)

    assert conversation.strategy.calls == ["on_start", 100.0, 100.0]


def test_F9_ids_that_start_anew_after_a_live_connection_was_lost_are_new_events() -> None:
    conversation = begun(Watching, backtest=False)
    conversation.arrive(id="evt-1")
    conversation.send(Regained(5))
    conversation.arrive(id="evt-1")

    assert conversation.strategy.calls == ["on_start", 100.0, ("RECONNECTED", 5), 100.0]
