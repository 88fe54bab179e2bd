"""Read and write the bodies of REST requests and answers, in the normalised dialect.

One kind of object, one JSON shape, whichever side reads it. Amounts are accepted as text, plain or
scientific, and as JSON numbers; they are written as text without an exponent. Unknown fields are
ignored. May import the protocol's own modules only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import msgspec

from runner.protocol import wire
from runner.protocol.commands import (
    CancelResult,
    Capabilities,
    ClosePosition,
    ModifyExits,
    ModifyOrder,
    ModifyResult,
    OrderHandle,
    SubmitOrder,
)
from runner.protocol.encode import plain_candle, plain_object, plain_quote
from runner.protocol.market import read_bar, read_quote
from runner.protocol.messages import Account, Candle, OrderSnapshot, Position, Quote, Trade
from runner.protocol.objects import read_account, read_order, read_position, read_trade
from runner.protocol.routes import ErrorEnvelope
from runner.protocol.values import (
    ORDER_STATUSES,
    ORDER_TYPES,
    SIDES,
    TIMES_IN_FORCE,
    TRAILING_TYPES,
    WireError,
    optional_amount,
    positive,
    required,
    word,
)

Body = TypeVar("Body")

_JSON = msgspec.json.Encoder()
_PATH = re.compile(r" - at `\$(?:\[\d*\.*\])?\.?([^`]*)`$")
_UNSUPPORTED = ("hidden", "display_quantity", "margin_mode", "leverage")
"""Fields of an order that a peer may know and we do not: refused, since ignoring one would place
another order than the one asked for."""


class BodyError(ValueError):
    """A body could not be read; `code`, `field` and `provided` are those of the error envelope."""

    def __init__(
        self,
        what: str,
        *,
        code: str = "INVALID_REQUEST",
        field: str = "",
        provided: str | None = None,
    ) -> None:
        super().__init__(what)
        self.code = code
        self.field = field
        self.provided = provided


def encode_body(body: msgspec.Struct | Iterable[msgspec.Struct]) -> bytes:
    """Write one object, or a JSON array of several, as a REST body.

    A `ModifyOrder` leaves out its ids: the path names the order.
    """
    if isinstance(body, msgspec.Struct):
        return _JSON.encode(_plain(body))
    return _JSON.encode([_plain(item) for item in body])


def _plain(body: msgspec.Struct) -> Any:
    if isinstance(body, Candle):
        return plain_candle(body)
    if isinstance(body, Quote):
        return plain_quote(body)
    fields = plain_object(body)
    if isinstance(body, ModifyOrder):
        fields.pop("order_id")
        fields.pop("client_order_id", None)
    return fields


def decode_body(raw: bytes | str, kind: type[Body]) -> Body:
    """Read a REST body as one object of `kind`.

    A kind is one of `Account, Candle, CancelResult, Capabilities, ClosePosition, ErrorEnvelope,
    ModifyExits, ModifyResult, OrderHandle, OrderSnapshot, Position, Quote, SubmitOrder, Trade`.

    Raises:
        BodyError: not JSON, a field missing or of the wrong type, or a value that makes no sense.
    """
    one, _, read = _KINDS[kind]
    return cast("Body", _guarded(lambda: read(one.decode(_text(raw)))))


def decode_list(raw: bytes | str, kind: type[Body]) -> tuple[Body, ...]:
    """Read a REST body as a JSON array of objects of `kind`; see `decode_body`."""
    _, several, read = _KINDS[kind]
    return cast(
        "tuple[Body, ...]",
        _guarded(lambda: tuple(read(item) for item in several.decode(_text(raw)))),
    )


def decode_modification(raw: bytes | str, *, order_id: str) -> ModifyOrder:
    """Read the body of a request to change the order that the path names.

    Raises:
        BodyError: see `decode_body`.
    """
    return cast(
        "ModifyOrder", _guarded(lambda: _modification(_MODIFY.decode(_text(raw)), order_id))
    )


def _text(raw: bytes | str) -> bytes | str:
    if isinstance(raw, bytes):
        raw.decode()  # fields that nobody reads must be text all the same
    return raw


def _guarded(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except BodyError:
        raise
    except WireError as problem:
        raise BodyError(str(problem), field=problem.field) from None
    except RecursionError:
        raise BodyError("JSON is nested too deeply") from None
    except UnicodeError:
        raise BodyError("text is not valid UTF-8") from None
    except msgspec.MsgspecError as problem:
        text = str(problem).replace(", got ", ", was ")
        path = _PATH.search(text)
        raise BodyError(text[:300], field=path[1] if path else "") from None


def _submit(body: wire.SubmitBody) -> SubmitOrder:
    for field in _UNSUPPORTED:
        value = getattr(body, field)
        if value not in (None, False):
            raise BodyError(
                f"{field} is not supported", code="INVALID_VALUE", field=field, provided=str(value)
            )
    trailing = body.trailing_type
    return SubmitOrder(
        symbol=body.symbol,
        side=word(SIDES, body.side, "side"),
        quantity=required(body.quantity, "quantity"),
        order_type=word(ORDER_TYPES, body.order_type, "order_type"),
        client_order_id=body.client_order_id,
        limit_price=optional_amount(body.limit_price, "limit_price"),
        stop_price=optional_amount(body.stop_price, "stop_price"),
        trailing_distance=optional_amount(body.trailing_distance, "trailing_distance"),
        trailing_type=None if trailing is None else word(TRAILING_TYPES, trailing, "trailing_type"),
        stop_loss=optional_amount(body.stop_loss, "stop_loss"),
        take_profit=optional_amount(body.take_profit, "take_profit"),
        time_in_force=word(TIMES_IN_FORCE, body.time_in_force, "time_in_force"),
        reduce_only=body.reduce_only,
        post_only=body.post_only,
        position_id=body.position_id,
        oco_group_id=body.oco_group_id,
    )


def _modification(body: wire.ModifyBody, order_id: str) -> ModifyOrder:
    return ModifyOrder(
        order_id=order_id,
        quantity=optional_amount(body.quantity, "quantity"),
        limit_price=optional_amount(body.limit_price, "limit_price"),
        stop_price=optional_amount(body.stop_price, "stop_price"),
        stop_loss=optional_amount(body.stop_loss, "stop_loss"),
        take_profit=optional_amount(body.take_profit, "take_profit"),
        trailing_distance=optional_amount(body.trailing_distance, "trailing_distance"),
    )


def _close(body: wire.CloseBody) -> ClosePosition:
    return ClosePosition(
        order_type=word(ORDER_TYPES, body.order_type or "MARKET", "order_type"),
        limit_price=optional_amount(body.limit_price, "limit_price"),
        quantity=optional_amount(body.quantity, "quantity"),
    )


def _exits(body: wire.ExitsBody) -> ModifyExits:
    prices = [
        None if price is None else positive(price, name)
        for name, price in (("stop_loss", body.stop_loss), ("take_profit", body.take_profit))
    ]
    if prices == [None, None]:
        raise BodyError("stop_loss or take_profit is required")
    return ModifyExits(*prices)


def _handle(body: wire.HandleBody) -> OrderHandle:
    return OrderHandle(
        id=body.id,
        status=word(ORDER_STATUSES, body.status, "status"),
        client_order_id=body.client_order_id,
        correlation_id=body.correlation_id,
    )


def _kind(shape: type, read: Callable[[Any], Any], *, strict: bool = True) -> Any:
    several: Any = list[shape]  # type: ignore[valid-type]
    return (
        msgspec.json.Decoder(shape, strict=strict),
        msgspec.json.Decoder(several, strict=strict),
        read,
    )


_MODIFY = msgspec.json.Decoder(wire.ModifyBody)
_KINDS: dict[type, tuple[Any, Any, Callable[[Any], Any]]] = {
    Account: _kind(wire.AccountObject, read_account),
    # Not strict: prices come as text and are wanted as floats.
    Candle: _kind(wire.BarObject, read_bar, strict=False),
    Capabilities: _kind(Capabilities, lambda body: body),
    CancelResult: _kind(
        wire.CancelResultBody, lambda body: CancelResult(body.success, read_order(body.order))
    ),
    ClosePosition: _kind(wire.CloseBody, _close),
    ErrorEnvelope: _kind(ErrorEnvelope, lambda body: body),
    ModifyExits: _kind(wire.ExitsBody, _exits),
    ModifyResult: _kind(
        wire.ModifyResultBody,
        lambda body: ModifyResult(read_order(body.order), body.previous_order_id),
    ),
    OrderHandle: _kind(wire.HandleBody, _handle),
    OrderSnapshot: _kind(wire.OrderObject, read_order),
    Position: _kind(wire.PositionObject, read_position),
    Quote: _kind(wire.QuoteObject, read_quote, strict=False),
    SubmitOrder: _kind(wire.SubmitBody, _submit),
    Trade: _kind(wire.TradeObject, read_trade),
}
