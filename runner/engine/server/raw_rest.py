"""The REST endpoints of a raw engine: the same commands, in the words and shapes of that dialect.

Lists stand in an object under their name, words are lower case, times are Unix milliseconds, and
errors stand under `error`. There is no way to change an order or to close a position. An order
that the dialect has no words for is refused, because nobody could be told what becomes of it; exit
legs, which it does not mention either, become plain orders and are taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import web

from runner.engine.server.answers import Refusal, not_found, refusal_of_body
from runner.engine.server.bodies import json_body
from runner.engine.server.dialect import raw_order
from runner.engine.server.documents import describe
from runner.engine.server.interfaces import RAW
from runner.engine.server.queries import OrderQuery, TradeQuery, fields_of, newest
from runner.engine.server.raw_operations import RAW_ROUTES
from runner.engine.server.rest import Endpoints, Handler
from runner.engine.server.system import SystemEndpoints
from runner.protocol.codec import BodyError, decode_body, raw_object, raw_reason
from runner.protocol.commands import CancelOrder, SubmitOrder
from runner.protocol.enums import OrderType, TimeInForce
from runner.protocol.messages import OrderSnapshot

_JSON = msgspec.json.Encoder()
ORDER_TYPES = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT)
TIMES_IN_FORCE = (TimeInForce.GTC, TimeInForce.IOC)


def refuse_raw(refusal: Refusal) -> web.Response:
    """Return an error envelope of the raw dialect with its status."""
    envelope = refusal.envelope
    details = envelope.details
    if isinstance(details, dict) and "reject_reason" in details:
        details = {**details, "reject_reason": raw_reason(details["reject_reason"])}
    error = {"code": envelope.code, "message": envelope.message, "details": details}
    answer = _answer({"error": error}, status=refusal.status)
    if refusal.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


class RawEndpoints(Endpoints):
    """The handlers of the REST port of a server that speaks the raw dialect."""

    def routes(self, websocket: Handler) -> list[web.RouteDef]:
        """Return every route of the dialect."""
        system = SystemEndpoints(self._desk)
        own: dict[str, Handler] = {
            name: getattr(maker, name)
            for maker in (system, self)
            for name in RAW_ROUTES
            if hasattr(maker, name)
        }
        described = describe(self._desk.version, self._desk.exchange.feed.symbols, RAW)
        handlers = {**own, **described, "websocket": websocket}
        return [
            web.route(route.method, route.path, handlers[name])
            for name, route in RAW_ROUTES.items()
        ]

    async def submit_order(self, request: web.Request) -> web.Response:
        try:
            order = decode_body(await json_body(request), SubmitOrder)
        except BodyError as problem:
            raise refusal_of_body(problem) from None
        _check(order)
        if self._desk.is_stopping:
            raise Refusal("SHUTTING_DOWN", "the engine is shutting down")
        handle = self._execute(order)
        status = raw_order(self._desk.exchange.orders[handle.id].snapshot()).status
        body: dict[str, Any] = {"id": handle.id, "status": status.lower()}
        if handle.client_order_id is not None:
            body["client_order_id"] = handle.client_order_id
        return _answer(body)

    async def list_orders(self, request: web.Request) -> web.Response:
        query = OrderQuery.read(fields_of(request.query.items()))
        orders = self._orders() if query.statuses else self._state().orders
        return _listed("orders", _raw_orders(one for one in orders if query.admits(one)))

    async def read_order(self, request: web.Request) -> web.Response:
        order_id = request.match_info["order_id"]
        order = self._desk.exchange.orders.get(order_id)
        if order is None:
            raise not_found("order", order_id)
        return _answer(raw_object(raw_order(order.snapshot())))

    async def cancel_order(self, request: web.Request) -> web.Response:
        # Whoever wants to know what has become of the order asks for it afterwards.
        self._execute(CancelOrder(request.match_info["order_id"]))
        return web.Response(status=204)

    async def read_account(self, _: web.Request) -> web.Response:
        return _answer(raw_object(self._state().account))

    async def list_positions(self, request: web.Request) -> web.Response:
        symbol = fields_of(request.query.items()).get("symbol")
        positions = [one for one in self._positions() if symbol in (None, one.symbol)]
        return _listed("positions", map(raw_object, positions))

    async def list_trades(self, request: web.Request) -> web.Response:
        query = TradeQuery.read(fields_of(request.query.items()))
        trades = [one for one in self._desk.exchange.trades if query.admits(one)]
        return _listed("trades", map(raw_object, newest(trades, query.limit)))

    async def read_quote(self, request: web.Request) -> web.Response:
        return _answer(raw_object(self._quote(_symbol(fields_of(request.query.items())))))

    async def list_bars(self, request: web.Request) -> web.Response:
        fields = fields_of(request.query.items())
        symbol = _symbol(fields)
        if "count" in fields:
            fields["limit"] = fields.pop("count")
        return _listed("bars", map(raw_object, self._bars(symbol, fields)))


def _check(order: SubmitOrder) -> None:
    if order.order_type not in ORDER_TYPES:
        raise _foreign("order_type", order.order_type.lower())
    if order.time_in_force not in TIMES_IN_FORCE:
        raise _foreign("time_in_force", order.time_in_force.lower())


def _foreign(field: str, provided: str) -> Refusal:
    return Refusal(
        "INVALID_VALUE",
        f"{field} is not known in the raw dialect, was {provided}",
        details={"field": field, "provided": provided},
    )


def _symbol(fields: dict[str, str]) -> str:
    if not fields.get("symbol"):
        raise Refusal("INVALID_REQUEST", "symbol is required", details={"field": "symbol"})
    return fields["symbol"]


def _raw_orders(orders: Iterable[OrderSnapshot]) -> list[dict[str, Any]]:
    return [raw_object(raw_order(one)) for one in orders]


def _answer(body: dict[str, Any], *, status: int = 200) -> web.Response:
    return web.Response(body=_JSON.encode(body), status=status, content_type="application/json")


def _listed(name: str, objects: Iterable[dict[str, Any]]) -> web.Response:
    return _answer({name: list(objects)})
