"""The official SDK plays whole backtests against the engine and trades on them."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tektii import (
    AsyncEventStream,
    AsyncTradingGateway,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    OrderRejectedError,
    SyncEventStream,
    TradingGateway,
)
from tektii.models import (
    Account,
    AccountEvent,
    BacktestCompleteEvent,
    CandleEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)

from runner.engine.server import Guard
from tests.helpers import AAPL, MSFT, series
from tests.integration.engine_process import engine

KEY = "0123456789abcdef0123456789abcdef"
CLOSES = [100.0 + day % 7 for day in range(60)]


@pytest.fixture(autouse=True)
def _loops_that_the_sdk_leaves_open() -> Iterator[None]:
    # Its sync stream never closes its event loop; collected later, that would fail another test.
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def ids_of(events: list[Any]) -> list[str]:
    return [one.event_id for one in events if one.event_id is not None]


def test_the_sync_stream_plays_a_whole_backtest_and_its_orders_fill() -> None:
    events: list[Any] = []
    ended: list[BacktestCompleteEvent] = []
    handles = []

    with engine(series(*CLOSES), once=True) as running:
        with TradingGateway(running.server.rest_url) as gateway:
            assert gateway.get_account().balance == "100000"
            with gateway.stream(on_backtest_complete=ended.append) as stream:
                for event in stream:
                    events.append(event)
                    candles = sum(isinstance(one, CandleEvent) for one in events)
                    if isinstance(event, CandleEvent) and candles in (10, 30):
                        side = "buy" if candles == 10 else "sell"
                        handles.append(gateway.submit_order(AAPL, side, Decimal("2.5")))
                    if isinstance(event, CandleEvent) and candles == 40:
                        final = [gateway.get_order(one.id) for one in handles]
                        account = gateway.get_account()
        assert running.wait() == "complete"

    last = int(ended[0].event_id.removeprefix("evt-"))
    trades = [one.trade for one in events if isinstance(one, TradeEvent)]
    assert [one.status for one in final] == ["FILLED", "FILLED"]
    assert [(one.side, one.price, one.quantity) for one in trades] == [
        ("BUY", "103", "2.5"),
        ("SELL", "102", "2.5"),
    ]
    assert account.balance == "99997.5"
    assert sum(isinstance(one, CandleEvent) for one in events) == len(CLOSES)
    # Every frame was understood: the SDK drops what it does not know.
    assert ids_of(events) == [f"evt-{number}" for number in range(1, last)]


def test_the_final_account_can_be_read_when_the_one_run_is_complete() -> None:
    final: list[Account] = []

    def read_account(_: BacktestCompleteEvent) -> None:
        final.append(gateway.get_account())

    with engine(series(100.0, 110.0, 120.0), once=True) as running:
        with TradingGateway(running.server.rest_url) as gateway:
            gateway.submit_order(AAPL, "buy", "10")
            with gateway.stream(on_backtest_complete=read_account) as stream:
                list(stream)
        assert running.wait() == "complete"

    assert [one.equity for one in final] == ["100200"]


async def trade_over_everything(gateway: AsyncTradingGateway) -> list[Any]:
    """Stream a whole run and use every call the engine serves; return the events."""
    events: list[Any] = []
    ended: list[str | None] = []
    async with gateway.stream(
        on_backtest_complete=lambda end: ended.append(end.event_id)
    ) as stream:
        async for event in stream:
            events.append(event)
            if not isinstance(event, CandleEvent) or event.bar.symbol != MSFT:
                continue
            await _on_day(gateway, sum(isinstance(one, CandleEvent) for one in events) // 2)
    assert len(ended) == 1
    return events


async def _on_day(gateway: AsyncTradingGateway, day: int) -> None:
    if day == 2:
        await gateway.submit_order(
            AAPL, "buy", "10", stop_loss="90", take_profit="1000", client_order_id="entry"
        )
        resting = await gateway.submit_order(MSFT, "buy", "1", "limit", limit_price="5")
        changed = await gateway.modify_order(resting.id, limit_price="6", quantity="2")
        assert (changed.order.limit_price, changed.order.quantity) == ("6", "2")
        assert [one.id for one in await gateway.list_orders(symbol=MSFT)] == [resting.id]
        assert (await gateway.cancel_order(resting.id)).success
        with pytest.raises(ConflictError):
            await gateway.modify_order(resting.id, quantity="3")
    elif day == 4:
        (position,) = await gateway.list_positions()
        assert (position.side, position.quantity) == ("LONG", "10")
        assert await gateway.get_position(position.id) == position
        history = await gateway.get_order_history(status=["FILLED"])
        assert [one.client_order_id for one in history] == ["entry"]
        assert (await gateway.get_quote(AAPL)).last == "103"
        start = datetime(2024, 1, 2, tzinfo=UTC)
        bars = await gateway.get_bars(AAPL, "1d", start=start, limit=2)
        assert [one.close for one in bars] == ["101", "102"]
        cancelled = await gateway.cancel_all_orders()
        assert (cancelled.cancelled_count, cancelled.failed_count) == (2, 0)
        handle = await gateway.close_position(
            position.id, quantity="4", order_type="limit", limit_price="50"
        )
        assert (await gateway.get_order(handle.id)).remaining_quantity == "4"
    elif day == 5:
        assert (await gateway.list_positions(symbol=AAPL))[0].quantity == "6"
        (trade, part) = await gateway.list_trades(symbol=AAPL, since=start_of(1), limit=5)
        assert (trade.side, trade.quantity, part.side, part.quantity) == ("BUY", "10", "SELL", "4")
        assert await gateway.list_trades(order_id=part.order_id) == [part]
        assert await gateway.quantity_for_notional(AAPL, notional="1040") == 10
        with pytest.raises(OrderRejectedError) as refused:
            await gateway.submit_order(AAPL, "buy", "1000000")
        assert refused.value.details["reject_code"] == "INSUFFICIENT_FUNDS"
        with pytest.raises(BadRequestError):
            await gateway.submit_order(AAPL, "buy", "1", "limit")
        with pytest.raises(NotFoundError):
            await gateway.get_order("o-99")
        with pytest.raises(NotFoundError):
            await gateway.close_position("p-99")
        with pytest.raises(NotFoundError):
            await gateway.get_quote("S:NONE")
    elif day == 6:
        handles = await gateway.close_all_positions()
        assert [one.status for one in handles] == ["OPEN"]
        assert await gateway.close_all_positions(symbol=MSFT) == []
    elif day == 8:
        assert await gateway.list_positions() == []
        done = await gateway.get_order_history(
            symbol=AAPL, side="SELL", status=["FILLED"], since=start_of(1), until=start_of(20)
        )
        assert [one.reduce_only for one in done] == [True, True]
        assert await gateway.get_order_history(client_order_id="nobody", limit=1) == []
        await _ask_about_the_engine(gateway)


def start_of(day: int) -> datetime:
    return datetime(2024, 1, day, tzinfo=UTC)


async def _ask_about_the_engine(gateway: AsyncTradingGateway) -> None:
    can = await gateway.get_capabilities()
    assert (can.position_mode, can.max_leverage) == ("NETTING", "1")
    assert {"MARKET", "LIMIT", "STOP", "STOP_LIMIT"} <= set(can.supported_order_types)
    status = await gateway.get_status()
    assert (status.connected, status.latency_ms) == (True, 0)
    health = await gateway.get_health()
    assert (health.status, health.providers[0].platform) == ("connected", "embedded")
    breakers = await gateway.get_circuit_breakers()
    assert (breakers.adapter.state, breakers.exit_order.state) == ("closed", "closed")
    assert await gateway.reset_circuit_breakers() == breakers
    with pytest.raises(ConflictError):
        await gateway.reset_circuit_breakers()


def test_the_async_stream_understands_every_event_and_every_answer() -> None:
    async def play() -> list[Any]:
        async with AsyncTradingGateway(running.server.rest_url, api_key=KEY) as gateway:
            return await trade_over_everything(gateway)

    with engine(
        series(*CLOSES), series(*CLOSES, symbol=MSFT), guard=Guard(token=KEY), ping_seconds=0.01
    ) as running:
        events = asyncio.run(play())

    kinds = {type(one) for one in events}
    assert {CandleEvent, OrderEvent, TradeEvent, PositionEvent, AccountEvent} < kinds
    assert ids_of(events) == [f"evt-{number}" for number in range(1, len(ids_of(events)) + 1)]


def test_the_streams_play_from_the_websocket_port_as_well() -> None:
    async def play(url: str) -> int:
        async with AsyncEventStream(url) as stream:
            return len([event async for event in stream])

    with engine(series(*CLOSES)) as running:
        with SyncEventStream(running.server.ws_url) as stream:
            assert len(list(stream)) == len(CLOSES) + 1
        assert asyncio.run(play(running.server.ws_url + "/ws")) == len(CLOSES) + 1


def test_every_call_of_the_sync_gateway_is_answered() -> None:
    with (
        engine(series(*CLOSES), series(*CLOSES, symbol=MSFT)) as running,
        TradingGateway(running.server.rest_url) as gateway,
    ):
        account = gateway.get_account()
        orders = [
            gateway.submit_order(AAPL, "buy", "1", "limit", limit_price="1"),
            gateway.submit_order(AAPL, "buy", "1", "stop", stop_price="900"),
            gateway.submit_order(
                AAPL, "buy", "1", "stop_limit", stop_price="900", limit_price="901"
            ),
        ]
        assert account.equity == "100000"
        assert [one.id for one in gateway.list_orders()] == [one.id for one in orders]
        assert gateway.get_order(orders[0].id).limit_price == "1"
        assert gateway.modify_order(orders[0].id, limit_price="2").order.limit_price == "2"
        assert gateway.cancel_order(orders[0].id).order.status == "CANCELLED"
        assert gateway.cancel_all_orders(symbol=MSFT).cancelled_count == 0
        assert gateway.cancel_all_orders().cancelled_count == 2
        assert len(gateway.get_order_history()) == 3
        assert (gateway.list_positions(), gateway.close_all_positions()) == ([], [])
        with pytest.raises(NotFoundError):
            gateway.get_position("p-1")
        with pytest.raises(NotFoundError):
            gateway.close_position("p-1")
        assert (gateway.list_trades(), gateway.get_bars(AAPL, "1d")) == ([], [])
        with pytest.raises(NotFoundError):
            gateway.get_quote(AAPL)
        assert gateway.quantity_for_notional(AAPL, equity_fraction="0.5", price="100") == 500
        assert gateway.get_capabilities().position_mode == "NETTING"
        assert gateway.get_status().connected
        assert gateway.get_health().status == "connected"
        assert gateway.get_circuit_breakers() == gateway.reset_circuit_breakers()


def test_the_sdk_has_no_call_that_these_tests_leave_out() -> None:
    calls = {name for name in vars(TradingGateway) if not name.startswith("_")}

    # A new edition of the SDK with more calls ends here: add them above.
    assert calls - {"base_url"} == {
        "cancel_all_orders",
        "cancel_order",
        "close",
        "close_all_positions",
        "close_position",
        "get_account",
        "get_bars",
        "get_capabilities",
        "get_circuit_breakers",
        "get_health",
        "get_order",
        "get_order_history",
        "get_position",
        "get_quote",
        "get_status",
        "list_orders",
        "list_positions",
        "list_trades",
        "modify_order",
        "quantity_for_notional",
        "reset_circuit_breakers",
        "stream",
        "submit_order",
    }


@pytest.mark.parametrize("key", [None, "wrong" * 8])
def test_a_missing_and_a_wrong_key_are_told_apart_from_other_errors(key: str | None) -> None:
    with (
        engine(series(*CLOSES), guard=Guard(token=KEY)) as running,
        TradingGateway(running.server.rest_url, api_key=key) as gateway,
    ):
        with pytest.raises(AuthenticationError):
            gateway.get_account()
        assert gateway.get_health().status == "connected"
