"""A run as lines for people and as a stream for programs: complete, in order, and clean."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from runner import Candle, ErrorNotice, Strategy
from runner.dashboard.capture import Capture, captured
from runner.dashboard.news import (
    ConnectionNews,
    FillNews,
    News,
    NoticeNews,
    OrderNews,
    RejectionNews,
)
from runner.dashboard.observer import Observer
from runner.dashboard.plain import AT_ONCE, heartbeat_lines, news_lines, plain_lines
from runner.dashboard.snapshot import Facts
from runner.dashboard.stream import json_lines
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.errors import ProtocolError
from runner.safety import Guard, Limits
from runner.session import Session
from runner.transports.local import run_local
from runner.transports.vitals import Vitals
from tests.helpers import Row, series, set_up


class Trades(Strategy):
    """One order that fills, one that is refused, one that is cancelled."""

    def on_candle(self, candle: Candle) -> None:
        print("close", candle.close)
        if candle.close == 1:
            self.buy(quantity=10, reason="why not")
            self.buy(quantity=10**9, reason="too much")
            self.waiting = self.buy(quantity=1, limit=0.5)
        if candle.close == 3:
            self.cancel(self.waiting)
            self.close()


def ran(*rows: Row) -> Session:
    session = set_up(Trades)
    run_local(session, Exchange(Feed([series(*rows)])))
    return session


def test_news_tell_everything_once_in_the_order_of_time() -> None:
    session = ran(1, 2, 3, 4)
    news = News(session)

    told = news.take()

    shape = [
        f"{one.event} {one.id}" if isinstance(one, OrderNews) else f"{type(one).__name__} {one.id}"  # type: ignore[union-attr]
        for one in told
    ]
    assert shape == [
        "placed r-1", "placed r-2", "placed r-3", "RejectionNews r-2", "FillNews t-1",
        "placed r-4", "FillNews t-2", "cancelled r-3",
    ]  # fmt: skip
    assert news.take() == []


def test_news_of_several_looks_are_those_of_one() -> None:
    session, news, told = set_up(Trades), None, []

    class Looks(Trades):
        def on_candle(self, candle: Candle) -> None:
            told.extend(news.take())
            super().on_candle(candle)

    session = set_up(Looks)
    news = News(session)
    run_local(session, Exchange(Feed([series(1, 2, 3, 4)])))
    told.extend(news.take())

    assert sorted(map(repr, told)) == sorted(map(repr, News(session).take()))


def test_a_connection_is_told_of_when_it_changes() -> None:
    vitals = Vitals("connecting")
    news = News(set_up(Trades), vitals)
    assert news.take() == []

    vitals.connected(is_again=False)
    assert news.take() == [ConnectionNews("connected", 0, 0)]
    vitals.failed("it broke off")
    assert news.take() == [ConnectionNews("reconnecting", 0, 1, "it broke off")]
    vitals.connected(is_again=True)
    assert news_lines(news.take()) == ["connection reconnected"]


def test_notices_and_skipped_failures_are_told() -> None:
    session = set_up(Trades)
    session.notices.append(ErrorNotice("MARGIN_CALL", "the account's margin is short"))
    session.failures.append("Trades.on_candle at noon: ValueError")

    assert news_lines(News(session).take()) == [
        "notice MARGIN_CALL: the account's margin is short",
        "notice HANDLER_RAISED: Trades.on_candle at noon: ValueError",
    ]


def test_lines_of_a_run_for_people() -> None:
    session = ran(1, 2, 3, 4)

    lines = news_lines(News(session).take())

    assert lines[0] == "2024-01-02 00:00 order r-1 buy 10 S:AAPL market: why not"
    assert lines[2] == "2024-01-02 00:00 order r-3 buy 1 S:AAPL limit 0.5"
    assert lines[3].startswith("rejected r-2 buy 1000000000 S:AAPL: INSUFFICIENT_MARGIN: ")
    assert lines[4] == "2024-01-02 00:00 fill buy 10 S:AAPL at 2"
    assert lines[7].startswith("2024-01-04 00:00 order cancelled: r-3 buy 1 S:AAPL limit 0.5")
    assert lines[6] == "2024-01-04 00:00 fill sell 10 S:AAPL at 4, profit 20"


def test_too_many_at_once_are_counted() -> None:
    fill = FillNews("t", "o", "S:AAPL", "BUY", "1", "2", "0", None, "", "2024-01-02T00:00:00Z")

    lines = news_lines([fill] * (AT_ONCE + 1234))

    assert len(lines) == AT_ONCE + 1
    assert lines[-1] == "... and 1,234 more fills"


def test_O11_no_sequence_gets_into_a_line() -> None:
    lines = news_lines(
        [
            RejectionNews("r-1", "S:A\x1b]52;c;x\x07", "BUY", "1", "NO", "\x1b[2Jbecause"),
            NoticeNews("\x1b[31mRED", "\x9b2J"),
        ]
    )

    assert lines == ["rejected r-1 buy 1 S:A: NO: because", "notice RED: "]


def test_a_heartbeat_tells_how_far_the_run_is() -> None:
    session = ran(1, 2, 3, 4)
    ticks = iter([0.0, 2.0])
    observer = Observer(Facts("Trades", total=8), session, clock=lambda: next(ticks))

    assert heartbeat_lines(observer) == [
        "... 2024-01-05 00:00  4 of 8 candles  2/s  equity 100,020.00"
    ]


def test_before_the_first_candle_there_is_no_heartbeat() -> None:
    assert heartbeat_lines(Observer(Facts("Trades"), set_up(Trades))) == []


def test_plain_lines_end_with_the_last_news_and_no_heartbeat() -> None:
    stream = io.StringIO()
    session = set_up(Trades)
    observer = Observer(Facts("Trades"), session)

    with plain_lines(observer, News(session), stream, quiet=0.0, every=0.001, heartbeat=3600):
        run_local(session, Exchange(Feed([series(1, 2, 3, 4)])))

    lines = stream.getvalue().splitlines()
    assert [one for one in lines if not one.startswith(("...", "close"))] == news_lines(
        News(session).take()
    )


def streamed(error: Exception | None = None) -> list[dict[str, Any]]:
    stream = io.StringIO()
    capture = Capture(stream)
    session = set_up(Trades)
    observer = Observer(Facts("Trades", (("fast", "1"),), symbols=("S:AAPL",)), session)
    with captured(capture):
        lines = json_lines(observer, News(session), capture, every=0.001)
        try:
            with lines:
                run_local(session, Exchange(Feed([series(1, 2, 3, 4)])))
                print("no end of line", end="")
                if error is not None:
                    raise error
        except ProtocolError:
            pass
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_stream_is_complete_from_its_schema_to_its_end() -> None:
    items = streamed()

    assert (items[0]["type"], items[0]["schema"], items[0]["params"]) == ("run", 1, {"fast": "1"})
    kinds = [one["type"] for one in items]
    assert kinds[-1] == "end"
    assert kinds.count("order") == 5
    assert kinds.count("fill") == 2
    assert kinds.count("rejection") == 1
    assert [one["text"] for one in items if one["type"] == "log"] == [
        "close 1.0", "close 2.0", "close 3.0", "close 4.0", "no end of line",
    ]  # fmt: skip
    end = items[-1]
    assert (end["done"], end["orders"], end["trades"], end["rejected"]) == (4, 4, 2, 1)
    assert (end["time"], end["equity"], end["error"]) == ("2024-01-05T00:00:00Z", 100_020.0, None)


def test_a_stream_tells_what_may_be_traded_and_what_is_lost() -> None:
    stream, session = io.StringIO(), set_up(Trades)
    session.guard = Guard(Limits(), session.desk)
    session.guard.halt("kill_switch", "a key pulled the kill switch")

    with json_lines(
        Observer(Facts("Trades"), session), News(session), Capture(stream), every=0.001
    ):
        pass

    end = json.loads(stream.getvalue().splitlines()[-1])
    assert (end["trading"], end["alarm"]) == ("HALTED", "halted")
    assert [streamed()[-1][one] for one in ("trading", "alarm")] == [None, None]


def test_a_stream_ends_with_the_error_that_ended_the_run() -> None:
    assert streamed(ProtocolError("broke", id="E730"))[-1]["error"] == "E730"


@pytest.mark.parametrize("form", ["plain", "json"])
def test_a_reader_that_is_gone_ends_the_lines_and_not_the_run(form: str) -> None:
    stream = io.StringIO()
    stream.close()
    session = set_up(Trades)
    observer, capture = Observer(Facts("Trades"), session), Capture(stream)
    lines = (
        plain_lines(observer, News(session), stream, quiet=0.0, every=0.001)
        if form == "plain"
        else json_lines(observer, News(session), capture, every=0.001)
    )

    with captured(capture), lines:
        run_local(session, Exchange(Feed([series(1, 2, 3, 4)])))

    assert session.desk.market_events == 4
