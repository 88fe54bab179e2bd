"""A small client of the raw dialect, which drives the law: what a gateway would do, in short."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from websockets.sync.client import ClientConnection

from runner.protocol.codec import decode, encode_body, encode_raw
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
)
from runner.protocol.enums import OrderStatus, Side
from runner.protocol.messages import (
    AccountUpdate,
    EventAck,
    OrderSnapshot,
    OrderUpdate,
    PositionUpdate,
    TradeUpdate,
)
from runner.session import NEXT, Ending, Session, converse
from runner.session.asks import Ack, Arrival
from tests.integration.engine_process import WAIT, EngineThread

LOWER = ("side", "order_type", "time_in_force")


def as_frame(kind: str, item: Any, event: str = "created") -> Any:
    """Read an object of REST as the codec reads the same object in a frame."""
    frame = {"type": kind, "event_id": "evt-0", kind: item, "event": event}
    if kind in ("trade", "position"):
        del frame["event"]
    return decode(json.dumps(frame)).message


def order_of(item: Any) -> Any:
    message = as_frame("order", item)
    assert isinstance(message, OrderUpdate), message
    return message.order


def account_of(item: Any) -> Any:
    message = as_frame("account", item, "balance_updated")
    assert isinstance(message, AccountUpdate), message
    return message.account


def position_of(item: Any) -> Any:
    message = as_frame("position", item)
    assert isinstance(message, PositionUpdate), message
    return message.position


def trade_of(item: Any) -> Any:
    message = as_frame("trade", item)
    assert isinstance(message, TradeUpdate), message
    return message.trade


class RawClient:
    """One strategy's connection to a raw engine."""

    def __init__(self, running: EngineThread, websocket: ClientConnection) -> None:
        self.running = running
        self.websocket = websocket
        self.replaced: set[str] = set()
        self.own_names: dict[str | None, str | None] = {}

    def run(self, session: Session) -> Ending:
        """Play a session to its end."""
        talk = converse(session)
        ask: Any = next(talk)
        try:
            while True:
                if ask is NEXT:
                    ask = talk.send(self._next())
                elif isinstance(ask, Ack):
                    self._acknowledge(ask.ids)
                    ask = talk.send(None)
                else:
                    ask = talk.send(self.execute(ask))
        except StopIteration as end:
            ending: Ending = end.value
            return ending

    def _next(self) -> Arrival:
        frame = decode(self.websocket.recv(timeout=WAIT))
        message = frame.message
        if isinstance(message, OrderUpdate):
            if message.order.id in self.replaced:
                assert frame.event_id is not None
                self._acknowledge((frame.event_id,))
                return self._next()
            message = OrderUpdate(message.event, self._named(message.order))
        return Arrival(message, frame.event_id, more=False)

    def _acknowledge(self, ids: tuple[str, ...]) -> None:
        self.websocket.send(encode_raw(EventAck("c", ids, None)).decode())

    def _named(self, order: OrderSnapshot) -> OrderSnapshot:
        # The strategy knows one order where the engine has seen several.
        name = self.own_names.get(order.client_order_id, order.client_order_id)
        return msgspec.structs.replace(order, client_order_id=name)

    def execute(self, command: Command) -> Reply:
        """Carry out a command over REST."""
        if isinstance(command, ReadState):
            return State(
                account_of(self.running.get("/api/v1/account")),
                tuple(map(position_of, self.running.get("/api/v1/positions")["positions"])),
                tuple(map(order_of, self.running.get("/api/v1/orders")["orders"])),
            )
        if isinstance(command, CancelOrder):
            return self._cancel(command.order_id)
        if isinstance(command, ModifyOrder):
            return self._replace(command)
        assert isinstance(command, SubmitOrder)
        return self._submit(command)

    def _cancel(self, order_id: str) -> CancelResult:
        path = f"/api/v1/orders/{order_id}"
        assert self.running.delete(path) == (204, b"")
        order = order_of(self.running.get(path))
        return CancelResult(order.status is OrderStatus.CANCELLED, order)

    def _replace(self, change: ModifyOrder) -> ModifyResult:
        # The dialect cannot change an order: it is cancelled, and another one takes its place.
        old = self._cancel(change.order_id).order
        name = f"replacing-{old.id}"
        self.replaced.add(old.id)
        self.own_names[name] = self._named(old).client_order_id
        handle = self._submit(
            SubmitOrder(
                old.symbol,
                old.side,
                change.quantity or old.quantity,
                old.order_type,
                limit_price=change.limit_price or old.limit_price,
                stop_price=change.stop_price or old.stop_price,
                client_order_id=name,
                reduce_only=old.side is Side.SELL,  # the dialect does not tell
            )
        )
        assert isinstance(handle, OrderHandle)
        new = order_of(self.running.get(f"/api/v1/orders/{handle.id}"))
        return ModifyResult(self._named(new), old.id)

    def _submit(self, command: SubmitOrder) -> OrderHandle | Rejection:
        body = json.loads(encode_body(command))
        body |= {name: body[name].lower() for name in LOWER if name in body}
        status, answer = self.running.request("POST", "/api/v1/orders", body)
        if status == 200:
            state = OrderStatus(answer["status"].upper())
            return OrderHandle(answer["id"], state, answer.get("client_order_id"))
        error = answer["error"]
        return Rejection(status, error["code"], error["message"], details=error["details"])
