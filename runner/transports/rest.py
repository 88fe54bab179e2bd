"""Carry out commands over REST: one request per command, on the strategy's own thread.

Every order command has one of three outcomes: done, `Rejection` (certainly not done), `Unanswered`.
An order is never sent twice. One that got no answer is looked up by its client order id, because
the request may have arrived all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, assert_never

import msgspec

from runner.errors import ConnectError, ProtocolError
from runner.protocol.codec import BodyError, decode_body, decode_list, encode_body
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
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
from runner.protocol.messages import Account, OrderSnapshot, Position
from runner.protocol.routes import ROUTES, build_path
from runner.transports.backoff import START_HINT, TemporaryFailure
from runner.transports.http import REST_HINT, Answer, HttpClient, NoAnswer, NotSent
from runner.transports.opening import run_gone
from runner.transports.rejections import envelope_of, rejection_of

Body = TypeVar("Body")

LOOK_UP_AFTER_S = (0.1, 0.4, 1.0, 2.0, 4.0)
"""Pauses before each look for an order without an answer: some peers show a new one only late."""
_WORKING = tuple(
    status for status in OrderStatus if not status.is_terminal and status is not OrderStatus.UNKNOWN
)
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
    ) -> None:
        """Prepare to talk to the peer at `base_url`; nothing is opened yet.

        Args:
            base_url: scheme, host, port and perhaps a path, before `/v1`.
            api_key: sent as a bearer token.
            timeout_s: longest wait for the answer to one request.
            look_up_after_s: pauses before each look for an order without an answer, seconds.
            sleep: how to pause.
        """
        headers = {"User-Agent": "strategy-runner", "Accept": "application/json"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self._base_url = base_url
        self._http = HttpClient(base_url, headers=headers, timeout_s=timeout_s)
        self._look_up_after_s = tuple(look_up_after_s)
        self._sleep = sleep

    def execute(self, command: Command) -> Reply:
        """Carry out a command and return what came of it.

        Raises:
            TemporaryFailure: E610, state could not be read, now.
            ConnectError: E602, the peer does not let us in.
            ProtocolError: E741, what answers is not the REST side of an engine or gateway.
        """
        match command:
            case SubmitOrder():
                return self._submit(command)
            case CancelOrder():
                return self._cancel(command)
            case ModifyOrder():
                return self._modify(command)
            case ReadState():
                return self._read_state()
            case _:
                assert_never(command)

    def rewind(self, run_id: str) -> None:
        """Have the engine play a run again from its beginning, for a strategy without memory.

        Raises:
            RunGone: E606, the engine does not keep this run.
            TemporaryFailure, ConnectError, ProtocolError: see `execute`.
        """
        answer = self._safely("POST", build_path("rewind_run", run_id=run_id))
        if answer.status == 404:
            raise run_gone(self._base_url, answer.body)
        if answer.status != 200:
            raise self._not_ours(answer, envelope_of(answer.status, answer.body).message)

    # Commands

    def _submit(self, order: SubmitOrder) -> Reply:
        answer = self._ask("submit_order", body=order)
        if isinstance(answer, Rejection):
            return answer
        if isinstance(answer, Answer):
            handle = _readable(answer.body, OrderHandle)
            if handle is not None and handle.client_order_id in (None, order.client_order_id):
                return handle
            answer = Unanswered(f"the answer to the order cannot be read: {answer.body[:200]!r}")
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
        answer = self._ask("cancel_order", order_id=command.order_id)
        pauses = self._pauses()
        while True:
            if isinstance(answer, Rejection):
                return answer
            if isinstance(answer, Answer):
                result = _readable(answer.body, CancelResult)
                if result is not None:
                    return result
                answer = Unanswered("the answer to the cancellation cannot be read")
            if next(pauses, None) is None:
                return answer
            order = self._look("read_order", OrderSnapshot, order_id=command.order_id)
            if order is not None and order.status not in _WORKING:
                return CancelResult(order.status is OrderStatus.CANCELLED, order)
            if order is not None:
                # Unlike an order, a cancellation may be repeated: it can only happen once.
                answer = self._ask("cancel_order", order_id=command.order_id)

    def _modify(self, command: ModifyOrder) -> Reply:
        answer = self._ask("modify_order", body=command, order_id=command.order_id)
        if isinstance(answer, Rejection):
            return answer
        if isinstance(answer, Answer):
            result = _readable(answer.body, ModifyResult)
            if result is not None:
                return result
            answer = Unanswered("the answer to the modification cannot be read")
        for _ in self._pauses():
            order = self._look("read_order", OrderSnapshot, order_id=command.order_id)
            if order is not None and order.status in _WORKING and _is_as_wanted(order, command):
                return ModifyResult(order)
            # Some peers replace the order, which gives it another id.
            symbol = None if order is None else order.symbol
            other = self._find(command.client_order_id, symbol, besides=command.order_id)
            if other is not None and _is_as_wanted(other, command):
                return ModifyResult(other, previous_order_id=command.order_id)
        return answer

    def _read_state(self) -> State:
        account = self._read("read_account", Account)
        positions = self._read_list("list_positions", Position)
        query = {"status": ",".join(_WORKING)}
        orders = self._read_list("list_orders", OrderSnapshot, query=query)
        # Not every peer heeds the filter.
        return State(account, positions, tuple(one for one in orders if one.status in _WORKING))

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
                orders = self._read_list(name, OrderSnapshot, query=query)
            except (TemporaryFailure, ProtocolError):
                continue
            for order in orders:
                if order.client_order_id == client_order_id and order.id != besides:
                    return order
        return None

    def _look(self, name: str, kind: type[Body], **parameters: str) -> Body | None:
        try:
            return self._read(name, kind, **parameters)
        except (TemporaryFailure, ProtocolError):
            return None

    # Requests

    def _ask(
        self, name: str, *, body: msgspec.Struct | None = None, **parameters: str
    ) -> Answer | Rejection | Unanswered:
        raw = None if body is None else encode_body(body)
        try:
            answer = self._http.request(
                ROUTES[name].method, build_path(name, query=None, **parameters), raw
            )
        except NotSent as error:
            return Rejection(0, "NOT_SENT", f"the request was not sent: {error}")
        except NoAnswer as error:
            return Unanswered(str(error))
        status = answer.status
        if 200 <= status < 300:
            return answer
        self._check_admitted(answer)
        envelope = envelope_of(status, answer.body)
        if 400 <= status < 500 or envelope.code in ("SHUTTING_DOWN", "UNSUPPORTED_OPERATION"):
            return rejection_of(status, answer.body)
        return Unanswered(f"HTTP {status} {envelope.code}: {envelope.message}")

    def _read(self, name: str, kind: type[Body], **parameters: str) -> Body:
        answer = self._get(build_path(name, query=None, **parameters))
        try:
            return decode_body(answer.body, kind)
        except BodyError as error:
            raise self._not_ours(answer, str(error)) from None

    def _read_list(
        self, name: str, kind: type[Body], *, query: dict[str, str] | None = None
    ) -> tuple[Body, ...]:
        answer = self._get(build_path(name, query=query))
        try:
            return decode_list(answer.body, kind)
        except BodyError as error:
            raise self._not_ours(answer, str(error)) from None

    def _get(self, path: str) -> Answer:
        answer = self._safely("GET", path)
        if answer.status == 200:
            return answer
        raise self._not_ours(answer, envelope_of(answer.status, answer.body).message)

    def _safely(self, method: str, path: str) -> Answer:
        """Make a request that may be repeated, whatever becomes of it."""
        try:
            answer = self._http.request(method, path)
        except (NotSent, NoAnswer) as error:
            raise TemporaryFailure(
                "cannot reach the REST side of the peer",
                where=self._base_url,
                why=str(error),
                fix=START_HINT,
                id="E610",
            ) from None
        self._check_admitted(answer)
        envelope = envelope_of(answer.status, answer.body)
        if answer.status == 429 or answer.status >= 500:
            raise TemporaryFailure(
                f"the peer cannot answer now: HTTP {answer.status} {envelope.code}",
                where=self._base_url + path,
                why=envelope.message,
                id="E610",
            )
        return answer

    def _check_admitted(self, answer: Answer) -> None:
        if answer.status in (401, 403):
            envelope = envelope_of(answer.status, answer.body)
            raise ConnectError(
                f"the peer does not let us in: HTTP {answer.status} {envelope.code}",
                where=self._base_url,
                why=envelope.message,
                fix="set GATEWAY_API_KEY to the key that the gateway was started with",
                id="E602",
            )
        if 300 <= answer.status < 400:
            raise self._not_ours(answer, "it redirects; redirects are never followed")

    def _not_ours(self, answer: Answer, why: str) -> ProtocolError:
        return ProtocolError(
            f"no trading interface there: HTTP {answer.status}",
            where=self._base_url,
            why=why,
            fix=REST_HINT,
            id="E741",
        )


def _readable(body: bytes, kind: type[Body]) -> Body | None:
    try:
        return decode_body(body, kind)
    except BodyError:
        return None


def _is_as_wanted(order: OrderSnapshot, wanted: ModifyOrder) -> bool:
    values = ((name, getattr(wanted, name)) for name in _CHANGEABLE)
    return all(value is None or getattr(order, name) == value for name, value in values)
