"""A conversation held by hand: the test is the driver, and sees every ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    Command,
    ModifyOrder,
    ModifyResult,
    OrderHandle,
    ReadState,
    Reply,
    SubmitOrder,
)
from runner.protocol.enums import OrderStatus, OrderType
from runner.protocol.messages import Message
from runner.session import NEXT, Ack, Arrival, Ask, Ending, converse
from runner.strategy.base import Strategy
from tests.helpers import candle, set_up, snapshot, state

Peer = Callable[[Command], Reply]


class Accepting:
    """A peer that accepts every order as `o-1`, `o-2` and so on, and executes none."""

    def __init__(self) -> None:
        self.orders: list[SubmitOrder] = []

    def __call__(self, command: Command) -> Reply:
        match command:
            case ReadState():
                return state()
            case SubmitOrder():
                self.orders.append(command)
                return OrderHandle(
                    f"o-{len(self.orders)}", OrderStatus.OPEN, command.client_order_id
                )
            case CancelOrder():
                return CancelResult(
                    success=True,
                    order=snapshot(
                        command.order_id,
                        status=OrderStatus.CANCELLED,
                        client_order_id=command.client_order_id,
                    ),
                )
            case ModifyOrder():
                return ModifyResult(
                    snapshot(
                        command.order_id,
                        client_order_id=command.client_order_id,
                        order_type=OrderType.LIMIT,
                        limit_price=command.limit_price,
                    )
                )


class Conversation:
    """A session and its peer, with a record of everything that was asked."""

    def __init__(
        self, strategy: type[Strategy], peer: Peer | None = None, **session_options: Any
    ) -> None:
        self.session = set_up(strategy, **session_options)
        self.peer = peer or Accepting()
        self.asked: list[Ask] = []
        self.ending: Ending | None = None
        self.arrivals = 0
        self._talk = converse(self.session)

    @property
    def strategy(self) -> Any:
        return self.session.strategy

    @property
    def acked(self) -> list[str]:
        """The ids acknowledged so far, in their order."""
        return [one for ask in self.asked if isinstance(ask, Ack) for one in ask.ids]

    def start(self) -> list[Ask]:
        """Begin, answer until the first event is asked for, and return what was asked."""
        return self._answer(lambda: next(self._talk))

    def send(self, answer: object) -> list[Ask]:
        """Give the answer to NEXT, answer what follows, and return what was asked."""
        return self._answer(lambda: self._talk.send(answer))

    def arrive(
        self, message: Message | None = None, id: str | None = "", *, more: bool = False
    ) -> list[Ask]:
        """Let a frame arrive, by default a candle, and by default with the next id."""
        self.arrivals += 1
        event_id = f"evt-{self.arrivals}" if id == "" else id
        return self.send(Arrival(candle() if message is None else message, event_id, more))

    def _answer(self, go_on: Callable[[], Ask]) -> list[Ask]:
        asked: list[Ask] = []
        try:
            ask = go_on()
            while ask is not NEXT:
                asked.append(ask)
                self.asked.append(ask)
                ask = self._talk.send(None if isinstance(ask, Ack) else self.peer(ask))  # type: ignore[arg-type]
        except StopIteration as end:
            self.ending = end.value
        return asked


def begun(strategy: type[Strategy], peer: Peer | None = None, **options: Any) -> Conversation:
    """Return a conversation that waits for its first event."""
    conversation = Conversation(strategy, peer, **options)
    conversation.start()
    conversation.asked.clear()
    return conversation
