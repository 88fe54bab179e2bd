"""What a look at a run sees, in the middle of it and at its end."""

from __future__ import annotations

import threading
from collections import Counter
from decimal import Decimal

import pytest

from runner import Candle, Strategy
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.terms import Terms
from runner.metrics.reading import Reader, Reading, copied
from runner.protocol.messages import Malformed
from runner.safety import Limits
from runner.transports.local import run_local
from runner.transports.vitals import Vitals
from tests.helpers import AAPL, Row, run_strategy, series, set_up


class Trader(Strategy):
    """Buys at the first candle, asks for more than it can pay, and keeps an order working."""

    reader: Reader | None = None

    def on_start(self) -> None:
        self.looks: list[Reading] = []

    def on_candle(self, candle: Candle) -> None:
        if self.is_flat and not self.orders:
            self.buy(quantity=10)
            self.buy(quantity=10**6)
            self.buy(quantity=1, limit=1)
        if self.reader is not None:
            self.looks.append(self.reader.read())


def looks(*rows: Row, limits: Limits | None = None) -> list[Reading]:
    """Return a look from within the handler of each candle, and one at the end."""
    session = set_up(Trader, limits=limits)
    session.strategy.reader = reader = Reader(session, Vitals())  # type: ignore[attr-defined]
    run_local(session, Exchange(Feed([series(*rows)]), Terms()))
    return [*session.strategy.looks, reader.read()]  # type: ignore[attr-defined]


def test_a_look_counts_candles_orders_and_executions() -> None:
    found = looks(100, 100, 110)

    assert [one.candles for one in found] == [1, 2, 3, 3]
    assert [one.placed for one in found] == [3, 3, 3, 3]
    assert [one.working for one in found] == [3, 1, 1, 0]
    assert [one.executions for one in found] == [0, 1, 1, 1]
    assert found[0].ended == {}
    assert found[2].ended == {"REJECTED": 1, "FILLED": 1}
    assert found[3].ended == {"REJECTED": 1, "FILLED": 1, "CANCELLED": 1}


def test_orders_are_counted_once_however_often_one_looks() -> None:
    run = run_strategy(Trader, series(*[100.0] * 20))
    reader = Reader(run.session, Vitals())

    first, second = reader.read(), reader.read()

    by_status = Counter(one.status.value for one in run.desk.tickets.values())
    assert first.ended == second.ended == by_status
    assert second.placed == len(run.desk.tickets)


def test_equity_and_drawdown_are_those_of_the_curve() -> None:
    *_, last = looks(100, 100, 200, 300, 150)

    assert (last.balance, last.equity, last.peak) == (99_000 + 1000, 100_500, 102_000)
    assert last.drawdown == pytest.approx(1500 / 102_000)
    assert last.positions == {AAPL: 10.0}


def test_a_long_curve_is_climbed_in_pieces_and_its_peak_is_found() -> None:
    run = run_strategy(Trader, series(*[100.0] * 70_000, 300.0, 100.0, 100.0))

    found = Reader(run.session, Vitals()).read()

    assert found.peak == max(run.desk.portfolio.equities) == 102_000


def test_what_a_limit_held_back_is_counted_by_the_limit_with_the_state() -> None:
    found = looks(100, 100, 100, limits=Limits(max_order_quantity=Decimal(5)))

    assert found[-1].denied == {"max_order_quantity": 2}
    assert found[-1].state == "ACTIVE"


def test_a_halt_is_seen() -> None:
    found = looks(100, 100, 50, 50, limits=Limits(max_drawdown=Decimal("0.001")))

    assert [one.state for one in found][-1] == "HALTED"


def test_a_counter_does_not_go_back_after_a_torn_look() -> None:
    session = set_up(Trader)
    reader = Reader(session, Vitals())
    session.desk._market_events = 5
    before = reader.read()

    session.desk._market_events = 3

    assert before.candles == reader.read().candles == 5


def test_frames_that_could_not_be_read_are_counted() -> None:
    session = set_up(Trader, backtest=False)
    session.malformed += isinstance(Malformed("no JSON", b"x"), Malformed)

    assert Reader(session, Vitals()).read().unreadable == 1


def test_the_last_event_is_told_over_a_wire_only() -> None:
    session, vitals = set_up(Trader), Vitals("connected")
    vitals.arrived_at = 0.0

    assert Reader(session, Vitals()).read().last_event_s is None
    assert Reader(session, vitals).read().last_event_s is not None


def test_looking_while_the_run_goes_on_neither_fails_nor_changes_it() -> None:
    rows = [100.0 + index % 7 for index in range(30_000)]
    plain = run_strategy(Trader, series(*rows))
    session = set_up(Trader)
    reader, over = Reader(session, Vitals()), threading.Event()
    seen: list[int] = []

    def look() -> None:
        while not over.is_set():
            seen.append(reader.read().candles)

    thread = threading.Thread(target=look)
    thread.start()
    run_local(session, Exchange(Feed([series(*rows)]), Terms()))
    over.set()
    thread.join()

    assert seen == sorted(seen)
    assert list(session.desk.portfolio.equities) == list(plain.desk.portfolio.equities)


def test_a_copy_is_tried_again_while_what_it_copies_changes() -> None:
    tries = iter([RuntimeError, RuntimeError, None])

    def take() -> str:
        fault = next(tries)
        if fault is not None:
            raise fault
        return "taken"

    assert copied(take) == "taken"
