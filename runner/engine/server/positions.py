"""The REST endpoints that change positions: closing them, and moving their exit legs.

A position is closed by an order like any other, `reduce_only` and to the other side, so a request
that is repeated because its answer was lost cannot turn the position around. No trading logic may
stand here.
"""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from runner.engine.exchange import Exchange
from runner.engine.server.answers import (
    answer,
    not_found,
    refusal_of_body,
    refusal_of_command,
)
from runner.engine.server.bodies import json_body, optional_body
from runner.engine.server.queries import fields_of
from runner.protocol.codec import BodyError, decode_body
from runner.protocol.commands import (
    ClosePosition,
    Command,
    ExitsResult,
    ModifyExits,
    OrderHandle,
    ReadState,
    Rejection,
    Reply,
    State,
    SubmitOrder,
)
from runner.protocol.enums import PositionSide, Side
from runner.protocol.messages import Position


class PositionDesk(Protocol):
    """What the endpoints need of their server."""

    @property
    def exchange(self) -> Exchange: ...

    def execute(self, command: Command) -> Reply:
        """Carry out a command, and send what it has caused to the strategy."""

    def set_exits(self, position_id: str, exits: ModifyExits) -> ExitsResult | Rejection:
        """Move the exits of a position, and send what that has caused to the strategy."""


class PositionEndpoints:
    """The handlers that close positions and set their exits."""

    def __init__(self, desk: PositionDesk) -> None:
        self._desk = desk

    async def close_position(self, request: web.Request) -> web.Response:
        position = self._position(request.match_info["position_id"])
        body = await optional_body(request)
        try:
            how = decode_body(body, ClosePosition) if body else ClosePosition()
        except BodyError as problem:
            raise refusal_of_body(problem) from None
        return answer(self._close(position, how))

    async def close_all_positions(self, request: web.Request) -> web.Response:
        symbol = fields_of(request.query.items()).get("symbol")
        wanted = [one for one in self._positions() if symbol in (None, one.symbol)]
        return answer([self._close(one, ClosePosition()) for one in wanted])

    async def modify_position(self, request: web.Request) -> web.Response:
        position_id = request.match_info["position_id"]
        try:
            exits = decode_body(await json_body(request), ModifyExits)
        except BodyError as problem:
            raise refusal_of_body(problem) from None
        result = self._desk.set_exits(position_id, exits)
        if isinstance(result, Rejection):
            raise refusal_of_command(result)
        return answer(result)

    def _close(self, position: Position, how: ClosePosition) -> OrderHandle:
        order = SubmitOrder(
            symbol=position.symbol,
            side=Side.SELL if position.side is PositionSide.LONG else Side.BUY,
            quantity=position.quantity if how.quantity is None else how.quantity,
            order_type=how.order_type,
            limit_price=how.limit_price,
            reduce_only=True,
            position_id=position.id,
        )
        reply = self._desk.execute(order)
        if isinstance(reply, Rejection):
            raise refusal_of_command(reply)
        assert isinstance(reply, OrderHandle)
        return reply

    def _positions(self) -> tuple[Position, ...]:
        state = self._desk.execute(ReadState())
        assert isinstance(state, State)
        return state.positions

    def _position(self, position_id: str) -> Position:
        for position in self._positions():
            if position.id == position_id:
                return position
        raise not_found("position", position_id)
