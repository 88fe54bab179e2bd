"""The REST endpoints: requests become commands to the exchange, its replies become answers.

Every handler runs between two frames of the stream, never beside one, so nothing needs a lock. What
a command causes is sent to the strategy before its answer leaves. No trading logic may stand here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from runner.engine.series import Series
from runner.engine.server.answers import (
    Refusal,
    answer,
    not_found,
    refusal_of_body,
    refusal_of_command,
)
from runner.engine.server.bodies import json_body
from runner.engine.server.documents import describe
from runner.engine.server.positions import PositionDesk, PositionEndpoints
from runner.engine.server.queries import BarQuery, OrderQuery, TradeQuery, fields_of, newest
from runner.engine.server.shapes import CancelAllResult
from runner.engine.server.system import SystemDesk, SystemEndpoints
from runner.protocol.codec import BodyError, decode_body, decode_modification
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    Command,
    ReadState,
    Rejection,
    State,
    SubmitOrder,
)
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import Candle, OrderSnapshot, Position, Quote
from runner.protocol.routes import ROUTES

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Desk(PositionDesk, SystemDesk, Protocol):
    """What the endpoints need of their server."""


class Endpoints:
    """The handlers of one server's REST port."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self, websocket: Handler) -> list[web.RouteDef]:
        """Return every route of the protocol, each with the handler of its name."""
        makers = (self, PositionEndpoints(self._desk), SystemEndpoints(self._desk))
        own: dict[str, Handler] = {
            name: getattr(maker, name)
            for maker in makers
            for name in ROUTES
            if hasattr(maker, name)
        }
        handlers = {
            **own,
            **describe(self._desk.version, self._desk.exchange.feed.symbols),
            "websocket": websocket,
        }
        return [
            web.route(route.method, route.path, handlers[name]) for name, route in ROUTES.items()
        ]

    # Orders

    async def submit_order(self, request: web.Request) -> web.Response:
        try:
            order = decode_body(await json_body(request), SubmitOrder)
        except BodyError as problem:
            raise refusal_of_body(problem) from None
        if self._desk.is_stopping:
            raise Refusal("SHUTTING_DOWN", "the engine is shutting down")
        return answer(self._execute(order), status=ROUTES["submit_order"].status)

    async def list_orders(self, request: web.Request) -> web.Response:
        query = OrderQuery.read(fields_of(request.query.items()))
        orders = self._orders() if query.statuses else self._state().orders
        return answer(newest([one for one in orders if query.admits(one)], query.limit))

    async def list_order_history(self, request: web.Request) -> web.Response:
        query = OrderQuery.read(fields_of(request.query.items()))
        orders = [
            one
            for one in self._orders()
            if query.admits(one) and (query.statuses or one.status.is_terminal)
        ]
        return answer(newest(orders, query.limit))

    async def read_order(self, request: web.Request) -> web.Response:
        order_id = request.match_info["order_id"]
        order = self._desk.exchange.orders.get(order_id)
        if order is None:
            raise not_found("order", order_id)
        return answer(order.snapshot())

    async def modify_order(self, request: web.Request) -> web.Response:
        order_id = request.match_info["order_id"]
        try:
            change = decode_modification(await json_body(request), order_id=order_id)
        except BodyError as problem:
            raise refusal_of_body(problem) from None
        return answer(self._execute(change))

    async def cancel_order(self, request: web.Request) -> web.Response:
        return answer(self._execute(CancelOrder(request.match_info["order_id"])))

    async def cancel_all_orders(self, request: web.Request) -> web.Response:
        symbol = fields_of(request.query.items()).get("symbol")
        cancelled = 0
        failed: list[str] = []
        for order in self._state().orders:
            if symbol is not None and order.symbol != symbol:
                continue
            reply = self._desk.execute(CancelOrder(order.id))
            if isinstance(reply, CancelResult) and reply.order.status is OrderStatus.CANCELLED:
                cancelled += 1
            else:
                failed.append(order.id)
        return answer(CancelAllResult(cancelled, len(failed), tuple(failed) or None))

    # Account and positions

    async def read_account(self, _: web.Request) -> web.Response:
        return answer(self._state().account)

    async def list_positions(self, request: web.Request) -> web.Response:
        symbol = fields_of(request.query.items()).get("symbol")
        return answer([one for one in self._positions() if symbol in (None, one.symbol)])

    async def read_position(self, request: web.Request) -> web.Response:
        position_id = request.match_info["position_id"]
        for position in self._positions():
            if position.id == position_id:
                return answer(position)
        raise not_found("position", position_id)

    async def list_trades(self, request: web.Request) -> web.Response:
        query = TradeQuery.read(fields_of(request.query.items()))
        trades = [one for one in self._desk.exchange.trades if query.admits(one)]
        return answer(newest(trades, query.limit))

    # Market data: never anything that has not happened yet

    async def list_bars(self, request: web.Request) -> web.Response:
        query = fields_of(request.query.items())
        return answer(self._bars(request.match_info["symbol"], query))

    def _bars(self, symbol: str, fields: Mapping[str, str]) -> list[Candle]:
        series = self._series(symbol)
        query = BarQuery.read(fields)
        for one in series:
            if one.timeframe == query.timeframe:
                return query.of(one, now_ms=self._desk.exchange.now_ms)
        served = ", ".join(one.timeframe for one in series)
        raise Refusal(
            "INVALID_VALUE",
            f"{symbol} is served with timeframe {served}",
            details={"field": "timeframe", "provided": query.timeframe},
        )

    async def read_quote(self, request: web.Request) -> web.Response:
        return answer(self._quote(request.match_info["symbol"]))

    def _quote(self, symbol: str) -> Quote:
        exchange = self._desk.exchange
        if symbol not in exchange.feed.quotes:
            self._series(symbol)  # refuses a symbol of which there is none
        quote = exchange.quotes.last(symbol, exchange.now_ms)
        if quote is None:
            raise Refusal(
                "SYMBOL_NOT_FOUND",
                f"symbol not found: {symbol} has no price yet",
                details={"symbol": symbol},
            )
        return quote

    # What the handlers share

    def _execute(self, command: Command) -> Any:
        reply = self._desk.execute(command)
        if isinstance(reply, Rejection):
            raise refusal_of_command(reply)
        return reply

    def _state(self) -> State:
        state: State = self._execute(ReadState())
        return state

    def _positions(self) -> tuple[Position, ...]:
        return self._state().positions

    def _orders(self) -> list[OrderSnapshot]:
        return [one.snapshot() for one in self._desk.exchange.orders.values()]

    def _series(self, symbol: str) -> list[Series]:
        feed = self._desk.exchange.feed
        series = [one for one in (*feed.series, *feed.unseen) if one.symbol == symbol]
        if not series:
            raise Refusal(
                "SYMBOL_NOT_FOUND", f"symbol not found: {symbol}", details={"symbol": symbol}
            )
        return series
