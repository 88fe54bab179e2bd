"""Holding a run back: time only ever waits, and every wait ends when the run is to end."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from runner import Candle, Strategy
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.session import Stop
from runner.transports.local import run_local
from runner.transports.pace import Pace
from runner.transports.speed import Speed
from runner.transports.stop import StopRequest
from tests.helpers import AAPL, DAY_MS, MSFT, candles, run_strategy, series, set_up

WAIT_S = 10.0


class Time:
    """A clock that moves only when somebody sleeps, and tells when that was."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at_sleep: list[Callable[[], None]] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        if self.at_sleep:
            self.at_sleep.pop(0)()


def pace_of(time: Time, speed: Speed | None = None, **options: object) -> Pace:
    return Pace(
        StopRequest(), speed, clock=time.clock, sleep=time.sleep, **options  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("speed", "expected"),
    [
        (Speed(per_second=4), [0.0, 0.25, 0.5, 0.75]),
        (Speed(multiple=86_400 * 2), [0.0, 0.5, 1.0, 1.5]),
        (Speed(), [0.0, 0.0, 0.0, 0.0]),
    ],
    ids=str,
)
def test_candles_come_at_their_speed_and_the_first_at_once(
    speed: Speed, expected: list[float]
) -> None:
    time = Time()
    pace = pace_of(time, speed)

    came = [time.now for _ in pace.through(candles(1, 2, 3, 4))]

    assert expected == pytest.approx(came)


def test_candles_of_one_moment_come_together() -> None:
    time = Time()
    pace = pace_of(time, Speed(per_second=1))
    both = sorted(candles(1, 2) + candles(1, 2, symbol=MSFT), key=lambda one: one.time)

    came = [(one.symbol, time.now) for one in pace.through(both) if isinstance(one, Candle)]

    assert [(symbol, round(moment, 6)) for symbol, moment in came] == [
        (AAPL, 0.0),
        (MSFT, 0.0),
        (AAPL, 1.0),
        (MSFT, 1.0),
    ]


def test_a_slow_handler_is_not_made_up_for_in_a_burst() -> None:
    time = Time()
    came = []

    for one in pace_of(time, Speed(per_second=10)).through(candles(1, 2, 3, 4)):
        came.append(round(time.now, 6))
        if len(came) == 2:
            time.now += 5
        assert one is not None

    assert came == [0.0, 0.1, 5.1, 5.2]


def test_a_speed_changed_during_a_wait_takes_effect_at_once() -> None:
    time = Time()
    pace = pace_of(time, Speed(per_second=0.001))
    time.at_sleep = [lambda: pace.set_speed(Speed(per_second=10))]

    list(pace.through(candles(1, 2)))

    assert time.now == pytest.approx(0.1, abs=0.03)


def test_a_pause_holds_until_it_is_over_and_tells_for_how_long() -> None:
    time, held = Time(), []
    pace = pace_of(time)
    pace.pause()
    time.at_sleep = [lambda: held.append(pace.held_s()), lambda: None, pace.resume]

    list(pace.through(candles(1, 2)))

    assert held == [pytest.approx(0.02)]
    assert time.now == pytest.approx(0.06)
    assert pace.held_s() is None


def test_a_step_lets_one_moment_pass() -> None:
    time = Time()
    pace = pace_of(time)
    pace.step()
    assert pace.is_paused, "the first step pauses"
    pace.step()
    through = pace.through(candles(1, 2, 3))
    time.at_sleep = [lambda: None, pace.step, pace.resume]

    came = [time.now for _ in through]

    assert pytest.approx(came) == [0.0, 0.04, 0.06]


def test_a_pause_ends_before_the_window_of_the_peer_does() -> None:
    time = Time()
    pace = pace_of(time, window_s=5.0)
    pace.pause()

    pace.turn(1)

    assert 4.0 <= time.now < 5.0
    assert pace.is_paused, "the next event is held again"


@pytest.mark.parametrize("speed", [Speed(per_second=0.001), Speed()], ids=str)
def test_every_wait_ends_when_the_run_is_to_end(speed: Speed) -> None:
    time, stop = Time(), StopRequest()
    pace = Pace(stop, speed, clock=time.clock, sleep=time.sleep)
    if speed.is_max:
        pace.pause()
    time.at_sleep = [lambda: stop.ask(Stop("interrupted"))]

    list(pace.through(candles(1, 2)))

    assert time.now < 0.1


def test_before_it_waits_what_is_shown_is_tidied_up() -> None:
    time, tidied = Time(), []
    pace = pace_of(time, Speed(per_second=1), between=lambda: tidied.append(time.now))

    list(pace.through(candles(1, 2)))

    assert tidied == [0.0, 0.0]


@pytest.mark.parametrize(
    ("text", "faster", "slower"),
    [
        ("max", "max", "64/s"),
        ("20/s", "40/s", "10/s"),
        ("0.25/s", "0.5/s", "0.25/s"),
        ("16384/s", "max", "8192/s"),
        ("realtime", "2x", "0.5x"),
        ("100x", "200x", "50x"),
    ],
)
def test_a_speed_reads_as_it_is_written_and_doubles_and_halves(
    text: str, faster: str, slower: str
) -> None:
    speed = Speed.of(text)

    assert (text, faster, slower) == (str(speed), str(speed.faster()), str(speed.slower()))


class Buys(Strategy):
    def on_candle(self, candle: Candle) -> None:
        if self.is_flat:
            self.buy(quantity=1)
        else:
            self.close()


@pytest.mark.parametrize("symbols", [(AAPL,), (AAPL, MSFT)], ids=["stretches", "steps"])
def test_a_paced_run_trades_as_an_unpaced_one(symbols: tuple[str, ...]) -> None:
    data = [series(*[100 + step % 5 for step in range(40)], symbol=one) for one in symbols]
    expected = run_strategy(Buys, data).desk.portfolio
    session = set_up(Buys, symbols=symbols)
    time = Time()

    pace = pace_of(time, Speed(per_second=10), between=session.desk.catch_up)
    run_local(session, Exchange(Feed(data)), pace=pace)

    found = session.desk.portfolio
    assert list(expected.equities) == list(found.equities)
    assert [one.trade for one in expected.fills] == [one.trade for one in found.fills]
    assert time.now == pytest.approx(3.9)


def test_a_pause_reaches_a_run_at_full_speed_in_the_middle_of_its_candles() -> None:
    reached, release = threading.Event(), threading.Event()

    class Waits(Strategy):
        def on_candle(self, candle: Candle) -> None:
            if candle.close == 10:
                reached.set()
                assert release.wait(WAIT_S)

    session, stop = set_up(Waits), StopRequest()
    pace = Pace(stop, between=session.desk.catch_up, attention=session.desk.interrupt)
    exchange = Exchange(Feed([series(*range(1, 500))]))
    run = threading.Thread(target=lambda: run_local(session, exchange, pace=pace, stop=stop))
    run.start()
    assert reached.wait(WAIT_S)
    pace.pause()
    release.set()
    while pace.held_since is None:
        pace.insist()
        threading.Event().wait(0.001)

    assert session.desk.market_events == 10
    assert len(session.desk.portfolio.equities) == 10

    pace.resume()
    run.join(WAIT_S)
    assert session.desk.market_events == 499
    assert session.desk.now_ms - exchange.feed.series[0].times[0] == DAY_MS * 499
