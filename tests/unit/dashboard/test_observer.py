"""What is seen of a run, also while it changes under the eyes."""

from __future__ import annotations

import threading
from itertools import count

import pytest

from runner import Candle, Strategy, param
from runner.dashboard.curve import MARKS, POINTS
from runner.dashboard.observer import Observer, copied
from runner.dashboard.snapshot import Facts, Snapshot
from runner.engine.choices import PositionMode
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.session import Stop
from runner.transports.local import run_local
from runner.transports.pace import Pace
from runner.transports.stop import StopRequest
from runner.transports.vitals import Vitals
from tests.helpers import AAPL, Row, run_strategy, series, set_up


class Protected(Strategy):
    """Buys at once, with both exits, and once more than it can pay for."""

    length: int = param(3, ge=1, le=10)

    def on_start(self) -> None:
        self.average = self.sma(self.length)
        self.slow = self.sma(50)

    def on_candle(self, candle: Candle) -> None:
        if self.is_flat and not self.orders:
            self.buy(quantity=10, stop_loss=90, take_profit=200, reason="why not")
            self.buy(quantity=10**6, reason="too much")


def seen(rows: list[Row]) -> Snapshot:
    run = run_strategy(Protected, series(*rows), max_events=len(rows) + 7)
    return Observer(Facts("Protected"), run.session).look()


def test_a_position_is_seen_with_its_profit_its_stop_and_its_target() -> None:
    found = seen([100, 100, 110, 120])

    (position,) = found.positions
    assert (position.symbol, position.quantity, position.entry) == (AAPL, 10.0, 100.0)
    assert (position.stop, position.target) == (90.0, 200.0)
    assert position.unrealized == 10 * (found.positions[0].price or 0) - 1000


def test_positions_that_are_hedged_are_seen_each_with_its_own_stop() -> None:
    class Hedged(Strategy):
        def on_candle(self, candle: Candle) -> None:
            if not self.has_positions:
                self.buy(quantity=10, stop_loss=90)
                self.sell(quantity=4, stop_loss=130)

    run = run_strategy(
        Hedged,
        series(100, 100, 110, 110),
        max_events=16,
        position_mode=PositionMode.HEDGING,
    )

    run.desk.catch_up()

    found = Observer(Facts("Hedged"), run.session).look().positions

    assert [(one.quantity, one.stop, one.unrealized) for one in found] == [
        (10.0, 90.0, 100.0),
        (-4.0, 130.0, -40.0),
    ]


def test_working_orders_come_first_and_every_order_has_its_reason() -> None:
    found = seen([100, 100, 110, 120])

    by_id = {one.id: one for one in found.orders}
    assert [one.is_working for one in found.orders] == sorted(
        (one.is_working for one in found.orders), reverse=True
    )
    assert by_id["r-1"].reason == "why not"
    assert by_id["r-2"].status == "REJECTED"
    assert by_id["r-2"].reason.startswith("INSUFFICIENT_MARGIN: ")
    assert {"stop-loss", "take-profit"} <= {one.reason for one in found.orders}
    assert found.rejected_total == 1


def test_an_indicator_has_the_name_of_its_attribute_and_its_warm_up() -> None:
    found = seen([100, 100, 110, 120])

    warm, cold = found.indicators
    assert warm.name == "average sma(3)"
    assert warm.value == pytest.approx(110.0)
    assert (cold.name, cold.value, cold.needed) == ("slow sma(50)", None, 50)
    assert cold.seen == 4


def test_a_long_curve_is_thinned_out_and_says_so() -> None:
    run = run_strategy(Protected, series(*[100.0] * 5000))

    found = Observer(Facts("Protected"), run.session).look()

    assert len(found.curve.equities) == len(found.curve.times) <= POINTS + 1
    assert len(found.curve.marks) <= MARKS
    assert not found.curve.is_exact
    assert found.curve.times[-1] == run.desk.portfolio.times[-1]
    assert list(found.curve.times) == sorted(found.curve.times)


def test_rate_and_time_left_follow_the_clock() -> None:
    session = set_up(Protected)
    ticks = iter([0.0, 1.0])
    observer = Observer(Facts("Protected", total=200), session, clock=lambda: next(ticks))
    run_local(session, Exchange(Feed([series(*[100.0] * 100)])))

    found = observer.look()

    assert (found.done, found.rate, found.eta_s) == (100, 100.0, 1.0)
    assert found.state == "running"


def test_the_state_is_that_of_pace_and_stop() -> None:
    session, stop = set_up(Protected), StopRequest()
    pace = Pace(stop)
    observer = Observer(Facts("Protected"), session, stop=stop, pace=pace)

    assert observer.look().state == "starting"
    pace.pause()
    assert observer.look().state == "paused"
    stop.ask(Stop("interrupted"))
    assert observer.look().state == "stopping"


def test_silence_is_stale_only_where_a_peer_owes_something() -> None:
    session, vitals = set_up(Protected), Vitals("connecting")
    run_local(session, Exchange(Feed([series(100, 100)])))
    vitals.connected(is_again=False)
    vitals.arrived_at = 10.0
    facts = Facts("Protected", runtime="engine", stale_after_s=5.0)

    found = Observer(facts, session, vitals=vitals, clock=lambda: 20.0).look()

    assert (found.link.age_s, found.alarm) == (10.0, "stale")
    vitals.failed("the connection ended")
    lost = Observer(facts, session, vitals=vitals, clock=lambda: 20.0).look()
    assert (lost.link.state, lost.alarm) == ("reconnecting", "disconnected")


def test_what_changes_while_it_is_copied_is_copied_again() -> None:
    attempts = count(1)

    def take() -> int:
        attempt = next(attempts)
        if attempt < 3:
            raise RuntimeError("dictionary changed size during iteration")
        return attempt

    def never() -> int:
        raise RuntimeError("dictionary changed size during iteration")

    assert copied(take) == 3
    with pytest.raises(RuntimeError):
        copied(never)


class Busy(Strategy):
    """Orders on every candle, so that everything that can be seen keeps changing."""

    def on_start(self) -> None:
        self.average = self.sma(3)

    def on_candle(self, candle: Candle) -> None:
        if self.is_flat:
            self.buy(quantity=10, stop_loss=1, take_profit=1000)
        else:
            self.cancel()
            self.close()


def test_looking_at_a_run_at_full_speed_neither_fails_nor_changes_it() -> None:
    rows: list[Row] = [100.0 + step % 7 for step in range(3000)]
    expected = run_strategy(Busy, series(*rows)).desk.portfolio.equities
    session = set_up(Busy)
    observer = Observer(Facts("Busy"), session)
    over, looks, problems = threading.Event(), [0], []

    def watch() -> None:
        while not over.is_set():
            try:
                found = observer.look()
                assert len(found.curve.times) == len(found.curve.equities)
                looks[0] += 1
            except RuntimeError:
                continue  # a dropped frame
            except Exception as error:
                problems.append(error)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run_local(session, Exchange(Feed([series(*rows)])))
    finally:
        over.set()
        watcher.join()

    assert problems == []
    assert looks[0] > 0
    assert session.desk.portfolio.equities == expected
