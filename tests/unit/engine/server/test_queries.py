"""What a query string asks for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runner.engine.server.answers import Refusal
from runner.engine.server.queries import (
    DEFAULT_BARS,
    BarQuery,
    OrderQuery,
    TradeQuery,
    fields_of,
    newest,
)
from runner.protocol.enums import OrderStatus, Side
from tests.helpers import DAY_MS, START, START_MS, series, snapshot, trade

DAYS = [f"2024-01-{day:02}T00:00:00Z" for day in range(1, 32)]


def days(fields: dict[str, str], *, closed: int, count: int = 10) -> list[int]:
    """Return the days of January whose candles a query gives, after `closed` days have passed."""
    query = BarQuery.read({"timeframe": "1d", **fields})
    found = query.of(series(*[100.0] * count), now_ms=START_MS + closed * DAY_MS)
    return [one.timestamp.day for one in found]


def test_a_repeated_field_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        fields_of([("status", "OPEN"), ("status", "FILLED")])

    assert (caught.value.status, caught.value.envelope.details) == (400, {"field": "status"})


@pytest.mark.parametrize(
    ("fields", "admitted"),
    [
        ({}, True),
        ({"unknown": "x"}, True),
        ({"symbol": "S:AAPL"}, True),
        ({"symbol": "S:MSFT"}, False),
        ({"status": "OPEN"}, True),
        ({"status": "FILLED,OPEN"}, True),
        ({"status": "FILLED"}, False),
        ({"side": "BUY"}, True),
        ({"side": "SELL"}, False),
        ({"client_order_id": "x"}, False),
        ({"oco_group_id": "x"}, False),
        ({"since": "2024-01-01T00:00:00Z"}, True),
        ({"since": "2024-01-01T00:00:00.001Z"}, False),
        ({"until": "2024-01-01T00:00:00Z"}, False),
        ({"until": "2024-01-01T01:00:00+00:00"}, True),
    ],
)
def test_orders_are_filtered(fields: dict[str, str], admitted: bool) -> None:
    order = snapshot()
    assert (order.created_at, order.side, order.status) == (START, Side.BUY, OrderStatus.OPEN)

    assert OrderQuery.read(fields).admits(order) is admitted


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"status": "DONE"}, "status"),
        ({"side": "LONG"}, "side"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2024-01-01T00:00:00"}, "since"),
        ({"until": "2024-01-01T00:00:00 00:00"}, "until"),
        ({"until": "1704067200000"}, "until"),
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": "1" * 10}, "limit"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_by_name(fields: dict[str, str], field: str) -> None:
    with pytest.raises(Refusal) as caught:
        OrderQuery.read(fields)

    assert caught.value.status == 400
    assert caught.value.envelope.code == "INVALID_REQUEST"
    assert caught.value.envelope.details == {"field": field}


def test_trades_are_filtered_by_symbol_order_and_time() -> None:
    one = trade()
    moment = one.timestamp

    def admits(**fields: str) -> bool:
        return TradeQuery.read(fields).admits(one)

    assert admits()
    assert admits(symbol=one.symbol, order_id=one.order_id)
    assert not admits(symbol="S:OTHER")
    assert not admits(order_id="o-other")
    assert admits(since=moment.isoformat())
    assert not admits(until=moment.isoformat())


def test_the_newest_are_the_last_in_their_order() -> None:
    assert newest([1, 2, 3], 2) == [2, 3]
    assert newest([1, 2, 3], None) == [1, 2, 3]
    assert newest([1], 5) == [1]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"limit": "2"}, [4, 5]),
        ({"end": DAYS[2]}, [1, 2, 3]),
        ({"end": DAYS[2], "limit": "2"}, [2, 3]),
        ({"start": DAYS[1]}, [2, 3, 4, 5]),
        ({"start": DAYS[1], "limit": "2"}, [2, 3]),
        ({"start": DAYS[1], "end": DAYS[3]}, [2, 3, 4]),
        ({"start": DAYS[20]}, []),
        ({"start": DAYS[4], "end": DAYS[1]}, []),
        ({"end": DAYS[30]}, [1, 2, 3, 4, 5]),
        ({"start": DAYS[0], "end": DAYS[30]}, [1, 2, 3, 4, 5]),
    ],
)
def test_bars_that_have_closed_are_chosen_by_start_end_and_limit(
    fields: dict[str, str], expected: list[int]
) -> None:
    assert days(fields, closed=5) == expected


def test_no_bar_is_shown_before_it_has_closed() -> None:
    assert days({}, closed=0) == []
    assert days({"start": DAYS[0]}, closed=0) == []


def test_without_start_and_limit_the_latest_hundred_bars_are_given() -> None:
    query = BarQuery.read({"timeframe": "1d"})

    found = query.of(series(*[1.0] * 150), now_ms=START_MS + 150 * DAY_MS)

    assert len(found) == DEFAULT_BARS
    assert found[-1].timestamp == datetime(2024, 5, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({}, "INVALID_REQUEST"), ({"timeframe": "7m"}, "INVALID_VALUE")],
    ids=["missing", "unknown"],
)
def test_bars_need_a_timeframe_of_the_protocol(fields: dict[str, str], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        BarQuery.read(fields)

    assert (caught.value.envelope.code, caught.value.envelope.details["field"]) == (
        code,
        "timeframe",
    )
