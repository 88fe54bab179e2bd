"""Carry out commands over REST: one request per command, on the strategy's own thread.

Every order command has one of three outcomes: done, `Rejection` (certainly not done), `Unanswered`.
An order is never sent twice. One that got no answer is looked up by its client order id, because
the request may have arrived all the same.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, assert_never

from runner.errors import ConnectError, ProtocolError, RiskHalt
from runner.protocol.codec import BodyError, decode_body
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    Capabilities,
    Command,
    ModifyOrder,
    ModifyResult,
    OrderHandle,
    ReadState,
    Rejection,
    Reply,
    State,
    SubmitOrder,
    Unanswered,
)
from runner.protocol.enums import OrderStatus
from runner.protocol.messages import Account, OrderSnapshot, Position, Trade
from runner.protocol.routes import build_path
from runner.transports.backoff import TemporaryFailure
from runner.transports.contradictions import differences
from runner.transports.http import Answer, HttpClient
from runner.transports.opening import run_gone
from runner.transports.rejections import envelope_of
from runner.transports.requesting import Requests

Body = TypeVar("Body")

LOOK_UP_AFTER_S = (0.1, 0.4, 1.0, 2.0, 4.0)
"""Pauses before each look for an order without an answer: some peers show a new one only late."""
_WORKING = tuple(
    status for status in OrderStatus if not status.is_terminal and status is not OrderStatus.UNKNOWN
)
_CONNECTIONS = re.compile(
    rb"^gateway_ws_connections_active(?:\{[^}\n]*\})?[ \t]+([0-9]{1,9})(?:\.0+)?[ \t]*\r?$",
    re.MULTILINE,
)
"""One sample of that figure, as Prometheus reads it."""
_CHANGEABLE = (
    "quantity",
    "limit_price",
    "stop_price",
    "stop_loss",
    "take_profit",
    "trailing_distance",
)


class RestClient:
    """A peer's REST side."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout_s: float = 10.0,
        look_up_after_s: Sequence[float] = LOOK_UP_AFTER_S,
        sleep: Callable[[float], None] = time.sleep,
        looks_up_orders: bool = True,
    ) -> None:
        """Prepare to talk to the peer at `base_url`; nothing is opened yet.

        Args:
            base_url: scheme, host, port and perhaps a path, before `/v1`.
            api_key: sent as a bearer token.
            timeout_s: longest wait for the answer to one request.
            look_up_after_s: pauses before each look for an order without an answer, seconds.
            sleep: how to pause.
            looks_up_orders: whether to look for an order without an answer before returning;
                who leaves that out calls `trace` when it is time.
        """
        headers = {"User-Agent": "strategy-runner", "Accept": "application/json"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self._base_url = base_url
        self._http = http = HttpClient(base_url, headers=headers, timeout_s=timeout_s)
        self._requests = Requests(http, base_url)
        self._look_up_after_s = tuple(look_up_after_s)
        self._sleep = sleep
        self._looks_up_orders = looks_up_orders

    def hurry(self, left_s: Callable[[], float]) -> None:
        """Give each request from now on so long at most as `left_s` says when it begins."""
        self._http.left_s = left_s

    def execute(self, command: Command) -> Reply:
        """Carry out a command and return what came of it.

        Raises:
            TemporaryFailure: E610, state could not be read, now.
            ConnectError: E602, the peer does not let us in.
            ProtocolError: E741, what answers is not the REST side of an engine or gateway.
            RiskHalt: E933, an order was answered with another one.
        """
        match command:
            case SubmitOrder():
                return self._submit(command)
            case CancelOrder():
                return self._cancel(command)
            case ModifyOrder():
                return self._modify(command)
            case ReadState():
                return self._read_state(command)
            case _:
                assert_never(command)

    def rewind(self, run_id: str) -> None:
        """Have the engine play a run again from its beginning, for a strategy without memory.

        Raises:
            RunGone: E606, the engine does not keep this run.
            TemporaryFailure, ConnectError, ProtocolError: see `execute`.
        """
        answer = self._requests.safely("POST", build_path("rewind_run", run_id=run_id))
        if answer.status == 404:
            raise run_gone(self._base_url, answer.body)
        if answer.status != 200:
            raise self._requests.not_ours(answer, envelope_of(answer.status, answer.body).message)

    def trace(
        self,
        client_order_id: str | None,
        symbol: str,
        order_id: str | None = None,
        *,
        besides: str | None = None,
    ) -> OrderSnapshot | None:
        """Return an order as the peer holds it, working or done; None if it shows no such order.

        `besides` is an id of the peer's that it may not have: of two orders under one id of ours,
        where one has taken the place of the other.

        Raises:
            TemporaryFailure: E610, not everywhere could be looked: nothing follows from it.
            ConnectError: E602, the peer does not let us in.
        """
        failure: TemporaryFailure | None = None
        if order_id is not None:
            try:
                order = self._requests.read("read_order", OrderSnapshot, order_id=order_id)
                # A peer that was started anew may have given the id to another order.
                if client_order_id is None or order.client_order_id in (None, client_order_id):
                    return order
            except TemporaryFailure as error:
                failure = error
            except ProtocolError:
                pass  # no order has that id any more
        if client_order_id is None:
            return None
        query = {"client_order_id": client_order_id, "symbol": symbol}
        for name in ("list_orders", "list_order_history"):
            try:
                orders = self._requests.search(name, OrderSnapshot, query=query)
            except TemporaryFailure as error:
                failure = error
                continue
            # Not every peer heeds the filter.
            for order in orders:
                if order.client_order_id == client_order_id and order.id != besides:
                    return order
        if failure is not None:
            raise failure
        return None

    def executions(self, order_id: str) -> tuple[Trade, ...]:
        """Return the executions of an order, as far as the peer shows them; in any order.

        Raises:
            TemporaryFailure: E610, they cannot be read now.
            ConnectError: E602, the peer does not let us in.
        """
        listed = self._requests.search("list_trades", Trade, query={"order_id": order_id})
        return tuple(one for one in listed if one.order_id == order_id)  # some heed no filter

    def connections(self) -> int | None:
        """Return how many strategies a gateway has on its stream; None where it does not tell.

        Source: Trading API, `gateway_ws_connections_active` of `GET /metrics`.
        """
        try:
            answer = self._requests.safely("GET", build_path("metrics", query=None))
        except ConnectError:
            return None
        found = _CONNECTIONS.findall(answer.body) if answer.status == 200 else []
        return round(sum(map(float, found))) if found else None

    # Commands

    def _submit(self, order: SubmitOrder) -> Reply:
        answer = self._requests.ask("submit_order", body=order)
        if isinstance(answer, Rejection):
            return answer
        if isinstance(answer, Answer):
            handle = _readable(answer.body, OrderHandle)
            said = [] if handle is None else differences(order, answer.body)
            if handle is not None and said and not self._looks_up_orders:
                raise self._mixed_up(order, handle, said)
            if handle is not None and handle.client_order_id in (None, order.client_order_id):
                return handle
            answer = Unanswered(f"the answer to the order cannot be read: {answer.body[:200]!r}")
        if not self._looks_up_orders:
            return answer
        for _ in self._pauses():
            found = self._find(order.client_order_id, order.symbol)
            if found is None:
                continue
            if found.status is OrderStatus.REJECTED:
                reason = found.reject_reason or "UNKNOWN"
                return Rejection(0, "ORDER_REJECTED", "the order was rejected", reason)
            return OrderHandle(found.id, found.status, found.client_order_id)
        return Unanswered(f"{answer.why}; looked up {len(self._look_up_after_s)} times, not found")

    def _cancel(self, command: CancelOrder) -> Reply:
        answer = self._requests.ask("cancel_order", order_id=command.order_id)
        pauses = self._pauses()
        while True:
            if isinstance(answer, Rejection):
                return answer
            if isinstance(answer, Answer):
                result = _readable(answer.body, CancelResult)
                if result is not None:
                    return result
                answer = Unanswered("the answer to the cancellation cannot be read")
            if not self._looks_up_orders:
                return answer
            if next(pauses, None) is None:
                return answer
            order = self._look("read_order", OrderSnapshot, order_id=command.order_id)
            if order is not None and order.status not in _WORKING:
                return CancelResult(order.status is OrderStatus.CANCELLED, order)
            if order is not None:
                # Unlike an order, a cancellation may be repeated: it can only happen once.
                answer = self._requests.ask("cancel_order", order_id=command.order_id)

    def _modify(self, command: ModifyOrder) -> Reply:
        answer = self._requests.ask("modify_order", body=command, order_id=command.order_id)
        if isinstance(answer, Rejection):
            return answer
        if isinstance(answer, Answer):
            result = _readable(answer.body, ModifyResult)
            if result is not None:
                return result
            answer = Unanswered("the answer to the modification cannot be read")
        if not self._looks_up_orders:
            return answer
        for _ in self._pauses():
            order = self._look("read_order", OrderSnapshot, order_id=command.order_id)
            if order is not None and order.status in _WORKING and is_as_wanted(order, command):
                return ModifyResult(order)
            # Some peers replace the order, which gives it another id.
            symbol = None if order is None else order.symbol
            other = self._find(command.client_order_id, symbol, besides=command.order_id)
            if other is not None and is_as_wanted(other, command):
                return ModifyResult(other, previous_order_id=command.order_id)
        return answer

    def _read_state(self, command: ReadState) -> State:
        capabilities = None
        if command.capabilities:
            capabilities = self._requests.read_if_there("read_capabilities", Capabilities)
        account = self._requests.read("read_account", Account)
        positions = self._requests.read_list("list_positions", Position)
        query = {"status": ",".join(_WORKING)}
        orders = self._requests.read_list("list_orders", OrderSnapshot, query=query)
        # Not every peer heeds the filter.
        working = tuple(one for one in orders if one.status in _WORKING)
        return State(account, positions, working, capabilities=capabilities)

    # Looking things up: a failure is no news

    def _pauses(self) -> Iterator[bool]:
        for pause in self._look_up_after_s:
            self._sleep(pause)
            yield True

    def _find(
        self, client_order_id: str | None, symbol: str | None, besides: str | None = None
    ) -> OrderSnapshot | None:
        """Return the order that bears our id, working or done."""
        if client_order_id is None:
            return None
        query = {"client_order_id": client_order_id} | ({"symbol": symbol} if symbol else {})
        for name in ("list_orders", "list_order_history"):
            try:
                orders = self._requests.read_list(name, OrderSnapshot, query=query)
            except (TemporaryFailure, ProtocolError):
                continue
            for order in orders:
                if order.client_order_id == client_order_id and order.id != besides:
                    return order
        return None

    def _look(self, name: str, kind: type[Body], **parameters: str) -> Body | None:
        try:
            return self._requests.read(name, kind, **parameters)
        except (TemporaryFailure, ProtocolError):
            return None

    def _mixed_up(self, order: SubmitOrder, handle: OrderHandle, said: list[str]) -> RiskHalt:
        return RiskHalt(
            f"order {order.client_order_id} was answered with another one ({handle.id}): "
            f"{', '.join(said)}",
            where=self._base_url,
            why="whatever the peer has done, it is not what it was asked for",
            fix="look at orders and positions at the gateway before another run is started",
            id="E933",
        )


def _readable(body: bytes, kind: type[Body]) -> Body | None:
    try:
        return decode_body(body, kind)
    except BodyError:
        return None


def is_as_wanted(order: OrderSnapshot, wanted: ModifyOrder) -> bool:
    """Tell whether an order stands as a change wants it."""
    values = ((name, getattr(wanted, name)) for name in _CHANGEABLE)
    return all(value is None or getattr(order, name) == value for name, value in values)
